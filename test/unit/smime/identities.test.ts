/**
 * `decrypt` with a source of several identities: a renewed certificate, and the old one for mail encrypted earlier.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { CertificateSource, CertificateStore } from '../../../src/model/certificate.js';
import { decrypt } from '../../../src/smime/operations.js';
import { agreement, encryptCbc, envelopedData, skiOf, transport } from './forge.js';
import { authority, certificatePem, issue, keyPem, loaded } from './issue.js';
import type { Issued } from './issue.js';
import { cmsMessage } from './support.js';

const root = authority();
const day = 86_400_000;
const name = 'Bob';
const expired = issue({
  issuer: root,
  name,
  kind: 'rsa',
  from: new Date(Date.now() - 90 * day),
  to: new Date(Date.now() - day),
});
const current = issue({ issuer: root, name, kind: 'rsa' });
const next = issue({ issuer: root, name, kind: 'P-256', from: new Date(Date.now() + day) });
const all = [expired, current, next];
const stranger = issue({ issuer: root, name: 'Stranger', kind: 'rsa' });
const pem = (...issued: readonly Issued[]): string => issued.map((one) => certificatePem(one) + keyPem(one)).join('');

const body = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
const directory = mkdtempSync(join(tmpdir(), 'identities-'));
all.forEach((one, i) => writeFileSync(join(directory, `${i}.pem`), pem(one)));
writeFileSync(join(directory, 'all.txt'), pem(...all));
afterAll(() => rmSync(directory, { recursive: true }));

/** A message encrypted for these people. */
function messageFor(...recipients: readonly Issued[]): Buffer {
  const envelope = encryptCbc(body);
  const infos = recipients.map((one) =>
    one.key.publicKey.asymmetricKeyType === 'rsa'
      ? transport(one, envelope.key)
      : agreement(one, envelope.key, '1.3.132.1.11.1', undefined, true),
  );
  return cmsMessage(envelopedData(infos, envelope));
}

function storeOf(issued: readonly Issued[]): CertificateStore & { loads: number } {
  const entries = Promise.all(issued.map((one) => loaded(one)));
  return {
    loads: 0,
    list: async () => (await entries).map(({ info }) => info),
    async load(selector) {
      this.loads++;
      const found = (await entries).find(
        ({ info }) => !('fingerprint' in selector) || info.fingerprint === selector.fingerprint,
      );
      if (found === undefined) throw new Error('there is none');
      return found;
    },
  };
}

const sources: readonly (readonly [string, () => CertificateSource])[] = [
  ['text', () => ({ data: pem(...all) })],
  ['text, the new one last', () => ({ data: pem(...[...all].reverse()) })],
  ['a file', () => ({ file: join(directory, 'all.txt') })],
  [
    'a directory by address',
    () => ({ store: { type: 'directory', location: directory }, select: { email: 'somebody@example.com' } }),
  ],
  ['a directory by name', () => ({ store: { type: 'directory', location: directory }, select: { subject: 'Bob' } })],
  ['a store of the caller’s own', () => ({ store: storeOf(all), select: { subject: 'CN=Bob' } })],
];

describe.each(sources)('every identity of %s', (_, source) => {
  test.each([
    ['expired', expired],
    ['current', current],
    ['of the future', next],
  ])('a message for the one that is %s is decrypted', async (_name, recipient) => {
    expect(Buffer.from((await decrypt(messageFor(recipient), source())).content)).toEqual(body);
    expect(Buffer.from((await decrypt(messageFor(stranger, recipient), source())).content)).toEqual(body);
  });

  test('a message for none of them is not', async () => {
    await expect(decrypt(messageFor(stranger), source())).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringContaining('names 1 other recipients') as string,
    });
  });
});

describe('identities that are of no use', () => {
  test('one that is named and has no key is ERR_CERTIFICATE, unless another one decrypts', async () => {
    const data = certificatePem(expired) + pem(current);
    await expect(decrypt(messageFor(expired), { data: certificatePem(expired) })).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE',
      message: expect.stringContaining('no private key') as string,
    });
    expect(Buffer.from((await decrypt(messageFor(expired, current), { data })).content)).toEqual(body);
  });

  test('a key identifier finds the identity too (RFC 5652 section 6.2.1)', async () => {
    const envelope = encryptCbc(body);
    const cms = envelopedData([transport(expired, envelope.key, skiOf(expired))], envelope);
    expect(Buffer.from((await decrypt(cmsMessage(cms), { data: pem(...all) })).content)).toEqual(body);
  });

  test('a store of the caller’s own is asked for no entry that the message does not name', async () => {
    const store = storeOf([current, expired, next]);
    await decrypt(messageFor(expired), { store, select: { subject: 'CN=Bob' } });
    expect(store.loads).toBe(2);
    await decrypt(messageFor(current), { store, select: { subject: 'CN=Bob' } });
    expect(store.loads).toBe(3);
  });

  test('at most eight ways are tried, however many identities a message names', async () => {
    const envelope = encryptCbc(body);
    const wrong = transport(current, Buffer.alloc(16));
    const infos = [
      ...Array.from({ length: 4 }, () => wrong),
      ...Array.from({ length: 4 }, () => transport(expired, Buffer.alloc(16))),
    ];
    const good = transport(current, envelope.key);
    const data = pem(expired, current);
    const result = await decrypt(cmsMessage(envelopedData([...infos.slice(1), good], envelope)), { data });
    expect(Buffer.from(result.content)).toEqual(body);
    await expect(decrypt(cmsMessage(envelopedData([...infos, good], envelope)), { data })).rejects.toMatchObject({
      message: 'The message cannot be decrypted with this certificate and key.',
    });
  });
});
