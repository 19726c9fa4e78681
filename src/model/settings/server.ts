/**
 * Settings of the server, its timeouts and its TLS.
 * @module
 */
import type { CertificateData, CertificateSource } from '../certificate.js';

/**
 * 'automatic' (default) finds what the server speaks: implicit TLS on 465, else STARTTLS if offered, else plain text. A wrong
 * guess is detected once: after 3 s of silence on a plain connection a second one starts with a ClientHello, and the first valid
 * answer wins; a plain greeting on 465 leads to STARTTLS or ERR_TLS_REQUIRED. STARTTLS offered but refused, or a bad certificate,
 * is an error, never plain text.
 *
 * 'implicit' is TLS first (RFC 8314). 'explicit' is STARTTLS or fail (RFC 3207). 'none' is never TLS.
 */
export type Security = 'automatic' | 'implicit' | 'explicit' | 'none';

/** The server that takes the mail. */
export interface OutgoingServer {
  /** DNS name, IPv4 or IPv6 address. Certificates are checked against it, whatever carries the bytes. */
  readonly host: string;
  /** 1 to 65535. Default 25; 465 where `security` is 'implicit'. */
  readonly port?: number | undefined;
  /** Default 'automatic'. */
  readonly security?: Security | undefined;
  /** Default 'smtp'. 'lmtp' (RFC 2033): LHLO, and a reply per recipient after the content. */
  readonly protocol?: 'smtp' | 'lmtp' | undefined;
  /** EHLO name; default the machine's FQDN, else an address literal. */
  readonly localName?: string | undefined;
  /** Local IP address to connect from, for relays that allow by address. */
  readonly localAddress?: string | undefined;
  /** Deadlines. */
  readonly timeouts?: Timeouts | undefined;
  /** What the server's certificate must be, and the client's own. */
  readonly tls?: TlsSettings | undefined;
  /**
   * Recipients in one transaction, at least 1; further recipients go in further transactions of the same message. Default: no limit but
   * the server's own (452, RFC 5321 section 4.5.3.1.10). For servers that refuse the whole message instead, after its content: Amazon SES
   * takes 50.
   */
  readonly maxRecipients?: number | undefined;
  /**
   * Keywords of EHLO (RFC 5321 section 4.1.1.1), in any case, that are treated as not offered: for servers and firewalls that offer what
   * they cannot do, such as 'CHUNKING', 'BINARYMIME' or 'PIPELINING'. Default none. STARTTLS is refused: `security` decides about it.
   */
  readonly ignoreExtensions?: readonly string[] | undefined;
}

/**
 * Milliseconds; 0 = no limit. Deadlines, not inactivity: traffic does not extend them. A deadline that passes is
 * ERR_TIMEOUT, which names it and the phase.
 */
export interface Timeouts {
  /** Name look-up, TCP, proxy and TLS set-up. Default 30 000. */
  readonly connectMs?: number | undefined;
  /** The greeting. Default 60 000. */
  readonly greetingMs?: number | undefined;
  /** One complete reply. Default 300 000 (RFC 5321 section 4.5.3.2). */
  readonly replyMs?: number | undefined;
  /** While content is sent: no byte taken by the server. Default 60 000. */
  readonly stallMs?: number | undefined;
  /** End of data to its reply. Default 600 000: a busy server may take minutes, and giving up early makes duplicates. */
  readonly acceptanceMs?: number | undefined;
  /** One whole send(), waiting for a connection included. Default 0. */
  readonly totalMs?: number | undefined;
}

/** TLS 1.2 at least; the certificate is verified unless spelt otherwise. */
export interface TlsSettings {
  /** Shown to servers that ask for one. */
  readonly clientCertificate?: CertificateSource | undefined;
  /** Trust anchors in place of Node's bundled list. */
  readonly ca?: CertificateData | readonly CertificateData[] | undefined;
  /** The operating system's trust anchors too (Node 22.15 and later; before that ERR_PROFILE_INVALID). */
  readonly useSystemCa?: boolean | undefined;
  /** Default 'TLSv1.2'. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  /** OpenSSL cipher list. */
  readonly ciphers?: string | undefined;
  /**
   * SHA-256 of the server's leaf certificate (DER), hex, any case, colons optional; one must match. Replaces path, name and date
   * checks, so that a self-signed server needs no "trust all".
   */
  readonly pinnedFingerprints?: readonly string[] | undefined;
  /** Sent as SNI and checked, in place of `host`. */
  readonly serverName?: string | undefined;
  /** Unsafe, spelt so. */
  readonly dangerouslyAcceptAnyCertificate?: boolean | undefined;
}
