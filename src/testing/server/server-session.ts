/**
 * One connection of the test server. It splits the octets into lines and content, runs the dialogue, starts TLS and
 * applies faults.
 * @module
 */
import { createHash, X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { ChannelBinding } from '../../model/sasl.js';
import { exportedKey } from '../../net/tls/channel-binding.js';
import { ServerDialogue } from './server-dialogue.js';
import type { DialogueStep } from './server-dialogue.js';
import type { ServerAuthContext } from './server-mechanism.js';
import type { TestFaultStage, TestMessage } from './server-options.js';
import { replyCode } from './server-script.js';
import type { ServerScript } from './server-script.js';
import type { ContentExpectation } from './server-transaction.js';

/** Settings shared by all connections of a server. */
export interface SessionSettings {
  readonly security: 'none' | 'starttls' | 'implicit';
  readonly protocol: 'smtp' | 'lmtp';
  readonly users: Readonly<Record<string, string>> | undefined;
  readonly mechanisms: readonly string[];
  readonly extensions: readonly string[];
  readonly script: ServerScript;
  readonly secureContext: SecureContext;
  readonly certificate: X509Certificate;
  /** The authority that must have issued client certificates. */
  readonly authority: X509Certificate;
  readonly keep: (message: TestMessage) => void;
  readonly note: (line: string) => void;
}

/** The longest line that is accepted, including AUTH responses (RFC 4954 section 4). */
const maxLineBytes = 12_288;
const noOctets = Buffer.alloc(0);

/** One connection, from `start` until the socket is closed. */
export class ServerSession {
  readonly #settings: SessionSettings;
  readonly #raw: Socket;
  #socket: Socket;
  #dialogue: ServerDialogue;
  #input: Buffer = noOctets;
  #content: ContentExpectation | undefined;
  #contentBytes = 0;
  #output = '';
  /** 'held' during a delay or a handshake; 'over' is final. */
  #state: 'open' | 'held' | 'over' = 'open';
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, settings: SessionSettings) {
    this.#settings = settings;
    this.#raw = socket;
    this.#socket = socket;
    this.#dialogue = newDialogue(settings, undefined);
  }

  start(): void {
    this.#raw.setNoDelay(true);
    this.#raw.on('close', () => this.destroy());
    this.#listen();
    this.#strike('connect', () => {
      if (this.#settings.security === 'implicit') this.#startTls(() => this.#greet());
      else this.#greet();
    });
    this.#process();
  }

  /** Ends the connection at once. */
  destroy(): void {
    clearTimeout(this.#timer);
    this.#state = 'over';
    this.#socket.destroy();
    this.#raw.destroy();
  }

  #listen(): void {
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    // An error, such as a reset by the peer, is followed by 'close'.
    this.#socket.on('error', () => undefined);
  }

  #greet(): void {
    const normal = `220 localhost ${this.#settings.protocol === 'lmtp' ? 'LMTP' : 'ESMTP'} test server\r\n`;
    const reply = this.#settings.script.reply('GREETING', '') ?? normal;
    this.#answer({ reply, stage: 'greeting', ...(replyCode(reply) >= 400 && { then: 'close' }) });
  }

  #receive(chunk: Buffer): void {
    if (this.#state === 'over') return;
    this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
    this.#process();
  }

  #process(): void {
    let more = true;
    while (more && this.#state === 'open')
      more = this.#content === undefined ? this.#takeLine() : this.#takeContent(this.#content);
    this.#flush();
  }

  /** Handles one line. True if there was one. */
  #takeLine(): boolean {
    const lf = this.#input.indexOf(0x0a);
    if ((lf < 0 ? this.#input.length : lf) > maxLineBytes)
      this.#answer({ reply: '500 5.5.2 The line is too long\r\n', then: 'close' });
    if (lf < 0 || this.#state === 'over') return false;
    const line = this.#input.toString('utf8', 0, Math.max(0, lf - 1));
    const clean = this.#input[lf - 1] === 0x0d && !/[\x00-\x08\x0a-\x1f\x7f\ufffd]/.test(line);
    this.#input = this.#input.subarray(lf + 1);
    this.#settings.note(`C: ${clean ? this.#dialogue.display(line) : '[not a command line]'}`);
    if (clean) this.#answer(this.#dialogue.line(line, this.#input.length > 0));
    else this.#answer({ reply: '500 5.5.2 A bare CR or LF, a control, or not UTF-8\r\n' });
    return true;
  }

  /** Reads content. True if it ended. */
  #takeContent(content: ContentExpectation): boolean {
    const used = content.reader.push(this.#input);
    const first = this.#contentBytes === 0 && used > 0;
    this.#input = this.#input.subarray(used);
    this.#contentBytes += used;
    if (first) this.#strike('content', () => this.#endContent(content));
    else this.#endContent(content);
    return content.reader.done;
  }

  #endContent(content: ContentExpectation): void {
    if (!content.reader.done) return;
    this.#content = undefined;
    this.#settings.note(`C: [${this.#contentBytes} octets of content]`);
    this.#answer(this.#dialogue.contentDone(content));
  }

  /** Sends the reply, unless a fault replaces it. */
  #answer(step: DialogueStep): void {
    const send = (): void => {
      this.#say(step.reply);
      this.#content = step.content;
      this.#contentBytes = 0;
      if (step.then === 'close') this.#close();
      if (step.then === 'starttls') this.#startTls(() => undefined);
    };
    if (step.stage === undefined) send();
    else this.#strike(step.stage, send);
  }

  #say(reply: string): void {
    this.#output += reply;
    for (const line of reply.split('\r\n'))
      if (line !== '') this.#settings.note(`S: ${line.replace(/^334 .+/, '334 [hidden]')}`);
  }

  #flush(): void {
    const output = this.#output;
    this.#output = '';
    if (output !== '' && this.#socket.writable) this.#socket.write(output);
  }

  /** Sends FIN. Data that still arrives is read and dropped, so that the client's FIN is seen. */
  #close(): void {
    this.#flush();
    this.#state = 'over';
    this.#socket.end();
  }

  /** Applies the fault at this stage, or goes on. */
  #strike(stage: TestFaultStage, goOn: () => void): void {
    const fault = this.#settings.script.fault(stage);
    if (fault === undefined) return goOn();
    this.#settings.note(`-- fault at ${stage}: ${fault.do}`);
    this.#flush();
    switch (fault.do) {
      case 'drop':
        return this.#close();
      case 'reset':
        this.#state = 'over';
        this.#raw.resetAndDestroy();
        return;
      case 'silence':
        this.#state = 'over';
        return;
      case 'delay':
        return this.#hold((resume) => {
          this.#timer = setTimeout(resume, fault.ms ?? 1000);
        }, goOn);
    }
  }

  /** Ignores input until the callback of `begin` is called. */
  #hold(begin: (resume: () => void) => void, then: () => void): void {
    this.#state = 'held';
    begin(() => {
      if (this.#state !== 'held') return;
      this.#state = 'open';
      then();
      this.#process();
    });
  }

  #startTls(then: () => void): void {
    const output = this.#output;
    this.#output = '';
    this.#hold((resume) => {
      this.#raw.removeAllListeners('data');
      this.#raw.pause();
      // The reply to STARTTLS must be sent before TLS takes over the socket.
      this.#raw.write(output, () => {
        const { secureContext, users } = this.#settings;
        const tls = new TLSSocket(this.#raw, {
          isServer: true,
          secureContext,
          requestCert: users !== undefined,
          rejectUnauthorized: false,
        });
        this.#socket = tls;
        this.#input = noOctets;
        this.#listen();
        tls.once('secure', () => {
          this.#settings.note(`-- TLS: ${tls.getProtocol() ?? ''}`);
          this.#dialogue = newDialogue(this.#settings, tls);
          resume();
        });
      });
    }, then);
  }
}

/** After STARTTLS the session starts again (RFC 3207 section 4.2). */
function newDialogue(settings: SessionSettings, tls: TLSSocket | undefined): ServerDialogue {
  const { security, users, protocol, script, extensions, keep } = settings;
  return new ServerDialogue({
    protocol,
    script,
    extensions,
    keep,
    needsAuthentication: users !== undefined,
    offersTls: security === 'starttls' && tls === undefined,
    secure: tls !== undefined,
    auth: authContext(settings, tls),
  });
}

function authContext(settings: SessionSettings, tls: TLSSocket | undefined): ServerAuthContext {
  const { security, users, mechanisms, certificate, authority } = settings;
  const shown = tls?.getPeerX509Certificate();
  const certificateName = shown?.verify(authority.publicKey) ? /^CN=(.+)$/m.exec(shown.subject)?.[1] : undefined;
  const possible = (name: string): boolean =>
    name.endsWith('-PLUS') ? tls !== undefined : name !== 'EXTERNAL' || certificateName !== undefined;
  return {
    passwordOf: (user) => (users !== undefined && Object.hasOwn(users, user) ? users[user] : undefined),
    offered: users === undefined || (security !== 'none' && tls === undefined) ? [] : mechanisms.filter(possible),
    channelBindings: tls === undefined ? [] : channelBindings(tls, certificate),
    certificateName,
  };
}

function channelBindings(tls: TLSSocket, certificate: X509Certificate): readonly ChannelBinding[] {
  const exported = exportedKey(tls);
  return [
    ...(exported === undefined ? [] : [{ type: 'tls-exporter', data: exported } as const]),
    { type: 'tls-server-end-point', data: createHash('sha256').update(certificate.raw).digest() },
  ];
}
