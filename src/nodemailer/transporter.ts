/**
 * `createTransport`: nodemailer's interface over a mailer.
 * @module
 */
import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers';
import { createEmailError, isEmailError } from '../errors/email-error.js';
import { createMailer } from '../mailer/create-mailer.js';
import type { Mailer } from '../model/mailer.js';
import { invalid } from '../schema/check.js';
import type { Subject } from '../schema/check.js';
import { problem } from '../schema/schema.js';
import { settle } from './callback.js';
import type { Callback } from './callback.js';
import { nodemailerError } from './errors.js';
import type { NodemailerError } from './errors.js';
import { closeStreams } from './read/content.js';
import { throwIfAny } from './read/fields.js';
import { infoOf } from './info.js';
import type { SentMessageInfo } from './info.js';
import type { SendMailOptions } from './message.js';
import type { TransportOptions } from './options.js';
import type { NewToken } from './read/auth.js';
import { messageSubject, readMessage } from './read/message.js';
import { optionsSubject, readOptions } from './read/options.js';
import type { ReadOptions } from './read/options.js';
import { verified } from './verified.js';

/** Events of a transport. */
export interface TransporterEvents {
  /** There is room for another message. */
  idle: [];
  /** A new OAuth 2.0 access token. */
  token: [NewToken];
}

/**
 * Sends messages that are written for nodemailer. Rejections and errors of callbacks are `NodemailerError`, with the
 * EmailError as `cause`.
 */
export class Transporter extends EventEmitter<TransporterEvents> {
  /** The options as they were given. */
  readonly options: TransportOptions;
  readonly #mailer: Mailer;
  readonly #read: ReadOptions;
  readonly #defaults: object;
  #sending = 0;

  /** Use `createTransport`. */
  constructor(options: TransportOptions | string = {}, defaults: SendMailOptions = {}) {
    super();
    this.options = typeof options === 'string' ? { url: options } : options;
    this.#defaults = Object(defaults);
    try {
      this.#read = readOptions(options, (token) => this.emit('token', token));
      this.#mailer = createMailer(this.#read.profile, this.#read.mailerOptions);
    } catch (error) {
      throw nodemailerError(renamed(error, optionNames, optionsSubject));
    }
    if (this.#read.pooled) setImmediate(() => this.isIdle() && this.emit('idle'));
  }

  /** Resolves when the server took the message for at least one recipient. */
  sendMail(message: SendMailOptions): Promise<SentMessageInfo>;
  /** The same with a callback. */
  sendMail(message: SendMailOptions, callback: Callback<SentMessageInfo, NodemailerError>): void;
  sendMail(
    message: SendMailOptions,
    callback?: Callback<SentMessageInfo, NodemailerError>,
  ): Promise<SentMessageInfo> | undefined {
    let code: string | undefined;
    const outcome = this.#send(Object(message), (found) => (code = found));
    return settle(outcome, callback, (failure) => nodemailerError(failure, code));
  }

  /** Tests the connection and the sign-in; sends nothing. */
  verify(): Promise<true>;
  /** The same with a callback. */
  verify(callback: Callback<true, NodemailerError>): void;
  verify(callback?: Callback<true, NodemailerError>): Promise<true> | undefined {
    return settle(verified(this.#mailer), callback, (failure) => nodemailerError(failure));
  }

  /** Is there room for another message without waiting? */
  isIdle(): boolean {
    return this.#sending < this.#read.maxConnections;
  }

  /** Closes the connections, once sends under way are done; with `force` at once. */
  close(options: { readonly force?: boolean | undefined } = {}): Promise<void> {
    return this.#mailer.close(options);
  }

  /** Not taken: plug-ins are written for nodemailer's own objects. Throws. */
  use(_step: string, _plugin: unknown): never {
    throw nodemailerError(
      createEmailError('ERR_PROFILE_INVALID', 'use() is not supported: plug-ins need nodemailer itself', {
        remedy: 'Do what the plug-in does before sendMail(), or give nodemailer sealpostTransport() as its transport.',
      }),
    );
  }

  async #send(data: object, setCode: (code: string | undefined) => void): Promise<SentMessageInfo> {
    const { allowsFiles, attachesDataUrls } = this.#read;
    const read = readMessage(data, { defaults: this.#defaults, allowsFiles, attachesDataUrls });
    const { message, signal, recipients, findings, streams } = read;
    const most = Math.min(read.maxRecipients ?? Infinity, this.#read.maxRecipients);
    if (recipients > most) {
      findings.code ??= 'EMAXRECIPIENTS';
      problem(findings, 'to', `has ${recipients} recipients in total, more than maxRecipients allows: ${most}`);
    }
    setCode(findings.code);
    if (findings.problems.length > 0) await closeStreams(streams);
    throwIfAny(findings, messageSubject);
    this.#sending++;
    try {
      return infoOf(await this.#mailer.send(message, signal === undefined ? {} : { signal: Object(signal) }));
    } catch (error) {
      throw renamed(error, messageNames, messageSubject);
    } finally {
      this.#sending--;
      if (this.#sending === this.#read.maxConnections - 1) this.emit('idle');
    }
  }
}

/**
 * Makes a transport from nodemailer's options or a URL. Options that sealpost does not take are refused by name: the
 * error has the code 'ECONFIG', and all problems in `cause.problems`.
 *
 * @example
 * ```ts
 * const transporter = createTransport({ host: 'mail.example.com', port: 587, requireTLS: true, auth: { user, pass } });
 * const info = await transporter.sendMail({
 *   from: 'app@example.com',
 *   to: 'ann@example.com',
 *   subject: 'Hello',
 *   text: 'Hi',
 * });
 * ```
 */
export function createTransport(options?: TransportOptions | string, defaults?: SendMailOptions): Transporter {
  return new Transporter(options, defaults);
}

/** Names in a profile or a message of sealpost, and nodemailer's. The first that fits is taken. */
type Names = readonly (readonly [own: RegExp, theirs: string])[];
const optionNames: Names = [
  [/^server\.tls\.clientCertificate\.data$/, 'tls.cert'],
  [/^server\.tls\.clientCertificate\./, 'tls.'],
  [/^server\.tls\.serverName/, 'tls.servername'],
  [/^server\.localName/, 'name'],
  [/^server\.timeouts\.connectMs/, 'connectionTimeout'],
  [/^server\.timeouts\.greetingMs/, 'greetingTimeout'],
  [/^server\.timeouts\.\w+/, 'socketTimeout'],
  [/^server\./, ''],
  [/^authentication\.username/, 'auth.user'],
  [/^authentication\.password/, 'auth.pass'],
  [/^authentication\.token/, 'auth.accessToken'],
  [/^oauth2\.tokenUrl/, 'auth.accessUrl'],
  [/^oauth2\./, 'auth.'],
  [/^dkim(?:\.\d+)?\.domain/, 'dkim.domainName'],
  [/^dkim(?:\.\d+)?\.selector/, 'dkim.keySelector'],
  [/^dkim(?:\.\d+)?\.headers/, 'dkim.headerFieldNames'],
  [/^pool\.maxMessagesPerConnection/, 'maxMessages'],
  [/^pool\.idleTimeoutMs/, 'idleTimeout'],
  [/^pool\.rateLimit\.messages/, 'rateLimit'],
  [/^pool\.rateLimit\.perMs/, 'rateDelta'],
  [/^pool\./, ''],
  [/^fileAccess/, 'allowFiles'],
];
const messageNames: Names = [
  [/^html\.content/, 'html'],
  [/^calendar/, 'icalEvent'],
  [/^importance/, 'priority'],
  [/^envelope\.dsn/, 'dsn'],
  [/^(.*)\.disposition$/, '$1.contentDisposition'],
];

/** The error with nodemailer's names instead of the library's, which the caller has not written. */
function renamed(error: unknown, names: Names, subject: Subject): unknown {
  if (!isEmailError(error) || error.problems === undefined) return error;
  const problems = error.problems.map(({ path, message }) => {
    const name = names.find(([own]) => own.test(path));
    return { path: name === undefined ? path : path.replace(name[0], name[1]), message };
  });
  return invalid(subject, problems, error);
}
