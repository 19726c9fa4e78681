/**
 * Files of a few octets that demand minutes of key derivation, and large files that block the event loop.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pkcs12Derive, pbkdf2Derive } from '../../src/pki/formats/key-derivation.js';
import { bmpString } from '../../src/pki/formats/password.js';
import { WorkBudget } from '../../src/pki/formats/work-budget.js';
import { identitiesOf } from '../../src/pki/identities.js';
import { loadCertificate } from '../../src/pki/load-certificate.js';
import { lookUpRecipients } from '../../src/pki/recipients/find.js';
import { filePasswords } from '../../src/pki/loaded.js';
import { readDirectory } from '../../src/pki/stores/file-store.js';
import { openCertificateStore } from '../../src/pki/stores/open-store.js';
import * as der from '../../src/util/der.js';
import { issue, keyPair, root } from '../support/certificates.js';
import { cpuTimer } from '../support/cpu-time.js';
import { loopTurns } from '../support/loop-turns.js';
import { errorOf, fixture } from '../unit/pki/fixtures.js';
import { makePkcs12 } from '../unit/pki/formats/make-pkcs12.js';

const salt = der.octetString(Buffer.alloc(8));
const sha1 = der.sequence(der.oid('1.3.14.3.2.26'));

function pfx(algorithm: Buffer, rounds: number, contents: readonly Buffer[] = [], macSalt: Buffer = salt): Buffer {
  return der.sequence(
    der.integer(3),
    der.sequence(der.oid('1.2.840.113549.1.7.1'), der.context(0, der.octetString(der.sequence(...contents)))),
    der.sequence(der.sequence(algorithm, der.octetString(Buffer.alloc(20))), macSalt, der.integer(rounds)),
  );
}

/** A PKCS#12 without MAC, whose parts are encrypted under `algorithm`. */
function unsealed(algorithm: Buffer, count = 1, octets = 64): Buffer {
  const part = der.sequence(
    der.oid('1.2.840.113549.1.7.6'),
    der.context(
      0,
      der.sequence(
        der.integer(0),
        der.sequence(der.oid('1.2.840.113549.1.7.1'), algorithm, der.contextPrimitive(0, Buffer.alloc(octets))),
      ),
    ),
  );
  return der.sequence(
    der.integer(3),
    der.sequence(
      der.oid('1.2.840.113549.1.7.1'),
      der.context(0, der.octetString(der.sequence(...Array<Buffer>(count).fill(part)))),
    ),
  );
}

const pbkdf2 = (rounds: number, ...more: readonly Buffer[]): Buffer =>
  der.sequence(der.oid('1.2.840.113549.1.5.12'), der.sequence(salt, der.integer(rounds), ...more));
const pbes2 = (derivation: Buffer): Buffer =>
  der.sequence(
    der.oid('1.2.840.113549.1.5.13'),
    der.sequence(derivation, der.sequence(der.oid('2.16.840.1.101.3.4.1.42'), der.octetString(Buffer.alloc(16)))),
  );
const scrypt = (n: number, r: number, p: number): Buffer =>
  pbes2(
    der.sequence(der.oid('1.3.6.1.4.1.11591.4.11'), der.sequence(salt, der.integer(n), der.integer(r), der.integer(p))),
  );
const pbes1 = (scheme: string, rounds: number): Buffer =>
  der.sequence(der.oid(scheme), der.sequence(salt, der.integer(rounds)));
const pkcs8 = (algorithm: Buffer): Buffer => der.sequence(algorithm, der.octetString(Buffer.alloc(64)));
const pem = (bytes: Buffer, label: string): Buffer =>
  Buffer.from(`-----BEGIN ${label}-----\n${bytes.toString('base64')}\n-----END ${label}-----\n`);

const dear = 20_000_000;
const directories: string[] = [];
afterAll(() => directories.forEach((each) => rmSync(each, { recursive: true })));
function directoryOf(files: Readonly<Record<string, Buffer>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'sealpost-test-'));
  directories.push(directory);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(directory, name), bytes);
  return directory;
}

describe('a file that asks for minutes of work', () => {
  it.each<[string, () => Buffer]>([
    ['MAC of SHA-1', () => pfx(sha1, dear)],
    ['MAC of SHA-512', () => pfx(der.sequence(der.oid('2.16.840.1.101.3.4.2.3')), dear)],
    ['MAC of MD5', () => pfx(der.sequence(der.oid('1.2.840.113549.2.5')), dear)],
    [
      'PBMAC1',
      () =>
        pfx(
          der.sequence(
            der.oid('1.2.840.113549.1.5.14'),
            der.sequence(pbkdf2(dear, der.integer(32)), der.sequence(der.oid('1.2.840.113549.2.9'))),
          ),
          1,
        ),
    ],
    ['3DES of PKCS#12', () => unsealed(pbes1('1.2.840.113549.1.12.1.3', dear))],
    ['RC2-40 of PKCS#12', () => unsealed(pbes1('1.2.840.113549.1.12.1.6', dear))],
    ['PBES1 with MD5', () => unsealed(pbes1('1.2.840.113549.1.5.3', dear))],
    ['PBES2', () => unsealed(pbes2(pbkdf2(dear)))],
    ['scrypt of much time', () => unsealed(scrypt(1 << 14, 8, 2_000))],
    ['scrypt of much memory', () => unsealed(scrypt(2 ** 31, 8, 1))],
    ['an encrypted key', () => pkcs8(pbes2(pbkdf2(dear)))],
    ['an encrypted key of PBES1', () => pkcs8(pbes1('1.2.840.113549.1.5.10', dear))],
    ['many parts that each ask for a little less', () => unsealed(pbes2(pbkdf2(1_500_000)), 40)],
    ['a MAC whose salt is eight megabytes', () => pfx(sha1, 1_000, [], der.octetString(Buffer.alloc(8 << 20)))],
  ])('is refused before any of it is done: %s', async (_, make) => {
    for (const data of [make(), pem(make(), 'PKCS12'), Buffer.from(make().toString('base64'))]) {
      const elapsed = cpuTimer();
      expect((await errorOf(() => loadCertificate({ data, password: 'x' }))).code).toBe('ERR_CERTIFICATE');
      // The whole budget, plus the time to decode the megabytes.
      expect(elapsed()).toBeLessThan(3_000);
    }
  });

  it('is named, with what it asks for and what it may', async () => {
    const { message, remedy } = await errorOf(() => loadCertificate({ data: pfx(sha1, dear), password: 'x' }));
    expect(message).toContain('it requires 20000000 rounds of sha1');
    expect(message).toContain('of 2000');
    expect(remedy).toContain('fewer iterations');
  });

  it('spends one budget for all files of a directory, and no more', async () => {
    const files = Array.from({ length: 8 }, (_, i) => [
      `${i}.p12`,
      unsealed(pbes1('1.2.840.113549.1.12.1.3', 300_000 + i)),
    ]);
    const location = directoryOf({ ...Object.fromEntries(files), 'zoe.cer': fixture('ann.der') });
    const access = {
      passwords: filePasswords({ password: 'x' }, 'x', undefined),
      purpose: undefined,
      signal: undefined,
    };
    // Each file costs 100 ms.
    const { contents, skipped } = await readDirectory(location, /./, access, new WorkBudget(undefined, 250));
    expect(contents.certificates).toHaveLength(1);
    expect(skipped.map(({ message }) => (message.includes('rounds of sha1') ? 'refused' : 'tried'))).toEqual([
      'tried',
      'tried',
      ...Array<string>(6).fill('refused'),
    ]);
  });

  it('in place of a recipient’s certificate asks for nothing', async () => {
    const location = directoryOf({ 'a.pem': pfx(sha1, dear), 'b.cer': unsealed(pbes2(pbkdf2(dear))) });
    const elapsed = cpuTimer();
    const [found] = await lookUpRecipients(['ann@example.test'], { certificates: { directory: location } });
    expect(found?.certificate).toBeUndefined();
    expect(elapsed()).toBeLessThan(1_000);
  });

  it('costs nothing where another of its keys is meant', async () => {
    const [ann, bob] = ['ann', 'bob'].map((name) => {
      const keys = keyPair();
      const { der: certificate } = issue({
        subject: name,
        issuer: root('Authority'),
        keys,
        emails: [`${name}@example.test`],
      });
      return { certificate, pkcs8: keys.privateKey.export({ format: 'der', type: 'pkcs8' }) };
    });
    if (ann === undefined || bob === undefined) throw new Error('no identities');
    const location = join(
      directoryOf({
        'both.p12': makePkcs12(
          [
            { der: ann.certificate, localKeyId: 'a' },
            { der: bob.certificate, localKeyId: 'b' },
          ],
          [
            { der: ann.pkcs8, localKeyId: 'a', rounds: 1_000 },
            { der: bob.pkcs8, localKeyId: 'b', rounds: dear },
          ],
          'secret',
        ),
      }),
      'both.p12',
    );
    const store = await openCertificateStore({ type: 'pkcs12', location }, { password: 'secret' });
    expect((await store.list()).map(({ hasPrivateKey }) => hasPrivateKey)).toEqual([true, true]);
    const loaded = await store.load({ email: 'ann@example.test' }, { purpose: 'sign' });
    expect(ann.pkcs8.equals(loaded.privateKey as Buffer)).toBe(true);
    expect((await errorOf(() => store.load({ email: 'bob@example.test' }, { purpose: 'sign' }))).message).toContain(
      'rounds of PBKDF2',
    );
  });

  it('gives way to another identity of the same file, where any will do', async () => {
    const authority = root('Authority');
    const older = keyPair();
    const newer = keyPair();
    const certificateOf = (keys: typeof older, from: number): Buffer =>
      issue({ subject: 'Ann', issuer: authority, keys, from: new Date(from) }).der;
    const data = makePkcs12(
      [
        { der: certificateOf(older, Date.now() - 9e7), localKeyId: 'a' },
        { der: certificateOf(newer, Date.now() - 1e6), localKeyId: 'b' },
      ],
      [
        { der: older.privateKey.export({ format: 'der', type: 'pkcs8' }), localKeyId: 'a' },
        { der: newer.privateKey.export({ format: 'der', type: 'pkcs8' }), localKeyId: 'b', rounds: dear },
      ],
      'secret',
    );
    const loaded = await loadCertificate({ data, password: 'secret' }, { purpose: 'sign' });
    expect(older.privateKey.export({ format: 'der', type: 'pkcs8' }).equals(loaded.privateKey as Buffer)).toBe(true);
  });
});

describe('a file that is wrong about whose its keys are', () => {
  const authority = root('Authority');
  const people = ['ann', 'bob'].map((name) => {
    const keys = keyPair();
    const certificate = issue({ subject: name, issuer: authority, keys, emails: [`${name}@example.test`] }).der;
    return { certificate, key: keys.privateKey.export({ format: 'der', type: 'pkcs8' }) };
  });
  const [ann, bob] = people as [(typeof people)[0], (typeof people)[0]];

  it.each<[string, string | undefined, string | undefined, string | undefined, string | undefined]>([
    ['swapped', 'a', 'b', 'b', 'a'],
    ['the same for all', 'x', 'x', 'x', 'x'],
    ['none', undefined, undefined, undefined, undefined],
    ['of the key alone', undefined, undefined, 'a', 'b'],
    ['of a certificate that has no key', 'a', undefined, 'b', 'a'],
  ])(
    'gives each certificate its own key all the same: local key IDs %s',
    async (_, annId, bobId, annKeyId, bobKeyId) => {
      const data = makePkcs12(
        [
          { der: ann.certificate, localKeyId: annId },
          { der: bob.certificate, localKeyId: bobId },
        ],
        [
          { der: ann.key, localKeyId: annKeyId, rounds: 1_000 },
          { der: bob.key, localKeyId: bobKeyId, rounds: 2_000 },
        ],
        'secret',
      );
      const loaded = await loadCertificate({ data, password: 'secret' }, { purpose: 'sign' });
      const isAnn = ann.certificate.equals(Buffer.from(loaded.certificate));
      expect((isAnn ? ann : bob).key.equals(loaded.privateKey as Buffer)).toBe(true);
    },
  );
});

describe('a derivation that was costly', () => {
  const wanted = { hash: 'sha1', purpose: 1, length: 20 };
  const hardening = { salt: Buffer.from('costly-1'), rounds: 100_000 };

  it('is remembered for the same password, salt, rounds and purpose, and for no other', async () => {
    // One derivation costs 11 ms of this budget; the second is refused.
    const budget = (): WorkBudget => new WorkBudget(undefined, 15);
    const first = await pkcs12Derive(wanted, bmpString('p'), hardening, budget());
    const again = budget();
    for (let i = 0; i < 5; i++) {
      expect((await pkcs12Derive(wanted, bmpString('p'), hardening, again)).equals(first)).toBe(true);
    }
    const others: readonly Parameters<typeof pkcs12Derive>[] = [
      [wanted, bmpString('q'), hardening, again],
      [{ ...wanted, purpose: 3 }, bmpString('p'), hardening, again],
      [{ ...wanted, length: 19 }, bmpString('p'), hardening, again],
      [wanted, bmpString('p'), { ...hardening, rounds: 100_001 }, again],
      [wanted, bmpString('p'), { ...hardening, salt: Buffer.from('costly-2') }, again],
    ];
    const results = await Promise.all(others.map((each) => pkcs12Derive(...each).catch(() => 'refused')));
    expect(results.filter((each) => each === 'refused')).toHaveLength(4);
    for (const each of results) expect(each).not.toEqual(first);
  });

  it('is done once for all who ask at the same time, and outlives the first to give up', async () => {
    const controller = new AbortController();
    const slow = { salt: Buffer.from('shared-1'), rounds: 1_000_000 };
    const budget = (signal?: AbortSignal): WorkBudget => new WorkBudget(signal, 500);
    const elapsed = cpuTimer();
    const given = pkcs12Derive(wanted, bmpString('p'), slow, budget(controller.signal));
    const others = Array.from({ length: 20 }, () => pkcs12Derive(wanted, bmpString('p'), slow, budget()));
    setImmediate(() => controller.abort());
    expect((await errorOf(() => given)).code).toBe('ERR_ABORTED');
    expect(new Set((await Promise.all(others)).map((each) => each.toString('hex'))).size).toBe(1);
    // Twenty separate derivations would take 20 times 110 ms.
    expect(elapsed()).toBeLessThan(1_500);
  });

  it('is not mistaken for another kind of derivation', async () => {
    const budget = new WorkBudget(undefined, 1_000);
    const a = await pbkdf2Derive({ prf: 'sha1', length: 20 }, Buffer.from('p'), hardening, budget);
    const b = await pbkdf2Derive({ prf: 'sha256', length: 20 }, Buffer.from('p'), hardening, budget);
    const c = await pkcs12Derive(wanted, Buffer.from('p'), hardening, budget);
    expect(new Set([a, b, c].map((each) => each.toString('hex'))).size).toBe(3);
  });
});

describe('the event loop', () => {
  it.each<[string, () => Promise<unknown>]>([
    [
      'derivation with SHA-1',
      () =>
        pkcs12Derive(
          { hash: 'sha1', purpose: 1, length: 20 },
          bmpString('loop'),
          { salt: Buffer.alloc(8), rounds: 2_000_000 },
          new WorkBudget(),
        ),
    ],
    [
      'derivation with SHA-512',
      () =>
        pkcs12Derive(
          { hash: 'sha512', purpose: 1, length: 64 },
          bmpString('loop'),
          { salt: Buffer.alloc(8), rounds: 200_000 },
          new WorkBudget(),
        ),
    ],
    ['eight megabytes under 3DES', () => decrypted('1.2.840.113549.1.12.1.3')],
    ['eight megabytes under RC2', () => decrypted('1.2.840.113549.1.12.1.5')],
  ])('is not held for long by %s', async (_, work) => {
    // Without pauses the loop turns once or twice.
    expect(await loopTurns(work)).toBeGreaterThanOrEqual(5);
  });

  function decrypted(scheme: string): Promise<unknown> {
    const data = unsealed(pbes1(scheme, 1), 1, 8 << 20);
    return loadCertificate({ data, password: 'x' }).catch(() => undefined);
  }

  const pairs = Array.from({ length: 300 }, keyPair);
  const issuer = root('Authority');
  const certificates = pairs.map((keys) => ({ der: issue({ subject: 'x', issuer, keys }).der }));

  it('is not held by hundreds of certificates and keys, which are matched by their public keys', async () => {
    const keys = pairs
      .map(({ privateKey }) => privateKey.export({ format: 'der', type: 'pkcs8' }))
      .reverse()
      .map((each) => ({ open: () => Promise.resolve(each) }));
    const elapsed = cpuTimer();
    let found = 0;
    const turns = await loopTurns(async () => {
      const { identities } = await identitiesOf({ certificates, keys });
      found = identities.filter(({ openKey }) => openKey !== undefined).length;
    });
    expect(found).toBe(300);
    expect(turns).toBeGreaterThanOrEqual(5);
    expect(elapsed()).toBeLessThan(3_000);
  });
});
