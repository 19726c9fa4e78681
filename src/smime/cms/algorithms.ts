/**
 * Object identifiers of CMS and of the algorithms that are written or read, with what has to be known of each.
 */

/** Content types and attributes. */
export const oids = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  envelopedData: '1.2.840.113549.1.7.3',
  authEnvelopedData: '1.2.840.113549.1.9.16.1.23',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  smimeCapabilities: '1.2.840.113549.1.9.15',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  rsaEncryption: '1.2.840.113549.1.1.1',
  rsaOaep: '1.2.840.113549.1.1.7',
  mgf1: '1.2.840.113549.1.1.8',
  pSpecified: '1.2.840.113549.1.1.9',
  rsaPss: '1.2.840.113549.1.1.10',
  ecPublicKey: '1.2.840.10045.2.1',
  ed25519: '1.3.101.112',
  ed448: '1.3.101.113',
  rc2: '1.2.840.113549.3.2',
  tripleDesWrap: '1.2.840.113549.1.9.16.3.6',
} as const;

/** A hash by its name in Node. 'shake256' is the 512-bit form of RFC 8419 and goes with Ed448 only. */
export type DigestName = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512' | 'sha512-224' | 'sha512-256' | 'shake256';

/** OID of each hash. */
export const digestOids: Readonly<Record<DigestName, string>> = {
  sha1: '1.3.14.3.2.26',
  sha224: '2.16.840.1.101.3.4.2.4',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
  'sha512-224': '2.16.840.1.101.3.4.2.5',
  'sha512-256': '2.16.840.1.101.3.4.2.6',
  shake256: '2.16.840.1.101.3.4.2.12',
};

/** The hash of an OID. */
export const digestByOid: ReadonlyMap<string, DigestName> = inverse(digestOids);

/** Octets of each hash. */
export const digestSizes: Readonly<Record<DigestName, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  'sha512-224': 28,
  'sha512-256': 32,
  shake256: 64,
};

/** Kinds of signatures; 'pss' carries its hash in its parameters, 'dsa' is only read. */
export type SignatureKind = 'rsa' | 'pss' | 'ecdsa' | 'dsa' | 'ed25519' | 'ed448';

/** What the OID of a signature algorithm says; without a hash the digest algorithm of the signer info counts. */
export interface SignatureOid {
  readonly kind: SignatureKind;
  readonly digest?: DigestName | undefined;
}

/** OIDs of ECDSA with a hash, for writing (RFC 5753 section 7.1.3). */
export const ecdsaOids = {
  sha1: '1.2.840.10045.4.1',
  sha224: '1.2.840.10045.4.3.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
} as const;

/** Signature algorithms that are read. */
export const signatureByOid: ReadonlyMap<string, SignatureOid> = new Map<string, SignatureOid>([
  [oids.rsaEncryption, { kind: 'rsa' }],
  ['1.2.840.113549.1.1.5', { kind: 'rsa', digest: 'sha1' }],
  ['1.2.840.113549.1.1.14', { kind: 'rsa', digest: 'sha224' }],
  ['1.2.840.113549.1.1.11', { kind: 'rsa', digest: 'sha256' }],
  ['1.2.840.113549.1.1.12', { kind: 'rsa', digest: 'sha384' }],
  ['1.2.840.113549.1.1.13', { kind: 'rsa', digest: 'sha512' }],
  ['1.2.840.113549.1.1.15', { kind: 'rsa', digest: 'sha512-224' }],
  ['1.2.840.113549.1.1.16', { kind: 'rsa', digest: 'sha512-256' }],
  [oids.rsaPss, { kind: 'pss' }],
  [oids.ecPublicKey, { kind: 'ecdsa' }],
  ...Object.entries(ecdsaOids).map(
    ([digest, oid]) => [oid, { kind: 'ecdsa', digest: digest as keyof typeof ecdsaOids }] as const,
  ),
  ['1.2.840.10040.4.3', { kind: 'dsa', digest: 'sha1' }],
  ['2.16.840.1.101.3.4.3.1', { kind: 'dsa', digest: 'sha224' }],
  ['2.16.840.1.101.3.4.3.2', { kind: 'dsa', digest: 'sha256' }],
  [oids.ed25519, { kind: 'ed25519' }],
  [oids.ed448, { kind: 'ed448' }],
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
  'aes-128-cbc': cipher('aes-128-cbc', '2.16.840.1.101.3.4.1.2', 16),
  'aes-192-cbc': cipher('aes-192-cbc', '2.16.840.1.101.3.4.1.22', 24),
  'aes-256-cbc': cipher('aes-256-cbc', '2.16.840.1.101.3.4.1.42', 32),
  'aes-128-gcm': cipher('aes-128-gcm', '2.16.840.1.101.3.4.1.6', 16),
  'aes-192-gcm': cipher('aes-192-gcm', '2.16.840.1.101.3.4.1.26', 24),
  'aes-256-gcm': cipher('aes-256-gcm', '2.16.840.1.101.3.4.1.46', 32),
  'des-ede3-cbc': cipher('des-ede3-cbc', '1.2.840.113549.3.7', 24),
} as const;

/** RC2 with the key length that a version stands for (RFC 3370 section 5.2); only read. */
export const rc2ByVersion: ReadonlyMap<number, ContentCipher> = new Map([
  [160, rc2(5)],
  [120, rc2(8)],
  [58, rc2(16)],
]);

function rc2(keyBytes: number): ContentCipher {
  return { name: 'rc2-cbc', oid: oids.rc2, keyBytes, mode: 'cbc', ivBytes: 8 };
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
  aes128: { oid: '2.16.840.1.101.3.4.1.5', name: 'id-aes128-wrap', keyBytes: 16 },
  aes192: { oid: '2.16.840.1.101.3.4.1.25', name: 'id-aes192-wrap', keyBytes: 24 },
  aes256: { oid: '2.16.840.1.101.3.4.1.45', name: 'id-aes256-wrap', keyBytes: 32 },
  tripleDes: { oid: oids.tripleDesWrap, name: 'des3-wrap', keyBytes: 24 },
} as const satisfies Readonly<Record<string, KeyWrap>>;

/** Key wraps by OID. */
export const keyWrapByOid: ReadonlyMap<string, KeyWrap> = new Map(
  Object.values(keyWraps).map((value) => [value.oid, value]),
);

/** How a shared secret becomes a key-encryption key. */
export interface AgreementScheme {
  readonly kdf: 'x963' | 'hkdf';
  readonly digest: Exclude<DigestName, 'shake256'>;
}

/**
 * Key agreement schemes by OID: RFC 5753 section 7.1.4 (standard and cofactor Diffie-Hellman, the same thing on curves of cofactor 1,
 * and all that are read have it) and RFC 8418.
 */
export const agreementByOid: ReadonlyMap<string, AgreementScheme> = new Map<string, AgreementScheme>([
  ['1.3.133.16.840.63.0.2', { kdf: 'x963', digest: 'sha1' }],
  ['1.3.132.1.11.0', { kdf: 'x963', digest: 'sha224' }],
  ['1.3.132.1.11.1', { kdf: 'x963', digest: 'sha256' }],
  ['1.3.132.1.11.2', { kdf: 'x963', digest: 'sha384' }],
  ['1.3.132.1.11.3', { kdf: 'x963', digest: 'sha512' }],
  ['1.3.133.16.840.63.0.3', { kdf: 'x963', digest: 'sha1' }],
  ['1.3.132.1.14.0', { kdf: 'x963', digest: 'sha224' }],
  ['1.3.132.1.14.1', { kdf: 'x963', digest: 'sha256' }],
  ['1.3.132.1.14.2', { kdf: 'x963', digest: 'sha384' }],
  ['1.3.132.1.14.3', { kdf: 'x963', digest: 'sha512' }],
  ['1.2.840.113549.1.9.16.3.19', { kdf: 'hkdf', digest: 'sha256' }],
  ['1.2.840.113549.1.9.16.3.20', { kdf: 'hkdf', digest: 'sha384' }],
  ['1.2.840.113549.1.9.16.3.21', { kdf: 'hkdf', digest: 'sha512' }],
]);

function inverse<K extends string>(record: Readonly<Record<K, string>>): ReadonlyMap<string, K> {
  return new Map((Object.entries(record) as [K, string][]).map(([name, oid]) => [oid, name]));
}
