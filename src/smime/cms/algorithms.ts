/**
 * The algorithms of CMS that are written or read, with their key sizes and names.
 * @module
 */
import { agreementOids, cipherOids, keyOids, signatureByOid as withHash } from '../../util/oids.js';
import type { HashName } from '../../util/oids.js';

/** Octets of each hash. */
export const digestSizes: Readonly<Record<HashName, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  'sha512-224': 28,
  'sha512-256': 32,
  shake256: 64,
};

/** Hashes for OAEP, PSS and key derivation. */
export type FixedHash = Exclude<HashName, 'shake256'>;

/** Kinds of signatures; 'pss' carries its hash in its parameters, 'dsa' is only read. */
export type SignatureKind = 'rsa' | 'pss' | 'ecdsa' | 'dsa' | 'ed25519' | 'ed448';

/** The meaning of a signature algorithm's OID. If it names no hash, the digest algorithm of the SignerInfo counts. */
export interface SignatureOid {
  readonly kind: SignatureKind;
  readonly digest: HashName | undefined;
}

/** Signature algorithms that are read. */
export const signatureByOid: ReadonlyMap<string, SignatureOid> = new Map<string, SignatureOid>([
  [keyOids.rsa, { kind: 'rsa', digest: undefined }],
  [keyOids.rsaPss, { kind: 'pss', digest: undefined }],
  [keyOids.ec, { kind: 'ecdsa', digest: undefined }],
  [keyOids.ed25519, { kind: 'ed25519', digest: undefined }],
  [keyOids.ed448, { kind: 'ed448', digest: undefined }],
  ...[...withHash].map(([oid, { kind, hash }]) => [oid, { kind, digest: hash }] as const),
]);

/** A content encryption. */
export interface ContentCipher {
  /** Name in Node, and in results. */
  readonly name: string;
  readonly oid: string;
  readonly keyBytes: number;
  readonly ivBytes: number;
  readonly mode: 'cbc' | 'gcm';
}

function cipher(name: string, oid: string, keyBytes: number): ContentCipher {
  const mode = name.endsWith('gcm') ? 'gcm' : 'cbc';
  return { name, oid, keyBytes, mode, ivBytes: mode === 'gcm' ? 12 : name === 'des-ede3-cbc' ? 8 : 16 };
}

/** Content encryptions by name. AES-192-GCM is only read. */
export const contentCiphers = {
  'aes-128-cbc': cipher('aes-128-cbc', cipherOids.aes128Cbc, 16),
  'aes-192-cbc': cipher('aes-192-cbc', cipherOids.aes192Cbc, 24),
  'aes-256-cbc': cipher('aes-256-cbc', cipherOids.aes256Cbc, 32),
  'aes-128-gcm': cipher('aes-128-gcm', cipherOids.aes128Gcm, 16),
  'aes-192-gcm': cipher('aes-192-gcm', cipherOids.aes192Gcm, 24),
  'aes-256-gcm': cipher('aes-256-gcm', cipherOids.aes256Gcm, 32),
  'des-ede3-cbc': cipher('des-ede3-cbc', cipherOids.tripleDesCbc, 24),
} as const;

/** RC2 with the key length that a version stands for (RFC 3370 section 5.2); only read. */
export const rc2ByVersion: ReadonlyMap<number, ContentCipher> = new Map([
  [160, rc2(5)],
  [120, rc2(8)],
  [58, rc2(16)],
]);

function rc2(keyBytes: number): ContentCipher {
  return { name: 'rc2-cbc', oid: cipherOids.rc2Cbc, keyBytes, mode: 'cbc', ivBytes: 8 };
}

/** Content encryptions by OID. */
export const contentCipherByOid: ReadonlyMap<string, ContentCipher> = new Map(
  Object.values(contentCiphers).map((value) => [value.oid, value]),
);

/** A key wrap algorithm. */
export interface KeyWrap {
  readonly oid: string;
  /** Name in Node. */
  readonly name: string;
  readonly keyBytes: number;
}

/** AES key wrap (RFC 3394) by octets of the key-encryption key; 3DES wrap (RFC 3217). */
export const keyWraps = {
  aes128: { oid: cipherOids.aes128Wrap, name: 'id-aes128-wrap', keyBytes: 16 },
  aes192: { oid: cipherOids.aes192Wrap, name: 'id-aes192-wrap', keyBytes: 24 },
  aes256: { oid: cipherOids.aes256Wrap, name: 'id-aes256-wrap', keyBytes: 32 },
  tripleDes: { oid: cipherOids.tripleDesWrap, name: 'des3-wrap', keyBytes: 24 },
} as const satisfies Readonly<Record<string, KeyWrap>>;

/** Key wraps by OID. */
export const keyWrapByOid: ReadonlyMap<string, KeyWrap> = new Map(
  Object.values(keyWraps).map((value) => [value.oid, value]),
);

/** The derivation of a key-encryption key from a shared secret. */
export interface AgreementScheme {
  readonly kdf: 'x963' | 'hkdf';
  readonly digest: FixedHash;
}

/**
 * Key agreement schemes by OID (RFC 5753 section 7.1.4 and RFC 8418). Standard and cofactor Diffie-Hellman are the same
 * on curves of cofactor 1, and every supported curve has that.
 */
export const agreementByOid: ReadonlyMap<string, AgreementScheme> = new Map<string, AgreementScheme>([
  [agreementOids.standardSha1, { kdf: 'x963', digest: 'sha1' }],
  [agreementOids.standardSha224, { kdf: 'x963', digest: 'sha224' }],
  [agreementOids.standardSha256, { kdf: 'x963', digest: 'sha256' }],
  [agreementOids.standardSha384, { kdf: 'x963', digest: 'sha384' }],
  [agreementOids.standardSha512, { kdf: 'x963', digest: 'sha512' }],
  [agreementOids.cofactorSha1, { kdf: 'x963', digest: 'sha1' }],
  [agreementOids.cofactorSha224, { kdf: 'x963', digest: 'sha224' }],
  [agreementOids.cofactorSha256, { kdf: 'x963', digest: 'sha256' }],
  [agreementOids.cofactorSha384, { kdf: 'x963', digest: 'sha384' }],
  [agreementOids.cofactorSha512, { kdf: 'x963', digest: 'sha512' }],
  [agreementOids.hkdfSha256, { kdf: 'hkdf', digest: 'sha256' }],
  [agreementOids.hkdfSha384, { kdf: 'hkdf', digest: 'sha384' }],
  [agreementOids.hkdfSha512, { kdf: 'hkdf', digest: 'sha512' }],
]);
