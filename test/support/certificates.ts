/**
 * Certificates and CRLs made for a test, valid or with any fault.
 * @module
 */
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import * as der from '../../src/util/der.js';

export interface Issuer {
  readonly name: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

export interface CertificateRequest {
  readonly subject: string;
  readonly issuer: Issuer;
  /** Default: a new key. */
  readonly keys?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | undefined;
  readonly ca?: boolean | undefined;
  readonly pathLength?: number | undefined;
  /** Bits by number, 0 is digitalSignature. */
  readonly keyUsage?: readonly number[] | undefined;
  readonly purposes?: readonly string[] | undefined;
  readonly emails?: readonly string[] | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly serial?: number | undefined;
  readonly extensions?: readonly Buffer[] | undefined;
}

export interface IssuedCertificate extends Issuer {
  readonly der: Buffer;
}

export const keyPair = (): { privateKey: KeyObject; publicKey: KeyObject } =>
  generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ecdsa = der.sequence(der.oid('1.2.840.10045.4.3.2'));
let serials = 1;

export function nameOf(commonName: string): Buffer {
  return der.sequence(der.setOf(der.sequence(der.oid('2.5.4.3'), der.text(der.tag.utf8String, commonName))));
}

export function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return der.sequence(der.oid(oid), ...(critical ? [der.boolean(true)] : []), der.octetString(value));
}

/** NamedBitString: trailing zero bits left out. */
export function namedBits(bits: readonly number[]): Buffer {
  const last = Math.max(...bits);
  const bytes = Buffer.alloc((last >> 3) + 1);
  for (const bit of bits) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return der.bitString(bytes, 7 - (last & 7));
}

export function keyId({ publicKey }: Pick<Issuer, 'publicKey'>): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** A certificate signed by `issuer`; self-signed if the issuer is the subject. */
export function issue(request: CertificateRequest): IssuedCertificate {
  const { subject, issuer, ca, pathLength, keyUsage, purposes, emails, serial = serials++ } = request;
  const keys = request.keys ?? keyPair();
  const extensions: Buffer[] = [
    extension('2.5.29.14', false, der.octetString(keyId(keys))),
    extension('2.5.29.35', false, der.sequence(der.contextPrimitive(0, keyId(issuer)))),
  ];
  if (ca !== undefined) {
    const parts = [...(ca ? [der.boolean(true)] : []), ...(pathLength === undefined ? [] : [der.integer(pathLength)])];
    extensions.push(extension('2.5.29.19', true, der.sequence(...parts)));
  }
  if (keyUsage) extensions.push(extension('2.5.29.15', true, namedBits(keyUsage)));
  if (purposes) extensions.push(extension('2.5.29.37', false, der.sequence(...purposes.map(der.oid))));
  if (emails)
    extensions.push(
      extension(
        '2.5.29.17',
        false,
        der.sequence(...emails.map((email) => der.contextPrimitive(1, Buffer.from(email)))),
      ),
    );
  extensions.push(...(request.extensions ?? []));
  const tbs = der.sequence(
    der.context(0, der.integer(2)),
    der.integer(serial),
    ecdsa,
    nameOf(issuer.name),
    der.sequence(
      der.time(request.from ?? new Date(Date.now() - 86_400_000)),
      der.time(request.to ?? new Date(Date.now() + 86_400_000)),
    ),
    nameOf(subject),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    der.context(3, der.sequence(...extensions)),
  );
  const signature = sign('sha256', tbs, issuer.privateKey);
  return { name: subject, ...keys, der: der.sequence(tbs, ecdsa, der.bitString(signature)) };
}

/** A self-signed CA. */
export function root(name: string, more: Partial<CertificateRequest> = {}): IssuedCertificate {
  const keys = keyPair();
  return issue({ subject: name, issuer: { name, ...keys }, keys, ca: true, keyUsage: [5, 6], ...more });
}

/** An entry of a CRL with extensions of its own. */
export interface RevokedSerial {
  readonly serial: number;
  readonly extensions: readonly Buffer[];
}

/** A CRL of `issuer` with these serial numbers. `to: 'never'` leaves out nextUpdate. */
export function revocationList(
  issuer: Issuer,
  revoked: readonly (number | RevokedSerial)[],
  more: { extensions?: readonly Buffer[]; from?: Date; to?: Date | 'never' } = {},
): Buffer {
  const { from = new Date(Date.now() - 43_200_000), to = new Date(Date.now() + 43_200_000) } = more;
  const entries = revoked.map((entry) => {
    if (typeof entry === 'number') return der.sequence(der.integer(entry), der.time(from));
    return der.sequence(der.integer(entry.serial), der.time(from), der.sequence(...entry.extensions));
  });
  const tbs = der.sequence(
    der.integer(1),
    ecdsa,
    nameOf(issuer.name),
    der.time(from),
    ...(to === 'never' ? [] : [der.time(to)]),
    ...(entries.length > 0 ? [der.sequence(Buffer.concat(entries))] : []),
    ...(more.extensions ? [der.context(0, der.sequence(...more.extensions))] : []),
  );
  return der.sequence(tbs, ecdsa, der.bitString(sign('sha256', tbs, issuer.privateKey)));
}
