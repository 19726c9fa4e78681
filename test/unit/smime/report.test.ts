import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { SmimeReport } from '../../../src/model/report.js';
import { parseCertificate } from '../../../src/pki/x509/certificate.js';
import { checkEncryption, checkSigning } from '../../../src/smime/report.js';
import { prepareSigner } from '../../../src/smime/sign/signer.js';
import { authority, issue, loaded, makeKey } from './issue.js';
import { never } from './support.js';

const root = authority();
const day = 86_400_000;
const settings = { certificate: { data: '' } } as const;
/** The page that documents the codes of problems. */
const reference = readFileSync(new URL('../../../docs/reference/smime.md', import.meta.url), 'utf8');
const codes = ({ problems }: SmimeReport) => problems.map(({ severity, code }) => `${severity} ${code}`);

describe('checkSigning', () => {
  test('a good identity has no problems, in every format', async () => {
    const own = await loaded(issue({ issuer: root, email: 'Alice@example.com' }));
    for (const format of ['detached', 'opaque'] as const) {
      const report = await checkSigning(
        own,
        { ...settings, format, includeCertificate: false },
        'alice@example.com',
        never,
      );
      expect(report).toMatchObject({ ok: true, missing: [], problems: [], certificates: [{ hasPrivateKey: true }] });
    }
  });

  test.each([
    [{ to: new Date(Date.now() - 43_200_000) }, 'error CERTIFICATE_EXPIRED'],
    [{ from: new Date(Date.now() + day) }, 'error CERTIFICATE_NOT_YET_VALID'],
    [{ to: new Date(Date.now() + 10 * day) }, 'warning CERTIFICATE_EXPIRES_SOON'],
    [{ keyUsage: 0x20 }, 'error KEY_USAGE'],
    [{ purposes: ['1.3.6.1.5.5.7.3.1'] }, 'error EXTENDED_KEY_USAGE'],
    [{ email: 'other@example.com' }, 'warning ADDRESS_MISMATCH'],
    [{ kind: 'rsa1024' }, 'warning WEAK_KEY'],
    [{ kind: 'rsa512' }, 'error WEAK_KEY'],
    [{ kind: 'x25519', keyUsage: 0x80 }, 'error KEY_KIND'],
  ] as const)('%j: %s', async (options, expected) => {
    const own = await loaded(issue({ issuer: root, email: 'alice@example.com', ...options }));
    const report = await checkSigning(own, settings, 'alice@example.com', never);
    expect(codes(report)).toEqual([expected]);
    expect(report.ok).toBe(expected.startsWith('warning'));
    expect(report.problems[0]?.remedy).toMatch(/\.$/);
    await expect(prepareSigner(own, settings).then((signer) => signer.addressWarnings(['alice@example.com'])))[
      expected.startsWith('warning') ? 'resolves' : 'rejects'
    ].toMatchObject(
      expected.startsWith('error')
        ? { code: 'ERR_CERTIFICATE', remedy: report.problems[0]?.remedy }
        : expected.endsWith('ADDRESS_MISMATCH')
          ? [{ code: 'WARN_CERTIFICATE_ADDRESS' }]
          : [],
    );
  });

  test('From and Sender are compared with the certificate: one of them is enough (RFC 8550 section 3)', async () => {
    const signer = await prepareSigner(await loaded(issue({ issuer: root, email: 'Alice@example.com' })), settings);
    for (const good of [['alice@example.com'], ['other@example.com', 'ALICE@EXAMPLE.COM']])
      expect(signer.addressWarnings(good)).toEqual([]);
    for (const bad of [['other@example.com'], ['alice@example.org', 'b@example.com']])
      expect(signer.addressWarnings(bad)).toMatchObject([
        {
          code: 'WARN_CERTIFICATE_ADDRESS',
          message: `The signing certificate is for Alice@example.com, not for ${bad.join(' or ')}.`,
        },
      ]);
  });

  test('a missing key, a key of another certificate, SHA-1 and a device that fails are named', async () => {
    const own = await loaded(issue({ issuer: root, email: 'alice@example.com' }));
    const { privateKey: _, ...keyless } = own;
    expect(codes(await checkSigning(keyless, settings, 'alice@example.com', never))).toEqual(['error KEY_MISSING']);
    const wrong = { ...own, privateKey: makeKey('P-256').privateKey.export({ format: 'der', type: 'pkcs8' }) };
    expect(codes(await checkSigning(wrong, settings, 'alice@example.com', never))).toEqual(['error SIGNING_FAILED']);
    expect(codes(await checkSigning(own, { ...settings, hashAlgorithm: 'sha1' }, 'alice@example.com', never))).toEqual([
      'warning WEAK_HASH',
    ]);
    const device = { ...own, privateKey: { sign: () => Promise.reject(new Error('no card')) } };
    const report = await checkSigning(device, settings, 'alice@example.com', never);
    expect(report.problems).toMatchObject([
      { code: 'SIGNING_FAILED', message: expect.stringContaining('no card') as string },
    ]);
    await expect(checkSigning(device, settings, 'alice@example.com', AbortSignal.abort())).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    });
  });
});

describe('checkEncryption', () => {
  test('names everyone without a usable certificate, and encrypts a sample for the others', async () => {
    const good = await parseCertificate(issue({ issuer: root, email: 'bob@example.com' }).der);
    const expired = await parseCertificate(
      issue({ issuer: root, email: 'carol@example.com', to: new Date(Date.now() - 43_200_000) }).der,
    );
    const bob = { address: 'bob@example.com', certificate: good };
    const report = await checkEncryption(
      [bob, { address: 'carol@example.com', certificate: expired }, { address: 'dave@example.com' }],
      { algorithm: 'des-ede3-cbc' },
      never,
    );
    expect(report).toMatchObject({ ok: false, missing: ['carol@example.com', 'dave@example.com'] });
    expect(codes(report)).toEqual(['error CERTIFICATE_EXPIRED', 'error CERTIFICATE_MISSING', 'warning WEAK_CIPHER']);
    expect(report.certificates).toHaveLength(2);
    expect(await checkEncryption([bob], {}, never)).toMatchObject({
      ok: true,
      missing: [],
      problems: [],
    });
  });

  test('an address that is not in the certificate is a warning', async () => {
    const shared = await parseCertificate(issue({ issuer: root, email: 'office@example.com' }).der);
    const report = await checkEncryption([{ address: 'bob@example.com', certificate: shared }], {}, never);
    expect(codes(report)).toEqual(['warning ADDRESS_MISMATCH']);
    expect(report.ok).toBe(true);
  });
});

describe('a report', () => {
  test('prints itself: certificates, problems with their remedies, who is missing, and the outcome', async () => {
    const own = await loaded(issue({ issuer: root, name: 'Al\nice', email: 'other@example.com' }));
    const text = String(await checkSigning(own, { ...settings, hashAlgorithm: 'sha1' }, 'alice@example.com', never));
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/^cert CN=Al.*ice \(other@example\.com\), until \d{4}-\d\d-\d\d, SHA-256 [0-9A-F:]{95}$/),
      'warn ADDRESS_MISMATCH: The certificate is for other@example.com, not for alice@example.com.',
      expect.stringMatching(/^ {5}-> Sign with a certificate of the sender/),
      'warn WEAK_HASH: Messages are signed with SHA-1, which can be forged.',
      expect.stringMatching(/^ {5}-> Leave out smime\.sign\.hashAlgorithm/),
      'ok',
    ]);
    const missing = await checkEncryption([{ address: 'bob@example.com' }], {}, never);
    expect(String(missing)).toMatch(
      /^FAIL CERTIFICATE_MISSING: .*bob@example\.com\.\n {5}-> .*\nwithout a usable certificate: bob@example\.com\nnot ok$/,
    );
    expect(Object.keys(missing)).toEqual(['ok', 'certificates', 'missing', 'problems']);
    expect(JSON.parse(JSON.stringify(missing))).toMatchObject({ ok: false, missing: ['bob@example.com'] });
  });

  test('has no code that is not documented', () => {
    const sources = ['report.ts', 'usability.ts', '../protection/profile-protection.ts']
      .map((path) => readFileSync(new URL(`../../../src/smime/${path}`, import.meta.url), 'utf8'))
      .join('');
    const found = new Set(
      [...sources.matchAll(/(?:code: |add\((?:'\w+'|severity), )'([A-Z_]+)'/g)].map(([, code = '']) => code),
    );
    expect(found.size).toBeGreaterThan(12);
    for (const code of found) if (!code.startsWith('WARN_')) expect(reference).toContain(`| \`${code}\` |`);
  });
});
