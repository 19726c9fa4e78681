import { expect, test } from 'vitest';
import { isEmailError } from '../../src/errors/email-error.js';
import { decrypt, encrypt, sign, verify } from '../../src/smime/operations.js';
import { random } from '../support/random.js';
import { contentType, messageDigest, signedData, signerInfo } from '../unit/smime/forge.js';
import { authority, certificatePem, issue, keyPem } from '../unit/smime/issue.js';
import { cmsOf } from '../unit/smime/support.js';
import { rounds, seedOr } from './kit.js';

const seed = seedOr(8551);
const root = authority();
const alice = issue({ issuer: root, name: 'Alice' });
const mallory = issue({ name: 'Mallory' });
const source = (who: typeof alice) => ({ data: certificatePem(who), key: keyPem(who) });
const head = 'Content-Type: text/plain\r\n';
/** Texts that Alice signed, and texts that she never signed. */
const signedTexts = [
  `${head}\r\nDo not pay.\r\n`,
  `${head}\r\nHello\r\n\r\nPay nobody:\r\n--b\r\nMallory\r\n`,
  `${head}X: 1\r\n\r\n`,
];
const otherTexts = [`${head}\r\nPay Mallory.\r\n`, '\r\nPay Mallory.\r\n', `${head}\r\nHello\r\n`];

const infoOf = (signer: typeof alice, text: string): Buffer => {
  const content = Buffer.from(text, 'latin1');
  return signerInfo({ signer, attributes: [contentType(), messageDigest(content)] });
};
const bareOf = (signer: typeof alice, text: string): Buffer =>
  signerInfo({ signer, attributes: [], signedBytes: Buffer.from(text, 'latin1') });

test('whatever is put together of what Alice has signed and what she has not: what is trusted is what she signed', async () => {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[next(list.length)] as T;
  const altered = (text: string): string => {
    switch (next(8)) {
      case 0:
        return text.replaceAll('\r\n', '\n');
      case 1:
        return text.replaceAll('\r\n', '\r');
      case 2:
        return text.replace('\r\n', pick(['\r', '\n', '\r\r', '\n\n', '\r\n ', '']));
      case 3:
        return text + pick(['\r\n', ' ', '\0', '--', 'Pay Mallory.\r\n']);
      case 4: {
        const at = next(text.length);
        return text.slice(0, at) + pick(['\r', '\n', 'x', '']) + text.slice(at + next(2));
      }
      default:
        return text;
    }
  };
  const infos = [
    ...signedTexts.flatMap((text) => [infoOf(alice, text), bareOf(alice, text)]),
    ...otherTexts.flatMap((text) => [infoOf(mallory, text), bareOf(mallory, text)]),
    ...signedTexts.map((text) => infoOf(mallory, text.replaceAll('\r\n', '\n'))),
  ];
  const field = (name: string, value: string): string =>
    pick([`${name}: ${value}\r\n`, `${name.toUpperCase()}:${value}\n`]);
  const part = (): string => {
    if (next(3) > 0) return altered(pick([...signedTexts, ...otherTexts]));
    const cms = signedData(
      next(4) === 0 ? Buffer.from(altered(pick([...signedTexts, ...otherTexts])), 'latin1') : undefined,
      Array.from({ length: 1 + next(3) }, () => pick(infos)),
      [alice.der, mallory.der],
    );
    return (
      field(
        'Content-Type',
        pick(['application/pkcs7-signature', 'application/pkcs7-mime', 'application/x-pkcs7-signature']),
      ) +
      (next(8) === 0 ? field('Content-Type', 'text/plain') : '') +
      `Content-Transfer-Encoding: base64\r\n\r\n${cms.toString('base64')}`
    );
  };
  const multipart = (depth: number): string => {
    const boundary = pick(['b', 'bb', 'b--', 'c']);
    const lineEnd = pick(['\r\n', '\r\n', '\n']);
    const parts = Array.from({ length: next(8) === 0 ? next(4) : 2 }, (_, i) =>
      depth > 0 && next(4) === 0 ? multipart(depth - 1) : i === 1 ? signatureOrPart() : part(),
    );
    const type = pick([
      'multipart/signed; protocol="application/pkcs7-signature"',
      'multipart/signed',
      'multipart/mixed',
    ]);
    return (
      `${field('Content-Type', `${type}; boundary="${boundary}"`)}${lineEnd}${pick(['', 'preamble'])}` +
      parts.map((one) => `${lineEnd}--${boundary}${lineEnd}${one}`).join('') +
      `${lineEnd}--${boundary}--${lineEnd}${pick(['', 'Pay Mallory.'])}`
    );
  };
  const signatureOrPart = (): string => {
    for (let i = 0; i < 4; i++) {
      const one = part();
      if (one.includes('base64')) return one;
    }
    return part();
  };
  let trusted = 0;
  for (const round of rounds(1000)) {
    const message = Buffer.from(`From: alice@example.com\r\n${multipart(2)}`, 'latin1');
    const label = `seed ${seed}, round ${round}`;
    try {
      const { content, signatures } = await verify(message, { trustAnchors: [root.der] });
      const text = Buffer.from(content).toString('latin1');
      if (!signatures.some((one) => one.trusted)) continue;
      trusted++;
      expect(signedTexts, label).toContain(text);
      for (const one of signatures) if (one.trusted) expect(one.signer?.subject, label).toBe('CN=Alice');
    } catch (error) {
      if (!isEmailError(error)) throw new Error(label, { cause: error });
    }
  }
  expect(trusted).toBeGreaterThan(0);
});

test('octets changed in signed and encrypted messages: never another content, never another kind of error', async () => {
  const next = random(seed + 1);
  const message = Buffer.from(signedTexts[0] ?? '');
  const signed = cmsOf(await sign(message, { certificate: source(alice), format: 'opaque' }));
  const sealed = cmsOf(await encrypt(message, [alice.der], { algorithm: 'aes-256-gcm' }));
  for (const round of rounds(100)) {
    const label = `seed ${seed + 1}, round ${round}`;
    const change = (bytes: Buffer): Buffer => {
      const copy = Buffer.from(bytes);
      for (let i = 0; i <= next(3); i++) copy[next(copy.length)] = next(256);
      return next(4) === 0 ? copy.subarray(0, next(copy.length)) : copy;
    };
    try {
      const { content, signatures } = await verify(change(signed), { format: 'cms', trustAnchors: [root.der] });
      if (signatures.some(({ valid }) => valid)) expect(Buffer.from(content).toString(), label).toBe(signedTexts[0]);
    } catch (error) {
      if (!isEmailError(error)) throw new Error(label, { cause: error });
    }
    try {
      const { content } = await decrypt(change(sealed), source(alice), { format: 'cms' });
      expect(Buffer.from(content).toString(), label).toBe(signedTexts[0]);
    } catch (error) {
      if (!isEmailError(error)) throw new Error(label, { cause: error });
    }
  }
});
