import { appendFileSync, mkdtempSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import type { CertificateSource } from '../../../src/model/certificate.js';
import type { Certificate } from '../../../src/pki/x509/certificate.js';
import type { SmimeSignSettings } from '../../../src/model/settings/smime.js';
import { Known } from '../../../src/smime/known.js';
import { prepareEncrypter } from '../../../src/smime/encrypt/encrypter.js';
import type { EntitySigner } from '../../../src/smime/sign/signer.js';

function counter<T>(): { readonly make: () => Promise<T>; count: number } {
  const own = { count: 0, make: async (): Promise<T> => (own.count++, {} as T) };
  return own;
}

describe('what is remembered between calls', () => {
  const source = { data: 'certificate', key: 'key', password: 'one' };

  test('a signer, for as long as its object says the same', async () => {
    const known = new Known();
    const opened = counter<EntitySigner>();
    const certificate = { ...source };
    const settings: SmimeSignSettings = { certificate };
    const first = await known.signer(settings, opened.make);
    expect(await known.signer(settings, opened.make)).toBe(first);
    expect(opened.count).toBe(1);
    for (const change of [
      { password: 'two' },
      { key: 'other' },
      { data: 'otherkey', key: '' },
      { keyPassword: 'two' },
    ]) {
      Object.assign(certificate, change);
      await known.signer(settings, opened.make);
    }
    expect(opened.count).toBe(5);
    await known.signer({ ...settings, hashAlgorithm: 'sha512' }, opened.make);
    await known.signer({ certificate: { ...certificate } }, opened.make);
    expect(opened.count).toBe(7);
  });

  test('texts of two fields are not taken for one another', async () => {
    const known = new Known();
    const opened = counter<EntitySigner>();
    const certificate: { data: string; key?: string; password?: string } = { data: 'a', key: 'bc', password: 'd' };
    await known.signer({ certificate }, opened.make);
    Object.assign(certificate, { key: 'b', password: 'cd' });
    await known.signer({ certificate }, opened.make);
    Object.assign(certificate, { key: undefined, password: 'undefined' });
    await known.signer({ certificate }, opened.make);
    Object.assign(certificate, { key: 'undefined', password: undefined });
    await known.signer({ certificate }, opened.make);
    expect(opened.count).toBe(4);
  });

  test('no signer that failed, and none whose key may change behind its back', async () => {
    const known = new Known();
    const settings: SmimeSignSettings = { certificate: { ...source } };
    await expect(known.signer(settings, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const opened = counter<EntitySigner>();
    await known.signer(settings, opened.make);
    expect(opened.count).toBe(1);
    const elsewhere: SmimeSignSettings['certificate'][] = [
      { file: 'a' },
      { data: new Uint8Array(1) },
      { data: 'a', password: () => 'x' },
      { data: 'a', password: { env: 'X' } },
    ];
    for (const certificate of elsewhere) {
      await known.signer({ certificate }, opened.make);
      await known.signer({ certificate }, opened.make);
    }
    expect(opened.count).toBe(1 + 2 * elsewhere.length);
  });

  test('a signer whose identity stands in a file, for as long as size and time of its files stay the same', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'known-'));
    const at = (name: string): string => join(directory, name);
    try {
      for (const name of ['a.p12', 'a.key', 'word']) writeFileSync(at(name), name);
      const known = new Known();
      const opened = counter<EntitySigner>();
      const whole = { file: at('a.p12'), keyFile: at('a.key'), password: { file: at('word') }, keyPassword: 'key' };
      // Each call gets a new object, as in programs that write the settings where they sign.
      const countAfter = async (source: CertificateSource): Promise<number> => {
        for (let i = 0; i < 2; i++) await known.signer({ certificate: { ...source } }, opened.make);
        return opened.count;
      };
      expect(await countAfter(whole)).toBe(1);
      for (const [i, name] of ['a.p12', 'a.key', 'word'].entries()) {
        appendFileSync(at(name), 'x');
        expect(await countAfter(whole)).toBe(2 + i);
      }
      utimesSync(at('a.p12'), 1, 1);
      expect(await countAfter(whole)).toBe(5);
      expect(await countAfter({ ...whole, keyPassword: 'other' })).toBe(6);
      expect(await countAfter({ ...whole, password: 'text' })).toBe(7);
      vi.stubEnv('KNOWN_PASSWORD', 'one');
      const byVariable = { file: at('a.p12'), password: { env: 'KNOWN_PASSWORD' } };
      expect(await countAfter(byVariable)).toBe(8);
      vi.stubEnv('KNOWN_PASSWORD', 'two');
      expect(await countAfter(byVariable)).toBe(9);
      expect(await countAfter(whole)).toBe(9);
      expect(await countAfter({ file: at('a.p12'), password: () => 'word' })).toBe(11);
      unlinkSync(at('a.key'));
      expect(await countAfter(whole)).toBe(13);
    } finally {
      vi.unstubAllEnvs();
      rmSync(directory, { recursive: true });
    }
  });

  test('certificates by their text, but no text that holds a private key, and none that is long', async () => {
    const known = new Known();
    const read = counter<readonly Certificate[]>();
    for (const text of [
      'certificate',
      'certificate',
      '-----BEGIN PRIVATE KEY-----',
      '-----BEGIN PRIVATE KEY-----',
      'x'.repeat(100_000),
      'x'.repeat(100_000),
    ]) {
      await known.certificates(text, read.make);
    }
    expect(read.count).toBe(5);
  });

  test('an encrypter for each combination of settings', () => {
    const known = new Known();
    const one = known.encrypter({}, () => prepareEncrypter({}));
    expect(known.encrypter({}, () => prepareEncrypter({}))).toBe(one);
    expect(known.encrypter({ keyTransport: 'oaep' }, () => prepareEncrypter({ keyTransport: 'oaep' }))).not.toBe(one);
  });
});
