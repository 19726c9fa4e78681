/**
 * Inputs of `verify` and `decrypt` besides whole messages: CMS files, separate certificates, and messages wrapped by a
 * mailing list.
 * @module
 */
import { describe, expect, test } from 'vitest';
import { decrypt, encrypt, sign, verify } from '../../../src/smime/operations.js';
import { contentType, messageDigest, signedData, signerInfo } from './forge.js';
import { authority, certificatePem, issue, keyPem } from './issue.js';
import { cmsMessage, cmsOf } from './support.js';

const root = authority();
const middle = issue({ issuer: root, name: 'Middle', ca: true });
const alice = issue({ issuer: middle, name: 'Alice', email: 'alice@example.com' });
const bob = issue({ issuer: root, name: 'Bob', kind: 'P-384' });
const source = (who: typeof alice) => ({ data: certificatePem(who), key: keyPem(who) });
const message = Buffer.from('From: alice@example.com\r\nContent-Type: text/plain\r\n\r\nHello\r\n');
const entity = 'Content-Type: text/plain\r\n\r\nHello\r\n';
const certificate = { data: certificatePem(alice) + certificatePem(middle), key: keyPem(alice) };
const trusted = [{ valid: true, trusted: true, signer: { subject: 'CN=Alice' } }];
const untrusted = [{ valid: true, trusted: false }];
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const armoured = (cms: Buffer, label: string): Buffer =>
  Buffer.from(
    `-----BEGIN ${label}-----\n${cms.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END ${label}-----\n`,
  );

describe('certificates that a message leaves out', () => {
  const options = { trustAnchors: [root.der], certificates: [alice.der, certificatePem(middle)] };

  test('the signer and intermediates are found among those that are given', async () => {
    const signed = await sign(message, { certificate, includeCertificate: false });
    expect((await verify(signed, options)).signatures).toMatchObject(trusted);
    expect((await verify(signed, { ...options, certificates: [certificatePem(alice) + certificatePem(middle)] })).signatures)
      .toMatchObject(trusted); // prettier-ignore
    expect((await verify(signed, { ...options, certificates: [alice.der] })).signatures).toMatchObject(untrusted);
    const [alone] = (await verify(signed, { trustAnchors: [root.der] })).signatures;
    expect(alone).toMatchObject({ valid: false, problem: expect.stringContaining('nor among the given') as string });
    expect(alone?.signer).toBeUndefined();
  });

  test('an intermediate that the message leaves out is found too', async () => {
    const signed = await sign(message, { certificate });
    expect((await verify(signed, options)).signatures).toMatchObject(trusted);
    expect((await verify(signed, { trustAnchors: [root.der] })).signatures).toMatchObject(untrusted);
  });

  test('they are never anchors: neither a root nor the signer itself', async () => {
    const signed = await sign(message, { certificate, includeCertificate: 'chain' });
    const certificates = [root.der, middle.der, alice.der];
    expect((await verify(signed, { certificates })).signatures).toMatchObject(untrusted);
    expect((await verify(signed, { certificates, trustAnchors: [authority('Other').der] })).signatures).toMatchObject(
      untrusted,
    );
  });

  test('what holds no certificate is ERR_CERTIFICATE, and what is no list ERR_PROFILE_INVALID', async () => {
    const signed = await sign(message, { certificate });
    await expect(verify(signed, { certificates: ['nothing'] })).rejects.toMatchObject({ code: 'ERR_CERTIFICATE' });
    for (const certificates of [certificatePem(alice), [1], [{ file: 1 }]])
      await expect(verify(signed, { certificates: certificates as never })).rejects.toMatchObject({
        code: 'ERR_PROFILE_INVALID',
      });
  });
});

describe("format: 'cms'", () => {
  test('a .p7m file with the content inside is verified, as DER, PEM or base64', async () => {
    const cms = cmsOf(await sign(message, { certificate, format: 'opaque', includeCertificate: 'chain' }));
    for (const file of [cms, armoured(cms, 'PKCS7'), armoured(cms, 'CMS'), Buffer.from(cms.toString('base64'))]) {
      const result = await verify(file, { format: 'cms', trustAnchors: [root.der] });
      expect(text(result.content)).toBe(entity);
      expect(result).toMatchObject({ covers: 'whole', signatures: trusted });
    }
  });

  test('a .p7s file is verified with the octets that it signs, whatever their line ends became', async () => {
    const info = signerInfo({ signer: alice, attributes: [contentType(), messageDigest(Buffer.from(entity))] });
    const p7s = signedData(undefined, [info], [alice.der, middle.der]);
    for (const content of [entity, entity.replaceAll('\r\n', '\n')]) {
      const result = await verify(p7s, { format: 'cms', content: Buffer.from(content), trustAnchors: [root.der] });
      expect(text(result.content)).toBe(entity);
      expect(result.signatures).toMatchObject(trusted);
    }
    const other = await verify(p7s, { format: 'cms', content: Buffer.from('other') });
    expect(other.signatures).toMatchObject([{ valid: false, problem: expect.stringContaining('digest') as string }]);
    await expect(verify(p7s, { format: 'cms' })).rejects.toMatchObject({
      code: 'ERR_SMIME',
      remedy: expect.stringContaining('content') as string,
    });
  });

  test('a .p7m file is decrypted', async () => {
    const cms = cmsOf(await encrypt(message, [bob.der]));
    for (const file of [cms, armoured(cms, 'PKCS7')]) {
      const { content, covers } = await decrypt(file, source(bob), { format: 'cms' });
      expect(text(content)).toBe(entity);
      expect(covers).toBe('whole');
    }
  });

  test('what is not CMS is ERR_SMIME, and wrong options are ERR_PROFILE_INVALID', async () => {
    const format = 'cms';
    for (const file of [
      '',
      'Content-Type: text/plain\r\n\r\n',
      '\0\0',
      '-----BEGIN PKCS7-----\n!\n-----END PKCS7-----',
    ])
      for (const work of [verify(Buffer.from(file), { format }), decrypt(Buffer.from(file), source(bob), { format })])
        await expect(work).rejects.toMatchObject({ code: 'ERR_SMIME' });
    await expect(verify(message, { format: 'p7m' as never })).rejects.toMatchObject({ problems: [{ path: 'format' }] });
    await expect(verify(message, { content: message })).rejects.toMatchObject({ problems: [{ path: 'content' }] });
    await expect(verify(message, { format, content: 'x' as never })).rejects.toMatchObject({
      problems: [{ path: 'content' }],
    });
    await expect(decrypt(message, source(bob), { format: 1 as never })).rejects.toMatchObject({
      problems: [{ path: 'format' }],
    });
  });
});

describe('a part that is signed or encrypted among others', () => {
  const footer = '--list\r\nContent-Type: text/plain\r\n\r\nTo unsubscribe, pay Mallory.\r\n--list--\r\n';
  const wrapped = (part: Uint8Array, type = 'mixed'): Buffer => {
    const inner = text(part).replace('From: alice@example.com\r\n', '');
    const head = `From: list@example.com\r\nContent-Type: multipart/${type}; boundary=list\r\n\r\n`;
    return Buffer.from(`${head}--list\r\n${inner}\r\n${footer}`, 'latin1');
  };

  test.each(['detached', 'opaque'] as const)(
    'a %s signature behind a list with a footer is found, and told as a part',
    async (format) => {
      const signed = await sign(message, { certificate, format, includeCertificate: 'chain' });
      for (const given of [wrapped(signed), wrapped(wrapped(signed).subarray('From: list@example.com\r\n'.length))]) {
        const result = await verify(given, { trustAnchors: [root.der] });
        expect(text(result.content)).toBe(entity);
        expect(result).toMatchObject({ covers: 'part', signatures: trusted });
      }
      expect(await verify(signed)).toMatchObject({ covers: 'whole' });
    },
  );

  test('an encrypted part is decrypted, and told as a part', async () => {
    const { content, covers } = await decrypt(wrapped(await encrypt(message, [bob.der])), source(bob));
    expect(text(content)).toBe(entity);
    expect(covers).toBe('part');
  });

  test('a signed message inside a message that is forwarded, and attached certificates, are not its signature', async () => {
    const forwarded = Buffer.from(
      `Content-Type: multipart/mixed; boundary=f\r\n\r\n--f\r\nContent-Type: message/rfc822\r\n` +
        `\r\n${text(await sign(message, { certificate }))}\r\n--f--\r\n`,
      'latin1',
    );
    const attached = wrapped(cmsMessage(signedData(undefined, [], [alice.der]), 'application/pkcs7-signature'));
    for (const given of [forwarded, attached])
      await expect(verify(given)).rejects.toMatchObject({ code: 'ERR_SMIME', message: 'The message is not signed.' });
  });
});
