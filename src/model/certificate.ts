/**
 * Certificates: where they come from, and how their stores and keys look.
 * @module
 */
import type { Secret } from './settings/secret.js';

/** PEM text, DER bytes, a file of either, or base64 of DER. */
export type CertificateData =
  | string
  | Uint8Array
  | {
      /** Path of a file. */
      readonly file: string;
    }
  | {
      /** DER, as JSON has it. */
      readonly base64: string;
    };

/** Bytes, as JSON has them. */
export interface CertificateBytes {
  /** DER or another binary form. */
  readonly base64: string;
}

/**
 * A certificate with its key: PKCS#12 (modern and legacy), PEM, DER, PKCS#7 and JKS, told apart by content, not by name. Relative
 * paths are from the working directory. Whatever cannot be read is ERR_CERTIFICATE with the reason.
 */
export type CertificateSource = (
  | {
      /** Path of the file. */
      readonly file: string;
      /** Path of the key's own file. */
      readonly keyFile?: string | undefined;
      /** Not beside `file`. */
      readonly data?: never;
      /** Not beside `file`. */
      readonly store?: never;
    }
  | {
      /** Text is PEM, or base64 of a binary form. */
      readonly data: string | Uint8Array | CertificateBytes;
      /** The key, where it is not in `data`: PEM, or DER. */
      readonly key?: Secret | Uint8Array | undefined;
      /** Not beside `data`. */
      readonly file?: never;
      /** Not beside `data`. */
      readonly store?: never;
    }
  | {
      /** Where certificates are kept. */
      readonly store: CertificateStoreReference;
      /** Which of them. */
      readonly select: CertificateSelector;
      /** Not beside `store`. */
      readonly file?: never;
      /** Not beside `store`. */
      readonly data?: never;
    }
) & {
  /** Of the file, the store, or an encrypted key. */
  readonly password?: Secret | undefined;
  /** Where the key has a password of its own (JKS, encrypted PKCS#8). */
  readonly keyPassword?: Secret | undefined;
  /**
   * Keep the loaded certificate in the mailer's `profileStore` and use that copy: other machines need not reach the file. Refreshed
   * by the test functions. Without a profileStore ERR_PROFILE_INVALID.
   */
  readonly cache?: boolean | undefined;
};

/**
 * 'user' and 'machine' are the operating system's stores: Windows CurrentUser and LocalMachine My, macOS keychains, on Linux the
 * NSS database. `location` is a path; for 'windows' `CurrentUser\My`; for 'nss' the directory with or without `sql:`.
 */
export type CertificateStoreReference =
  | 'user'
  | 'machine'
  | {
      /** What kind of store it is. */
      readonly type: 'directory' | 'pkcs12' | 'jks' | 'nss' | 'windows' | 'keychain';
      /** Where it is. */
      readonly location: string;
    }
  | CertificateStore;

/** `subject` is the whole DN, else the CN; no substrings. Where several match: valid now, with a usable key, the newest. */
export type CertificateSelector =
  | {
      /** Distinguished name (RFC 4514), or common name. */
      readonly subject: string;
    }
  | {
      /** An address in the certificate; ASCII case is ignored. */
      readonly email: string;
    }
  | {
      /** SHA-256, hex, any case, colons optional. */
      readonly fingerprint: string;
    }
  | {
      /** Friendly name, nickname or alias in the store. */
      readonly alias: string;
    };

/** A place that holds certificates. Implement it for a store of your own. */
export interface CertificateStore {
  /** All entries, so that a program can offer a choice. */
  list(): Promise<readonly CertificateInfo[]>;
  /** The certificate that the selector means, with its key or a signer; ERR_CERTIFICATE where there is none. */
  load(
    selector: CertificateSelector,
    options?: { password?: Secret; purpose?: 'sign' | 'encrypt' | 'client-auth' },
  ): Promise<LoadedCertificate>;
}

/** Passwords of a certificate store that is opened to be listed. */
export interface StorePasswords {
  /** Of the store; `load` may give another. */
  readonly password?: Secret | undefined;
  /** Where keys have a password of their own (JKS). */
  readonly keyPassword?: Secret | undefined;
}

/** What is written in a certificate. */
export interface CertificateInfo {
  /** Distinguished name, RFC 4514 text. */
  readonly subject: string;
  /** Distinguished name, RFC 4514 text. */
  readonly issuer: string;
  /** rfc822Name and SmtpUTF8Mailbox entries, else the subject's emailAddress. */
  readonly emails: readonly string[];
  /** Upper-case hex. */
  readonly serialNumber: string;
  /** SHA-256 of the DER, upper-case hex with colons. */
  readonly fingerprint: string;
  /** notBefore. */
  readonly validFrom: Date;
  /** notAfter. */
  readonly validTo: Date;
  /** Is its private key there, or a signer for it? */
  readonly hasPrivateKey: boolean;
  /** Friendly name, nickname or alias in its store. */
  readonly alias?: string | undefined;
}

/** A certificate that is ready for use. */
export interface LoadedCertificate {
  /** What is written in it. */
  readonly info: CertificateInfo;
  /** DER. */
  readonly certificate: Uint8Array;
  /** DER, issuer first; the root may be absent. */
  readonly chain: readonly Uint8Array[];
  /** PKCS#8 DER, or a signer for keys that never leave their device. */
  readonly privateKey?: Uint8Array | (PrivateKeySigner & Partial<PrivateKeyDecryptor>) | undefined;
}

/** SHA-1 is accepted for old receivers only, and warned about. */
export type HashAlgorithm = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** What a signer is asked for. Ed25519 has no hash. */
export interface SignatureAlgorithm {
  /** Name as in WebCrypto. */
  readonly name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' | 'ECDSA' | 'Ed25519';
  /** Hash of the data; for PSS also of MGF1, with a salt of the hash's length. */
  readonly hash?: HashAlgorithm | undefined;
}

/**
 * A key that stays where it is: HSM, smart card, key service. Tokens differ in what they take, so both data and digest are offered.
 * Every signature is checked with the certificate's public key before it is used.
 */
export interface PrivateKeySigner {
  /** The signature of `data` (whose hash is `digest`, undefined for Ed25519); ECDSA in DER. */
  sign(input: {
    readonly algorithm: SignatureAlgorithm;
    readonly data: Uint8Array;
    readonly digest: Uint8Array | undefined;
    readonly signal: AbortSignal;
  }): Promise<Uint8Array>;
}

/** The decrypting half of such a key. */
export interface PrivateKeyDecryptor {
  /** The content-encryption key in `ciphertext`, padding removed; `hash` with 'oaep'. */
  rsaDecrypt(input: {
    readonly ciphertext: Uint8Array;
    readonly scheme: 'pkcs1' | 'oaep';
    readonly hash?: HashAlgorithm | undefined;
    readonly signal: AbortSignal;
  }): Promise<Uint8Array>;
  /** Raw shared secret with the peer's SubjectPublicKeyInfo (DER). */
  agree(input: { readonly peer: Uint8Array; readonly signal: AbortSignal }): Promise<Uint8Array>;
}
