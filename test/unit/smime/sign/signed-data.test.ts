import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseCertificate } from '../../../../src/pki/x509/certificate.js';
import { loadPkijs } from '../../../../src/pki/library.js';
import { signedDataTemplate } from '../../../../src/smime/sign/signed-data.js';
import { signedDataPieces } from '../../../../src/smime/sign/signed-data-skeleton.js';
import { signingScheme } from '../../../../src/smime/cms/signature.js';
import { prepareSigner } from '../../../../src/smime/sign/signer.js';
import {
  children,
  context,
  element,
  integer,
  octetString,
  oid,
  readElement,
  sequence,
  setOf,
  tag,
  time,
  wholeOf,
} from '../../../../src/util/der.js';
import { attribute, contentType, dataOid, nameOf } from '../forge.js';
import { issue, loaded } from '../issue.js';
import type { Issued } from '../issue.js';
import { entityOf, never } from '../support.js';

const at = new Date('2026-01-02T03:04:05Z');
const digest = Buffer.alloc(32, 7);
const signature = Buffer.alloc(71, 9);

/** The signed-data that RFC 5652, 5035, 5754 and 8551 require, assembled by hand. */
function expected(signer: Issued): Buffer {
  const [issuer = Buffer.alloc(0), serial = Buffer.alloc(0)] = [
    ...children(nameOf(signer), readElement(nameOf(signer), 0)),
  ].map((part) => wholeOf(nameOf(signer), part));
  const hash = octetString(createHash('sha256').update(signer.der).digest());
  const aes = ['42', '22', '2', '46', '6'].map((last) => sequence(oid(`2.16.840.1.101.3.4.1.${last}`)));
  const attributes = [
    contentType(),
    attribute('1.2.840.113549.1.9.4', octetString(digest)),
    attribute('1.2.840.113549.1.9.5', time(at)),
    attribute('1.2.840.113549.1.9.15', sequence(...aes)),
    attribute(
      '1.2.840.113549.1.9.16.2.47',
      sequence(sequence(sequence(hash, sequence(sequence(context(4, issuer)), serial)))),
    ),
  ].sort((a, b) => Buffer.compare(a, b));
  const sha256 = sequence(oid('2.16.840.1.101.3.4.2.1'));
  const info = sequence(
    integer(1),
    nameOf(signer),
    sha256,
    element(0xa0, ...attributes),
    sequence(oid('1.2.840.10045.4.3.2')),
    octetString(signature),
  );
  const data = sequence(integer(1), setOf(sha256), sequence(dataOid), context(0, signer.der), setOf(info));
  return sequence(oid('1.2.840.113549.1.7.2'), context(0, data));
}

async function written(signer: Issued): Promise<Buffer> {
  const certificate = await parseCertificate(signer.der);
  const template = signedDataTemplate(
    await signedDataPieces(certificate, signingScheme(certificate, { certificate: { data: '' } })),
    [signer.der],
  );
  const { before, after } = template.wrap(undefined, template.attributes(digest, at), signature);
  return Buffer.concat([before, after]);
}

/** The certificate with one extra octet in the length of its issuer's name. BER allows that, DER does not. */
function withLongLength(signer: Issued): Issued {
  const [tbs, ...rest] = [...children(signer.der, readElement(signer.der, 0))].map((part) => wholeOf(signer.der, part));
  const fields = [...children(tbs as Buffer, readElement(tbs as Buffer, 0))].map((part) =>
    wholeOf(tbs as Buffer, part),
  );
  const issuer = fields[3] as Buffer;
  fields[3] = Buffer.concat([Buffer.of(tag.sequence, 0x81, issuer[1] ?? 0), issuer.subarray(2)]);
  return { ...signer, der: sequence(sequence(...fields), ...rest) };
}

describe('the pieces that PKI.js makes once for an identity', () => {
  test('are, with what a message adds, octet for octet what the RFCs have', async () => {
    const signer = issue({ name: 'Alice', issuer: issue({ ca: true, name: 'Root' }) });
    expect((await written(signer)).equals(expected(signer))).toBe(true);
  });

  test('name the signer in the octets of the certificate, also where those are not DER', async () => {
    const signer = withLongLength(issue({ name: 'Alice' }));
    expect((await written(signer)).equals(expected(signer))).toBe(true);
  });

  test('leave the engine that the application has set in PKI.js', async () => {
    const { pkijs } = await loadPkijs();
    const before = pkijs.getEngine();
    try {
      pkijs.setEngine(
        'of the application',
        new pkijs.CryptoEngine({ name: 'of the application', crypto: globalThis.crypto }),
      );
      const own = pkijs.getEngine().crypto;
      const signer = await prepareSigner(await loaded(issue()), { certificate: { data: '' } });
      await signer.sign(entityOf(), never);
      expect(pkijs.getEngine()).toMatchObject({ name: 'of the application' });
      expect(pkijs.getEngine().crypto).toBe(own);
    } finally {
      pkijs.setEngine(before.name, before.crypto ?? undefined);
    }
  });
});
