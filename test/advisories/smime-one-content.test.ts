/**
 * verify() returned a content that the trusted signer had never signed: two signers were valid over two forms of one
 * entity, and the content was that of the first. The returned content must be the octets that every valid signer
 * signed.
 * @module
 */
import { createHash, sign as signWith } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseAddressList } from '../../src/address/parse-address-list.js';
import { verify } from '../../src/smime/operations.js';
import type { VerifyResult } from '../../src/smime/verify/verify-message.js';
import { element, octetString, oid, sequence, tag } from '../../src/util/der.js';
import {
  attribute,
  contentType,
  dataOid,
  messageDigest,
  signedData,
  signerInfo,
  signingTime,
} from '../unit/smime/forge.js';
import { authority, issue } from '../unit/smime/issue.js';
import { cmsMessage } from '../unit/smime/support.js';

const root = authority();
const alice = issue({ issuer: root, name: 'Alice', email: 'alice@example.com' });
const mallory = issue({ name: 'Mallory', email: 'mallory@example.com' });
const notAttack = 'Content-Type: text/plain\r\n\r\nDo not do this:\r\n\r\nPay Mallory.\r\n';

const attributesFor = (content: Buffer): Buffer[] => [contentType(), messageDigest(content)];
const by = (signer: typeof alice, content: Buffer): Buffer =>
  signerInfo({ signer, attributes: attributesFor(content) });
const bare = (signer: typeof alice, content: Buffer): Buffer =>
  signerInfo({ signer, attributes: [], signedBytes: content });
const base64 = (cms: Buffer): string => cms.toString('base64').replace(/.{76}/g, '$&\r\n');

interface Parts {
  readonly head?: string;
  readonly signatureHead?: string;
  readonly preamble?: string;
  readonly epilogue?: string;
}

/** A multipart/signed with this content and signature. */
function detached(
  content: string,
  cms: Buffer,
  { head = '', signatureHead = '', preamble = '', epilogue = '' }: Parts = {},
): Buffer {
  return Buffer.from(
    `From: alice@example.com\r\n${head}Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n` +
      `\r\n${preamble}` +
      `--b\r\n${content}\r\n--b\r\n${signatureHead}Content-Type: application/pkcs7-signature\r\n` +
      `Content-Transfer-Encoding: base64\r\n\r\n` +
      `${base64(cms)}\r\n--b--\r\n${epilogue}`,
    'latin1',
  );
}
const trusting = (message: Buffer): Promise<VerifyResult> => verify(message, { trustAnchors: [root.der] });
const textOf = ({ content }: VerifyResult): string => Buffer.from(content).toString('latin1');

describe('signatures over two forms of one entity', () => {
  const forms: readonly (readonly [string, string])[] = [
    ['two line ends that became lone CR', notAttack.replace('plain\r\n\r\nDo', 'plain\r\rDo')],
    ['line ends that became LF', notAttack.replaceAll('\r\n', '\n')],
    ['one line end that became LF', notAttack.replace('this:\r\n', 'this:\n')],
    ['line ends that became CR', notAttack.replaceAll('\r\n', '\r')],
  ];
  const signers = [
    ['with attributes', by],
    ['without attributes', bare],
  ] as const;
  for (const [altered, received] of forms) {
    for (const [kind, signerOf] of signers) {
      const second = signerOf(alice, Buffer.from(notAttack));
      const first = signerOf(mallory, Buffer.from(received));
      test.each([
        ['the stranger first', [first, second]],
        ['the trusted one first', [second, first]],
        ['in the middle', [first, second, first]],
      ])(`${altered}, ${kind}, %s: all that are valid signed what is given back`, async (_, infos) => {
        const result = await trusting(detached(received, signedData(undefined, infos, [alice.der, mallory.der])));
        expect(textOf(result)).toBe(notAttack);
        for (const one of result.signatures) {
          expect(one).toMatchObject(
            one.signer?.subject === 'CN=Alice'
              ? { valid: true, trusted: true }
              : { valid: false, trusted: false, problem: 'it covers another form of the content' },
          );
        }
      });
    }
  }

  test('where no signer is trusted, the form of the first one counts', async () => {
    const received = notAttack.replaceAll('\r\n', '\n');
    const infos = [by(mallory, Buffer.from(received)), by(alice, Buffer.from(notAttack))];
    const message = detached(received, signedData(undefined, infos, [alice.der, mallory.der]));
    const result = await verify(message);
    expect(textOf(result)).toBe(received);
    expect(result.signatures).toMatchObject([
      { valid: true, trusted: false },
      { valid: false, trusted: false, problem: 'it covers another form of the content' },
    ]);
  });

  test('two signers over the same form are both valid', async () => {
    const infos = [by(mallory, Buffer.from(notAttack)), by(alice, Buffer.from(notAttack))];
    const result = await trusting(
      detached(notAttack.replaceAll('\r\n', '\n'), signedData(undefined, infos, [alice.der, mallory.der])),
    );
    expect(textOf(result)).toBe(notAttack);
    expect(result.signatures).toMatchObject([{ valid: true }, { valid: true, trusted: true }]);
  });
});

describe('more than one content', () => {
  const good = signedData(undefined, [by(alice, Buffer.from(notAttack))], [alice.der]);
  const refused = (words: string): object => ({
    code: 'ERR_SMIME',
    message: expect.stringContaining(words) as string,
  });

  test('a content inside a detached signature is refused, whichever of the two was signed', async () => {
    const other = 'Content-Type: text/plain\r\n\r\nPay Mallory.\r\n';
    for (const [outside, inside] of [
      [notAttack, other],
      [other, notAttack],
      [notAttack, notAttack],
      [notAttack, ''],
    ] as const) {
      const cms = signedData(Buffer.from(inside), [by(alice, Buffer.from(notAttack))], [alice.der]);
      await expect(trusting(detached(outside, cms))).rejects.toMatchObject(refused('contains its own content'));
      await expect(
        verify(cms, { format: 'cms', content: Buffer.from(outside), trustAnchors: [root.der] }),
      ).rejects.toMatchObject(refused('contains its own content'));
    }
  });

  test('a third part, before, between or behind the two, is refused', async () => {
    const extra = '--b\r\nContent-Type: text/plain\r\n\r\nPay Mallory.\r\n';
    const message = detached(notAttack, good).toString('latin1');
    for (const [at, length] of [
      [message.indexOf('--b\r\n'), 0],
      [message.lastIndexOf('--b\r\n'), 0],
      [message.lastIndexOf('--b--'), 0],
    ] as const) {
      const changed = message.slice(0, at + length) + extra + message.slice(at);
      await expect(trusting(Buffer.from(changed, 'latin1'))).rejects.toMatchObject(refused('3 parts'));
    }
  });

  test('two signed parts in one message are refused, for their signers may differ', async () => {
    const part = detached(notAttack, good).toString('latin1').replace('From: alice@example.com\r\n', '');
    const message = `Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n${part}\r\n--m\r\n${part}\r\n--m--\r\n`;
    await expect(trusting(Buffer.from(message, 'latin1'))).rejects.toMatchObject(refused('2 parts'));
  });

  test('two fields that say what a part is are refused', async () => {
    const plain = 'Content-Type: text/plain\r\n';
    const encoding = 'Content-Transfer-Encoding: 7bit\r\n';
    for (const message of [
      detached(notAttack, good, { signatureHead: 'Content-Type: application/pkcs7-signature\r\n' }),
      detached(notAttack, good, { signatureHead: 'Content-Transfer-Encoding: base64\r\n' }),
      Buffer.concat([Buffer.from(encoding + encoding), detached(notAttack, good)]),
      Buffer.from(detached(notAttack, good).toString('latin1').replace('\r\n\r\n', `\r\n${plain}\r\n`), 'latin1'),
      Buffer.concat([Buffer.from('Content-Type: application/pkcs7-mime\r\n'), cmsMessage(good)]),
    ])
      await expect(trusting(message)).rejects.toMatchObject(refused('fields; only one is allowed'));
    await expect(trusting(detached(notAttack, good, { head: plain }))).rejects.toMatchObject(refused('not signed'));
  });

  test('what stands before, behind and around the signed part is not in what is given back', async () => {
    const result = await trusting(
      detached(notAttack, good, {
        preamble: 'Pay Mallory.\r\n',
        epilogue: 'Pay Mallory.\r\n',
        head: 'Subject: Pay\r\n',
      }),
    );
    expect(textOf(result)).toBe(notAttack);
    expect(result).toMatchObject({ covers: 'whole', signatures: [{ trusted: true }] });
  });

  test('lines that begin like the boundary are content', async () => {
    const content =
      `Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\n\r\n--bc\r\n-- b\r\n--b-\r\n--b -\r\n \r\n` +
      `--bb--\r\n`;
    const result = await trusting(
      detached(content, signedData(undefined, [by(alice, Buffer.from(content))], [alice.der])),
    );
    expect(textOf(result)).toBe(content);
    expect(result.signatures).toMatchObject([{ trusted: true }]);
  });

  test('protected header fields inside are given back, altered ones outside are not (RFC 9788)', async () => {
    const content = `From: alice@example.com\r\nSubject: True\r\nContent-Type: text/plain; hp="clear"\r\n\r\nHello\r\n`;
    const cms = signedData(undefined, [by(alice, Buffer.from(content))], [alice.der]);
    const result = await trusting(detached(content, cms, { head: 'Subject: False\r\n' }));
    expect(textOf(result)).toBe(content);
    expect(result.signatures).toMatchObject([{ trusted: true }]);
  });

  test.each([
    ['alice@example.com', true],
    ['Alice <ALICE@example.com>', true],
    ['"carol@example.com" <alice@example.com>', true],
    ['carol@example.com', false],
    ['"alice@example.com" <carol@example.com>', false],
    ['alice@example.com, carol@example.com', false],
    ['carol@example.com (alice@example.com)', false],
    ['=?utf-8?q?alice=40example=2Ecom?= <carol@example.com>', false],
    ['alice@example.com.example.org', false],
    ['', false],
  ])('the signer is the one of the signature, not the one in From: %j', async (from, isExpected) => {
    const { signatures } = await trusting(detached(notAttack, good));
    expect(signatures).toMatchObject([{ trusted: true, signer: { emails: ['alice@example.com'] } }]);
    // The comparison that docs/guide/smime.md describes.
    const [sender, ...others] = parseAddressList(from);
    const isSender = (address: string): boolean => address.toLowerCase() === sender?.email.toLowerCase();
    const isSigned = signatures.some(({ trusted, signer }) => trusted && signer?.emails.some(isSender));
    expect(isSigned && others.length === 0).toBe(isExpected);
  });
});

describe('attributes out of their place (RFC 5652 section 11)', () => {
  const content = Buffer.from(notAttack);
  const time = signingTime(new Date(0));
  const certificateHash = octetString(createHash('sha256').update(alice.der).digest());
  const bound = attribute('1.2.840.113549.1.9.16.2.47', sequence(sequence(sequence(certificateHash))));
  const all: readonly (readonly [string, Buffer])[] = [
    ['content-type', contentType()],
    ['message-digest', messageDigest(content)],
    ['signing-time', time],
    ['signing-certificate', bound],
  ];
  const check = async (info: Buffer): Promise<VerifyResult['signatures']> =>
    (await trusting(cmsMessage(signedData(content, [info], [alice.der])))).signatures;

  test.each(all)(
    '%s among the unsigned ones is not valid: moved, copied, or where nothing is signed',
    async (name, moved) => {
      const attributes = all.map(([, one]) => one);
      const rest = attributes.filter((one) => one !== moved);
      const problem = expect.stringContaining(name) as string;
      for (const info of [
        signerInfo({ signer: alice, attributes, unsigned: [moved] }),
        signerInfo({ signer: alice, attributes: rest, unsigned: [moved] }),
        signerInfo({
          signer: alice,
          attributes: rest,
          signedBytes: element(tag.set, ...attributes),
          unsigned: [moved],
        }),
        signerInfo({ signer: alice, attributes: [], signedBytes: content, unsigned: [moved] }),
      ])
        expect(await check(info)).toMatchObject([{ valid: false, trusted: false, problem }]);
    },
  );

  test.each(all)('%s twice among the signed ones, or with two values, is not valid', async (name, one) => {
    const attributes = all.map(([, each]) => each);
    expect(await check(signerInfo({ signer: alice, attributes: [...attributes, one] }))).toMatchObject([
      { valid: false, trusted: false, problem: expect.stringContaining(name) as string },
    ]);
  });

  test('other attributes may stand among the unsigned ones, such as a time stamp', async () => {
    const stamp = attribute('1.2.840.113549.1.9.16.2.14', sequence());
    expect(
      await check(signerInfo({ signer: alice, attributes: attributesFor(content), unsigned: [stamp] })),
    ).toMatchObject([{ valid: true, trusted: true }]);
  });

  test('a content of another type than data is not a message, whatever its signature', async () => {
    const type = oid('1.2.840.113549.1.9.16.1.4');
    const info = signerInfo({ signer: alice, attributes: [contentType(type), messageDigest(content)] });
    const { signatures } = await trusting(cmsMessage(signedData(content, [info], [alice.der], type)));
    expect(signatures).toMatchObject([{ valid: false, problem: expect.stringContaining('not a message') as string }]);
    expect(dataOid.equals(type)).toBe(false);
  });

  test('attributes that were taken away do not make their octets the content, also in a file', async () => {
    const set = element(tag.set, ...attributesFor(content));
    const stolen = signerInfo({
      signer: alice,
      attributes: [],
      signature: signWith('sha256', set, alice.key.privateKey),
    });
    const cms = signedData(set, [stolen], [alice.der]);
    const apart = signedData(undefined, [stolen], [alice.der]);
    for (const result of [
      await verify(cms, { format: 'cms', trustAnchors: [root.der] }),
      await verify(apart, { format: 'cms', content: set, trustAnchors: [root.der] }),
    ])
      expect(result.signatures).toMatchObject([{ valid: false, trusted: false }]);
  });
});
