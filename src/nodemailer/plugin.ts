/**
 * A transport for nodemailer itself: nodemailer composes the message, and a mailer of sealpost sends it as it is.
 * @module
 */
import { createMailer } from '../mailer/create-mailer.js';
import type { Mailer, MailerOptions } from '../model/mailer.js';
import type { EmailProfile } from '../model/settings/profile.js';
import { settle } from './callback.js';
import type { AnyCallback, Callback } from './callback.js';
import { nodemailerError } from './errors.js';
import type { NodemailerError } from './errors.js';
import { Fields, newFindings, throwIfAny } from './read/fields.js';
import { infoOf } from './info.js';
import type { SentMessageInfo } from './info.js';
import { messageSubject } from './read/message.js';
import { readDsnOf } from './read/dsn.js';
import { optionsSubject } from './read/options.js';
import { refusedFields } from './read/refused.js';
import { verified } from './verified.js';

/** Sender and recipients, as nodemailer found them. */
export interface ComposedEnvelope {
  /** Reverse path; false is `<>`. */
  readonly from?: string | false | undefined;
  /** Recipients. */
  readonly to?: readonly string[] | undefined;
}

/** A message that nodemailer composed. */
export interface ComposedMessage {
  /** Sender and recipients. */
  getEnvelope(): ComposedEnvelope;
  /** Message-ID in brackets. */
  messageId(): string;
  /** The octets of the message. */
  createReadStream(): AsyncIterable<Uint8Array>;
}

/** A message as nodemailer passes it to its transport. */
export interface ComposedMail {
  /** The message as it was given to sendMail. */
  readonly data: object;
  /** The composed message. */
  readonly message: ComposedMessage;
}

/** A transport that `nodemailer.createTransport` takes. */
export interface SealpostTransport {
  /** Name of the transport, for nodemailer's logs. */
  readonly name: string;
  /** Version of its interface, for nodemailer's logs. */
  readonly version: string;
  /** A signal in `sendMail` ends the send. */
  readonly supportsAbortSignal: true;
  /** Sends a message that nodemailer composed. */
  send(mail: ComposedMail, callback: AnyCallback<SentMessageInfo, NodemailerError>): void;
  /** Tests the connection and the sign-in. */
  verify(callback?: Callback<true, NodemailerError>): Promise<true> | undefined;
  /** Is there room for another message without waiting? */
  isIdle(): boolean;
  /** Closes the connections, once sends under way are done. */
  close(options?: { readonly force?: boolean | undefined }): Promise<void>;
}

/** Settings of a profile that write fields or change content: nodemailer has composed the message by then. */
const withoutEffect = ['priority', 'sensitivity', 'importance', 'headers', 'smime', 'dkim'] as const;
const senderWithoutEffect = ['organization', 'replyTo', 'readReceiptTo', 'returnReceiptTo'] as const;

/**
 * Makes a transport for nodemailer: `nodemailer.createTransport(sealpostTransport(profile))`. A profile that would
 * change messages (`smime`, `dkim`, `headers`, priorities, fields of the sender) is refused, since nodemailer has
 * composed them. Options of a message that nodemailer's SMTP transport reads itself are `envelope`, `dsn`,
 * `requireTLSExtensionEnabled` and `signal`; `auth` is refused.
 */
export function sealpostTransport(profile: EmailProfile, options: MailerOptions = {}): SealpostTransport {
  const findings = newFindings();
  const fields = new Fields(Object(profile), 'profile', findings);
  for (const key of withoutEffect)
    if (fields.has(key)) fields.refuse(key, 'has no effect on a message that nodemailer composed; leave it out here');
  const sender = fields.fields('sender');
  for (const key of senderWithoutEffect)
    if (sender?.has(key)) sender.refuse(key, 'has no effect on a message that nodemailer composed; leave it out here');
  throwIfAny(findings, { ...optionsSubject, sentence: 'The profile is not for a transport of nodemailer' });
  const mailer = createMailer(profile, options);
  const most = options.pool?.maxConnections ?? 3;
  return {
    name: 'SMTP (sealpost)',
    version: '1',
    supportsAbortSignal: true,
    send(mail, callback) {
      settle(sendComposed(mailer, mail, profile.sender.envelopeFrom), callback, (failure) => nodemailerError(failure));
    },
    verify: (callback) => settle(verified(mailer), callback, (failure) => nodemailerError(failure)),
    isIdle: () => mailer.stats().inFlight < most,
    close: (closing = {}) => mailer.close(closing),
  };
}

async function sendComposed(
  mailer: Mailer,
  { data, message }: ComposedMail,
  envelopeFrom: string | undefined,
): Promise<SentMessageInfo> {
  const findings = newFindings();
  const fields = new Fields(data, '', findings);
  const { from, to = [] } = message.getEnvelope();
  const envelope = fields.fields('envelope');
  const ownPath = envelope === undefined && envelopeFrom !== undefined ? envelopeFrom : from === false ? '' : from;
  const requireTls = [envelope, fields].map((one) => one?.flag('requireTLSExtensionEnabled')).includes(true);
  const dsn = envelope?.fields('dsn') ?? fields.fields('dsn');
  const request = dsn && readDsnOf(dsn, to);
  if (fields.has('auth')) fields.refuse('auth', refusedFields['auth'] ?? '');
  const signal = fields.any('signal');
  throwIfAny(findings, messageSubject);
  const messageId = message.messageId();
  const result = await mailer.send(
    {
      raw: message.createReadStream(),
      envelope: {
        from: ownPath ?? '',
        to: [...to],
        ...(request === undefined ? {} : { dsn: request }),
        ...(requireTls ? { requireTls } : {}),
      },
    },
    signal === undefined ? {} : { signal: Object(signal) },
  );
  return { ...infoOf(result), messageId };
}
