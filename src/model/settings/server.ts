/**
 * Settings of the server, its timeouts and its TLS.
 * @module
 */
import type { CertificateData, CertificateSource } from '../certificate.js';

/**
 * How the connection is secured. 'automatic' (default) adapts to the server: implicit TLS on 465, else STARTTLS if
 * offered, else plain text. It corrects a wrong guess once. After 3 s of silence on a plain connection, a second one
 * starts with a ClientHello, and the first valid answer wins; a plain greeting on 465 leads to STARTTLS or
 * ERR_TLS_REQUIRED. STARTTLS offered but refused, or a bad certificate, is an error, never plain text.
 *
 * 'implicit' starts with TLS (RFC 8314). 'explicit' requires STARTTLS (RFC 3207). 'none' never uses TLS.
 */
export type Security = 'automatic' | 'implicit' | 'explicit' | 'none';

/** The server that accepts the mail. */
export interface OutgoingServer {
  /** DNS name, IPv4 or IPv6 address. Certificates are checked against it, also through proxies and connectors. */
  readonly host: string;
  /** 1 to 65535. Default 25, or 465 if `security` is 'implicit'. */
  readonly port?: number | undefined;
  /** Default 'automatic'. */
  readonly security?: Security | undefined;
  /** Default 'smtp'. 'lmtp' (RFC 2033): LHLO, and a reply per recipient after the content. */
  readonly protocol?: 'smtp' | 'lmtp' | undefined;
  /** EHLO name; default the machine's FQDN, else an address literal. */
  readonly localName?: string | undefined;
  /** Local IP address to connect from, for relays that authorize by address. */
  readonly localAddress?: string | undefined;
  /** Deadlines. */
  readonly timeouts?: Timeouts | undefined;
  /** Requirements on the server's certificate, and the client's own certificate. */
  readonly tls?: TlsSettings | undefined;
  /**
   * Most recipients in one transaction, at least 1; further recipients are sent in further transactions of the same
   * message. Default: no limit except the server's own (452, RFC 5321 section 4.5.3.1.10). For servers that instead
   * refuse the whole message after its content: Amazon SES accepts 50.
   */
  readonly maxRecipients?: number | undefined;
  /**
   * EHLO keywords (RFC 5321 section 4.1.1.1), in any case, that are treated as not offered, such as 'CHUNKING',
   * 'BINARYMIME' or 'PIPELINING'. For servers and firewalls that offer what they cannot do. Default none. STARTTLS is
   * refused here: `security` decides about it.
   */
  readonly ignoreExtensions?: readonly string[] | undefined;
}

/**
 * Milliseconds; 0 means no limit. These are deadlines, not inactivity limits: traffic does not extend them. A missed
 * deadline is ERR_TIMEOUT, which names it and the phase.
 */
export interface Timeouts {
  /** Name look-up, TCP, proxy and TLS set-up. Default 30 000. */
  readonly connectMs?: number | undefined;
  /** The greeting. Default 60 000. */
  readonly greetingMs?: number | undefined;
  /** One complete reply. Default 300 000 (RFC 5321 section 4.5.3.2). */
  readonly replyMs?: number | undefined;
  /** While content is sent: the time in which the server takes no byte. Default 60 000. */
  readonly stallMs?: number | undefined;
  /**
   * From the end of data to its reply. Default 600 000: a busy server may take minutes, and giving up early makes
   * duplicates.
   */
  readonly acceptanceMs?: number | undefined;
  /**
   * One whole send(), including the wait for a connection and all attempts. Default 0. In a list of servers only the
   * first may have it.
   */
  readonly totalMs?: number | undefined;
}

/** TLS settings. At least TLS 1.2 is used, and the certificate is verified unless an option says otherwise. */
export interface TlsSettings {
  /** Certificate for servers that request one. */
  readonly clientCertificate?: CertificateSource | undefined;
  /** Trust anchors instead of Node's bundled list. */
  readonly ca?: CertificateData | readonly CertificateData[] | undefined;
  /** Also trust the operating system's trust anchors (Node 22.15 and later; before that ERR_PROFILE_INVALID). */
  readonly useSystemCa?: boolean | undefined;
  /** Default 'TLSv1.2'. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** OpenSSL cipher list. */
  readonly ciphers?: string | undefined;
  /**
   * SHA-256 of the server's leaf certificate (DER), hex, any case, colons optional; one must match. Replaces path, name
   * and date checks, so that a self-signed server needs no "trust all".
   */
  readonly pinnedFingerprints?: readonly string[] | undefined;
  /** Name for SNI and for the check of the certificate, instead of `host`. */
  readonly serverName?: string | undefined;
  /** Accepts any certificate. Unsafe, as the name says. */
  readonly dangerouslyAcceptAnyCertificate?: boolean | undefined;
}
