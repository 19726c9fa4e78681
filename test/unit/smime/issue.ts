/**
 * Certificates of every kind for tests, issued on the spot with the DER writer and node:crypto.
 * @module
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { LoadedCertificate } from '../../../src/model/certificate.js';
import { parseCertificate } from '../../../src/pki/x509/certificate.js';
import {
  bitString,
  boolean,
  context,
  contextPrimitive,
  integer,
  nullElement,
  octetString,
  oid,
  sequence,
  setOf,
  tag,
  text,
  time,
} from '../../../src/util/der.js';
import { storedKey } from '../../support/keys.js';

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export type KeyKind =
  'rsa' | 'rsa1024' | 'rsa512' | 'rsa-pss' | 'P-256' | 'P-384' | 'P-521' | 'ed25519' | 'x25519' | 'x448';

export function makeKey(kind: KeyKind): KeyPair {
  switch (kind) {
    case 'rsa':
    case 'rsa1024':
    case 'rsa-pss':
      return storedKey(kind);
    case 'rsa512':
      return generateKeyPairSync('rsa', { modulusLength: 512 });
    case 'ed25519':
      return generateKeyPairSync('ed25519');
    case 'x25519':
      return generateKeyPairSync('x25519');
    case 'x448':
      return generateKeyPairSync('x448');
    default:
      return generateKeyPairSync('ec', { namedCurve: kind });
  }
}

export interface CertificateOptions {
  readonly kind?: KeyKind | undefined;
  readonly key?: KeyPair | undefined;
  readonly name?: string | undefined;
  readonly issuer?: Issued | undefined;
  readonly ca?: boolean | undefined;
  readonly email?: string | undefined;
  /** Bits of keyUsage, the first in the highest bit; default digitalSignature, keyEncipherment, keyAgreement. */
  readonly keyUsage?: number | undefined;
  readonly purposes?: readonly string[] | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** A SubjectPublicKeyInfo to write instead of the key's own. */
  readonly spki?: Buffer | undefined;
}

export interface Issued {
  readonly der: Buffer;
  readonly name: Buffer;
  readonly key: KeyPair;
  readonly keyIdentifier: Buffer;
}

const emailProtection = '1.3.6.1.5.5.7.3.4';
const day = 86_400_000;

const signatureOids: Readonly<Record<string, string>> = { ed25519: '1.3.101.112', dsa: '2.16.840.1.101.3.4.3.2' };

function extension(id: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(value));
}

/** Issues a certificate; without `issuer` it signs itself. */
export function issue(options: CertificateOptions = {}): Issued {
  const key = options.key ?? makeKey(options.kind ?? 'P-256');
  const name = sequence(setOf(sequence(oid('2.5.4.3'), text(tag.utf8String, options.name ?? 'Somebody'))));
  const signer = options.issuer?.key.privateKey ?? key.privateKey;
  const spki = options.spki ?? key.publicKey.export({ format: 'der', type: 'spki' });
  const keyIdentifier = createHash('sha1').update(spki).digest();
  const extensions = [
    extension('2.5.29.14', octetString(keyIdentifier)),
    ...(options.issuer === undefined
      ? []
      : [extension('2.5.29.35', sequence(contextPrimitive(0, options.issuer.keyIdentifier)))]),
    ...(options.ca === true
      ? [
          extension('2.5.29.19', sequence(boolean(true)), true),
          extension('2.5.29.15', bitString(Buffer.of(0x06), 1), true),
        ]
      : [
          extension('2.5.29.15', bitString(Buffer.of(options.keyUsage ?? 0xa8), 3), true),
          extension('2.5.29.37', sequence(...(options.purposes ?? [emailProtection]).map(oid))),
          extension('2.5.29.17', sequence(contextPrimitive(1, Buffer.from(options.email ?? 'somebody@example.com')))),
        ]),
  ];
  const type = signer.asymmetricKeyType;
  const algorithm = sequence(
    ...(type === 'rsa'
      ? [oid('1.2.840.113549.1.1.11'), nullElement()]
      : [oid(signatureOids[type ?? ''] ?? '1.2.840.10045.4.3.2')]),
  );
  const tbs = sequence(
    context(0, integer(2)),
    integer(Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    options.issuer?.name ?? name,
    sequence(time(options.from ?? new Date(Date.now() - day)), time(options.to ?? new Date(Date.now() + 365 * day))),
    name,
    spki,
    context(3, sequence(...extensions)),
  );
  const signature = sign(type === 'ed25519' ? null : 'sha256', tbs, signer);
  return { der: sequence(tbs, algorithm, bitString(signature)), name, key, keyIdentifier };
}

/** The result that `loadCertificate` would give. */
export async function loaded(issued: Issued, chain: readonly Issued[] = []): Promise<LoadedCertificate> {
  const { info } = await parseCertificate(issued.der);
  return {
    info: { ...info, hasPrivateKey: true },
    certificate: issued.der,
    chain: chain.map(({ der }) => der),
    privateKey: issued.key.privateKey.export({ format: 'der', type: 'pkcs8' }),
  };
}

/** A root, and a certificate to issue others with. */
export function authority(name = 'Test Root'): Issued {
  return issue({ name, ca: true });
}

export function certificatePem({ der }: Issued): string {
  return `-----BEGIN CERTIFICATE-----\n${
    der
      .toString('base64')
      .match(/.{1,64}/g)
      ?.join('\n') ?? ''
  }\n-----END CERTIFICATE-----\n`;
}

export function keyPem({ key }: Issued): string {
  return key.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
}
