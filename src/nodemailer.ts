/**
 * nodemailer's interface over sealpost, and a transport for nodemailer itself. docs/guide/from-nodemailer.md has the
 * tables.
 *
 * @packageDocumentation
 */
export { createTransport, Transporter } from './nodemailer/transporter.js';
export type { TransporterEvents } from './nodemailer/transporter.js';
export { sealpostTransport } from './nodemailer/plugin.js';
export type { ComposedEnvelope, ComposedMail, ComposedMessage, SealpostTransport } from './nodemailer/plugin.js';
export type { AnyCallback, Callback } from './nodemailer/callback.js';
export type { NodemailerError } from './nodemailer/errors.js';
export type { SentMessageInfo } from './nodemailer/info.js';
export type { NewToken } from './nodemailer/read/auth.js';
export type {
  Address,
  Addresses,
  Alternative,
  Attachment,
  Content,
  ContentObject,
  Dsn,
  EnvelopeOptions,
  Headers,
  HeaderValue,
  IcalEvent,
  ListHeader,
  ListHeaders,
  SendMailOptions,
} from './nodemailer/message.js';
export type { AuthOptions, DkimKey, DkimOptions, Logger, TlsOptions, TransportOptions } from './nodemailer/options.js';
