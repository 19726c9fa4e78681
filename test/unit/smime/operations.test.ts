import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isEmailError } from '../../../src/errors/email-error.js';
import { parseMessage } from '../../../src/mime/read/parse.js';
import { decrypt, encrypt, sign, verify } from '../../../src/smime/operations.js';
import { context, octetString, oid, sequence } from '../../../src/util/der.js';
import { scanLimit } from '../../../src/util/vectors/vectors.js';
import { signedData, signerInfo } from './forge.js';
import { authority, certificatePem, issue, keyPem } from './issue.js';
import { cmsMessage } from './support.js';

const root = authority();
const alice = issue({ issuer: root, name: 'Alice', kind: 'P-256' });
const bob = issue({ issuer: root, name: 'Bob', kind: 'P-384' });
const source = (who: typeof alice) => ({ data: certificatePem(who), key: keyPem(who) });
const message = Buffer.from(
  'From: alice@example.com\r\nSubject: Figures\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n' +
    ' charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\nX-Note: stays\r\n\r\nHello\r\n',
);

describe('whole messages', () => {
  test('signed, then encrypted: fields of the message stay outside, Content-* go inside, and all comes back', async () => {
    const sealed = await encrypt(await sign(message, { certificate: source(alice) }), [certificatePem(bob)], {
      algorithm: 'aes-256-gcm',
    });
    const outer = parseMessage(sealed).header;
    expect(outer.fields.map(({ name }) => name)).toEqual([
      'From',
      'Subject',
      'X-Note',
      'MIME-Version',
      'Content-Type',
      'Content-Transfer-Encoding',
      'Content-Disposition',
    ]);
    const { content, algorithm } = await decrypt(sealed, source(bob));
    expect(algorithm).toBe('aes-256-gcm');
    const verified = await verify(content, { trustAnchors: [certificatePem(root)] });
    expect(verified.signatures).toMatchObject([
      { valid: true, trusted: true, signer: { subject: 'CN=Alice', hasPrivateKey: false } },
    ]);
    expect(Buffer.from(verified.content).toString()).toBe(
      'Content-Type: text/plain;\r\n charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\nHello\r\n',
    );
  });

  test('lone LF and CR become CRLF before signing (RFC 8551 section 3.1.1)', async () => {
    const signed = await sign(Buffer.from('Content-Type: text/plain\n\none\ntwo\rthree\r\n'), {
      certificate: source(alice),
    });
    const { content, signatures } = await verify(signed);
    expect(signatures[0]?.valid).toBe(true);
    expect(Buffer.from(content).toString()).toBe('Content-Type: text/plain\r\n\r\none\r\ntwo\r\nthree\r\n');
  });

  test('a single line end that is not CRLF is found about each border of the pieces that long content is looked at in', async () => {
    const head = 'Content-Type: text/plain\r\n\r\n';
    const line = `${'x'.repeat(62)}\r\n`;
    for (const border of [scanLimit, 2 * scanLimit])
      for (const [lone, at] of [-2, -1, 0, 1].flatMap((near) => [
        ['\n', border + near] as const,
        ['\r', border + near] as const,
      ])) {
        const lines = line.repeat(Math.ceil((3 * scanLimit) / line.length));
        // Within a line, so that the octets beside it belong to no other line end.
        const before = `${'y'.repeat(30)}\r\n${lines}`.slice(0, at);
        const after = `z\r\n${lines}`;
        const { content, signatures } = await verify(
          await sign(Buffer.from(head + before + lone + after), { certificate: source(alice) }),
        );
        expect(signatures).toMatchObject([{ valid: true }]);
        expect(Buffer.from(content).toString('latin1') === `${head}${before}\r\n${after}`).toBe(true);
      }
  });

  test('what does not begin with header fields is refused, so that nothing of it is lost', async () => {
    for (const text of ['Hello\r\n', ' folded: no\r\n\r\nx', '']) {
      await expect(encrypt(Buffer.from(text), [certificatePem(bob)])).rejects.toMatchObject({ code: 'ERR_SMIME' });
    }
    const { content } = await decrypt(await encrypt(Buffer.from('\r\nno fields\r\n'), [bob.der]), source(bob));
    expect(Buffer.from(content).toString()).toBe('\r\nno fields\r\n');
  });

  test('8-bit content cannot be signed detached; opaque and encrypted it comes back as it was', async () => {
    const eightBit = Buffer.from(
      'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n',
    );
    await expect(sign(eightBit, { certificate: source(alice) })).rejects.toMatchObject({ code: 'ERR_SMIME' });
    const { content } = await decrypt(await encrypt(eightBit, [bob.der]), source(bob));
    expect(Buffer.from(content)).toEqual(eightBit);
  });

  test('also for oneself, and of a bundle only the end of the chain receives', async () => {
    const sealed = await encrypt(message, [certificatePem(bob) + certificatePem(root)], {
      encryptToSelf: source(alice),
    });
    for (const who of [alice, bob])
      expect(Buffer.from((await decrypt(sealed, source(who))).content).includes('Hello')).toBe(true);
    await expect(decrypt(sealed, source(issue({ issuer: root })))).rejects.toMatchObject({
      message: expect.stringContaining('names 2 other recipients') as string,
    });
  });

  test('recipients that end at no trust anchor are refused where anchors are given', async () => {
    await encrypt(message, [bob.der], { trustAnchors: [root.der] });
    await expect(encrypt(message, [bob.der], { trustAnchors: [authority('Other').der] })).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE',
      message: expect.stringContaining('CN=Bob') as string,
    });
    await expect(encrypt(message, ['nothing'])).rejects.toMatchObject({ code: 'ERR_CERTIFICATE' });
  });

  test('old type names, and application/octet-stream named .p7m, are read (RFC 8551 section 3.9)', async () => {
    const latin = Buffer.from(await encrypt(message, [bob.der])).toString('latin1');
    for (const type of ['application/x-pkcs7-mime', 'application/octet-stream']) {
      const renamed = latin.replace('application/pkcs7-mime', type);
      expect(Buffer.from((await decrypt(Buffer.from(renamed, 'latin1'), source(bob))).content).includes('Hello')).toBe(
        true,
      );
    }
  });

  test('an identity is read again where its object has changed', async () => {
    const changing: { data: string; key: string } = { ...source(alice) };
    const signerOf = async (): Promise<string | undefined> =>
      (await verify(await sign(message, { certificate: changing }))).signatures[0]?.signer?.subject;
    expect(await signerOf()).toBe('CN=Alice');
    Object.assign(changing, source(bob));
    expect(await signerOf()).toBe('CN=Bob');
  });

  test('an identity in a file is read again where the file has changed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'operations-'));
    const file = join(directory, 'identity.pem');
    const signerOf = async (): Promise<string | undefined> =>
      (await verify(await sign(message, { certificate: { file } }))).signatures[0]?.signer?.subject;
    try {
      writeFileSync(file, certificatePem(alice) + keyPem(alice));
      expect(await signerOf()).toBe('CN=Alice');
      const toBob = await encrypt(message, [bob.der]);
      await expect(decrypt(toBob, { file })).rejects.toMatchObject({ code: 'ERR_SMIME' });
      writeFileSync(file, certificatePem(bob) + keyPem(bob));
      expect(await signerOf()).toBe('CN=Bob');
      expect((await decrypt(toBob, { file })).algorithm).toBe('aes-256-cbc');
    } finally {
      rmSync(directory, { recursive: true });
    }
    await expect(sign(message, { certificate: { file } })).rejects.toMatchObject({ code: 'ERR_CERTIFICATE' });
    await expect(decrypt(message, { file })).rejects.toMatchObject({ code: 'ERR_SMIME' });
  });

  test('what OpenSSL says of a key that it cannot use is an EmailError', async () => {
    const sm2 = issue({ issuer: root, name: 'SM2', key: generateKeyPairSync('ec', { namedCurve: 'SM2' }) });
    for (const work of [
      () => sign(message, { certificate: source(sm2) }),
      () => sign(message, { certificate: source(sm2), format: 'opaque' }),
      () => encrypt(message, [sm2.der]),
      () => encrypt(message, [bob.der], { encryptToSelf: source(sm2) }),
    ])
      expect(isEmailError(await work().catch((error: unknown) => error))).toBe(true);
    const signed = await verify(
      cmsMessage(
        signedData(message, [signerInfo({ signer: sm2, attributes: [], signature: Buffer.alloc(70) })], [sm2.der]),
      ),
    );
    expect(signed.signatures).toMatchObject([{ valid: false }]);
  });

  test('a message over the limits of MIME is ERR_SMIME', async () => {
    const long = Buffer.concat([
      Buffer.from('Content-Type: application/pkcs7-mime\r\nX: '),
      Buffer.alloc(1 << 20, 'x'),
      Buffer.from('\r\n\r\n'),
    ]);
    const deep = (level: number): string =>
      level === 0 ? '' : `Content-Type: multipart/mixed; boundary=b${level}\r\n\r\n--b${level}\r\n${deep(level - 1)}`;
    for (const bad of [long, Buffer.from(deep(40))]) {
      await expect(verify(bad)).rejects.toMatchObject({ code: 'ERR_SMIME' });
      await expect(decrypt(bad, source(bob))).rejects.toMatchObject({ code: 'ERR_SMIME' });
    }
    await expect(encrypt(long, [bob.der])).rejects.toMatchObject({ code: 'ERR_SMIME' });
  });

  test('CMS of another type is named', async () => {
    const data = cmsMessage(sequence(oid('1.2.840.113549.1.7.1'), context(0, octetString(message))));
    await expect(verify(data)).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringContaining('1.2.840.113549.1.7.1') as string,
    });
    await expect(decrypt(data, source(bob))).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringContaining('1.2.840.113549.1.7.1') as string,
    });
  });

  test('arguments of another form are ERR_PROFILE_INVALID, with their names', async () => {
    const certificate = source(alice);
    const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
      ['entity', () => sign('text' as never, { certificate })],
      ['settings', () => sign(message, undefined as never)],
      ['settings.certificate', () => sign(message, {} as never)],
      ['settings.certificate', () => sign(message, { certificate: 'alice.p12' } as never)],
      ['settings.hashAlgorithm', () => sign(message, { certificate, hashAlgorithm: 'md5' as never })],
      ['settings.format', () => sign(message, { certificate, format: 'Opaque' as never })],
      ['entity', () => encrypt('text' as never, [bob.der])],
      ['certificates', () => encrypt(message, certificatePem(bob) as never)],
      ['certificates.1', () => encrypt(message, [bob.der, { file: 'bob.pem' } as never])],
      ['settings.algorithm', () => encrypt(message, [bob.der], { algorithm: 'AES-256-CBC' as never })],
      ['settings.keyTransfer', () => encrypt(message, [bob.der], { keyTransfer: 'oaep' } as never)],
      ['message', () => verify('text' as never)],
      ['trustAnchors', () => verify(message, { trustAnchors: certificatePem(root) as never })],
      ['trustAnchors.0', () => verify(message, { trustAnchors: [1 as never] })],
      ['at', () => verify(message, { at: new Date('yesterday') })],
      ['at', () => verify(message, { at: '2030-01-01' as never })],
      ['message', () => decrypt('text' as never, source(bob))],
      ['recipient', () => decrypt(message, certificatePem(bob) as never)],
    ];
    for (const [path, call] of calls) {
      await expect(call(), path).rejects.toMatchObject({ code: 'ERR_PROFILE_INVALID', problems: [{ path }] });
    }
  });

  test('a date that is none does not make an expired certificate valid', async () => {
    const signed = await sign(message, { certificate: source(alice) });
    await expect(verify(signed, { trustAnchors: [root.der], at: new Date(NaN) })).rejects.toMatchObject({
      code: 'ERR_PROFILE_INVALID',
    });
  });

  test('no secret is in an error', async () => {
    const secret = keyPem(bob).split('\n')[1] ?? '';
    const error: unknown = await sign(message, {
      certificate: { data: certificatePem(alice), key: keyPem(bob) },
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'ERR_CERTIFICATE' });
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain(secret);
  });
});
