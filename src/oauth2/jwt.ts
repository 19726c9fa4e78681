/**
 * Signs JSON Web Tokens (RFC 7519, 7515, 7518) for client assertions and for the grant 'jwt-bearer'.
 * @module
 */
import { constants, createHash, createPrivateKey, sign, verify, X509Certificate } from 'node:crypto';
import type { KeyObject, SignKeyObjectInput } from 'node:crypto';
import { untilAborted } from '../async/until-aborted.js';
import { createEmailError, isEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { LoadedCertificate, PrivateKeySigner, SignatureAlgorithm } from '../model/certificate.js';
import { asBuffer, isBytes, utf8 } from '../util/bytes.js';
import { withoutPrototype } from '../util/without-prototype.js';
import { oauth2Error } from './errors.js';
import { jsonText } from '../util/own.js';

/** A key that signs JSON Web Tokens. */
export interface JwtKey {
  /** Header fields that identify key and algorithm. */
  readonly header: Readonly<Record<string, string>>;
  readonly sign: (data: Buffer, signal: AbortSignal) => Promise<Buffer>;
}

/**
 * The signature scheme of a type of key: its name in RFC 7518 or 8037, and the options of node:crypto and of a
 * PrivateKeySigner.
 */
interface Scheme {
  readonly alg: string;
  readonly hash: 'sha256' | 'sha384' | 'sha512' | undefined;
  readonly options: Omit<SignKeyObjectInput, 'key'>;
  readonly request: SignatureAlgorithm;
  /** For ECDSA: octets of each of the two numbers of a signature. */
  readonly octets?: number;
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST } as const;
const schemes: Readonly<Record<string, Scheme>> = {
  rsa: { alg: 'RS256', hash: 'sha256', options: {}, request: { name: 'RSASSA-PKCS1-v1_5', hash: 'sha256' } },
  'rsa-pss': { alg: 'PS256', hash: 'sha256', options: pss, request: { name: 'RSA-PSS', hash: 'sha256' } },
  prime256v1: ecdsa('ES256', 'sha256', 32),
  secp384r1: ecdsa('ES384', 'sha384', 48),
  secp521r1: ecdsa('ES512', 'sha512', 66),
  ed25519: { alg: 'EdDSA', hash: undefined, options: {}, request: { name: 'Ed25519' } },
};

function ecdsa(alg: string, hash: 'sha256' | 'sha384' | 'sha512', octets: number): Scheme {
  return { alg, hash, options: { dsaEncoding: 'ieee-p1363' }, request: { name: 'ECDSA', hash }, octets };
}

/** The key of `oauth2.privateKey`. ERR_SECRET if the text is not a key that can sign; the error does not quote it. */
export function jwtKeyOfPem(pem: string, keyId: string | undefined): JwtKey {
  let key: KeyObject;
  try {
    key = createPrivateKey(withoutPrototype({ key: pem, format: 'pem' } as const));
  } catch {
    throw keyUnusable('oauth2.privateKey.key', 'is not a private key in PEM form, or is encrypted');
  }
  const scheme = schemeOf(key);
  if (scheme === undefined)
    throw keyUnusable('oauth2.privateKey.key', 'is of a type that cannot sign a JSON Web Token');
  return {
    header: { alg: scheme.alg, ...(keyId === undefined ? {} : { kid: keyId }) },
    sign: async (data) => signLocally(data, key, scheme),
  };
}

/**
 * The key of a certificate, identified by the certificate's SHA-256 thumbprint (RFC 7515 section 4.1.8). RSA keys sign
 * by PSS, as Entra ID requires.
 */
export function jwtKeyOfCertificate({ certificate, privateKey, info }: LoadedCertificate): JwtKey {
  if (privateKey === undefined)
    throw createEmailError('ERR_CERTIFICATE', 'oauth2.clientCertificate has no private key.', {
      remedy: 'Name a file or store that contains the key too, or name the key in keyFile or key.',
    });
  const { publicKey } = new X509Certificate(asBuffer(certificate));
  const scheme = publicKey.asymmetricKeyType === 'rsa' ? schemes['rsa-pss'] : schemeOf(publicKey);
  if (scheme === undefined)
    throw createEmailError('ERR_CERTIFICATE', `The key of ${info.subject} cannot sign a JSON Web Token.`, {
      remedy: 'Use a certificate with an RSA, EC (P-256, P-384, P-521) or Ed25519 key.',
    });
  const header = { alg: scheme.alg, 'x5t#S256': createHash('sha256').update(certificate).digest('base64url') };
  if (isBytes(privateKey)) {
    const key = createPrivateKey(
      withoutPrototype({ key: asBuffer(privateKey), format: 'der', type: 'pkcs8' } as const),
    );
    return { header, sign: async (data) => signLocally(data, key, scheme) };
  }
  return { header, sign: (data, signal) => signElsewhere(data, { signer: privateKey, publicKey, scheme }, signal) };
}

/** The token in compact form. */
export async function signJwt(key: JwtKey, claims: object, signal: AbortSignal): Promise<string> {
  const input = [{ typ: 'JWT', ...key.header }, claims].map((part) => utf8(jsonText(part)).toString('base64url'));
  const data = input.join('.');
  return `${data}.${(await key.sign(utf8(data), signal)).toString('base64url')}`;
}

function schemeOf(key: KeyObject): Scheme | undefined {
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: details } = key;
  const name = type === 'ec' ? (details?.namedCurve ?? '') : type;
  return Object.hasOwn(schemes, name) ? schemes[name] : undefined;
}

function signLocally(data: Buffer, key: KeyObject, { hash, options }: Scheme): Buffer {
  return sign(hash, data, withoutPrototype({ key, ...options }));
}

/**
 * A key in a device or service. Its signature is checked, because the provider would only report a wrong key as a
 * refusal.
 */
async function signElsewhere(
  data: Buffer,
  key: { readonly signer: PrivateKeySigner; readonly publicKey: KeyObject; readonly scheme: Scheme },
  signal: AbortSignal,
): Promise<Buffer> {
  const { signer, publicKey, scheme } = key;
  const digest = scheme.hash === undefined ? undefined : createHash(scheme.hash).update(data).digest();
  let signature: unknown;
  try {
    const signing = (async () =>
      await signer.sign({ algorithm: scheme.request, data: new Uint8Array(data), digest, signal }))();
    signature = await untilAborted(signing, signal);
  } catch (cause) {
    if (isEmailError(cause)) throw cause;
    throw oauth2Error('The key of oauth2.clientCertificate could not sign.', {
      cause,
      remedy: 'Check the cause, and the device or service that has the key.',
    });
  }
  if (isBytes(signature)) {
    const given = asBuffer(signature);
    const raw = scheme.octets === undefined ? given : numbersOf(given, scheme.octets);
    if (verify(scheme.hash, data, withoutPrototype({ key: publicKey, ...scheme.options }), raw)) return raw;
  }
  throw oauth2Error('The external signer returned a signature that oauth2.clientCertificate does not verify.', {
    remedy: 'Check that the signer uses the key of this certificate and the requested algorithm.',
  });
}

/** Devices return DER (RFC 3279) or two numbers; a token requires the two numbers (RFC 7518 section 3.4). */
function numbersOf(given: Buffer, size: number): Buffer {
  if (given.length === size * 2) return given;
  const raw = Buffer.alloc(size * 2);
  let at = given[1] === 0x81 ? 3 : 2;
  for (const end of [size, size * 2]) {
    const length = given[at + 1] ?? 0;
    const number = given.subarray(at + 2, at + 2 + length);
    const plain = number[0] === 0 ? number.subarray(1) : number;
    // Not two numbers of this curve: returned unchanged, and refused by the verification.
    if (given[at] !== 0x02 || plain.length > size) return given;
    raw.set(plain, end - plain.length);
    at += 2 + length;
  }
  return raw;
}

function keyUnusable(path: string, problem: string): EmailError {
  return createEmailError('ERR_SECRET', `The secret of ${path} cannot be used: it ${problem}.`, {
    problems: [{ path, message: problem }],
    remedy: 'Give an RSA, EC (P-256, P-384, P-521) or Ed25519 key in PEM form, without a password.',
  });
}
