/**
 * A connection to an LDAP server (RFC 4511): TLS first, then the password, then concurrent searches.
 * @module
 */
import { withDeadline } from '../../async/deadline-signal.js';
import { untilAborted } from '../../async/until-aborted.js';
import type { Duplex } from 'node:stream';
import { throwIfAborted } from '../../errors/abort.js';
import { createEmailError, isEmailError, reasonOf } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import { DirectConnector } from '../../net/direct.js';
import { TlsContexts } from '../../net/tls/tls-contexts.js';
import { secure } from '../../net/tls/tls.js';
import { Secrets } from '../../util/secrets.js';
import { showText } from '../../util/show.js';
import { certificateError } from '../certificate-error.js';
import { decodeMessage, encodeMessage, maxValues, messageLength, request, resultName, tags } from './messages.js';
import type { AttributeValue, LdapMessage, SearchRequest } from './messages.js';
import { peerSettingsOf } from './server.js';
import type { LdapServer } from './server.js';
import { unrefTimer } from '../../util/timer.js';

/** Deadlines and limits. Traffic does not extend the deadlines. */
export const ldapLimits = { connectMs: 15_000, operationMs: 20_000, messageBytes: 8 << 20, searchBytes: 16 << 20 };

const closeMs = 500;

interface Pending {
  /** The tag of the result that ends the operation. */
  readonly ends: number;
  readonly values: AttributeValue[];
  bytes: number;
  resolve(result: SearchResult): void;
  reject(error: Error): void;
}

interface SearchResult {
  readonly code: number;
  readonly text: string;
  readonly values: readonly AttributeValue[];
}

/** A bound connection. */
export class LdapClient {
  readonly #server: LdapServer;
  readonly #name: string;
  readonly #pending = new Map<number, Pending>();
  /** Secrets that were sent to the server. They are hidden if the server repeats them. */
  readonly #secrets = new Secrets();
  #stream: Duplex;
  #chunks: Buffer[] = [];
  #received = 0;
  #wanted = 2;
  #lastId = 0;
  #failure: Error | undefined;
  #isSecure: boolean;

  private constructor(server: LdapServer, stream: Duplex) {
    this.#server = server;
    this.#name = server.name;
    this.#stream = stream;
    this.#isSecure = server.implicitTls;
    this.#listen();
  }

  /** Is the connection under TLS? Without TLS, an attacker on the network can change every answer. */
  get isSecure(): boolean {
    return this.#isSecure;
  }

  /**
   * Connects, secures and binds. ERR_DNS, ERR_CONNECT, ERR_TLS, ERR_TLS_REQUIRED, ERR_TIMEOUT, ERR_CERTIFICATE with the
   * server's message, or the signal's reason.
   */
  static async open(server: LdapServer, signal: AbortSignal): Promise<LdapClient> {
    return limited(signal, ldapLimits.connectMs, `${server.name} refused access to`, (deadline) =>
      LdapClient.#open(server, deadline),
    );
  }

  static async #open(server: LdapServer, deadline: AbortSignal): Promise<LdapClient> {
    const socket = await new DirectConnector({ names: peerSettingsOf(server) }).connect(server, { signal: deadline });
    let client: LdapClient | undefined;
    try {
      const stream = server.implicitTls ? await secureStream(socket, server, deadline) : socket;
      client = new LdapClient(server, stream);
      if (!server.implicitTls) await client.#startTls(deadline);
      if (server.credentials !== undefined) await client.#bind(server.credentials, deadline);
      return client;
    } catch (error) {
      client?.close();
      socket.destroy();
      throw error;
    }
  }

  /** Values of all entries found, at most `sizeLimit` entries. Referrals are ignored. */
  async search(search: SearchRequest, signal: AbortSignal): Promise<readonly AttributeValue[]> {
    const { code, text, values } = await this.#ask(request.search(search), tags.searchDone, signal);
    // With 4 and 3, the entries before the limit are valid. 10 and 9 are referrals, which are not followed.
    if ([0, 3, 4, 9, 10].includes(code)) return values;
    throw this.#refused(
      'the search',
      code,
      text,
      code === 32
        ? `Check ${this.#server.slot}.baseDn: the server has no such entry.`
        : `Check baseDn, filter and the rights of bindDn in ${this.#server.slot}.`,
    );
  }

  /** Unbinds and ends the connection. */
  close(): void {
    if (this.#failure !== undefined) return;
    this.#failure = createEmailError('ERR_CLOSED', `${this.#name}: the connection was closed`);
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#stream.end(encodeMessage(++this.#lastId, request.unbind()), () => this.#stream.destroy());
    // A server that does not respond must not hold the process.
    unrefTimer(setTimeout(() => this.#stream.destroy(), closeMs));
  }

  #refused(what: string, code: number, text: string, remedy: string): EmailError {
    const said = text === '' ? '' : `: ${showText(this.#secrets.shown(text), 200)}`;
    return createEmailError(
      'ERR_CERTIFICATE',
      `${this.#name} refused ${what} with ${code} ${resultName(code)}${said}`,
      { remedy, retryable: [51, 52].includes(code) },
    );
  }

  /**
   * Starts TLS on this connection (RFC 4513 section 3.1). If the server refuses, plain text is only used with
   * `plainTextAllowed`.
   */
  async #startTls(signal: AbortSignal): Promise<void> {
    const { code, text } = await this.#ask(request.startTls(), tags.extendedResponse, signal);
    // Bytes after the answer arrived in plain text, where an attacker could have inserted them.
    if (this.#received > 0)
      throw certificateError(
        `${this.#name} sent data before TLS began`,
        `The connection may be tampered with: use ldaps:// in ${this.#server.slot}.ldap.`,
      );
    if (code === 0) {
      this.#unlisten();
      this.#stream = await secureStream(this.#stream, this.#server, signal);
      this.#isSecure = true;
      this.#listen();
    } else if (this.#server.credentials !== undefined) {
      throw this.#tlsRequired(code, text, 'the password was not sent', '');
    } else if (!this.#server.plainTextAllowed) {
      throw this.#tlsRequired(
        code,
        text,
        'no certificate was requested',
        ' Without TLS, certificates are accepted only if smime.encrypt.trustAnchors check them ' +
          `and ${this.#server.slot}.tls is absent.`,
      );
    }
  }

  #tlsRequired(code: number, text: string, consequence: string, exception: string): EmailError {
    const said = text === '' ? '' : `: ${showText(text, 200)}`;
    return createEmailError(
      'ERR_TLS_REQUIRED',
      `${this.#name} refused StartTLS with ${code} ${resultName(code)}${said}; ${consequence}`,
      {
        remedy:
          `Use ldaps:// in ${this.#server.slot}.ldap, or enable StartTLS in the directory. If it offers ` +
          `StartTLS to others, a firewall or another program removes the offer.${exception}`,
      },
    );
  }

  async #bind(credentials: NonNullable<LdapServer['credentials']>, signal: AbortSignal): Promise<void> {
    if (!this.#isSecure)
      throw createEmailError('ERR_TLS_REQUIRED', `${this.#name}: a password is never sent without TLS`);
    const password = await credentials.password();
    this.#secrets.add(password);
    const bind = request.bind(credentials.dn, password);
    const { code, text } = await this.#ask(bind, tags.bindResponse, signal);
    if (code !== 0) throw this.#refused('the login', code, text, `Check bindDn and password in ${this.#server.slot}.`);
  }

  async #ask(operation: Buffer, ends: number, signal: AbortSignal): Promise<SearchResult> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = ++this.#lastId;
    const answer = new Promise<SearchResult>((resolve, reject) =>
      this.#pending.set(id, { ends, values: [], bytes: 0, resolve, reject }),
    );
    try {
      return await limited(signal, ldapLimits.operationMs, `${this.#name} did not answer`, () => {
        this.#stream.write(encodeMessage(id, operation));
        return answer;
      });
    } finally {
      this.#pending.delete(id);
    }
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    try {
      // Chunks are joined only once a whole message has arrived, so that many small ones cost no more than large ones.
      while (this.#received >= this.#wanted) {
        const bytes = this.#chunks.length === 1 ? (this.#chunks[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#chunks);
        const length = messageLength(bytes, ldapLimits.messageBytes);
        this.#chunks = [bytes];
        this.#wanted = length ?? bytes.length + 1;
        if (length === undefined || bytes.length < length) break;
        this.#chunks = bytes.length > length ? [bytes.subarray(length)] : [];
        this.#received = bytes.length - length;
        this.#wanted = 2;
        if (!this.#onMessage(decodeMessage(bytes.subarray(0, length)), length)) break;
      }
    } catch (error) {
      this.#fail(
        isEmailError(error)
          ? error
          : certificateError(
              `${this.#name}: ${reasonOf(error)}`,
              `Check that the port of ${this.#server.slot}.ldap is that of an LDAP server.`,
              error,
            ),
      );
    }
  };

  /** Handles a message. False after the answer to StartTLS: what follows it is not LDAP. */
  #onMessage(message: LdapMessage, length: number): boolean {
    const pending = this.#pending.get(message.id);
    // ID 0 is the notice of disconnection (RFC 4511 section 4.4.1). Late answers to abandoned operations are dropped.
    if (message.id === 0 && message.kind === 'result')
      throw this.#refused('to go on', message.code, message.text, 'Try again later.');
    if (pending === undefined) return true;
    pending.bytes += length;
    if (pending.bytes > ldapLimits.searchBytes)
      pending.reject(
        certificateError(
          `${this.#name} sent more than ${ldapLimits.searchBytes} bytes`,
          `Narrow ${this.#server.slot}.filter.`,
        ),
      );
    else if (message.kind === 'entry')
      pending.values.push(...message.values.slice(0, maxValues - pending.values.length));
    else if (message.kind === 'result') {
      if (message.operation !== pending.ends) throw new RangeError('a response belongs to another operation');
      pending.resolve({ code: message.code, text: message.text, values: pending.values });
    }
    return message.kind !== 'result' || message.operation !== tags.extendedResponse;
  }

  readonly #onEnd = (): void =>
    this.#fail(
      createEmailError('ERR_CONNECT', `${this.#name} closed the connection`, {
        retryable: true,
        remedy: `Check that ${this.#server.slot}.ldap names the directory, and that it allows this machine.`,
      }),
    );

  readonly #onError = (error: Error): void =>
    this.#fail(
      createEmailError('ERR_CONNECT', `The connection to ${this.#name} failed: ${reasonOf(error)}`, {
        cause: error,
        retryable: true,
        remedy: `Check ${this.#server.slot}.ldap and the network connection to the directory.`,
      }),
    );

  #listen(): void {
    this.#stream.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onEnd).on('error', this.#onError);
  }

  #unlisten(): void {
    this.#stream
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('close', this.#onEnd)
      .off('error', this.#onError);
    this.#stream.pause();
  }

  /** The first failure is kept, and nothing is requested after it. */
  #fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#stream.destroy();
  }
}

async function secureStream(stream: Duplex, server: LdapServer, signal: AbortSignal): Promise<Duplex> {
  const { host, port, tls, loadIdentity } = server;
  const names = peerSettingsOf(server);
  const material = await new TlsContexts().get(tls, loadIdentity, names.tls);
  return (await secure(stream, { host, port, settings: tls, material, names }, signal)).stream;
}

/** Runs work until the caller's signal or a deadline ends it; the deadline is ERR_TIMEOUT. */
async function limited<T>(
  signal: AbortSignal,
  ms: number,
  what: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  throwIfAborted(signal);
  const passed = () => createEmailError('ERR_TIMEOUT', `${what} within ${ms} ms`, { retryable: true });
  return await withDeadline(signal, { ms, passed }, (either) => untilAborted(work(either), either));
}
