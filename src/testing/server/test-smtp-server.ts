/**
 * A real SMTP server in the process of a test. It is strict, listens on a loopback port and keeps messages in memory.
 * @module
 */
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { createSecureContext } from 'node:tls';
import { createEmailError } from '../../errors/email-error.js';
import { createTestCertificateAuthority } from '../certificate-authority.js';
import type { TestCertificateAuthority, TestIdentity } from '../certificate-authority.js';
import type { OutgoingServer } from '../../model/settings/server.js';
import { checkServerOptions } from './check-server-options.js';
import { serverMechanisms } from './server-mechanisms.js';
import type { TestMessage, TestSmtpServerOptions } from './server-options.js';
import { createServerScript } from './server-script.js';
import { ServerSession } from './server-session.js';

const defaultExtensions = [
  'PIPELINING',
  'SIZE 104857600',
  '8BITMIME',
  'SMTPUTF8',
  'CHUNKING',
  'BINARYMIME',
  'DSN',
  'ENHANCEDSTATUSCODES',
  'REQUIRETLS',
  'DELIVERBY',
  'FUTURERELEASE',
  'MT-PRIORITY MIXER',
];
/** The transcript keeps at least this many of its newest lines. */
const transcriptLines = 100_000;

interface Waiter {
  readonly resolve: (message: TestMessage) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A real SMTP server on a loopback port, for integration tests and demonstrations. It has TLS by a throwaway authority,
 * AUTH, every extension that the library uses, scripted replies and faults. It is stricter than servers on the
 * Internet: it refuses commands out of order, unannounced parameters, bare LF and wrong counts.
 *
 * @example
 * ```ts
 * const server = await TestSmtpServer.start();
 * const mailer = createMailer({ name: 'app', sender: { email: 'app@example.com' }, server: server.settings });
 * await mailer.send({ to: 'ann@example.com', text: 'Hello' });
 * assert.equal((await server.waitForMessage()).text, 'Hello');
 * ```
 */
export class TestSmtpServer implements AsyncDisposable {
  readonly #authority: TestCertificateAuthority;
  readonly #server: Server;
  readonly #sessions = new Set<ServerSession>();
  #messages: TestMessage[] = [];
  #transcript: string[] = [];
  readonly #security: NonNullable<TestSmtpServerOptions['security']>;
  readonly #protocol: NonNullable<TestSmtpServerOptions['protocol']>;
  #port = 0;
  #connections = 0;
  #waited = 0;
  #waiters: Waiter[] = [];
  #closed: Promise<void> | undefined;

  private constructor(options: TestSmtpServerOptions) {
    this.#authority = createTestCertificateAuthority();
    const identity = this.#authority.issueServer();
    this.#security = options.security ?? 'starttls';
    this.#protocol = options.protocol ?? 'smtp';
    const settings = {
      security: this.#security,
      protocol: this.#protocol,
      users: options.users,
      mechanisms: (options.mechanisms ?? serverMechanisms).map((name) => name.toUpperCase()),
      extensions: options.extensions ?? defaultExtensions,
      script: createServerScript(options),
      secureContext: createSecureContext({
        cert: identity.certificate,
        key: identity.key,
        ca: this.ca,
        sessionIdContext: 'test',
      }),
      certificate: new X509Certificate(identity.certificate),
      authority: new X509Certificate(this.ca),
      keep: (message: TestMessage) => this.#keep(message),
      note: (line: string) => this.#note(line),
    };
    this.#server = createServer((socket) => {
      const session = new ServerSession(socket, settings);
      this.#connections++;
      this.#sessions.add(session);
      socket.on('close', () => this.#sessions.delete(session));
      session.start();
    });
  }

  /** Starts a server on 127.0.0.1, at a port that the system chooses. ERR_PROFILE_INVALID for an invalid option. */
  static async start(options: TestSmtpServerOptions = {}): Promise<TestSmtpServer> {
    const server = new TestSmtpServer(checkServerOptions(options));
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen(0, '127.0.0.1', resolve);
    });
    server.#port = (server.#server.address() as AddressInfo).port;
    return server;
  }

  /** Address of the server: `127.0.0.1`. */
  get host(): string {
    return '127.0.0.1';
  }

  /** Port of the server, chosen by the system. */
  get port(): number {
    return this.#port;
  }

  /**
   * PEM of the throwaway authority that signed the server's certificate (localhost, 127.0.0.1, ::1): for
   * `server.tls.ca`.
   */
  get ca(): string {
    return this.#authority.certificate;
  }

  /**
   * Settings for `server` of a profile that lead to this server: host, port, security, and its authority if it uses
   * TLS.
   */
  get settings(): OutgoingServer {
    const { host, port, ca } = this;
    const security = { none: 'none', starttls: 'explicit', implicit: 'implicit' } as const;
    const tls = this.#security === 'none' ? undefined : { ca };
    return { host, port, security: security[this.#security], protocol: this.#protocol, tls };
  }

  /** Accepted messages, in the order of their end of data. */
  get messages(): readonly TestMessage[] {
    return this.#messages;
  }

  /**
   * The dialogues as lines: `C: ` and `S: `, and `-- ` for TLS and faults; secrets and content are hidden. Lines of
   * several connections are in the order of their arrival. In very long runs only the newest lines are kept.
   */
  get transcript(): readonly string[] {
    return this.#transcript;
  }

  /** Number of connections accepted since the start. */
  get connections(): number {
    return this.#connections;
  }

  /** A certificate for TLS client authentication and EXTERNAL; the CN is the user. */
  issueClientCertificate(user: string): TestIdentity {
    return this.#authority.issueClient(user);
  }

  /**
   * The next message that no earlier call returned. Waits for it if it has not arrived. Rejects with ERR_CLOSED when
   * the server closes.
   */
  waitForMessage(): Promise<TestMessage> {
    const message = this.#messages[this.#waited];
    if (message !== undefined) {
      this.#waited++;
      return Promise.resolve(message);
    }
    if (this.#closed !== undefined) return Promise.reject(closedError());
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** Removes messages and transcript. Connections stay open. */
  clear(): void {
    this.#messages = [];
    this.#transcript = [];
    this.#waited = 0;
  }

  /** Stops listening and ends every connection at once. Further calls are allowed. */
  close(): Promise<void> {
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
      for (const session of this.#sessions) session.destroy();
      for (const waiter of this.#waiters.splice(0)) waiter.reject(closedError());
    });
    return this.#closed;
  }

  /** `close()`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #keep(message: TestMessage): void {
    this.#messages.push(message);
    const waiter = this.#waiters.shift();
    if (waiter === undefined) return;
    this.#waited++;
    waiter.resolve(message);
  }

  #note(line: string): void {
    this.#transcript.push(line);
    if (this.#transcript.length > 2 * transcriptLines) this.#transcript = this.#transcript.slice(-transcriptLines);
  }
}

function closedError(): Error {
  return createEmailError('ERR_CLOSED', 'The test server was closed while a message was waited for.', {
    remedy: 'Look at the transcript: the message may have been refused, or never sent.',
  });
}
