/**
 * Limits of verify() and decrypt() were counted for each part of a message: 50 key agreements of 10 000 recipients each
 * passed, and cost 4 s and 500 MB. Now every limit is a budget of the whole message: many parts, each just below it,
 * are refused like one part above it.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decrypt, verify } from '../../src/smime/operations.js';
import { bitString, context, element, integer, octetString, oid, sequence, tag } from '../../src/util/der.js';
import { cpuTimer } from '../support/cpu-time.js';
import { growth } from '../support/growth.js';
import {
  attribute,
  contentType,
  encryptCbc,
  envelopedData,
  messageDigest,
  revocationList,
  signedData,
  signerInfo,
  transport,
} from '../unit/smime/forge.js';
import { authority, certificatePem, issue, keyPem } from '../unit/smime/issue.js';
import { cmsMessage } from '../unit/smime/support.js';

const root = authority();
const bob = issue({ issuer: root, name: 'Bob', kind: 'rsa' });
const recipient = { data: certificatePem(bob), key: keyPem(bob) };
const alice = issue({ issuer: root, name: 'Alice' });
const content = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
const repeated = (count: number, bytes: Buffer): Buffer => Buffer.alloc(count * bytes.length, bytes);
const over = (what: string): object => ({
  code: 'ERR_SMIME',
  message: expect.stringMatching(new RegExp(`more than \\d+ ${what}`)) as string,
  remedy: expect.any(String) as string,
});

describe('recipients of one message', () => {
  const entry = sequence(sequence(sequence(), integer(1)), octetString(Buffer.alloc(0)));
  const agreementFor = (count: number): Buffer =>
    context(
      1,
      integer(3),
      context(0, context(1, sequence(oid('1.2.840.10045.2.1')), bitString(Buffer.alloc(65)))),
      sequence(oid('1.3.132.1.11.1'), sequence(oid('2.16.840.1.101.3.4.1.45'))),
      element(tag.sequence, repeated(count, entry)),
    );
  const transportOf = sequence(
    integer(0),
    sequence(sequence(), integer(1)),
    sequence(oid('1.2.840.113549.1.1.1')),
    octetString(Buffer.alloc(0)),
  );
  const envelope = encryptCbc(content);
  const message = (...infos: readonly Buffer[]): Buffer => cmsMessage(envelopedData(infos, envelope));
  const own = transport(bob, envelope.key);

  test.each<readonly [string, () => Buffer]>([
    ['50 key agreements of 10 000', () => message(...times(50, () => agreementFor(10_000)))],
    ['two key agreements of 5 001', () => message(agreementFor(5_001), agreementFor(5_001))],
    ['101 key agreements of 100', () => message(...times(101, () => agreementFor(100)))],
    ['10 001 key agreements of one', () => message(repeated(10_001, agreementFor(1)))],
    ['10 001 key transports', () => message(repeated(10_001, transportOf))],
    ['10 001 of kinds that are not read', () => message(repeated(10_001, context(3)))],
    [
      '5 000 key transports and an agreement of 5 001',
      () => message(repeated(5_000, transportOf), agreementFor(5_001)),
    ],
    ['100 000 key agreements of none', () => message(repeated(100_000, agreementFor(0)))],
  ])('%s are refused, quickly', async (_, make) => {
    const bytes = make();
    const elapsed = cpuTimer();
    await expect(decrypt(bytes, recipient)).rejects.toMatchObject(over('recipient'));
    expect(elapsed()).toBeLessThan(1500);
  });

  test.each<readonly [string, () => Buffer]>([
    ['key agreements', () => message(...times(9, () => agreementFor(1_111)), own)],
    ['key transports', () => message(repeated(9_999, transportOf), own)],
    ['both', () => message(agreementFor(4_999), repeated(5_000, transportOf), own)],
  ])('10 000 of them in all are read: %s', async (_, make) => {
    expect(Buffer.from((await decrypt(make(), recipient)).content)).toEqual(content);
  });
});

describe('tries to decrypt one message', () => {
  const tripleDes = '1.2.840.113549.3.7';
  /** Names Bob `count` times with keys that are not those of the content. */
  const message = (count: number, octets: number): Buffer => {
    const wrong = times(count, () => transport(bob, randomBytes(24)));
    const envelope = { key: Buffer.alloc(24), iv: Buffer.alloc(8), ciphertext: Buffer.alloc(octets) };
    return cmsMessage(envelopedData(wrong, envelope, undefined, tripleDes));
  };

  test('eight of 16 MB with 3DES are refused before the second: 3DES takes half a second for each', async () => {
    await expect(decrypt(message(8, 16 << 20), recipient)).rejects.toMatchObject(over('octets to decrypt with 3DES'));
  });

  test('eight of 1 MB are tried', async () => {
    await expect(decrypt(message(8, 1 << 20), recipient)).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringContaining('cannot be decrypted') as string,
    });
  });

  test('two encrypted parts are refused, and none is decrypted', async () => {
    const part = message(1, 1 << 20).toString('latin1');
    const both = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${`--b\r\n${part}\r\n`.repeat(2)}--b--\r\n`;
    await expect(decrypt(Buffer.from(both, 'latin1'), recipient)).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringMatching(/^The message has 2 parts that are signed or encrypted/) as string,
    });
  });
});

describe('signatures of one message', () => {
  const known = [contentType(), messageDigest(content)];
  const filler = (count: number, values = 1): Buffer[] =>
    times(count, () => attribute('1.2.3.4', ...times(values, () => integer(1))));
  const signed = (attributes: readonly Buffer[], unsigned?: readonly Buffer[]): Buffer =>
    signerInfo({ signer: alice, attributes, unsigned, signature: Buffer.alloc(70) });
  const message = (
    infos: readonly Buffer[],
    certificates: readonly Buffer[] = [alice.der],
    lists: readonly Buffer[] = [],
  ): Buffer => cmsMessage(signedData(content, infos, certificates, undefined, lists));
  const one = signerInfo({ signer: alice, attributes: known });

  test.each<readonly [string, string, () => Buffer]>([
    ['33 signatures', 'signatures', () => message(times(33, () => one))],
    ['65 attributes of one', 'attributes of one signature', () => message([signed(filler(65))])],
    ['65 unsigned ones', 'attributes of one signature', () => message([signed(known, filler(65))])],
    ['32 signatures of 64 attributes', 'attributes', () => message(times(32, () => signed(filler(64))))],
    [
      '16 of 32 signed and 32 unsigned ones, and one more',
      'attributes',
      () => message([...times(8, () => signed(filler(32), filler(32))), signed(filler(1))]),
    ],
    ['64 attributes of 17 values', 'attribute values', () => message([signed(filler(64, 17))])],
    [
      '32 signatures of 16 attributes of 3 values',
      'attribute values',
      () => message(times(32, () => signed(filler(16, 3)))),
    ],
    [
      '5 signatures without attributes, each over the whole content',
      'signatures without attributes',
      () => message(times(5, () => signerInfo({ signer: alice, attributes: [], signedBytes: content }))),
    ],
    [
      '101 certificates',
      'certificates',
      () =>
        message(
          [one],
          times(101, () => alice.der),
        ),
    ],
    [
      '100 certificates of 11 kB',
      'bytes of certificates',
      () =>
        message(
          [one],
          times(100, () => sequence(Buffer.alloc(11_000))),
        ),
    ],
    [
      '101 lists',
      'revocation lists',
      () =>
        message(
          [one],
          [alice.der],
          times(101, () => sequence()),
        ),
    ],
    [
      '100 lists of 90 kB',
      'bytes of revocation lists',
      () =>
        message(
          [one],
          [alice.der],
          times(100, () => sequence(Buffer.alloc(90_000))),
        ),
    ],
  ])('%s are refused', async (_, what, make) => {
    await expect(verify(make())).rejects.toMatchObject(over(what));
  });

  test('as many as are allowed are read', async () => {
    for (const [count, make] of [
      [
        32,
        () =>
          message(
            times(32, () => one),
            [alice.der, ...times(99, () => alice.der)],
          ),
      ],
      [8, () => message(times(8, () => signed([...known, ...filler(30)], filler(32))))],
      [4, () => message(times(4, () => signerInfo({ signer: alice, attributes: [], signedBytes: content })))],
    ] as const)
      expect((await verify(make())).signatures).toHaveLength(count);
  });
});

test('the path of a signer is looked for once, however often it has signed', async () => {
  const attributes = [contentType(), messageDigest(content)];
  const info = signerInfo({ signer: alice, attributes });
  const stranger = { ...authority(), name: root.name };
  // CRLs that name the authority but were signed by a stranger. Their signatures are checked for every certificate of a
  // path.
  const revoked = times(5_000, () => alice);
  const lists = times(8, () => revocationList(stranger, revoked));
  const make = (count: number): Buffer =>
    cmsMessage(
      signedData(
        content,
        times(count, () => info),
        [alice.der],
        undefined,
        lists,
      ),
    );
  const work = async (message: Buffer): Promise<void> => {
    const { signatures } = await verify(message, { trustAnchors: [root.der] });
    expect(signatures[0]).toMatchObject({ valid: true, trusted: false });
  };
  // A search for each certificate would take four times as long. Checking four times as many signatures takes some time
  // too.
  expect(await growth(make, work, 8, 2.5)).toBeLessThan(3);
});

describe('MIME around it', () => {
  const fields = (size: number): string => `X: ${'x'.repeat(size)}\r\n`;
  test.each<readonly [string, string]>([
    ['one header section of more than 1 MiB', `${fields(1 << 20)}\r\n`],
    [
      'three of 400 kB',
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n${`--b\r\n${fields(400_000)}\r\n\r\n`.repeat(3)}`,
    ],
    [
      '900 of 1 200 octets',
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n${`--b\r\n${fields(1_200)}\r\n\r\n`.repeat(900)}`,
    ],
    ['1 001 parts', `Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\n\r\n'.repeat(1_001)}`],
  ])('%s are refused', async (_, text) => {
    for (const work of [verify(Buffer.from(text)), decrypt(Buffer.from(text), recipient)])
      await expect(work).rejects.toMatchObject({
        code: 'ERR_SMIME',
        message: expect.stringMatching(/longer|more than/) as string,
      });
  });
});
