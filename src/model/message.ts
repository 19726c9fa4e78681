/**
 * A message and its parts.
 * @module
 */
import type { AddressInput } from './address.js';
import type { Envelope } from './envelope.js';
import type { HeaderFields, Importance, Priority, Sensitivity } from './header.js';
import type { Secret } from './settings/secret.js';

/** Content from a file, within what `MailerOptions.fileAccess` allows. */
export interface ContentFile {
  /** Path, or `file:` URL. */
  readonly file: string | URL;
}

/** What S/MIME is to do to one message. */
export interface MessageProtectionChoice {
  /** Sign it? */
  readonly sign?: boolean | undefined;
  /** Encrypt it? */
  readonly encrypt?: boolean | undefined;
}

/**
 * Content. A string is the content itself, never a path. Bytes of text and html are UTF-8. A stream that is needed twice (DKIM,
 * Bcc copies) is kept in a temporary file of mode 0600 past 1 MiB. A stream is read once or destroyed, whatever comes of the send; a
 * function that opens one can be asked again.
 */
export type ContentInput =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ContentFile
  | AsyncIterable<Uint8Array>
  | (() => AsyncIterable<Uint8Array>);

/** An attachment or a further alternative. */
export interface Attachment {
  /** Default the file's name. */
  filename?: string | undefined;
  /** The bytes. */
  content: ContentInput;
  /** Default by the file name's extension, else application/octet-stream. */
  contentType?: string | undefined;
  /** Default 'attachment'; 'inline' with `cid`. */
  disposition?: 'attachment' | 'inline' | undefined;
  /** Content-ID without brackets; makes the part inline in multipart/related. */
  cid?: string | undefined;
}

/** A DKIM signature (RFC 6376; ed25519-sha256 by RFC 8463), made last over the finished message. */
export interface DkimSettings {
  /** `d=`. */
  readonly domain: string;
  /** `s=`. */
  readonly selector: string;
  /**
   * PEM or base64 PKCS#8: RSA of at least 1024 bits, or Ed25519. In a message `{ file }` obeys `MailerOptions.fileAccess`, and
   * `{ env }` needs `fileAccess: true`; otherwise ERR_MESSAGE_INVALID.
   */
  readonly privateKey: Secret;
  /** Fields to sign; default those of RFC 6376 section 5.4.1 that the message has, From oversigned. */
  readonly headers?: readonly string[] | undefined;
}

/** Mailing-list fields (RFC 2369, 2919, 8058). */
export interface ListFields {
  /** `List-Unsubscribe`: URLs or addresses. */
  readonly unsubscribe?: string | readonly string[] | undefined;
  /** `List-Unsubscribe-Post: List-Unsubscribe=One-Click`; needs an https URL in `unsubscribe`. */
  readonly oneClick?: boolean | undefined;
  /** `List-Id`, as `Name <list.example.com>` or the bare id. */
  readonly id?: string | undefined;
  /** `List-Help`. */
  readonly help?: string | undefined;
  /** `List-Archive`. */
  readonly archive?: string | undefined;
}

/** Calendar invitation (RFC 5545, 6047): an alternative, and an attachment where `filename` is given. */
export interface CalendarPart {
  /** iTIP method, as `REQUEST`. */
  readonly method: string;
  /** The iCalendar text. */
  readonly content: string;
  /** Also attach it under this name. */
  readonly filename?: string | undefined;
}

/** One message. What it leaves out, the profile says. It is taken as it is at the call: only bytes are not copied. */
export interface MailMessage {
  /** `To`. */
  to?: AddressInput | readonly AddressInput[] | undefined;
  /** `Cc`. */
  cc?: AddressInput | readonly AddressInput[] | undefined;
  /** Never written to the message; encrypted copies for Bcc are separate, so that recipient infos name nobody. */
  bcc?: AddressInput | readonly AddressInput[] | undefined;
  /** Overrides the profile's sender for this message. */
  from?: AddressInput | undefined;
  /** `Sender`, where it differs from From. */
  sender?: AddressInput | undefined;
  /** `Reply-To` in place of the profile's; false for none. */
  replyTo?: AddressInput | readonly AddressInput[] | false | undefined;
  /** `Subject`. */
  subject?: string | undefined;
  /** Plain text body. */
  text?: ContentInput | undefined;
  /** HTML body; with `text` both go as alternatives. */
  html?: ContentInput | undefined;
  /** Invitation. */
  calendar?: CalendarPart | undefined;
  /** Further alternatives, AMP for one, in order of growing preference before html. */
  alternatives?: readonly Attachment[] | undefined;
  /** Attachments and inline parts. */
  attachments?: readonly Attachment[] | undefined;
  /** Custom fields; one of the same name as the profile's replaces it. */
  headers?: HeaderFields | undefined;
  /** `Date`; default now. */
  date?: Date | undefined;
  /**
   * With or without brackets. Default: generated for each send. A message object whose last send failed keeps its Message-ID while its
   * recipients are the same, so that a retry is the same message; after a success the next send makes another.
   */
  messageId?: string | undefined;
  /** `In-Reply-To`. */
  inReplyTo?: string | undefined;
  /** `References`. */
  references?: readonly string[] | undefined;
  /** In place of the profile's. */
  priority?: Priority | undefined;
  /** In place of the profile's. */
  sensitivity?: Sensitivity | undefined;
  /** In place of the profile's. */
  importance?: Importance | undefined;
  /** In place of the profile's; false switches it off. */
  readReceiptTo?: AddressInput | false | undefined;
  /** In place of the profile's; false switches it off. */
  returnReceiptTo?: AddressInput | false | undefined;
  /** Mailing-list fields. */
  list?: ListFields | undefined;
  /** false turns off what the profile would do; true without settings in the profile is ERR_MESSAGE_INVALID. */
  smime?: MessageProtectionChoice | undefined;
  /** In place of the profile's; an empty list for none. */
  dkim?: DkimSettings | readonly DkimSettings[] | undefined;
  /** Overrides parts of the envelope. */
  envelope?: Partial<Envelope> | undefined;
  /**
   * A finished RFC 5322 message, sent as it is. Excludes the content fields; a Bcc field in it is refused; where the profile signs
   * or encrypts, `smime` must switch that off. The profile's DKIM settings do not sign it.
   */
  raw?: ContentInput | undefined;
}
