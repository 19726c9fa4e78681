/**
 * Settings of S/MIME.
 * @module
 */
import type { CertificateData, CertificateSource, CertificateStoreReference, HashAlgorithm } from '../certificate.js';
import type { Secret } from './secret.js';
import type { TlsSettings } from './server.js';

/** Signing and encryption by S/MIME 4.0 (RFC 8551). With both, the message is signed, then encrypted. */
export interface SmimeSettings {
  /** Sign every message, unless the message says `smime: { sign: false }`. */
  readonly sign?: SmimeSignSettings | undefined;
  /** Encrypt every message, unless the message says `smime: { encrypt: false }`. */
  readonly encrypt?: SmimeEncryptSettings | undefined;
  /**
   * Header protection (RFC 9788). Default 'none'. 'protect' copies the header fields inside the signature or envelope;
   * 'hide-subject' also writes `[...]` as the outer subject of an encrypted message.
   */
  readonly headerProtection?: 'none' | 'protect' | 'hide-subject' | undefined;
}

/** How to sign. */
export interface SmimeSignSettings {
  /** The signer's certificate and key. */
  readonly certificate: CertificateSource;
  /** Default 'sha256'. 'sha1' is accepted for old receivers, with a warning. Ed25519 always uses sha512 (RFC 8419). */
  readonly hashAlgorithm?: HashAlgorithm | undefined;
  /** RSA padding. Default 'pkcs1'. */
  readonly scheme?: 'pkcs1' | 'pss' | undefined;
  /** Certificates in the signature: none (false), the signer's (true, the default), or also its chain ('chain'). */
  readonly includeCertificate?: boolean | 'chain' | undefined;
  /** 'detached' (multipart/signed, default) or 'opaque' (application/pkcs7-mime). */
  readonly format?: 'detached' | 'opaque' | undefined;
}

/** How to encrypt. */
export interface SmimeEncryptSettings {
  /** Sources of recipients' certificates, tried in order. */
  readonly certificates: RecipientCertificates | readonly RecipientCertificates[];
  /** Default 'aes-256-cbc'. gcm is AuthEnvelopedData (RFC 5083, 5084). */
  readonly algorithm?: EncryptionAlgorithm | undefined;
  /** RSA key transport. Default 'pkcs1', which every client reads. EC keys use ECDH. */
  readonly keyTransport?: 'pkcs1' | 'oaep' | undefined;
  /**
   * The action if a recipient has no valid certificate. 'refuse' (default) sends nothing and names each such
   * recipient. No option sends plain text without notice.
   */
  readonly onMissingCertificate?: 'refuse' | 'drop-recipient' | undefined;
  /**
   * Trust anchors for recipients' certificates. Absent: dates, key usage and address are checked, but not the
   * certification path.
   */
  readonly trustAnchors?: readonly CertificateData[] | undefined;
  /** Also encrypt to this certificate, so that the sender can read the sent copy. */
  readonly encryptToSelf?: CertificateSource | undefined;
}

/** Content encryption algorithm; 'des-ede3-cbc' is for old receivers only. */
export type EncryptionAlgorithm =
  'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' | 'aes-128-gcm' | 'aes-256-gcm' | 'des-ede3-cbc';

/**
 * A source of recipients' certificates: a file or bytes, a store, a directory, LDAP, or a function. A file or bytes
 * contain either one certificate for all recipients, in which another address causes a warning, or a bundle matched by
 * address, ignoring ASCII case.
 */
export type RecipientCertificates =
  | CertificateSource
  | {
      /** Uses all certificates of this store, matched by address. */
      readonly store: CertificateStoreReference;
      /** Password of the store. */
      readonly password?: Secret | undefined;
    }
  | {
      /** Directory with `*.cer`, `*.crt`, `*.pem`, `*.p7b`, matched by the e-mail addresses inside. */
      readonly directory: string;
    }
  | LdapCertificates
  | ((address: string) => readonly (string | Uint8Array)[] | Promise<readonly (string | Uint8Array)[]>);

/** LDAP: `userCertificate;binary` and `userSMIMECertificate` of the entry with that `mail` (RFC 4523, 2798). */
export interface LdapCertificates {
  /**
   * `ldap://host[:port]`, with StartTLS, or `ldaps://host[:port]`. If the server refuses StartTLS, plain text is used
   * only with `trustAnchors`, which check the certificates, and without `tls`; that causes a warning. Otherwise it is
   * ERR_TLS_REQUIRED.
   */
  readonly ldap: string;
  /** The entry at which the search starts. */
  readonly baseDn: string;
  /** Simple bind; default anonymous. A password is never sent without TLS. */
  readonly bindDn?: string | undefined;
  /** Password, with `bindDn`. */
  readonly password?: Secret | undefined;
  /** RFC 4515 with `{address}` for the recipient, escaped. Default `(mail={address})`. */
  readonly filter?: string | undefined;
  /** Checks of the server's certificate. Setting it, even to `{}`, forbids plain text. */
  readonly tls?: TlsSettings | undefined;
}
