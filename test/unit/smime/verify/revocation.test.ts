import { describe, expect, test } from 'vitest';
import { encrypt, verify } from '../../../../src/smime/operations.js';
import type { CertificateData } from '../../../../src/model/certificate.js';
import type { SignatureResult } from '../../../../src/smime/verify/signature-check.js';
import { context, octetString, sequence } from '../../../../src/util/der.js';
import { contentType, dataOid, messageDigest, revocationList, signedData, signerInfo } from '../forge.js';
import { authority, certificatePem, issue } from '../issue.js';
import { cmsMessage } from '../support.js';

const root = authority();
const middle = issue({ issuer: root, name: 'Middle', ca: true });
const alice = issue({ issuer: middle, name: 'Alice' });
const content = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
const signer = signerInfo({ signer: alice, attributes: [contentType(), messageDigest(content)] });
const lists = [revocationList(root), revocationList(middle)];
const pem = (der: Buffer): string => `-----BEGIN X509 CRL-----\n${der.toString('base64')}\n-----END X509 CRL-----\n`;

async function check(
  inside: readonly Buffer[],
  anchors: readonly CertificateData[] = [root.der],
  at = new Date(),
): Promise<SignatureResult | undefined> {
  const cms = signedData(content, [signer], [alice.der, middle.der], dataOid, inside);
  return (await verify(cmsMessage(cms), { trustAnchors: anchors, at })).signatures[0];
}

describe('revocation lists (RFC 5280 section 5, RFC 5652 section 10.2.1)', () => {
  test('without any, a path is enough; with those of the whole path the signer stays trusted', async () => {
    expect(await check([])).toMatchObject({ valid: true, trusted: true });
    expect(await check(lists)).toMatchObject({ valid: true, trusted: true });
  });

  test('a signer, or its CA, that a list in the message names is not trusted; the signature stays valid', async () => {
    for (const inside of [
      [revocationList(root), revocationList(middle, [alice])],
      [revocationList(root, [middle]), revocationList(middle)],
    ]) {
      expect(await check(inside)).toMatchObject({
        valid: true,
        trusted: false,
        problem: expect.stringContaining('revoked') as string,
      });
    }
  });

  // This takes minutes unless the limits hold for all signers together.
  test('lists and certificates in the name of the CA by somebody else do not keep the check busy', async () => {
    const stranger = issue({ name: 'Middle', ca: true });
    const strangers = Array.from({ length: 98 }, () =>
      issue({ name: 'Middle', ca: true, key: stranger.key, issuer: stranger }),
    );
    const inside = [revocationList(root), ...Array.from({ length: 99 }, () => revocationList(stranger))];
    const certificates = [alice, middle, ...strangers].map(({ der }) => der);
    const cms = signedData(
      content,
      Array.from({ length: 32 }, () => signer),
      certificates,
      dataOid,
      inside,
    );
    const { signatures } = await verify(cmsMessage(cms), { trustAnchors: [root.der] });
    expect(signatures).toHaveLength(32);
    for (const one of signatures) expect(one).toMatchObject({ valid: true, trusted: false });
  });

  test('where a list is missing, past its time, or by somebody else, the status could not be determined', async () => {
    const other = { ...authority(), name: middle.name };
    const unsure = [
      [revocationList(root)],
      [revocationList(root), revocationList(middle, [], new Date(Date.now() - 3 * 86_400_000))],
      [revocationList(root), revocationList(other)],
    ];
    for (const inside of unsure) {
      expect(await check(inside)).toMatchObject({
        valid: true,
        trusted: false,
        problem: expect.stringContaining('could not be determined') as string,
      });
    }
  });

  test('lists among the trust anchors count as well, as DER, PEM, beside certificates or alone', async () => {
    const revoked = revocationList(middle, [alice]);
    const forms: readonly (readonly CertificateData[])[] = [
      [root.der, ...[lists[0] as Buffer, revoked]],
      [certificatePem(root) + pem(lists[0] as Buffer) + pem(revoked)],
      [certificatePem(root), pem(lists[0] as Buffer), { base64: revoked.toString('base64') }],
    ];
    for (const anchors of forms)
      expect(await check([], anchors)).toMatchObject({
        trusted: false,
        problem: expect.stringContaining('revoked') as string,
      });
    expect(await check([], [root.der, ...lists])).toMatchObject({ trusted: true });
    await expect(
      encrypt(content, [alice.der, middle.der], { trustAnchors: [root.der, lists[0] as Buffer, revoked] }),
    ).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE',
      message: expect.stringContaining('revoked') as string,
    });
  });

  test('lists that cannot be read, and other kinds of revocation data, are passed over', async () => {
    const broken = (lists[1] as Buffer).subarray(0, 40);
    expect(await check([sequence(broken.subarray(4)), context(1, octetString(broken))])).toMatchObject({
      valid: true,
      trusted: true,
    });
    expect(await check([...lists, sequence(broken.subarray(4))])).toMatchObject({ valid: true, trusted: true });
  });

  test('more than 8 MiB or 100 of them are refused', async () => {
    const big = sequence(Buffer.alloc((8 << 20) + 1));
    await expect(check([big])).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringContaining('of revocation lists') as string,
    });
    await expect(check(Array.from({ length: 101 }, () => sequence()))).rejects.toMatchObject({ code: 'ERR_SMIME' });
  });
});
