/**
 * Object identifiers, each written once, and the algorithms that they identify.
 * @module
 */

/** Hashes by their names in Node. 'shake256' is the 512-bit form that is used with Ed448 (RFC 8419). */
export const hashOids = {
  sha1: '1.3.14.3.2.26',
  sha224: '2.16.840.1.101.3.4.2.4',
  sha256: '2.16.840.1.101.3.4.2.1',
  sha384: '2.16.840.1.101.3.4.2.2',
  sha512: '2.16.840.1.101.3.4.2.3',
  'sha512-224': '2.16.840.1.101.3.4.2.5',
  'sha512-256': '2.16.840.1.101.3.4.2.6',
  shake256: '2.16.840.1.101.3.4.2.12',
} as const;

/** A hash by its name in Node. */
export type HashName = keyof typeof hashOids;

/** Hash names by identifier. */
export const hashByOid: ReadonlyMap<string, HashName> = inverse(hashOids);

/** Keys and their algorithms (RFC 8017, RFC 5480, RFC 8410). */
export const keyOids = {
  rsa: '1.2.840.113549.1.1.1',
  rsaOaep: '1.2.840.113549.1.1.7',
  mgf1: '1.2.840.113549.1.1.8',
  pSpecified: '1.2.840.113549.1.1.9',
  rsaPss: '1.2.840.113549.1.1.10',
  ec: '1.2.840.10045.2.1',
  dsa: '1.2.840.10040.4.1',
  x25519: '1.3.101.110',
  x448: '1.3.101.111',
  ed25519: '1.3.101.112',
  ed448: '1.3.101.113',
} as const;

/** Elliptic curves. */
export const curveOids = {
  p192: '1.2.840.10045.3.1.1',
  p224: '1.3.132.0.33',
  p256: '1.2.840.10045.3.1.7',
  p384: '1.3.132.0.34',
  p521: '1.3.132.0.35',
  secp256k1: '1.3.132.0.10',
  brainpoolP256r1: '1.3.36.3.3.2.8.1.1.7',
  brainpoolP384r1: '1.3.36.3.3.2.8.1.1.11',
  brainpoolP512r1: '1.3.36.3.3.2.8.1.1.13',
} as const;

/** RSA (PKCS#1 v1.5) with a hash (RFC 8017 appendix A.2.4). */
export const rsaSignatureOids = {
  md5: '1.2.840.113549.1.1.4',
  sha1: '1.2.840.113549.1.1.5',
  sha224: '1.2.840.113549.1.1.14',
  sha256: '1.2.840.113549.1.1.11',
  sha384: '1.2.840.113549.1.1.12',
  sha512: '1.2.840.113549.1.1.13',
  'sha512-224': '1.2.840.113549.1.1.15',
  'sha512-256': '1.2.840.113549.1.1.16',
} as const;

/** ECDSA with a hash (RFC 5753 section 7.1.3). */
export const ecdsaSignatureOids = {
  sha1: '1.2.840.10045.4.1',
  sha224: '1.2.840.10045.4.3.1',
  sha256: '1.2.840.10045.4.3.2',
  sha384: '1.2.840.10045.4.3.3',
  sha512: '1.2.840.10045.4.3.4',
} as const;

/** DSA with a hash (RFC 5758 section 3.1). */
export const dsaSignatureOids = {
  sha1: '1.2.840.10040.4.3',
  sha224: '2.16.840.1.101.3.4.3.1',
  sha256: '2.16.840.1.101.3.4.3.2',
} as const;

/** A signature algorithm whose identifier names its hash. */
export interface SignatureWithHash {
  readonly kind: 'rsa' | 'ecdsa' | 'dsa';
  readonly hash: Exclude<HashName, 'shake256'>;
}

/** Signature algorithms that name their hash. MD2, MD4 and MD5 are left out: such a signature proves nothing. */
export const signatureByOid: ReadonlyMap<string, SignatureWithHash> = new Map([
  ...withHash('rsa', rsaSignatureOids),
  ...withHash('ecdsa', ecdsaSignatureOids),
  ...withHash('dsa', dsaSignatureOids),
]);

/** Symmetric ciphers, key wraps, and key derivation functions (RFC 8018, RFC 3394, RFC 3217). */
export const cipherOids = {
  aes128Cbc: '2.16.840.1.101.3.4.1.2',
  aes192Cbc: '2.16.840.1.101.3.4.1.22',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  aes128Gcm: '2.16.840.1.101.3.4.1.6',
  aes192Gcm: '2.16.840.1.101.3.4.1.26',
  aes256Gcm: '2.16.840.1.101.3.4.1.46',
  aes128Wrap: '2.16.840.1.101.3.4.1.5',
  aes192Wrap: '2.16.840.1.101.3.4.1.25',
  aes256Wrap: '2.16.840.1.101.3.4.1.45',
  desCbc: '1.3.14.3.2.7',
  tripleDesCbc: '1.2.840.113549.3.7',
  tripleDesWrap: '1.2.840.113549.1.9.16.3.6',
  rc2Cbc: '1.2.840.113549.3.2',
} as const;

/** Encryption by password (RFC 8018, RFC 7292 appendix C, RFC 7914). */
export const passwordOids = {
  md5DesCbc: '1.2.840.113549.1.5.3',
  md5Rc2Cbc: '1.2.840.113549.1.5.6',
  sha1DesCbc: '1.2.840.113549.1.5.10',
  sha1Rc2Cbc: '1.2.840.113549.1.5.11',
  pbkdf2: '1.2.840.113549.1.5.12',
  pbes2: '1.2.840.113549.1.5.13',
  pbmac1: '1.2.840.113549.1.5.14',
  scrypt: '1.3.6.1.4.1.11591.4.11',
  pkcs12Rc4With128Bits: '1.2.840.113549.1.12.1.1',
  pkcs12Rc4With40Bits: '1.2.840.113549.1.12.1.2',
  pkcs12TripleDes: '1.2.840.113549.1.12.1.3',
  pkcs12DoubleDes: '1.2.840.113549.1.12.1.4',
  pkcs12Rc2With128Bits: '1.2.840.113549.1.12.1.5',
  pkcs12Rc2With40Bits: '1.2.840.113549.1.12.1.6',
} as const;

/** HMAC with a hash (RFC 8018 appendix B.1). */
export const hmacOids = {
  sha1: '1.2.840.113549.2.7',
  sha224: '1.2.840.113549.2.8',
  sha256: '1.2.840.113549.2.9',
  sha384: '1.2.840.113549.2.10',
  sha512: '1.2.840.113549.2.11',
  'sha512-224': '1.2.840.113549.2.12',
  'sha512-256': '1.2.840.113549.2.13',
} as const;

/** Key agreement schemes (RFC 5753 section 7.1.4, RFC 8418 section 2). */
export const agreementOids = {
  standardSha1: '1.3.133.16.840.63.0.2',
  standardSha224: '1.3.132.1.11.0',
  standardSha256: '1.3.132.1.11.1',
  standardSha384: '1.3.132.1.11.2',
  standardSha512: '1.3.132.1.11.3',
  cofactorSha1: '1.3.133.16.840.63.0.3',
  cofactorSha224: '1.3.132.1.14.0',
  cofactorSha256: '1.3.132.1.14.1',
  cofactorSha384: '1.3.132.1.14.2',
  cofactorSha512: '1.3.132.1.14.3',
  hkdfSha256: '1.2.840.113549.1.9.16.3.19',
  hkdfSha384: '1.2.840.113549.1.9.16.3.20',
  hkdfSha512: '1.2.840.113549.1.9.16.3.21',
} as const;

/** Content types and attributes of CMS (RFC 5652, RFC 5083, RFC 5035, RFC 8551). */
export const cmsOids = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  envelopedData: '1.2.840.113549.1.7.3',
  encryptedData: '1.2.840.113549.1.7.6',
  authEnvelopedData: '1.2.840.113549.1.9.16.1.23',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  smimeCapabilities: '1.2.840.113549.1.9.15',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;

/** Bags and attributes of PKCS#12 (RFC 7292). */
export const pkcs12Oids = {
  keyBag: '1.2.840.113549.1.12.10.1.1',
  shroudedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certBag: '1.2.840.113549.1.12.10.1.3',
  crlBag: '1.2.840.113549.1.12.10.1.4',
  safeContentsBag: '1.2.840.113549.1.12.10.1.6',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  x509Crl: '1.2.840.113549.1.9.23.1',
} as const;

/** Extensions of certificates and revocation lists (RFC 5280 sections 4.2, 5.2 and 5.3). */
export const extensionOids = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  invalidityDate: '2.5.29.24',
  deltaCrlIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
  nameConstraints: '2.5.29.30',
  crlDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  anyPolicy: '2.5.29.32.0',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  policyConstraints: '2.5.29.36',
  extendedKeyUsage: '2.5.29.37',
  freshestCrl: '2.5.29.46',
  inhibitAnyPolicy: '2.5.29.54',
} as const;

/** Purposes of extended key usage (RFC 5280 section 4.2.1.12). */
export const keyPurposeOids = {
  any: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  emailProtection: '1.3.6.1.5.5.7.3.4',
} as const;

/** Attributes of distinguished names (RFC 4519, RFC 5280 appendix A.1), and the otherName of a mailbox (RFC 9598). */
export const nameOids = {
  commonName: '2.5.4.3',
  surname: '2.5.4.4',
  serialNumber: '2.5.4.5',
  country: '2.5.4.6',
  locality: '2.5.4.7',
  state: '2.5.4.8',
  street: '2.5.4.9',
  organization: '2.5.4.10',
  organizationalUnit: '2.5.4.11',
  title: '2.5.4.12',
  givenName: '2.5.4.42',
  initials: '2.5.4.43',
  generationQualifier: '2.5.4.44',
  dnQualifier: '2.5.4.46',
  pseudonym: '2.5.4.65',
  organizationIdentifier: '2.5.4.97',
  userId: '0.9.2342.19200300.100.1.1',
  domainComponent: '0.9.2342.19200300.100.1.25',
  emailAddress: '1.2.840.113549.1.9.1',
  smtpUtf8Mailbox: '1.3.6.1.5.5.7.8.9',
} as const;

function inverse<K extends string>(record: Readonly<Record<K, string>>): ReadonlyMap<string, K> {
  return new Map((Object.entries(record) as [K, string][]).map(([name, oid]) => [oid, name]));
}

function withHash(
  kind: SignatureWithHash['kind'],
  record: Readonly<Record<string, string>>,
): (readonly [string, SignatureWithHash])[] {
  return Object.entries(record).flatMap(([hash, oid]) =>
    hash === 'md5' ? [] : [[oid, { kind, hash: hash as SignatureWithHash['hash'] }] as const],
  );
}
