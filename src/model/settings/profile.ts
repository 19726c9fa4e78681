/**
 * The profile: sender, header fields, and all other settings.
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

/** The sender. */
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
   * `Return-Receipt-To`. If the server offers DSN, also NOTIFY=SUCCESS,FAILURE,DELAY, RET=HDRS, ENVID (RFC 3461), else
   * a warning. DSNs are sent to the envelope sender; another address is only written to the header.
   */
  readonly returnReceiptTo?: AddressInput | undefined;
  /** Address of MAIL FROM; '' is `<>`. */
  readonly envelopeFrom?: string | undefined;
}

/**
 * A profile: the sender, the server, the authentication, the protection. It can be kept as JSON unless it contains a
 * live value: a Secret function, `createMechanism`, a CertificateStore object, a RecipientCertificates function. Bytes
 * have the JSON form `{ base64 }`.
 */
export interface EmailProfile {
  /** Name of the profile, and its key in a store. */
  readonly name: string;
  /** A description for people. */
  readonly description?: string | undefined;
  /** The sender. */
  readonly sender: Sender;
  /** `Priority` of every message. */
  readonly priority?: Priority | undefined;
  /** `Sensitivity` of every message. */
  readonly sensitivity?: Sensitivity | undefined;
  /** `Importance` of every message. */
  readonly importance?: Importance | undefined;
  /** Custom header fields of every message, in order, added before the body. */
  readonly headers?: HeaderFields | undefined;
  /**
   * The server, or several in order of preference: a message goes to the next one if one cannot be reached or refuses it
   * for now. `authentication` and `proxy` are the same for all.
   */
  readonly server: OutgoingServer | readonly OutgoingServer[];
  /** Authentication. Absent: no AUTH, even if offered. */
  readonly authentication?: Authentication | undefined;
  /** Signing and encryption. */
  readonly smime?: SmimeSettings | undefined;
  /** Source of the token for `authentication.method` 'xoauth2' or 'oauthbearer'. */
  readonly oauth2?: OAuth2Settings | undefined;
  /** The proxy. Absent means 'none': the environment is not consulted. */
  readonly proxy?: ProxySettings | undefined;
  /** Signatures by the sending domain (RFC 6376). */
  readonly dkim?: DkimSettings | readonly DkimSettings[] | undefined;
  /** Logs in a file, the system's log, or a syslog server. */
  readonly logging?: LoggingSettings | undefined;
}
