/**
 * NIST's Public Key Interoperability Test Suite, from a Debian package.
 * @module
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCertificate } from '../../src/pki/x509/certificate.js';
import type { Certificate } from '../../src/pki/x509/certificate.js';
import { parseRevocationList } from '../../src/pki/x509/crl.js';
import type { RevocationList } from '../../src/pki/x509/crl.js';
import { validatePath } from '../../src/pki/path/path.js';
import { verify } from '../../src/smime/operations.js';

const folder = mkdtempSync(join(tmpdir(), 'pkits-'));
const data = join(folder, 'image/usr/lib/python3/dist-packages/cryptography_vectors/x509/PKITS_data');
const certificates = new Map<string, Certificate>();
const lists: RevocationList[] = [];

beforeAll(async () => {
  const download = (): void =>
    void execFileSync('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', 'python3-cryptography-vectors'], {
      cwd: folder,
      stdio: 'pipe',
    });
  try {
    download();
  } catch {
    execFileSync('apt-get', ['update', '-q'], { stdio: 'pipe' });
    download();
  }
  const [archive = ''] = readdirSync(folder).filter((name) => name.endsWith('.deb'));
  execFileSync('dpkg-deb', ['-x', join(folder, archive), join(folder, 'image')]);
  for (const name of readdirSync(join(data, 'certs'))) {
    // Two certificates cannot be parsed because their signature is no BIT STRING of whole octets. Their tests expect a
    // refusal.
    const parsed = await parseCertificate(readFileSync(join(data, 'certs', name))).catch(() => undefined);
    if (parsed) certificates.set(name, parsed);
  }
  for (const name of readdirSync(join(data, 'crls')))
    lists.push(parseRevocationList(readFileSync(join(data, 'crls', name))));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('NIST PKITS', () => {
  it('comes out as the suite says', () => {
    const anchor = certificates.get('TrustAnchorRootCertificate.crt') as Certificate;
    const intermediates = [...certificates.values()];
    const mismatches: string[] = [];
    let judged = 0;
    for (const [name, leaf] of certificates) {
      const match = /^(Valid|Invalid).*Test\d+EE\.crt$/.exec(name);
      if (!match) continue;
      judged++;
      const { trusted, problem } = validatePath(leaf, {
        anchors: [anchor],
        intermediates,
        revocationLists: lists,
        at: new Date('2012-06-01'),
      });
      if (trusted !== (match[1] === 'Valid')) mismatches.push(`${name}: ${problem ?? 'trusted'}`);
    }
    expect(judged).toBeGreaterThanOrEqual(200);
    expect(mismatches).toEqual([]);
  });

  it('comes out so as signed messages too, each with its certificates and revocation lists inside', async () => {
    const anchor = readFileSync(join(data, 'certs/TrustAnchorRootCertificate.crt'));
    // Tests whose names do not say that they are invalid, without those for programs with their own policies (sections
    // 4.4.1 and 4.8).
    const alsoInvalid = /^Signed(MissingCRLTest1|DifferentPoliciesTest(4|5|7|8|9|12))\.eml$/;
    // Its signer is one of the certificates that cannot be parsed.
    const unreadable = 'SignedInvalidDSASignatureTest6.eml';
    const mismatches: string[] = [];
    const names = readdirSync(join(data, 'smime'));
    for (const name of names) {
      const { signatures } = await verify(readFileSync(join(data, 'smime', name)), {
        trustAnchors: [anchor],
        at: new Date('2012-06-01'),
      });
      const [result] = signatures;
      const expected = !name.startsWith('SignedInvalid') && !alsoInvalid.test(name);
      if (signatures.length !== 1 || result?.trusted !== expected)
        mismatches.push(`${name}: ${result?.problem ?? 'trusted'}`);
      else if (result.valid === (name === unreadable)) mismatches.push(`${name}: ${result.problem ?? 'not valid'}`);
    }
    expect(names.length).toBeGreaterThanOrEqual(220);
    expect(mismatches).toEqual([]);
  });
});
