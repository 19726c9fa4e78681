import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CertificateStore } from '../../../../src/model/certificate.js';
import type { RecipientCertificates, SmimeEncryptSettings } from '../../../../src/model/settings/smime.js';
import { RecipientCache } from '../../../../src/pki/recipients/cache.js';
import { addressKey, unfitness } from '../../../../src/pki/recipients/candidates.js';
import { findRecipientCertificates, lookUpRecipients } from '../../../../src/pki/recipients/find.js';
import { openCertificateStore } from '../../../../src/pki/stores/open-store.js';
import { createEmailError } from '../../../../src/errors/email-error.js';
import { parseCertificate } from '../../../../src/pki/x509/certificate.js';
import type { Certificate } from '../../../../src/pki/x509/certificate.js';
import { children, readElement, sequence, wholeOf } from '../../../../src/util/der.js';
import { loadCertificate } from '../../../../src/pki/load-certificate.js';
import { issue, revocationList, root } from '../../../support/certificates.js';
import { errorOf, fixture } from '../fixtures.js';

const now = new Date('2024-06-01');
const never = new AbortController().signal;
const pem = (name: string): string =>
  `-----BEGIN CERTIFICATE-----\n${fixture(name).toString('base64')}\n-----END CERTIFICATE-----\n`;
const ann = 'ann@example.test';
const bob = 'bob@example.test';
const nobody = 'nobody@example.test';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealpost-test-'));
  writeFileSync(join(directory, 'ann.cer'), fixture('ann.der'));
  writeFileSync(join(directory, 'bob.pem'), pem('bob.der'));
  writeFileSync(join(directory, 'ca.p7b'), fixture('bundle.p7b'));
  writeFileSync(join(directory, 'secret.p12'), fixture('openssl-modern.p12'));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function find(
  certificates: RecipientCertificates | readonly RecipientCertificates[],
  addresses: readonly string[],
  settings: Partial<SmimeEncryptSettings> = {},
  cache?: RecipientCache,
) {
  const { byAddress, dropped, warnings } = await findRecipientCertificates(
    addresses,
    { certificates, ...settings },
    { now, cache },
  );
  return {
    found: Object.fromEntries([...byAddress].map(([address, { info }]) => [address, info.emails[0] ?? ''])),
    dropped,
    warnings,
  };
}

/** The RSA key with another exponent (an INTEGER in DER). */
function keyOf({ publicKey }: Certificate, exponent: Buffer): KeyObject {
  const pkcs1 = publicKey.export({ format: 'der', type: 'pkcs1' });
  const [modulus] = [...children(pkcs1, readElement(pkcs1, 0))].map((part) => wholeOf(pkcs1, part));
  return createPublicKey({ key: sequence(modulus as Buffer, exponent), format: 'der', type: 'pkcs1' });
}

describe("recipients' certificates", () => {
  it('takes one certificate for everybody, with a warning where it is for another address', async () => {
    const { found, warnings } = await find({ data: fixture('ann.der') }, [ann, bob]);
    expect(found).toEqual({ [ann]: ann, [bob]: ann });
    expect(warnings).toEqual([
      {
        code: 'WARN_CERTIFICATE_ADDRESS',
        message:
          'The certificate from the certificate of the profile that is used for bob@example.test is for ann@example.test.',
      },
    ]);
  });

  it('takes a PKCS#12 file, with the chain in it, as one certificate', async () => {
    expect((await find({ data: fixture('openssl-modern.p12'), password: 'secret1' }, [bob])).found).toEqual({
      [bob]: ann,
    });
  });

  it('matches a bundle by address, ASCII case ignored, the newest first', async () => {
    const { found, warnings } = await find(
      { data: pem('ann.der') + pem('ann-new.der') + pem('bob.der') + pem('sub.der') },
      ['ANN@example.TEST', 'Bob@Example.test'],
    );
    expect(found).toEqual({ 'ANN@example.TEST': 'Ann@Example.Test', 'Bob@Example.test': bob });
    expect(warnings).toEqual([]);
  });

  it('names everyone without a certificate, and why', async () => {
    const error = await errorOf(() => find({ data: pem('ann-expired.der') + pem('bob.der') }, [ann, bob, nobody]));
    expect(error.code).toBe('ERR_CERTIFICATE_MISSING');
    expect(error.recipients).toEqual([
      { recipient: ann, reason: 'the certificate O=Example,CN=Ann Example expired on 2023-01-01' },
      { recipient: nobody, reason: 'there is none in the certificate of the profile' },
    ]);
    expect([error.retryable, error.delivery]).toEqual([false, 'not-delivered']);
  });

  it("leaves recipients out with 'drop-recipient', and says so", async () => {
    const { found, dropped, warnings } = await find({ directory }, [ann, nobody], {
      onMissingCertificate: 'drop-recipient',
    });
    expect(found).toEqual({ [ann]: ann });
    expect(dropped.map(({ recipient }) => recipient)).toEqual([nobody]);
    expect(warnings[0]?.code).toBe('WARN_RECIPIENT_DROPPED');
  });

  it('drops no recipient because a source could not be asked', async () => {
    const failing = () => Promise.reject(createEmailError('ERR_CONNECT', 'down', { retryable: true }));
    const error = await errorOf(() => find(failing, [ann], { onMissingCertificate: 'drop-recipient' }));
    expect([error.code, error.recipients?.[0]?.reason]).toEqual([
      'ERR_CERTIFICATE_MISSING',
      expect.stringContaining('down'),
    ]);
  });

  it('asks sources in order, and goes on where one has nothing or fails', async () => {
    const asked: string[] = [];
    const first = (address: string): string[] => (asked.push(address), address === ann ? [pem('ann.der')] : []);
    const broken: RecipientCertificates = { file: '/no/such/file' };
    expect((await find([first, broken, { directory }], [ann, bob])).found).toEqual({ [ann]: ann, [bob]: bob });
    expect(asked).toEqual([ann, bob]);
    expect((await errorOf(() => find([first, broken], [bob]))).recipients?.[0]?.reason).toContain(
      'there is no such file',
    );
  });

  it('matches the files of a directory by the addresses inside, and asks for no password', async () => {
    expect((await find({ directory }, [ann, bob])).found).toEqual({ [ann]: ann, [bob]: bob });
  });

  it('finds in stores of ours and in those of others', async () => {
    const reference = { type: 'directory', location: directory } as const;
    expect((await find({ store: reference }, [ann])).found).toEqual({ [ann]: ann });
    const inner = await openCertificateStore(reference);
    const loads: unknown[] = [];
    const own: CertificateStore = {
      list: () => inner.list(),
      load: (selector, options) => (loads.push(selector), inner.load(selector, options)),
    };
    expect((await find({ store: own }, [ann, bob])).found).toEqual({ [ann]: ann, [bob]: bob });
    expect(loads).toHaveLength(2);
    expect((await find({ store: reference, select: { email: ann } }, [bob])).found).toEqual({ [bob]: ann });
  });

  it.each([
    [
      'a promise that rejects',
      () => Promise.reject(new Error('boom')),
      'the function of smime.encrypt.certificates failed: boom',
    ],
    ['no list', () => 'text' as never, 'did not return a list'],
    ['what is no certificate', () => [42 as never], 'not a certificate'],
    ['text that is no certificate', () => ['hello world, hello'], 'not recognised'],
    ['too many', () => Array.from({ length: 101 }, () => fixture('ann.der')), 'more than 100'],
  ])('reports a function that gives %s', async (_, source, reason) => {
    expect((await errorOf(() => find(source, [ann]))).recipients?.[0]?.reason).toContain(reason);
  });

  it('refuses who is revoked by a list that came along', async () => {
    const error = await errorOf(() =>
      find({ data: pem('ann-new.der') + pem('bob.der') + fixture('crl.pem').toString() }, [ann]),
    );
    expect(error.recipients?.[0]?.reason).toContain('was revoked');
    expect((await find({ data: fixture('people.p7b') }, [ann, bob])).found).toEqual({ [ann]: ann, [bob]: bob });
  });

  it('refuses who is revoked by a list that lies in a directory, or came with the trust anchors, in PEM or DER', async () => {
    const authority = root('Example CA');
    const revoked = issue({ subject: 'Ann', issuer: authority, emails: [ann], serial: 4711 });
    const list = revocationList(authority, [4711]);
    const place = mkdtempSync(join(tmpdir(), 'sealpost-test-'));
    writeFileSync(join(place, 'ann.cer'), revoked.der);
    const reason = async (
      certificates: RecipientCertificates,
      settings: Partial<SmimeEncryptSettings> = {},
    ): Promise<string | undefined> => (await lookUpRecipients([ann], { certificates, ...settings }))[0]?.reason;
    expect(await reason({ directory: place })).toBeUndefined();
    expect(await reason({ data: revoked.der }, { trustAnchors: [authority.der] })).toBeUndefined();
    expect(await reason({ data: revoked.der }, { trustAnchors: [authority.der, list] })).toContain('was revoked');
    writeFileSync(join(place, 'list.cer'), list);
    expect(await reason({ directory: place })).toContain('was revoked');
    expect(await reason({ store: { type: 'directory', location: place } })).toContain('was revoked');
    rmSync(place, { recursive: true });
  });

  it('refuses whom a list that is damaged may speak of', async () => {
    const authority = root('Example CA');
    const certificate = issue({ subject: 'Ann', issuer: authority, emails: [ann], serial: 4711 });
    const list = revocationList(authority, [4710, 4711]);
    const at = list.indexOf(Buffer.from('02021266', 'hex'));
    list[at + 1] = 0x7f;
    expect(
      (
        await lookUpRecipients([ann], { certificates: { data: certificate.der }, trustAnchors: [authority.der, list] })
      )[0]?.reason,
    ).toContain('a revocation list is damaged');
  });

  it('takes a self-signed certificate that calls itself an authority where it is the recipient’s', async () => {
    const self = root('Ann', { emails: [ann], keyUsage: undefined });
    const place = mkdtempSync(join(tmpdir(), 'sealpost-test-'));
    writeFileSync(join(place, 'ann.cer'), self.der);
    for (const certificates of [() => [self.der], { directory: place }] as const) {
      const found = await lookUpRecipients([ann, bob], { certificates });
      expect(found.map(({ certificate }) => certificate?.info.emails[0])).toEqual(
        certificates instanceof Function ? [ann, ann] : [ann, undefined],
      );
    }
    const authority = root('Example CA', { keyUsage: undefined });
    const expired = issue({ subject: 'Ann', issuer: authority, emails: [ann], to: new Date(Date.now() - 43_200_000) });
    expect((await lookUpRecipients([ann], { certificates: () => [expired.der, authority.der] }))[0]?.reason).toContain(
      'expired',
    );
    rmSync(place, { recursive: true });
  });

  it.each<[string, Partial<CertificateStore>, string]>([
    ['fails', { list: () => Promise.reject(new Error('HSM offline')) }, 'the store failed: HSM offline'],
    ['lists nothing', { list: () => Promise.resolve(undefined as never) }, 'the store returned no list'],
    ['loads nothing', { load: () => Promise.resolve(undefined as never) }, 'the store returned no certificate'],
    ['fails to load', { load: () => Promise.reject(new TypeError('no token')) }, 'the store failed: no token'],
  ])("reports a store of the caller's own that %s", async (_, broken, reason) => {
    const inner = await openCertificateStore({ type: 'directory', location: directory });
    const store: CertificateStore = {
      list: () => inner.list(),
      load: (selector, options) => inner.load(selector, options),
      ...broken,
    };
    const [found] = await lookUpRecipients([ann], { certificates: { store } }, { now });
    expect([found?.failure?.code, found?.reason]).toEqual(['ERR_CERTIFICATE', expect.stringContaining(reason)]);
    if (broken.load !== undefined)
      expect((await errorOf(() => loadCertificate({ store, select: { alias: 'x' } }))).message).toContain(reason);
  });

  it('checks paths where trust anchors are set, with what came along between', async () => {
    const bundle = { data: pem('ann.der') + pem('bob.der') + pem('sub.der') };
    expect((await find(bundle, [ann], { trustAnchors: [fixture('root.der')] })).found).toEqual({ [ann]: ann });
    const incomplete = { data: pem('ann.der') + pem('bob.der') };
    expect(
      (await errorOf(() => find(incomplete, [ann], { trustAnchors: [fixture('root.der')] }))).recipients?.[0]?.reason,
    ).toContain('is not trusted');
    expect((await errorOf(() => find(bundle, [ann], { trustAnchors: ['nothing at all, nothing'] }))).message).toContain(
      'smime.encrypt.trustAnchors.0',
    );
  });

  it('refuses kinds of keys and usages that cannot encrypt', async () => {
    expect(unfitness(await parseCertificate(fixture('eve.der')), now)).toContain('ed25519');
    const certificate = await parseCertificate(fixture('bob.der'));
    expect(unfitness(certificate, now)).toBeUndefined();
    expect(unfitness(certificate, new Date('2019-01-01'))).toBe('is not valid before 2020-01-01');
    expect(unfitness({ ...certificate, key: { ...certificate.key, bits: 1024 } }, now)).toContain(
      'weak RSA key of 1024 bits',
    );
    expect(unfitness({ ...certificate, publicKey: keyOf(certificate, Buffer.of(2, 1, 1)) }, now)).toContain('exponent');
    const unreadable = Object.defineProperties(
      {},
      {
        ...Object.getOwnPropertyDescriptors(certificate),
        publicKey: {
          get: () => {
            throw new Error('no point of the curve');
          },
        },
      },
    );
    expect(unfitness(unreadable as Certificate, now)).toContain('broken');
    expect(unfitness({ ...certificate, keyUsage: new Set(['digitalSignature']) }, now)).toContain(
      'lacks keyEncipherment',
    );
    expect(unfitness({ ...certificate, extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }, now)).toContain(
      'lacks emailProtection',
    );
    expect(unfitness({ ...certificate, extendedKeyUsage: ['2.5.29.37.0'] }, now)).toBeUndefined();
  });

  it('compares domains as A-labels, and local parts with ASCII case ignored', () => {
    expect(addressKey('Ann@BÜCHER.test')).toBe(addressKey('ann@xn--bcher-kva.test'));
    expect(addressKey('Änn@example.test')).not.toBe(addressKey('änn@example.test'));
  });

  it('looks each address up once', async () => {
    let asked = 0;
    await find(() => (asked++, [fixture('ann.der')]), [ann, ann, ann]);
    expect(asked).toBe(1);
  });

  it('gives a report without throwing for a recipient, and ends with its signal', async () => {
    const report = await lookUpRecipients([ann, nobody], { certificates: { directory } }, { now });
    expect(report.map(({ certificate }) => certificate === undefined)).toEqual([false, true]);
    const error = await errorOf(() =>
      lookUpRecipients([ann], { certificates: { directory } }, { now, signal: AbortSignal.abort() }),
    );
    expect(error.code).toBe('ERR_ABORTED');
  });
});

describe('the cache', () => {
  it('asks again only after its time, and at once for who had none', async () => {
    let time = 0;
    const cache = new RecipientCache({ ttlMs: 1000, clock: () => time });
    const asked: string[] = [];
    const source = (address: string): Uint8Array[] => (
      asked.push(address),
      address === ann ? [fixture('ann.der')] : []
    );
    const look = () => find(source, [ann, nobody], { onMissingCertificate: 'drop-recipient' }, cache);
    await look();
    time = 999;
    await look();
    expect(asked).toEqual([ann, nobody, nobody]);
    time = 1000;
    await look();
    expect(asked).toEqual([ann, nobody, nobody, ann, nobody]);
  });

  it('keeps no failure, and loads once for all waiting callers', async () => {
    const cache = new RecipientCache();
    const source = {};
    let loads = 0;
    const load = () => (loads++, Promise.reject(new Error('down')));
    await expect(cache.remember(source, 'a', never, load)).rejects.toThrow('down');
    await expect(cache.remember(source, 'a', never, load)).rejects.toThrow('down');
    expect(loads).toBe(2);
    const once = () => (loads++, Promise.resolve(1));
    expect(
      await Promise.all([cache.remember(source, 'b', never, once), cache.remember(source, 'b', never, once)]),
    ).toEqual([1, 1]);
    expect(loads).toBe(3);
  });

  it('does not give one caller the abort or the deadline of another', async () => {
    const cache = new RecipientCache();
    const source = {};
    const first = new AbortController();
    let answer = (_: string): void => {};
    let shared: AbortSignal | undefined;
    const load = (signal: AbortSignal) => ((shared = signal), new Promise<string>((resolve) => (answer = resolve)));
    const gone = cache.remember(source, 'a', first.signal, load);
    const other = cache.remember(source, 'a', never, () => Promise.reject(new Error('loaded twice')));
    first.abort(createEmailError('ERR_TIMEOUT', 'the deadline of one message'));
    await expect(gone).rejects.toThrow('deadline');
    expect(shared?.aborted).toBe(false);
    answer('found');
    expect(await other).toBe('found');
  });

  it('holds no more than its limit', async () => {
    const cache = new RecipientCache({ maxEntries: 10 });
    const source = {};
    let loads = 0;
    for (let i = 0; i < 100; i++) await cache.remember(source, `${i}`, never, () => (loads++, Promise.resolve(i)));
    await cache.remember(source, '95', never, () => (loads++, Promise.resolve(0)));
    expect(loads).toBe(100);
    await cache.remember(source, '5', never, () => (loads++, Promise.resolve(0)));
    expect(loads).toBe(101);
  });
});
