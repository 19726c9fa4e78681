/**
 * A message, as nodemailer has it. docs/guide/from-nodemailer.md has the table.
 * @module
 */
import type { DkimOptions } from './options.js';

/** A mailbox. */
export interface Address {
  /** Display name. */
  readonly name?: string | undefined;
  /** `local@domain`. */
  readonly address?: string | undefined;
}

/** Mailboxes: a text with commas, an object, or an array of these. */
export type Addresses = string | Address | readonly Addresses[];

/** Content itself: text, bytes, or a stream of bytes. */
export type Content = string | Uint8Array | AsyncIterable<Uint8Array>;

/** Content with its encoding, or in a file. */
export interface ContentObject {
  /** The content. */
  readonly content?: Content | ContentObject | undefined;
  /** A `data:` URL, or the path of a file if `allowFiles` allows it. */
  readonly path?: string | false | undefined;
  /** How a text `content` is encoded, such as 'base64'. */
  readonly encoding?: string | undefined;
}

/** An alternative body. */
export interface Alternative extends ContentObject {
  /** Default: by the name. */
  readonly contentType?: string | undefined;
  /** Name of the part. */
  readonly filename?: string | false | undefined;
}

/** An attachment. */
export interface Attachment extends Alternative {
  /** 'attachment' or 'inline'. */
  readonly contentDisposition?: string | undefined;
  /** Content-ID; makes the part inline. */
  readonly cid?: string | undefined;
}

/** A calendar invitation. */
export interface IcalEvent extends ContentObject {
  /** Default: METHOD of the content, else 'PUBLISH'. */
  readonly method?: string | undefined;
  /** Name of the attached copy. Default 'invite.ics'; false for none. */
  readonly filename?: string | false | undefined;
}

/** Values of a custom header field. */
export type HeaderValue = string | number | boolean | Date | readonly HeaderValue[] | null | undefined;

/** Custom header fields. */
export type Headers =
  | Readonly<Record<string, HeaderValue>>
  | readonly {
      /** Name of the field. */
      readonly key: string;
      /** Its value. */
      readonly value: HeaderValue;
    }[];

/** A value of a List-* field. */
export type ListHeader =
  | string
  | {
      /** URL or address. */
      readonly url: string;
      /** Text beside it. */
      readonly comment?: string | undefined;
    };

/** List-* fields by the end of their names; an array writes several fields, one within it joins its values. */
export type ListHeaders = Readonly<Record<string, ListHeader | readonly (ListHeader | readonly ListHeader[])[]>>;

/** Delivery status notifications. */
export interface Dsn {
  /** ENVID. */
  readonly id?: string | null | undefined;
  /** As `id`. */
  readonly envid?: string | null | undefined;
  /** 'headers' or 'full'. */
  readonly return?: string | null | undefined;
  /** As `return`. */
  readonly ret?: string | null | undefined;
  /** 'never', or any of 'success', 'failure', 'delay'. */
  readonly notify?: string | readonly string[] | null | undefined;
  /** ORCPT of every recipient. */
  readonly recipient?: string | null | undefined;
  /** As `recipient`. */
  readonly orcpt?: string | null | undefined;
}

/** Sender and recipients as sent to the server. */
export interface EnvelopeOptions {
  /** false or '' is `<>`. */
  readonly from?: Addresses | false | undefined;
  /** Recipients. */
  readonly to?: Addresses | undefined;
  /** Recipients. */
  readonly cc?: Addresses | undefined;
  /** Recipients. */
  readonly bcc?: Addresses | undefined;
  /** Delivery status notifications. */
  readonly dsn?: Dsn | undefined;
  /** REQUIRETLS (RFC 8689). */
  readonly requireTLSExtensionEnabled?: boolean | undefined;
  /** Taken, and without effect: the size is found when the message is composed. */
  readonly size?: number | undefined;
  /** Accepted without effect: 8BITMIME is used if it is needed. */
  readonly use8BitMime?: boolean | undefined;
}

/** Options of `sendMail`: a message. */
export interface SendMailOptions {
  /** One mailbox. */
  from?: Addresses | undefined;
  /** `Sender`. */
  sender?: Addresses | undefined;
  /** Recipients. */
  to?: Addresses | undefined;
  /** Recipients. */
  cc?: Addresses | undefined;
  /** Recipients that no field names. */
  bcc?: Addresses | undefined;
  /** `Reply-To`. */
  replyTo?: Addresses | undefined;
  /** `In-Reply-To`. */
  inReplyTo?: string | undefined;
  /** `References`, separated by spaces, or an array. */
  references?: string | readonly string[] | undefined;
  /** `Subject`. */
  subject?: string | undefined;
  /** Plain text body. */
  text?: Content | ContentObject | undefined;
  /** HTML body. */
  html?: Content | ContentObject | undefined;
  /** HTML for a watch. */
  watchHtml?: Content | ContentObject | undefined;
  /** AMP body. */
  amp?: Content | ContentObject | undefined;
  /** Calendar invitation. */
  icalEvent?: Content | IcalEvent | undefined;
  /** Attachments. */
  attachments?: readonly Attachment[] | undefined;
  /** Images in `data:` URLs of `html` become parts of the message. Default: as the transport. */
  attachDataUrls?: boolean | undefined;
  /** Further bodies. */
  alternatives?: readonly Alternative[] | undefined;
  /** Custom header fields. */
  headers?: Headers | undefined;
  /** List-* fields. */
  list?: ListHeaders | undefined;
  /** 'high', 'normal' or 'low'. */
  priority?: string | undefined;
  /** `Message-ID`; default a new one. */
  messageId?: string | undefined;
  /** `Date`; default now. */
  date?: Date | string | undefined;
  /** `X-Mailer`. */
  xMailer?: string | false | undefined;
  /** Replaces sender and recipients of the fields. */
  envelope?: EnvelopeOptions | undefined;
  /** Delivery status notifications. */
  dsn?: Dsn | undefined;
  /** REQUIRETLS (RFC 8689). */
  requireTLSExtensionEnabled?: boolean | undefined;
  /** A finished message. */
  raw?: Content | ContentObject | undefined;
  /** DKIM signatures that replace those of the transport. */
  dkim?: DkimOptions | undefined;
  /** Recipients of this message; more are refused. */
  maxRecipients?: number | undefined;
  /** Refuses files. */
  disableFileAccess?: boolean | undefined;
  /** Taken, and without effect: nothing is fetched. */
  disableUrlAccess?: boolean | undefined;
  /** Ends the send. */
  signal?: AbortSignal | undefined;
}
