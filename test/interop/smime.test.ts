/**
 * S/MIME with openssl, NSS, gpgsm and BouncyCastle in both directions. A row lists the abilities of each tool, so that
 * a change in a tool is noticed. docs/reference/smime.md has the same table.
 * @module
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EncryptionAlgorithm, SmimeSignSettings } from '../../src/model/settings/smime.js';
import { parseCertificate } from '../../src/pki/x509/certificate.js';
import { prepareEncrypter } from '../../src/smime/encrypt/encrypter.js';
import { findSmime } from '../../src/smime/entity/find-smime.js';
import { decrypt, verify } from '../../src/smime/operations.js';
import { prepareSigner } from '../../src/smime/sign/signer.js';
import { authority, certificatePem, issue, keyPem, loaded } from '../unit/smime/issue.js';
import type { Issued } from '../unit/smime/issue.js';
import { cmsMessage, entityOf, messageOf, never, plainText, streamed, textOf } from '../unit/smime/support.js';
import { CmsTools, tools } from './cms-tools.js';
import type { Tool } from './cms-tools.js';

const root = authority('Interop Root');
const person = (kind: 'rsa' | 'rsa-pss' | 'P-256' | 'P-384' | 'P-521' | 'ed25519'): Issued =>
  issue({ kind, issuer: root, name: kind, email: `${kind}@example.com` });
const people = {
  rsa: person('rsa'), 'rsa-pss': person('rsa-pss'), 'P-256': person('P-256'), 'P-384': person('P-384'), 'P-521': person('P-521'), ed25519: person('ed25519'),
} as const; // prettier-ignore
type Person = keyof typeof people;
let cms: CmsTools;
beforeAll(() => {
  cms = new CmsTools(root, people);
}, 120_000);
afterAll(() => cms.close());

const content = Buffer.from(textOf(entityOf()), 'latin1');
const source = (who: Person) => ({ data: certificatePem(people[who]), key: keyPem(people[who]) });
const isRsa = (who: Person): boolean => who.startsWith('rsa');

/** 'ongb' for openssl, NSS, gpgsm, BouncyCastle: a letter for each tool that accepts, `-` for the others. */
function accepted(check: (tool: Tool) => boolean): string {
  return tools.map((tool) => (check(tool) ? tool.charAt(0) : '-')).join('');
}

describe('our signatures, by tool', () => {
  const rows: readonly (readonly [Person, Partial<SmimeSignSettings>, string, string])[] = [
    ['rsa', { hashAlgorithm: 'sha1' }, 'ongb', 'ongb'],
    ['rsa', {}, 'ongb', 'ongb'],
    ['rsa', { hashAlgorithm: 'sha384' }, 'ongb', 'ongb'],
    ['rsa', { hashAlgorithm: 'sha512' }, 'ongb', 'ongb'],
    ['rsa', { scheme: 'pss' }, 'ongb', 'ongb'],
    ['rsa', { scheme: 'pss', hashAlgorithm: 'sha512' }, 'ongb', 'ongb'],
    ['rsa-pss', {}, 'o-gb', 'o-gb'],
    ['P-256', {}, 'ongb', 'ongb'],
    ['P-384', { hashAlgorithm: 'sha384' }, 'ongb', 'ongb'],
    ['P-521', { hashAlgorithm: 'sha512' }, 'on-b', 'on-b'],
    ['ed25519', {}, '---b', '---b'],
  ];
  for (const [who, settings, detached, opaque] of rows) {
    test(`${who} ${JSON.stringify(settings)}`, async () => {
      const seen: string[] = [];
      const expected: string[] = [];
      for (const format of ['detached', 'opaque'] as const) {
        const signer = await prepareSigner(await loaded(people[who]), {
          certificate: { data: '' },
          ...settings,
          format,
        });
        const isPlain = Object.keys(settings).length === 0;
        for (const entity of [entityOf(), ...(isPlain ? [entityOf(streamed(plainText), plainText.length)] : [])]) {
          expected.push(format === 'detached' ? detached : opaque);
          const found = findSmime(await messageOf(await signer.sign(entity, never)));
          if (found === undefined) throw new Error('not signed');
          seen.push(
            accepted((tool) =>
              found.kind === 'detached'
                ? cms.verify(tool, found.signature, found.contents[0])
                : cms.verify(tool, found.cms, undefined),
            ),
          );
        }
      }
      expect(seen).toEqual(expected);
    });
  }

  test('a content with another byte is accepted by none', async () => {
    const signer = await prepareSigner(await loaded(people.rsa), { certificate: { data: '' } });
    const found = findSmime(await messageOf(await signer.sign(entityOf(), never)));
    if (found?.kind !== 'detached') throw new Error('not detached');
    const changed = Buffer.from(found.contents[0] as Buffer);
    changed[changed.length - 3] = 0x21;
    expect(accepted((tool) => cms.verify(tool, found.signature, changed))).toBe('----');
  });
});

describe('our encryption, by tool', () => {
  const rows: readonly (readonly [Person, EncryptionAlgorithm, 'pkcs1' | 'oaep', string])[] = [
    ['rsa', 'aes-128-cbc', 'pkcs1', 'ongb'],
    ['rsa', 'aes-192-cbc', 'pkcs1', 'ongb'],
    ['rsa', 'aes-256-cbc', 'pkcs1', 'ongb'],
    ['rsa', 'des-ede3-cbc', 'pkcs1', 'ongb'],
    ['rsa', 'aes-256-cbc', 'oaep', 'o--b'],
    ['rsa', 'aes-128-gcm', 'pkcs1', 'o--b'],
    ['rsa', 'aes-256-gcm', 'oaep', 'o--b'],
    ['P-256', 'aes-128-cbc', 'pkcs1', 'o--b'],
    ['P-256', 'aes-256-cbc', 'pkcs1', 'o--b'],
    ['P-256', 'aes-256-gcm', 'pkcs1', 'o--b'],
    ['P-256', 'des-ede3-cbc', 'pkcs1', 'o--b'],
    ['P-384', 'aes-256-cbc', 'pkcs1', 'o--b'],
    ['P-521', 'aes-256-cbc', 'pkcs1', 'o--b'],
  ];
  for (const [who, algorithm, keyTransport, expected] of rows) {
    test(`${who} ${algorithm} ${keyTransport}`, async () => {
      const encrypter = prepareEncrypter({ algorithm, keyTransport });
      const recipient = await parseCertificate(people[who].der);
      const alsoStreamed = algorithm.startsWith('aes-256') ? [entityOf(streamed(plainText), plainText.length)] : [];
      for (const entity of [entityOf(), ...alsoStreamed]) {
        const found = findSmime(await messageOf(await encrypter.encrypt(entity, [recipient], never)));
        if (found?.kind !== 'cms') throw new Error('not encrypted');
        const reads = (tool: Tool): boolean =>
          cms.decrypt(tool, found.cms, who, isRsa(who) ? 'RSA' : 'EC')?.equals(content) === true;
        expect(accepted(reads)).toBe(expected);
      }
    });
  }
});

async function checkSigned(signature: Buffer): Promise<void> {
  const result = await verify(cmsMessage(signature), { trustAnchors: [certificatePem(root)] });
  expect(result.signatures).toMatchObject([{ valid: true, trusted: true }]);
  expect(Buffer.from(result.content)).toEqual(content);
}
async function checkDecrypted(encrypted: Buffer, who: Person): Promise<void> {
  expect(Buffer.from((await decrypt(cmsMessage(encrypted), source(who))).content)).toEqual(content);
}

describe('signatures of others', () => {
  const signer = (who: Person): readonly string[] => [
    '-signer',
    cms.path(`${who}.pem`),
    '-inkey',
    cms.path(`${who}.key`),
  ];
  const opensslRows: readonly (readonly [Person, readonly string[]])[] = [
    ['rsa', ['-md', 'sha1']],
    ['rsa', ['-md', 'sha256']],
    ['rsa', ['-md', 'sha512', '-stream', '-indef']],
    ['rsa', ['-md', 'sha256', '-keyopt', 'rsa_padding_mode:pss']],
    ['rsa', ['-md', 'sha512', '-keyopt', 'rsa_padding_mode:pss', '-keyopt', 'rsa_mgf1_md:sha1']],
    ['rsa', ['-md', 'sha256', '-keyid']],
    ['rsa', ['-md', 'sha256', '-noattr']],
    ['rsa-pss', ['-md', 'sha256', '-keyopt', 'rsa_padding_mode:pss']],
    ['P-256', ['-md', 'sha256']],
    ['P-384', ['-md', 'sha384']],
    ['P-521', ['-md', 'sha512', '-stream', '-indef']],
  ];
  for (const [who, options] of opensslRows) {
    test(`openssl ${who} ${options.join(' ')}`, async () =>
      checkSigned(cms.openssl(content, '-sign', '-nodetach', ...signer(who), ...options)));
  }
  for (const who of ['rsa', 'P-256', 'P-384'] as const) {
    test(`NSS ${who}`, async () => checkSigned(cms.nss(content, '-S', '-N', who, '-H', 'SHA256', '-G')));
  }
  test('gpgsm rsa', async () => checkSigned(cms.gpgsm(content, '-u', 'rsa@example.com', '--sign'))); // gpgsm 2.2 imports no EC keys
  const javaRows: readonly (readonly [Person, string, string])[] = [
    ['rsa', 'RSA', 'SHA256withRSA'],
    ['rsa', 'RSA', 'SHA512withRSAandMGF1'],
    ['P-256', 'EC', 'SHA256withECDSA'],
    ['P-521', 'EC', 'SHA512withECDSA'],
    ['ed25519', 'Ed25519', 'Ed25519'],
  ];
  for (const [who, kind, algorithm] of javaRows) {
    test(`BouncyCastle ${who} ${algorithm}`, async () => {
      const [certificate, key] = [cms.path(`${who}.crt`), cms.path(`${who}.pk8`)];
      await checkSigned(
        cms.bouncyCastle(content, (input, output) => [
          'sign',
          certificate,
          key,
          kind,
          algorithm,
          input,
          output,
          'opaque',
        ]),
      );
    });
  }
});

describe('encryption of others', () => {
  const oaep = ['-keyopt', 'rsa_padding_mode:oaep'];
  const opensslRows: readonly (readonly [Person, readonly string[]])[] = [
    ['rsa', ['-aes-128-cbc']],
    ['rsa', ['-aes-192-cbc']],
    ['rsa', ['-aes-256-cbc', '-stream', '-indef']],
    ['rsa', ['-des3']],
    ['rsa', ['-aes-128-gcm']],
    ['rsa', ['-aes-256-gcm', '-stream', '-indef']],
    ['rsa', ['-aes-256-cbc', ...oaep]],
    ['rsa', ['-aes-256-cbc', ...oaep, '-keyopt', 'rsa_oaep_md:sha256']],
    ['rsa', ['-aes-256-cbc', ...oaep, '-keyopt', 'rsa_oaep_md:sha512', '-keyopt', 'rsa_mgf1_md:sha1']],
    ['rsa', ['-aes-256-cbc', '-keyid']],
    ['P-256', ['-aes-128-cbc']],
    ['P-256', ['-aes-256-gcm', '-keyopt', 'ecdh_kdf_md:sha256']],
    ['P-256', ['-des3']],
    ['P-256', ['-aes-256-cbc', '-keyopt', 'ecdh_cofactor_mode:1']],
    ['P-384', ['-aes-256-cbc', '-keyopt', 'ecdh_kdf_md:sha384']],
    ['P-521', ['-aes-256-cbc', '-keyopt', 'ecdh_kdf_md:sha512']],
  ];
  for (const [who, options] of opensslRows) {
    const [cipher = '', ...rest] = options;
    const isStreaming = (option: string): boolean => option === '-stream' || option === '-indef';
    const stream = rest.filter(isStreaming);
    const keyOptions = rest.filter((option) => !isStreaming(option));
    test(`openssl ${who} ${options.join(' ')}`, async () => {
      await checkDecrypted(
        cms.openssl(content, '-encrypt', cipher, ...stream, '-recip', cms.path(`${who}.pem`), ...keyOptions),
        who,
      );
    });
  }
  test('NSS rsa', async () => checkDecrypted(cms.nss(content, '-E', '-r', 'rsa@example.com'), 'rsa'));
  test('gpgsm rsa', async () => checkDecrypted(cms.gpgsm(content, '-r', 'rsa@example.com', '--encrypt'), 'rsa'));
  const javaRows: readonly (readonly [Person, string, string])[] = [
    ['rsa', 'aes-128-cbc', 'pkcs1'],
    ['rsa', 'aes-256-cbc', 'oaep'],
    ['rsa', 'aes-256-cbc', 'oaep-mixed'],
    ['rsa', 'aes-256-gcm', 'pkcs1'],
    ['rsa', 'des-ede3-cbc', 'pkcs1'],
    ['P-256', 'aes-256-cbc', 'ECDH_SHA1KDF'],
    ['P-256', 'aes-128-gcm', 'ECDH_SHA256KDF'],
    ['P-384', 'aes-256-cbc', 'ECCDH_SHA384KDF'],
    ['P-521', 'aes-256-cbc', 'ECDH_SHA512KDF'],
  ];
  for (const [who, cipher, transport] of javaRows) {
    test(`BouncyCastle ${who} ${cipher} ${transport}`, async () => {
      await checkDecrypted(
        cms.bouncyCastle(content, (input, output) => [
          'encrypt',
          cms.path(`${who}.crt`),
          input,
          cipher,
          transport,
          output,
        ]),
        who,
      );
    });
  }
});
