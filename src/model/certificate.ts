/**
 * Types of certificates: their sources, stores and keys.
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
      /** DER in base64, the form for JSON. */
      readonly base64: string;
    };

/** Bytes in their form for JSON. */
export interface CertificateBytes {
  /** DER or another binary format, in base64. */
  readonly base64: string;
}

/**
 * A certificate with its key: PKCS#12 (modern and legacy), PEM, DER, PKCS#7 or JKS. The format is found from the
 * content, not from the file name. Relative paths start at the working directory. A certificate that cannot be read is
 * ERR_CERTIFICATE with the reason.
 */
export type CertificateSource = (
  | {
      /** Path of the file. */
      readonly file: string;
      /** Path of a separate file with the key. */
      readonly keyFile?: string | undefined;
      /** Excluded by `file`. */
      readonly data?: never;
      /** Excluded by `file`. */
      readonly store?: never;
    }
  | {
      /** A string is PEM, or base64 of a binary format. */
      readonly data: string | Uint8Array | CertificateBytes;
      /** The key as PEM or DER, if it is not in `data`. */
      readonly key?: Secret | Uint8Array | undefined;
      /** Excluded by `data`. */
      readonly file?: never;
      /** Excluded by `data`. */
      readonly store?: never;
    }
  | {
      /** The store that contains the certificate. */
      readonly store: CertificateStoreReference;
      /** Selects one certificate of the store. */
      readonly select: CertificateSelector;
      /** Excluded by `store`. */
      readonly file?: never;
      /** Excluded by `store`. */
      readonly data?: never;
    }
) & {
  /** Password of the file, of the store, or of an encrypted key. */
  readonly password?: Secret | undefined;
  /** Password of the key, if it has one of its own (JKS, encrypted PKCS#8). */
  readonly keyPassword?: Secret | undefined;
  /**
   * Keep the loaded certificate in the mailer's `profileStore` and use that copy, so that other machines need no access
   * to the file. The test functions refresh it. Without a profileStore ERR_PROFILE_INVALID.
   */
  readonly cache?: boolean | undefined;
};

/**
 * A certificate store. 'user' and 'machine' are the operating system's: Windows CurrentUser and LocalMachine My, macOS
 * keychains, on Linux the NSS database. `location` is a path; for 'windows' `CurrentUser\My`; for 'nss' the directory
 * with or without `sql:`.
 */
export type CertificateStoreReference =
  | 'user'
  | 'machine'
  | {
      /** The kind of store. */
      readonly type: 'directory' | 'pkcs12' | 'jks' | 'nss' | 'windows' | 'keychain';
      /** The place of the store. */
      readonly location: string;
    }
  | CertificateStore;

/**
 * Selects a certificate. `subject` is the whole DN, else the CN; substrings do not match. Among several matches, one
 * that is valid now and has a usable key wins, then the newest.
 */
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

/** A certificate store. Implement it for a store of your own. */
export interface CertificateStore {
  /** All entries, so that a program can offer a choice. */
  list(): Promise<readonly CertificateInfo[]>;
  /** The selected certificate, with its key or a signer. ERR_CERTIFICATE if none matches. */
  load(
    selector: CertificateSelector,
    options?: { password?: Secret; purpose?: 'sign' | 'encrypt' | 'client-auth' },
  ): Promise<LoadedCertificate>;
}

/** Passwords for opening a certificate store. */
export interface StorePasswords {
  /** Password of the store; `load` may give another. */
  readonly password?: Secret | undefined;
  /** Password of the keys, if they have one of their own (JKS). */
  readonly keyPassword?: Secret | undefined;
}

/** The contents of a certificate. */
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
  /** Is the private key, or a signer for it, available? */
  readonly hasPrivateKey: boolean;
  /** Friendly name, nickname or alias in its store. */
  readonly alias?: string | undefined;
}

/** A loaded certificate, ready for use. */
export interface LoadedCertificate {
  /** Its contents. */
  readonly info: CertificateInfo;
  /** DER. */
  readonly certificate: Uint8Array;
  /** DER, issuer first; the root may be absent. */
  readonly chain: readonly Uint8Array[];
  /** PKCS#8 DER, or a signer for keys that never leave their device. */
  readonly privateKey?: Uint8Array | (PrivateKeySigner & Partial<PrivateKeyDecryptor>) | undefined;
}

/** A hash algorithm for signatures. SHA-1 is accepted for old receivers only, with a warning. */
export type HashAlgorithm = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** The algorithm of a signature. Ed25519 has no hash. */
export interface SignatureAlgorithm {
  /** Name as in WebCrypto. */
  readonly name: 'RSASSA-PKCS1-v1_5' | 'RSA-PSS' | 'ECDSA' | 'Ed25519';
  /** Hash of the data; for PSS also of MGF1, with a salt of the hash's length. */
  readonly hash?: HashAlgorithm | undefined;
}

/**
 * A key that cannot be exported: HSM, smart card, key service. Devices differ in what they sign, so both data and
 * digest are offered. Every signature is checked with the certificate's public key before it is used.
 */
export interface PrivateKeySigner {
  /** Signs `data`. Its hash is `digest`, undefined for Ed25519. ECDSA signatures are in DER. */
  sign(input: {
    readonly algorithm: SignatureAlgorithm;
    readonly data: Uint8Array;
    readonly digest: Uint8Array | undefined;
    readonly signal: AbortSignal;
  }): Promise<Uint8Array>;
}

/** Decryption with a key that cannot be exported. */
export interface PrivateKeyDecryptor {
  /** Decrypts the content-encryption key in `ciphertext` and removes the padding. `hash` is given with 'oaep'. */
  rsaDecrypt(input: {
    readonly ciphertext: Uint8Array;
    readonly scheme: 'pkcs1' | 'oaep';
    readonly hash?: HashAlgorithm | undefined;
    readonly signal: AbortSignal;
  }): Promise<Uint8Array>;
  /** The raw secret shared with `peer`, a SubjectPublicKeyInfo in DER. */
  agree(input: { readonly peer: Uint8Array; readonly signal: AbortSignal }): Promise<Uint8Array>;
}
