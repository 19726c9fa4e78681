import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fixture } from './fixtures.js';
import { loadCertificate, openCertificateStore } from '../../../src/smime.js';
import { createTestIdentities } from '../../../src/testing.js';
import type { CertificateSource, CertificateStoreReference } from '../../../src/index.js';

const { identities } = createTestIdentities('ann@example.com');
const { certificate, key } = [...identities.values()][0] as { certificate: string; key: string };

describe('the certificate functions of sealpost/smime', () => {
  it('load a certificate with its key', async () => {
    expect(await loadCertificate({ data: certificate, key })).toMatchObject({
      info: { emails: ['ann@example.com'], hasPrivateKey: true },
    });
  });

  it.each([
    [{}, /file|data|store/],
    [{ file: 'a', data: 'b' }, /./],
    [{ data: certificate, passwort: 'x' }, /passwort/],
    ['a.p12', /source/],
  ])('refuse %j as a source, naming what is wrong', async (source, words) => {
    await expect(loadCertificate(source as CertificateSource)).rejects.toMatchObject({
      code: 'ERR_PROFILE_INVALID',
      message: expect.stringMatching(words) as string,
    });
  });

  it('refuse a store of an unknown type, and give back one of the caller', async () => {
    await expect(
      openCertificateStore({ type: 'cloud', location: 'x' } as unknown as CertificateStoreReference),
    ).rejects.toMatchObject({ code: 'ERR_PROFILE_INVALID' });
    const own = { list: () => Promise.resolve([]), load: () => Promise.reject(new Error('none')) };
    expect(await openCertificateStore(own)).toBe(own);
  });

  it('list a store of a directory', async () => {
    const location = mkdtempSync(join(tmpdir(), 'store-'));
    writeFileSync(join(location, 'ann.pem'), certificate + key);
    const store = await openCertificateStore({ type: 'directory', location });
    expect(await store.list()).toMatchObject([{ emails: ['ann@example.com'], hasPrivateKey: true }]);
    rmSync(location, { recursive: true });
  });

  describe('list whatever a source holds', () => {
    interface Pem {
      readonly certificate: string;
      readonly key: string;
    }
    const two = createTestIdentities('ann@example.com', 'bob@example.com');
    const [ann, bob] = [...two.identities.values()] as [Pem, Pem];
    const both = `${ann.certificate}${bob.key}${ann.key}${bob.certificate}`;
    const folder = mkdtempSync(join(tmpdir(), 'store-'));
    afterAll(() => rmSync(folder, { recursive: true }));
    const fileOf = (name: string, content: string | Buffer): string => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const listOf = async (source: CertificateSource | CertificateStoreReference, password?: string) => {
      const store = await openCertificateStore(source, password === undefined ? {} : { password });
      return (await store.list()).map(({ emails, hasPrivateKey }) => `${emails[0]} ${hasPrivateKey}`).sort();
    };

    it.each<[string, () => CertificateSource, readonly string[]]>([
      ['a PEM file', () => ({ file: fileOf('both.pem', both) }), ['ann@example.com true', 'bob@example.com true']],
      [
        'a PEM file with a key file',
        () => ({
          file: fileOf('certificates.pem', ann.certificate + bob.certificate),
          keyFile: fileOf('bob.key', bob.key),
        }),
        ['ann@example.com false', 'bob@example.com true'],
      ],
      ['text', () => ({ data: both }), ['ann@example.com true', 'bob@example.com true']],
      ['text with a key', () => ({ data: ann.certificate, key: ann.key }), ['ann@example.com true']],
      [
        'a PKCS#12 file with its password',
        () => ({ file: fileOf('ann.p12', fixture('java.p12')), password: 'secret1' }),
        expect.arrayContaining(['ann@example.test true', 'bob@example.test true']) as string[],
      ],
      [
        'PKCS#7',
        () => ({ data: fixture('bundle.p7b') }),
        expect.arrayContaining(['ann@example.test false']) as string[],
      ],
      ['DER', () => ({ data: fixture('ann.der') }), ['ann@example.test false']],
    ])('%s', async (_, source, expected) => {
      expect(await listOf(source())).toEqual(expected);
    });

    it('and load from it by selector', async () => {
      const store = await openCertificateStore({ data: both });
      const loaded = await store.load({ email: 'bob@example.com' }, { purpose: 'sign' });
      expect([loaded.info.emails, loaded.privateKey === undefined]).toEqual([['bob@example.com'], false]);
      await expect(store.load({ email: 'eve@example.com' })).rejects.toMatchObject({
        code: 'ERR_CERTIFICATE',
        message: expect.stringContaining('it contains 2') as string,
      });
    });

    it('with the password of the options, which comes first', async () => {
      const file = fileOf('java.p12', fixture('java.p12'));
      expect(await listOf({ file, password: 'wrong' }, 'secret1')).toContain('bob@example.test true');
      await expect(listOf({ file })).rejects.toMatchObject({
        code: 'ERR_CERTIFICATE',
        message: expect.stringContaining(file) as string,
      });
    });

    it('or the store that it selects from', async () => {
      fileOf('list.pem', both);
      const source = { store: { type: 'directory', location: folder }, select: { email: 'ann@example.com' } } as const;
      expect(await listOf(source)).toContain('bob@example.com true');
    });

    it('and say where it cannot be read', async () => {
      await expect(listOf({ file: '/no/such/file.pem' })).rejects.toMatchObject({
        code: 'ERR_CERTIFICATE',
        message: '/no/such/file.pem: there is no such file',
      });
      await expect(
        openCertificateStore({ file: 'a', data: 'b' } as unknown as CertificateSource),
      ).rejects.toMatchObject({
        code: 'ERR_PROFILE_INVALID',
      });
    });
  });
});
