import { describe, expect, it } from 'vitest';
import { createSecureContext } from 'node:tls';
import type { CertificateSource, CertificateStore } from '../../../src/model/certificate.js';
import { loadBundleCached } from '../../../src/pki/cached-bundle.js';
import { loadCertificateCached } from '../../../src/pki/cached.js';
import { loadCertificate } from '../../../src/pki/load-certificate.js';
import { loadTlsIdentity } from '../../../src/pki/tls-identity.js';
import { errorOf, fixture } from './fixtures.js';

const source: CertificateSource = { data: fixture('openssl-modern.p12'), password: 'secret1', cache: true };
const gone: CertificateSource = { file: '/no/such/file.p12', cache: true };
const base = { profileName: 'office', slot: 'smime.sign.certificate', purpose: 'sign' } as const;

function memoryStore() {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    loadCached: (profile: string, slot: string) => Promise.resolve(kept.get(`${profile}/${slot}`)),
    saveCached: (profile: string, slot: string, data: Uint8Array | undefined) => {
      if (data === undefined) kept.delete(`${profile}/${slot}`);
      else kept.set(`${profile}/${slot}`, Uint8Array.from(data));
      return Promise.resolve();
    },
  };
}

describe('cache: true', () => {
  it('keeps certificate, chain and key, and uses them where the file is out of reach', async () => {
    const store = memoryStore();
    const first = await loadCertificateCached(source, { ...base, store });
    expect([...store.kept.keys()]).toEqual(['office/smime.sign.certificate']);
    const second = await loadCertificateCached(gone, { ...base, store });
    expect(second.info).toEqual(first.info);
    expect(Buffer.from(second.certificate)).toEqual(Buffer.from(first.certificate));
    expect(second.chain.map((der) => Buffer.from(der))).toEqual(first.chain.map((der) => Buffer.from(der)));
    expect(Buffer.from(second.privateKey as Uint8Array)).toEqual(Buffer.from(first.privateKey as Uint8Array));
  });

  it('is refreshed from the source, and keeps the copy where that fails', async () => {
    const store = memoryStore();
    await loadCertificateCached(source, { ...base, store });
    expect((await errorOf(() => loadCertificateCached(gone, { ...base, store, refresh: true }))).message).toContain(
      'no such file',
    );
    expect((await loadCertificateCached(gone, { ...base, store })).info.alias).toBe('ann');
    const other: CertificateSource = { data: fixture('bob.der'), key: fixture('bob.p8'), cache: true };
    await loadCertificateCached(other, { ...base, store, refresh: true });
    expect((await loadCertificateCached(gone, { ...base, store })).info.emails).toEqual(['bob@example.test']);
  });

  it('is ERR_PROFILE_INVALID without a store, and nothing without the setting', async () => {
    const error = await errorOf(() => loadCertificateCached(source, { ...base, store: undefined }));
    expect([error.code, error.problems?.[0]?.path]).toEqual(['ERR_PROFILE_INVALID', 'smime.sign.certificate.cache']);
    const store = memoryStore();
    await loadCertificateCached({ ...source, cache: false }, { ...base, store });
    expect(store.kept.size).toBe(0);
  });

  it('is ERR_STORE where the store fails or the copy is damaged', async () => {
    const failing = {
      loadCached: () => Promise.reject(new Error('disk')),
      saveCached: () => Promise.reject(new Error('disk')),
    };
    expect((await errorOf(() => loadCertificateCached(source, { ...base, store: failing }))).code).toBe('ERR_STORE');
    expect(
      (await errorOf(() => loadCertificateCached(source, { ...base, store: failing, refresh: true }))).message,
    ).toContain('could not be written: disk');
    const store = memoryStore();
    await loadCertificateCached(source, { ...base, store });
    const [key = '', copy = new Uint8Array()] = [...store.kept][0] ?? [];
    for (const length of [0, 1, 10, 200, copy.length - 1]) {
      store.kept.set(key, copy.subarray(0, length));
      expect((await errorOf(() => loadCertificateCached(source, { ...base, store }))).code, `${length}`).toBe(
        'ERR_STORE',
      );
    }
  });

  it.each([null, 'text', {}])('is ERR_STORE where the store gives %j', async (copy) => {
    const store = { loadCached: () => Promise.resolve(copy as never), saveCached: () => Promise.resolve() };
    expect((await errorOf(() => loadCertificateCached(source, { ...base, store }))).code).toBe('ERR_STORE');
    expect((await errorOf(() => loadBundleCached(source, { ...base, store }))).code).toBe('ERR_STORE');
  });

  it('keeps no copy of a key that does not leave its device', async () => {
    const loaded = await loadCertificate({ data: fixture('ann.der') });
    const device: CertificateStore = {
      list: () => Promise.resolve([]),
      load: () => Promise.resolve({ ...loaded, privateKey: { sign: () => Promise.resolve(new Uint8Array()) } }),
    };
    const error = await errorOf(() =>
      loadCertificateCached({ store: device, select: { alias: 'x' }, cache: true }, { ...base, store: memoryStore() }),
    );
    expect([error.code, error.message]).toEqual([
      'ERR_CERTIFICATE',
      expect.stringContaining('cannot be exported from its device'),
    ]);
  });
});

describe('a TLS client identity', () => {
  it.each(['openssl-modern.p12', 'openssl-rc4-40.p12', 'openssl-2des.p12'])(
    'is made of %s, chain included',
    async (name) => {
      const { cert, key } = await loadTlsIdentity({ data: fixture(name), password: 'secret1' });
      expect(cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
      expect(() => createSecureContext({ cert, key })).not.toThrow();
    },
  );

  it('needs the key itself', async () => {
    const error = await errorOf(() => loadTlsIdentity({ data: fixture('ann.der') }));
    expect(error.message).toContain('server.tls.clientCertificate: ');
    expect(error.message).toContain('no private key');
    const loaded = await loadCertificate({ data: fixture('ann.der') });
    const device: CertificateStore = {
      list: () => Promise.resolve([]),
      load: () => Promise.resolve({ ...loaded, privateKey: { sign: () => Promise.resolve(new Uint8Array()) } }),
    };
    expect((await errorOf(() => loadTlsIdentity({ store: device, select: { alias: 'x' } }))).message).toContain(
      'TLS needs the private key itself',
    );
  });
});

describe('cache: true for a bundle of recipients', () => {
  it('keeps every certificate, the chain and the revocation lists, but no key', async () => {
    const store = memoryStore();
    const slot = 'smime.encrypt.certificates';
    await loadBundleCached({ data: fixture('people.p7b'), cache: true }, { profileName: 'office', slot, store });
    const copy = await loadBundleCached({ file: '/no/such/file', cache: true }, { profileName: 'office', slot, store });
    const text = String((copy as { data?: unknown }).data);
    expect([
      text.match(/BEGIN CERTIFICATE/g)?.length,
      text.match(/BEGIN X509 CRL/g)?.length,
      text.includes('PRIVATE KEY'),
    ]).toEqual([5, 1, false]);
  });
});
