/**
 * A message and its parts.
 * @module
 */
import type { AddressInput } from './address.js';
import type { PrivateKeySigner } from './certificate.js';
import type { Envelope } from './envelope.js';
import type { AutoSubmitted, HeaderFields, Importance, Priority, Sensitivity } from './header.js';
import type { Secret } from './settings/secret.js';

/** Content from a file. `MailerOptions.fileAccess` must allow it. */
export interface ContentFile {
  /** Path, or `file:` URL. */
  readonly file: string | URL;
}

/** Overrides the profile's S/MIME settings for one message. */
export interface MessageProtectionChoice {
  /** Sign the message? */
  readonly sign?: boolean | undefined;
  /** Encrypt the message? */
  readonly encrypt?: boolean | undefined;
}

/**
 * Content. A string is the content itself, never a path. Bytes of text and html are UTF-8. A stream that is needed
 * twice (DKIM, Bcc copies) is kept in memory, above 1 MiB in a temporary file of mode 0600. Every stream is either read
 * once or destroyed, whatever the outcome of the send. A function that opens a stream can be called again.
 */
export type ContentInput =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ContentFile
  | AsyncIterable<Uint8Array>
  | (() => AsyncIterable<Uint8Array>);

/** HTML with choices of its own. */
export interface HtmlContent {
  /** The HTML. */
  readonly content: ContentInput;
  /**
   * Make images in `data:` URLs parts of the message, which the HTML shows by `cid:`. Equal images are sent once, and
   * nothing is fetched. Default false.
   */
  readonly embedDataUrls?: boolean | undefined;
}

/** An attachment or a further alternative. */
export interface Attachment {
  /** Default: the name of the file. */
  filename?: string | undefined;
  /** The content. */
  content: ContentInput;
  /** Default: by the extension of the file name, else application/octet-stream. */
  contentType?: string | undefined;
  /** Default 'attachment', or 'inline' with `cid`. */
  disposition?: 'attachment' | 'inline' | undefined;
  /** Content-ID without brackets; makes the part inline in multipart/related. */
  cid?: string | undefined;
}

/** A DKIM signature (RFC 6376; ed25519-sha256 by RFC 8463). It is made last, over the finished message. */
export interface DkimSettings {
  /** `d=`: the signing domain. */
  readonly domain: string;
  /** `s=`: the selector. */
  readonly selector: string;
  /**
   * PEM or base64 PKCS#8: RSA of at least 1024 bits, or Ed25519. In a message `{ file }` obeys
   * `MailerOptions.fileAccess`, and `{ env }` needs `fileAccess: true`; otherwise ERR_MESSAGE_INVALID. Required unless
   * there is a `signer`.
   */
  readonly privateKey?: Secret | undefined;
  /** Password of an encrypted `privateKey`. A wrong one is ERR_CERTIFICATE. */
  readonly password?: Secret | undefined;
  /**
   * Signs instead of `privateKey`, with a key that cannot be exported. For Ed25519, `data` is the SHA-256 hash that RFC
   * 8463 signs. A signer that fails is ERR_SECRET, and nothing is sent.
   */
  readonly signer?: PrivateKeySigner | undefined;
  /** The algorithm of `signer`; 'rsa-sha256' unless given. With `privateKey` the kind of the key decides. */
  readonly algorithm?: 'rsa-sha256' | 'ed25519-sha256' | undefined;
  /**
   * The public key of `signer`: PEM, or the value of `p=` in the DNS record. Each signature is then checked before the
   * message is sent.
   */
  readonly publicKey?: string | undefined;
  /** Fields to sign. Default: those of RFC 6376 section 5.4.1 that the message has, with From oversigned. */
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

/**
 * Calendar invitation (RFC 5545, 6047). It is sent as an alternative, and also as an attachment if `filename` is given.
 */
export interface CalendarPart {
  /** iTIP method, such as `REQUEST`. */
  readonly method: string;
  /** The iCalendar text. */
  readonly content: string;
  /** Also attach it under this name. */
  readonly filename?: string | undefined;
}

/**
 * One message. The profile supplies the fields that it leaves out. The message is copied at the call, except for bytes.
 */
export interface MailMessage {
  /** `To`. */
  to?: AddressInput | readonly AddressInput[] | undefined;
  /** `Cc`. */
  cc?: AddressInput | readonly AddressInput[] | undefined;
  /**
   * Recipients who are never written to the message. Encrypted copies for them are separate, so that recipient infos do
   * not reveal them.
   */
  bcc?: AddressInput | readonly AddressInput[] | undefined;
  /** Overrides the profile's sender for this message. */
  from?: AddressInput | undefined;
  /** `Sender`, if it differs from From. */
  sender?: AddressInput | undefined;
  /** `Reply-To`, instead of the profile's; false for none. */
  replyTo?: AddressInput | readonly AddressInput[] | false | undefined;
  /** `Subject`. */
  subject?: string | undefined;
  /** Plain text body. */
  text?: ContentInput | undefined;
  /**
   * HTML body. With `text`, both are sent as alternatives; without it, `MailerOptions.textFromHtml` may make the text.
   */
  html?: ContentInput | HtmlContent | undefined;
  /** Calendar invitation. */
  calendar?: CalendarPart | undefined;
  /** Further alternatives, such as AMP, in order of growing preference; they come before html. */
  alternatives?: readonly Attachment[] | undefined;
  /** Attachments and inline parts. */
  attachments?: readonly Attachment[] | undefined;
  /** Custom header fields. A field replaces those of the same name in the profile. */
  headers?: HeaderFields | undefined;
  /** `Date`; default now. */
  date?: Date | undefined;
  /**
   * Message-ID, with or without brackets. Default: generated for each send. A message object whose last send failed
   * keeps its Message-ID while its recipients are the same, so that a retry is the same message. After a success the
   * next send generates another.
   */
  messageId?: string | undefined;
  /** `In-Reply-To`. */
  inReplyTo?: string | undefined;
  /** `References`. */
  references?: readonly string[] | undefined;
  /** Overrides the profile's priority. */
  priority?: Priority | undefined;
  /** Overrides the profile's sensitivity. */
  sensitivity?: Sensitivity | undefined;
  /** Overrides the profile's importance. */
  importance?: Importance | undefined;
  /**
   * `Auto-Submitted` (RFC 3834, RFC 5436): no person wrote the message, so other programs send no automatic answer to
   * it. 'auto-replied' is for an answer; its envelope sender should be `''`.
   */
  autoSubmitted?: AutoSubmitted | undefined;
  /** Overrides the profile's read receipt address; false switches it off. */
  readReceiptTo?: AddressInput | false | undefined;
  /** Overrides the profile's return receipt address; false switches it off. */
  returnReceiptTo?: AddressInput | false | undefined;
  /** Mailing-list fields. */
  list?: ListFields | undefined;
  /**
   * false switches off signing or encryption by the profile. true without such settings in the profile is
   * ERR_MESSAGE_INVALID.
   */
  smime?: MessageProtectionChoice | undefined;
  /** Overrides the profile's DKIM settings; an empty list for none. */
  dkim?: DkimSettings | readonly DkimSettings[] | undefined;
  /** Overrides parts of the envelope. */
  envelope?: Partial<Envelope> | undefined;
  /**
   * A finished RFC 5322 message, sent unchanged. Excludes the content fields. A Bcc field in it is refused. If the
   * profile signs or encrypts, `smime` must switch that off. The profile's DKIM settings do not sign it.
   */
  raw?: ContentInput | undefined;
}
