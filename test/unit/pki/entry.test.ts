import { describe, expect, it } from 'vitest';
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
    const { mkdtempSync, rmSync, writeFileSync } = await import('node:fs');
    const { tmpdir } = await import('node:os');
    const { join } = await import('node:path');
    const location = mkdtempSync(join(tmpdir(), 'store-'));
    writeFileSync(join(location, 'ann.pem'), certificate + key);
    const store = await openCertificateStore({ type: 'directory', location });
    expect(await store.list()).toMatchObject([{ emails: ['ann@example.com'], hasPrivateKey: true }]);
    rmSync(location, { recursive: true });
  });
});
