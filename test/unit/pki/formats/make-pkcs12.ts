import { createCipheriv, createHmac, hash, pbkdf2Sync } from 'node:crypto';
import * as der from '../../../../src/util/der.js';

/** A certificate or a key for a PKCS#12 file. */
export interface Pkcs12Item {
  readonly der: Buffer;
  readonly localKeyId?: string | undefined;
  /** Iterations of PBES2 for a key; undefined: the key is not encrypted. */
  readonly rounds?: number | undefined;
}

const data = der.oid('1.2.840.113549.1.7.1');
const bag = (type: number, content: Buffer, localKeyId: string | undefined): Buffer =>
  der.sequence(
    der.oid(`1.2.840.113549.1.12.10.1.${type}`),
    der.context(0, content),
    ...(localKeyId === undefined
      ? []
      : [
          der.setOf(
            der.sequence(der.oid('1.2.840.113549.1.9.21'), der.setOf(der.octetString(Buffer.from(localKeyId)))),
          ),
        ]),
  );

/**
 * Encrypts a key with PBES2 (PBKDF2 with SHA-256, AES-256). A count too large for a test is written but not computed.
 */
function shrouded(pkcs8: Buffer, password: string, rounds: number): Buffer {
  const salt = Buffer.from(rounds.toString(16).padStart(16, '0'), 'hex');
  const iv = Buffer.alloc(16, 7);
  const key = rounds > 10_000 ? Buffer.alloc(32) : pbkdf2Sync(password, salt, rounds, 32, 'sha256');
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const prf = der.sequence(der.oid('1.2.840.113549.2.9'), der.nullElement());
  const derivation = der.sequence(
    der.oid('1.2.840.113549.1.5.12'),
    der.sequence(der.octetString(salt), der.integer(rounds), prf),
  );
  const encryption = der.sequence(der.oid('2.16.840.1.101.3.4.1.42'), der.octetString(iv));
  return der.sequence(
    der.sequence(der.oid('1.2.840.113549.1.5.13'), der.sequence(derivation, encryption)),
    der.octetString(Buffer.concat([cipher.update(pkcs8), cipher.final()])),
  );
}

/** A PKCS#12 file whose MAC has one round. */
export function makePkcs12(certificates: readonly Pkcs12Item[], keys: readonly Pkcs12Item[], password: string): Buffer {
  const bags = der.sequence(
    ...certificates.map((each) => {
      const x509 = der.sequence(der.oid('1.2.840.113549.1.9.22.1'), der.context(0, der.octetString(each.der)));
      return bag(3, x509, each.localKeyId);
    }),
    ...keys.map((each) =>
      each.rounds === undefined
        ? bag(1, each.der, each.localKeyId)
        : bag(2, shrouded(each.der, password, each.rounds), each.localKeyId),
    ),
  );
  const content = der.sequence(der.sequence(data, der.context(0, der.octetString(bags))));
  const salt = Buffer.alloc(8, 1);
  const bmp = Buffer.from(`${password}\0`, 'utf16le').swap16();
  const block = Buffer.concat([
    Buffer.alloc(64, 3),
    Buffer.alloc(64, salt),
    Buffer.alloc(64 * Math.ceil(bmp.length / 64), bmp),
  ]);
  const mac = createHmac('sha1', hash('sha1', block, 'buffer'))
    .update(content)
    .digest();
  return der.sequence(
    der.integer(3),
    der.sequence(data, der.context(0, der.octetString(content))),
    der.sequence(
      der.sequence(der.sequence(der.oid('1.3.14.3.2.26'), der.nullElement()), der.octetString(mac)),
      der.octetString(salt),
      der.integer(1),
    ),
  );
}
