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
   * RFC 9788. Default 'none'. 'protect' copies the header fields inside the signature or envelope; 'hide-subject' also writes
   * `[...]` outside an encrypted one.
   */
  readonly headerProtection?: 'none' | 'protect' | 'hide-subject' | undefined;
}

/** How to sign. */
export interface SmimeSignSettings {
  /** The signer's certificate and key. */
  readonly certificate: CertificateSource;
  /** Default 'sha256'. 'sha1' is accepted for old receivers and warned about. Ed25519 always takes sha512 (RFC 8419). */
  readonly hashAlgorithm?: HashAlgorithm | undefined;
  /** RSA padding. Default 'pkcs1'. */
  readonly scheme?: 'pkcs1' | 'pss' | undefined;
  /** Certificates in the signature: none, the signer's (true, the default), or its chain too. */
  readonly includeCertificate?: boolean | 'chain' | undefined;
  /** 'detached' (multipart/signed, default) or 'opaque' (application/pkcs7-mime). */
  readonly format?: 'detached' | 'opaque' | undefined;
}

/** How to encrypt. */
export interface SmimeEncryptSettings {
  /** Where recipients' certificates come from, tried in order. */
  readonly certificates: RecipientCertificates | readonly RecipientCertificates[];
  /** Default 'aes-256-cbc'. gcm is AuthEnvelopedData (RFC 5083, 5084). */
  readonly algorithm?: EncryptionAlgorithm | undefined;
  /** RSA key transport. Default 'pkcs1' (what every client reads). EC keys use ECDH. */
  readonly keyTransport?: 'pkcs1' | 'oaep' | undefined;
  /** A recipient without a valid certificate: 'refuse' (default) sends nothing and names each; never plain text in silence. */
  readonly onMissingCertificate?: 'refuse' | 'drop-recipient' | undefined;
  /** Paths of recipients' certificates must end here; absent: dates, key usage and address are checked, not the path. */
  readonly trustAnchors?: readonly CertificateData[] | undefined;
  /** Also encrypt to this certificate, so that the sender can read the sent copy. */
  readonly encryptToSelf?: CertificateSource | undefined;
}

/** Content encryption; 'des-ede3-cbc' for old receivers only. */
export type EncryptionAlgorithm =
  'aes-128-cbc' | 'aes-192-cbc' | 'aes-256-cbc' | 'aes-128-gcm' | 'aes-256-gcm' | 'des-ede3-cbc';

/**
 * Where recipients' certificates come from: a file or bytes (one certificate for all recipients, where
 * another address in it is a warning; or a bundle matched by address, ASCII case ignored), a store, a directory, LDAP, or a function.
 */
export type RecipientCertificates =
  | CertificateSource
  | {
      /** All certificates of this store, matched by address. */
      readonly store: CertificateStoreReference;
      /** Of the store. */
      readonly password?: Secret | undefined;
    }
  | {
      /** `*.cer`, `*.crt`, `*.pem`, `*.p7b`, matched by the e-mail addresses inside. */
      readonly directory: string;
    }
  | LdapCertificates
  | ((address: string) => readonly (string | Uint8Array)[] | Promise<readonly (string | Uint8Array)[]>);

/** `userCertificate;binary` and `userSMIMECertificate` of the entry with that `mail` (RFC 4523, 2798). */
export interface LdapCertificates {
  /**
   * `ldap://host[:port]`, with StartTLS, or `ldaps://host[:port]`. A server that refuses StartTLS is asked in plain text, with a
   * warning, only where `trustAnchors` judge what it answers and `tls` is absent; else ERR_TLS_REQUIRED.
   */
  readonly ldap: string;
  /** Where the search starts. */
  readonly baseDn: string;
  /** Simple bind; default anonymous. A password is never sent without TLS. */
  readonly bindDn?: string | undefined;
  /** With `bindDn`. */
  readonly password?: Secret | undefined;
  /** RFC 4515 with `{address}` for the recipient, escaped. Default `(mail={address})`. */
  readonly filter?: string | undefined;
  /** Checks of the server's certificate. Setting it, even to `{}`, forbids plain text. */
  readonly tls?: TlsSettings | undefined;
}
