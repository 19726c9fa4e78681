/**
 * The profile: sender, header fields, and the settings of all else.
 * @module
 */
import type { AddressInput } from '../address.js';
import type { Authentication } from './authentication.js';
import type { HeaderFields, Importance, Priority, Sensitivity } from '../header.js';
import type { LoggingSettings } from '../log.js';
import type { DkimSettings } from '../message.js';
import type { OAuth2Settings } from './oauth2.js';
import type { ProxySettings } from './proxy.js';
import type { OutgoingServer } from './server.js';
import type { SmimeSettings } from './smime.js';

/** Who sends. */
export interface Sender {
  /** Display name in `From`. */
  readonly name?: string | undefined;
  /** addr-spec of `From`, and of MAIL FROM unless `envelopeFrom` is set. */
  readonly email: string;
  /** `Organization`. */
  readonly organization?: string | undefined;
  /** `Reply-To`. */
  readonly replyTo?: AddressInput | readonly AddressInput[] | undefined;
  /** `Disposition-Notification-To` (MDN, RFC 8098). */
  readonly readReceiptTo?: AddressInput | undefined;
  /**
   * `Return-Receipt-To`; and DSN NOTIFY=SUCCESS,FAILURE,DELAY, RET=HDRS, ENVID (RFC 3461) where the server offers DSN, else a
   * warning. A DSN goes to the envelope sender: an address other than that rides only in the header.
   */
  readonly returnReceiptTo?: AddressInput | undefined;
  /** Address of MAIL FROM; '' is `<>`. */
  readonly envelopeFrom?: string | undefined;
}

/**
 * Who sends, through which server, proven how and protected how. Safe to keep as JSON unless it holds a live value: a Secret
 * function, `createMechanism`, a CertificateStore object, a RecipientCertificates function. Bytes have the JSON form
 * `{ base64 }`.
 */
export interface EmailProfile {
  /** Name of the profile, and its key in a store. */
  readonly name: string;
  /** For people. */
  readonly description?: string | undefined;
  /** Who sends. */
  readonly sender: Sender;
  /** `Priority` of every message. */
  readonly priority?: Priority | undefined;
  /** `Sensitivity` of every message. */
  readonly sensitivity?: Sensitivity | undefined;
  /** `Importance` of every message. */
  readonly importance?: Importance | undefined;
  /** Custom header fields, in order, added before the body. */
  readonly headers?: HeaderFields | undefined;
  /** Through which server. */
  readonly server: OutgoingServer;
  /** Absent: no AUTH, even if offered. */
  readonly authentication?: Authentication | undefined;
  /** Signing and encryption. */
  readonly smime?: SmimeSettings | undefined;
  /** How to get the token for `authentication.method` 'xoauth2' or 'oauthbearer'. */
  readonly oauth2?: OAuth2Settings | undefined;
  /** Absent = 'none': the environment is not looked at. */
  readonly proxy?: ProxySettings | undefined;
  /** Signatures by the sending domain (RFC 6376). */
  readonly dkim?: DkimSettings | readonly DkimSettings[] | undefined;
  /** Logs in a file, the system's log, or a syslog server. */
  readonly logging?: LoggingSettings | undefined;
}
