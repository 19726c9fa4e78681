import { createCipheriv, createHash, createHmac, createPrivateKey, createPublicKey, pbkdf2Sync } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CertificateSource } from '../../../../src/model/certificate.js';
import { parseCertificate } from '../../../../src/pki/x509/certificate.js';
import { loadCertificate } from '../../../../src/pki/load-certificate.js';
import * as der from '../../../../src/util/der.js';
import { issue, keyPair, root } from '../../../support/certificates.js';
import { errorOf, fixture } from '../fixtures.js';
import { cpuTimer } from '../../../support/cpu-time.js';

type Data = Extract<CertificateSource, { readonly data: unknown }>['data'];

const load = (data: Data, passwords: { password?: string; keyPassword?: string } = { password: 'secret1' }) =>
  loadCertificate({ data, ...passwords }, { purpose: 'sign' });

function publicKeyOf(pkcs8: unknown): string {
  const key = createPrivateKey({ key: pkcs8 as Buffer, format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).toString('hex');
}

let annKey: string;
let bobKey: string;
beforeAll(async () => {
  annKey = Buffer.from((await parseCertificate(fixture('ann.der'))).spki).toString('hex');
  bobKey = Buffer.from((await parseCertificate(fixture('bob.der'))).spki).toString('hex');
});

const chain = ['sub.der', 'root.der'].map((name) => fixture(name).toString('hex'));

describe('PKCS#12 (RFC 7292)', () => {
  it.each([
    ['openssl-modern.p12', 'secret1'],
    ['openssl-legacy.p12', 'secret1'],
    ['openssl-rc2-128.p12', 'secret1'],
    ['openssl-rc4-128.p12', 'secret1'],
    ['openssl-rc4-40.p12', 'secret1'],
    ['openssl-2des.p12', 'secret1'],
    ['openssl-aes128-sha1.p12', 'secret1'],
    ['openssl-aes192-sha512.p12', 'secret1'],
    ['openssl-sha384.p12', 'secret1'],
    ['openssl-nomac.p12', 'secret1'],
    ['openssl-plain.p12', 'secret1'],
    ['openssl-plain-nomac.p12', undefined],
    ['openssl-empty-password.p12', ''],
    ['openssl-empty-password.p12', undefined],
    ['openssl-legacy-empty-password.p12', ''],
    ['openssl-utf8-password.p12', 'żółw€🐢'],
    ['openssl-legacy-utf8-password.p12', 'żółw€🐢'],
    ['openssl-des-pbes2.p12', 'secret1'],
    ['openssl-rc2-pbes2.p12', 'secret1'],
    ['bouncycastle-ber.p12', 'secret1'],
  ])('reads %s with the password %j', async (name, password) => {
    const loaded = await load(fixture(name), password === undefined ? {} : { password });
    expect(loaded.info.emails).toEqual(['ann@example.test']);
    expect(loaded.info.hasPrivateKey).toBe(true);
    expect(loaded.info.alias).toBe('ann');
    expect(publicKeyOf(loaded.privateKey)).toBe(annKey);
    expect(loaded.chain.map((der) => Buffer.from(der).toString('hex'))).toEqual(chain);
  });

  it('takes the identity with a key where authorities stand beside it', async () => {
    const loaded = await load(fixture('java.p12'));
    expect(publicKeyOf(loaded.privateKey)).toBe(loaded.info.emails[0] === 'ann@example.test' ? annKey : bobKey);
    expect(loaded.chain).toHaveLength(2);
  });

  it.each(['rfc9579-a1', 'rfc9579-a2', 'rfc9579-a3'])(
    'reads the file of %s, whose MAC is PBMAC1 (RFC 9579 appendix A)',
    async (name) => {
      const loaded = await load(fixture(name), { password: '1234' });
      expect(loaded.info.hasPrivateKey).toBe(true);
    },
  );

  it.each([
    ['rfc9579-a4', 'wrong'],
    ['rfc9579-a5', 'wrong'],
    ['rfc9579-a6', 'key length of the MAC'],
  ])('refuses the invalid file of %s (RFC 9579 appendix A)', async (name, reason) => {
    const error = await errorOf(() => load(fixture(name), { password: '1234' }));
    expect(error.code).toBe('ERR_CERTIFICATE');
    expect(error.message).toContain(reason);
  });

  it('refuses a PBMAC1 key of one octet, which anyone could forge (CVE-2026-34181)', async () => {
    const file = fixture('rfc9579-a1');
    // SEQUENCE { salt, INTEGER 2048, INTEGER 32, prf }: the key length 32 becomes 1.
    const at = file.lastIndexOf(Buffer.from('02020800020120', 'hex'));
    expect(at).toBeGreaterThan(0);
    file[at + 6] = 1;
    expect((await errorOf(() => load(file, { password: '1234' }))).message).toContain('key length of the MAC');
  });

  it('opens a key that has a password of its own, and says so where it was not given', async () => {
    const file = fixture('java-key-password.p12');
    expect(publicKeyOf((await load(file, { password: 'secret1', keyPassword: 'secret2' })).privateKey)).toBe(annKey);
    const missing = await errorOf(() => load(file, { password: 'secret1' }));
    expect([missing.message, missing.remedy]).toEqual([
      expect.stringContaining('the key in the PKCS#12 file has a password of its own'),
      expect.stringContaining('keyPassword'),
    ]);
    expect((await errorOf(() => load(file, { password: 'secret1', keyPassword: 'wrong' }))).message).toContain(
      'the password of the key in the PKCS#12 file is wrong',
    );
  });

  it('says that a file without a key has none', async () => {
    const error = await errorOf(() => load(fixture('openssl-no-key.p12')));
    expect(error.message).toContain('no private key');
    expect(
      (await loadCertificate({ data: fixture('openssl-no-key.p12'), password: 'secret1' }, { purpose: 'encrypt' })).info
        .emails,
    ).toEqual(['ann@example.test']);
  });

  it('asks for the password where none was given', async () => {
    const error = await errorOf(() =>
      loadCertificate({ data: fixture('openssl-modern.p12') }, { slot: 'smime.sign.certificate' }),
    );
    expect(error.message).toBe(
      'smime.sign.certificate: the PKCS#12 file is protected by a password, and none was given',
    );
    expect(error.remedy).toContain('smime.sign.certificate.password');
  });

  it('finds a changed byte anywhere under the MAC', async () => {
    const whole = fixture('openssl-modern.p12');
    for (let at = 100; at < whole.length - 80; at += 97) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      expect((await errorOf(() => load(changed))).code, `byte ${at}`).toBe('ERR_CERTIFICATE');
    }
  });
});

describe('Java key stores', () => {
  it('reads JKS whose key has a password of its own', async () => {
    const loaded = await load(fixture('java.jks'), { password: 'secret1', keyPassword: 'secret2' });
    expect([loaded.info.alias, publicKeyOf(loaded.privateKey), loaded.chain.length]).toEqual(['ann', annKey, 2]);
    const other = await load(fixture('java.jks'), { password: 'secret1', keyPassword: 'secret3' });
    expect([other.info.alias, publicKeyOf(other.privateKey)]).toEqual(['bob', bobKey]);
  });

  it('reads JCEKS', async () => {
    expect(
      publicKeyOf((await load(fixture('java.jceks'), { password: 'secret1', keyPassword: 'secret2' })).privateKey),
    ).toBe(annKey);
  });

  it.each(['java.jks', 'java.jceks'])('tells the password of %s from that of its key', async (name) => {
    expect((await errorOf(() => load(fixture(name), { password: 'no', keyPassword: 'secret2' }))).message).toMatch(
      /password of the J(CE)?KS file is wrong/,
    );
    const error = await errorOf(() => load(fixture(name), { password: 'secret1', keyPassword: 'no' }));
    expect(error.message).toMatch(/password of the key "(?:ann|bob)" is wrong/);
    expect(error.remedy).toContain('keyPassword');
  });
});

describe('private keys', () => {
  it.each([
    ['pbes2.key', 'PBES2 with AES-256'],
    ['pbes2-3des.key', 'PBES2 with 3DES'],
    ['pbes2-key.der', 'PBES2 in DER'],
    ['scrypt.key', 'scrypt (RFC 7914)'],
    ['pbes1-md5-des.key', 'PBES1 with DES'],
    ['pbes1-sha1-rc2.key', 'PBES1 with RC2'],
    ['pkcs12-3des.key', 'the 3DES of PKCS#12'],
    ['pkcs12-rc4.key', 'the RC4 of PKCS#12'],
    ['dek-aes-256-cbc.key', 'DEK-Info with AES-256'],
    ['sec1.key', 'EC PRIVATE KEY after EC PARAMETERS'],
  ])('decrypts %s: %s', async (name) => {
    const loaded = await loadCertificate(
      { data: fixture('ann.der'), key: fixture(name), keyPassword: 'secret1' },
      { purpose: 'sign' },
    );
    expect(publicKeyOf(loaded.privateKey)).toBe(annKey);
  });

  it.each(['dek-aes-128-cbc.key', 'dek-des3.key', 'dek-des.key', 'pkcs1.key', 'bob.p8'])(
    'reads the RSA key %s',
    async (name) => {
      const loaded = await loadCertificate(
        { data: fixture('bob.der'), key: fixture(name), password: 'secret1' },
        { purpose: 'sign' },
      );
      expect(publicKeyOf(loaded.privateKey)).toBe(bobKey);
    },
  );

  it('reads Ed25519', async () => {
    const loaded = await loadCertificate({ data: fixture('eve.der'), key: fixture('eve.p8') }, { purpose: 'sign' });
    expect(publicKeyOf(loaded.privateKey)).toBe(
      Buffer.from((await parseCertificate(fixture('eve.der'))).spki).toString('hex'),
    );
  });

  it.each([
    'pbes2.key',
    'scrypt.key',
    'pbes1-md5-des.key',
    'pbes1-sha1-rc2.key',
    'pkcs12-rc4.key',
    'dek-aes-256-cbc.key',
  ])('says that the password of %s is wrong', async (name) => {
    const error = await errorOf(() =>
      loadCertificate(
        { data: fixture('ann.der'), key: fixture(name), keyPassword: 'wrong-Password' },
        { purpose: 'sign' },
      ),
    );
    expect(error.message).toContain('the password of the private key is wrong');
    expect(JSON.stringify(error)).not.toContain('wrong-Password');
    expect(
      (await errorOf(() => loadCertificate({ data: fixture('ann.der'), key: fixture(name) }, { purpose: 'sign' })))
        .message,
    ).toContain('no password was given');
  });

  it('refuses a key that belongs to another certificate', async () => {
    const error = await errorOf(() => loadCertificate({ data: fixture('ann.der'), key: fixture('bob.p8') }));
    expect(error.message).toMatch(/^certificate\.key: the private key does not belong to the certificate of .*Ann/);
  });

  it('needs no key for encryption, and no password of one', async () => {
    const loaded = await loadCertificate(
      { data: fixture('ann.der'), key: fixture('pbes2.key') },
      { purpose: 'encrypt' },
    );
    expect(loaded.privateKey).toBeUndefined();
  });
});

describe('what NSS before 3.30 wrote', () => {
  const salt = Buffer.alloc(8, 1);
  const iv = Buffer.alloc(16, 2);
  /** A key encrypted with AES-256 under PBES2. The named cipher, or the encoding of the password, can be wrong. */
  const encrypted = (password: Buffer, named: string): Buffer => {
    const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(password, salt, 1000, 32, 'sha1'), iv);
    const pbkdf2 = der.sequence(
      der.oid('1.2.840.113549.1.5.12'),
      der.sequence(der.octetString(salt), der.integer(1000), der.integer(32)),
    );
    const scheme = der.sequence(
      der.oid('1.2.840.113549.1.5.13'),
      der.sequence(pbkdf2, der.sequence(der.oid(named), der.octetString(iv))),
    );
    return der.sequence(scheme, der.octetString(Buffer.concat([cipher.update(fixture('ann.p8')), cipher.final()])));
  };

  it('is read where it names an AES of another length than that of its key', async () => {
    const key = encrypted(Buffer.from('secret1'), '2.16.840.1.101.3.4.1.2');
    expect(
      publicKeyOf(
        (await loadCertificate({ data: fixture('ann.der'), key, password: 'secret1' }, { purpose: 'sign' })).privateKey,
      ),
    ).toBe(annKey);
  });

  it('is read where PBES2 has the password in UTF-16', async () => {
    const utf16 = Buffer.from('secret1\0', 'utf16le').swap16();
    const bag = (type: string, content: Buffer): Buffer =>
      der.sequence(der.oid(`1.2.840.113549.1.12.10.1.${type}`), der.context(0, content));
    const certificate = bag(
      '3',
      der.sequence(der.oid('1.2.840.113549.1.9.22.1'), der.context(0, der.octetString(fixture('ann.der')))),
    );
    const data = (content: Buffer): Buffer =>
      der.sequence(der.oid('1.2.840.113549.1.7.1'), der.context(0, der.octetString(content)));
    const content = der.sequence(
      data(der.sequence(certificate, bag('2', encrypted(utf16, '2.16.840.1.101.3.4.1.42')))),
    );
    // RFC 7292 appendix B.2 for one block and one round.
    const macKey = createHash('sha1')
      .update(Buffer.concat([Buffer.alloc(64, 3), Buffer.alloc(64, salt), Buffer.alloc(64, utf16)]))
      .digest();
    const mac = der.sequence(
      der.sequence(
        der.sequence(der.oid('1.3.14.3.2.26')),
        der.octetString(createHmac('sha1', macKey).update(content).digest()),
      ),
      der.octetString(salt),
    );
    expect(publicKeyOf((await load(der.sequence(der.integer(3), data(content), mac))).privateKey)).toBe(annKey);
  });
});

describe('certificates and bundles', () => {
  const pem = (name: string): string =>
    `-----BEGIN CERTIFICATE-----\n${fixture(name).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
  const emailOf = async (data: Data): Promise<readonly string[]> =>
    (await loadCertificate({ data }, { purpose: 'encrypt' })).info.emails;

  it.each<[string, () => Data]>([
    ['DER', () => fixture('ann.der')],
    ['PEM text', () => pem('ann.der')],
    ['PEM bytes', () => Buffer.from(pem('ann.der'))],
    ['PEM with CRLF and words around', () => `Bag Attributes\r\n${pem('ann.der').replaceAll('\n', '\r\n')}\r\nend`],
    ['PEM in UTF-16, as PowerShell writes it', () => Buffer.from(`\ufeff${pem('ann.der')}`, 'utf16le')],
    ['PEM after a UTF-8 byte order mark', () => `\ufeff${pem('ann.der')}`],
    ['base64 text', () => fixture('ann.der').toString('base64')],
    ['base64 of PEM', () => Buffer.from(pem('ann.der')).toString('base64')],
    ['base64', () => ({ base64: fixture('ann.der').toString('base64') })],
    ['a TRUSTED CERTIFICATE', () => fixture('trusted.pem')],
    ['an X509 CERTIFICATE', () => pem('ann.der').replaceAll('CERTIFICATE', 'X509 CERTIFICATE')],
    ['PKCS#7 in DER', () => fixture('bundle.p7b')],
    ['PKCS#7 in BER', () => fixture('ber.p7b')],
    ['base64 of PKCS#7', () => fixture('bundle.p7b').toString('base64')],
  ])('reads %s', async (_, data) => {
    expect(await emailOf(data())).toEqual(['ann@example.test']);
  });

  it('tells a revocation list in DER from a certificate', async () => {
    const [, body = ''] = /-----BEGIN X509 CRL-----([^-]*)/.exec(fixture('crl.pem').toString()) ?? [];
    expect((await errorOf(() => loadCertificate({ data: Buffer.from(body, 'base64') }))).message).toContain(
      'the revocation list file contains no certificate',
    );
  });

  it('orders the chain from issuer to root, in whatever order the file has it', async () => {
    const loaded = await loadCertificate(
      { data: pem('root.der') + pem('bob.der') + pem('sub.der') },
      { purpose: 'encrypt' },
    );
    expect(loaded.info.emails).toEqual(['bob@example.test']);
    expect(loaded.chain.map((der) => Buffer.from(der).toString('hex'))).toEqual(chain);
  });

  it('takes no root of old, which does not say that it is an authority, for the one that is meant', async () => {
    const old = root('Old Root', { ca: undefined, keyUsage: undefined, from: new Date(Date.now() - 86_400_000) });
    const person = issue({
      subject: 'Ann',
      issuer: old,
      emails: ['ann@example.test'],
      from: new Date(Date.now() - 2 * 86_400_000),
    });
    const both = [old, person]
      .map(({ der: each }) => `-----BEGIN CERTIFICATE-----\n${each.toString('base64')}\n-----END CERTIFICATE-----\n`)
      .join('');
    expect(await emailOf(both)).toEqual(['ann@example.test']);
  });

  it('reads certificate and key from one PEM text, the key first', async () => {
    const key = `-----BEGIN PRIVATE KEY-----\n${fixture('ann.p8').toString('base64')}\n-----END PRIVATE KEY-----\n`;
    expect(publicKeyOf((await load(key + pem('sub.der') + pem('ann.der'))).privateKey)).toBe(annKey);
  });
});

describe('what cannot be read', () => {
  // Files with few rounds of key derivation; test/interop has the others.
  const samples = [
    'openssl-modern.p12',
    'openssl-legacy.p12',
    'java.jks',
    'java.jceks',
    'bundle.p7b',
    'ber.p7b',
    'ann.der',
    'pbes2.key',
    'pbes2-key.der',
    'people.p7b',
    'dek-aes-256-cbc.key',
  ];

  it.each([...samples, 'bouncycastle-ber.p12', 'gnutls-pem.p12'])(
    'names the reason for %s cut at every length',
    async (name) => {
      const whole = fixture(name);
      const step = Math.ceil(whole.length / 40);
      for (let length = 0; length < whole.length - 1; length += step) {
        const error = await errorOf(() =>
          load(whole.subarray(0, length), { password: 'secret1', keyPassword: 'secret2' }),
        );
        expect([error.code, error.remedy === undefined], `${length} bytes`).toEqual(['ERR_CERTIFICATE', false]);
      }
    },
  );

  it.each(samples)('says that %s of zeros holds nothing', async (name) => {
    expect((await errorOf(() => load(Buffer.alloc(fixture(name).length)))).message).toContain('only zero bytes');
  });

  it.each(samples)('gives no other error than its own for %s with random bytes changed', async (name) => {
    const whole = fixture(name);
    // A fixed sequence, so that a failure can be repeated.
    let state = 12345;
    const random = (below: number): number => (state = (state * 1103515245 + 12345) & 0x7fffffff) % below;
    for (let round = 0; round < 40; round++) {
      const changed = Buffer.from(whole);
      for (let i = 0; i < 4; i++) changed[random(changed.length)] = random(256);
      const outcome = await load(changed, { password: 'secret1', keyPassword: 'secret2' }).then(
        () => 'read',
        (error: { code?: unknown }) => error.code,
      );
      expect(['read', 'ERR_CERTIFICATE'], `round ${round}`).toContain(outcome);
    }
  });

  it.each(['openssl-modern.p12', 'openssl-legacy.p12', 'openssl-rc4-40.p12', 'openssl-nomac.p12'])(
    'says that the password of %s is wrong, and not which',
    async (name) => {
      const error = await errorOf(() => load(fixture(name), { password: 'Wr0ng-Password' }));
      expect([error.code, error.message]).toEqual([
        'ERR_CERTIFICATE',
        expect.stringContaining('password of the PKCS#12 file is wrong'),
      ]);
      expect(JSON.stringify(error) + String(error.stack)).not.toContain('Wr0ng');
    },
  );

  // The second one is valid base64: a quotation of its bytes would reveal it.
  it.each(['p12 password', 'hunter22', 'gehëim'])(
    'shows nothing of what somebody put in its place: %s',
    async (data) => {
      const { message } = await errorOf(() => loadCertificate({ data }));
      expect(message).toContain('not recognised');
      for (const form of [data, Buffer.from(data).toString('hex'), Buffer.from(data, 'base64').toString('hex')])
        expect(message).not.toContain(form.slice(0, 5));
    },
  );

  it.each([
    ['', 'it is empty'],
    [
      'hello, this is a letter',
      'is not recognised: it is plain text, not a certificate in one of the formats PEM, DER',
    ],
    ['%PDF-1.7 and so on', 'not recognised'],
    [
      '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n',
      'but OPENSSH PRIVATE KEY of line 1',
    ],
    [
      '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n',
      'but CERTIFICATE REQUEST of line 1',
    ],
    ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', 'no certificate and no private key'],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n', 'truncated'],
    ['-----BEGIN CERTIFICATE-----\nA*AA\n-----END CERTIFICATE-----\n', 'not base64'],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----BEGIN CERTIFICATE-----\n', 'truncated'],
  ])('says what is wrong with %j', async (data, reason) => {
    const error = await errorOf(() => loadCertificate({ data }));
    expect([error.code, error.message]).toEqual(['ERR_CERTIFICATE', expect.stringContaining(reason)]);
  });

  const salt = der.octetString(Buffer.alloc(8));
  const pbkdf2 = (rounds: number, length: number): Buffer =>
    der.sequence(der.oid('1.2.840.113549.1.5.12'), der.sequence(salt, der.integer(rounds), der.integer(length)));
  const pbes2 = (derivation: Buffer): Buffer => {
    const cipher = der.sequence(der.oid('2.16.840.1.101.3.4.1.42'), der.octetString(Buffer.alloc(16)));
    return der.sequence(
      der.sequence(der.oid('1.2.840.113549.1.5.13'), der.sequence(derivation, cipher)),
      der.octetString(Buffer.alloc(64)),
    );
  };
  const scrypt = (n: number, r: number, p: number): Buffer =>
    pbes2(
      der.sequence(
        der.oid('1.3.6.1.4.1.11591.4.11'),
        der.sequence(salt, der.integer(n), der.integer(r), der.integer(p)),
      ),
    );
  const pfx = (algorithm: Buffer, rounds: number): Buffer =>
    der.sequence(
      der.integer(3),
      der.sequence(der.oid('1.2.840.113549.1.7.1'), der.context(0, der.octetString(der.sequence()))),
      der.sequence(der.sequence(algorithm, der.octetString(Buffer.alloc(20))), salt, der.integer(rounds)),
    );
  const pbmac1 = (rounds: number, length: number): Buffer =>
    pfx(
      der.sequence(
        der.oid('1.2.840.113549.1.5.14'),
        der.sequence(pbkdf2(rounds, length), der.sequence(der.oid('1.2.840.113549.2.9'))),
      ),
      1,
    );

  it.each<[string, () => Buffer]>([
    ['a MAC of 2^31 rounds', () => pfx(der.sequence(der.oid('1.3.14.3.2.26')), 2 ** 31)],
    ['a MAC whose key takes 52 derivations of 19 000 000 rounds', () => pbmac1(19_000_000, 1024)],
    ['PBKDF2 of 2^31 rounds', () => pbes2(pbkdf2(2 ** 31, 32))],
    ['scrypt of 2^31 blocks', () => scrypt(2 ** 31, 8, 1)],
    ['scrypt of blocks of a gigabyte', () => scrypt(2, 2 ** 23, 1)],
    ['scrypt of few blocks that are long, and many of them', () => scrypt(2, 2 ** 20, 16)],
    ['scrypt of nothing', () => scrypt(0, 0, 0)],
  ])('refuses %s before it is done', async (_, make) => {
    const elapsed = cpuTimer();
    expect((await errorOf(() => load(make()))).code).toBe('ERR_CERTIFICATE');
    expect(elapsed()).toBeLessThan(1_500);
  });

  it.each<[string, () => Buffer]>([
    ['a file over 16 MiB', () => Buffer.alloc((16 << 20) + 1, 0x30)],
    ['a 10 MB PKCS#7 bundle', () => bundleOf(10_000)],
    [
      'a 10 MB PEM bundle',
      () =>
        Buffer.from(
          `-----BEGIN CERTIFICATE-----\n${fixture('ann.der').toString('base64')}\n-----END CERTIFICATE-----\n`.repeat(
            12_000,
          ),
        ),
    ],
    [
      'nested indefinite lengths',
      () =>
        Buffer.concat([Buffer.from('308006092a864886f70d010702', 'hex'), Buffer.from('a080'.repeat(100_000), 'hex')]),
    ],
    ['a length of four gigabytes', () => Buffer.from('3084ffffffff020103', 'hex')],
  ])('refuses %s fast', async (_, make) => {
    const data = make();
    const elapsed = cpuTimer();
    expect((await errorOf(() => loadCertificate({ data }))).code).toBe('ERR_CERTIFICATE');
    expect(elapsed()).toBeLessThan(1_500);
  });

  it('reads a bundle of certificates of one name, none of which issued another, fast', async () => {
    const keys = keyPair();
    // Names and key identifiers match, signatures do not.
    const issuer = { name: 'Same', publicKey: keys.publicKey, privateKey: keyPair().privateKey };
    const bundle = Array.from({ length: 300 }, () => issue({ subject: 'Same', keys, issuer }).der);
    const data = bundle
      .map((each) => `-----BEGIN CERTIFICATE-----\n${each.toString('base64')}\n-----END CERTIFICATE-----\n`)
      .join('');
    const elapsed = cpuTimer();
    expect((await loadCertificate({ data })).chain).toEqual([]);
    expect(elapsed()).toBeLessThan(1_500);
  });

  function bundleOf(count: number): Buffer {
    const one = fixture('bob.der');
    const certificates = Buffer.alloc(one.length * count, one);
    const wrap = (tag: number, content: Buffer): Buffer => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(content.length);
      return Buffer.concat([Buffer.of(tag, 0x84), length, content]);
    };
    const signedData = wrap(
      0x30,
      Buffer.concat([
        Buffer.from('0201013100300b06092a864886f70d010701', 'hex'),
        wrap(0xa0, certificates),
        Buffer.from('3100', 'hex'),
      ]),
    );
    return wrap(0x30, Buffer.concat([Buffer.from('06092a864886f70d010702', 'hex'), wrap(0xa0, signedData)]));
  }

  it('ends with ERR_ABORTED where the signal is aborted', async () => {
    const error = await errorOf(() => loadCertificate({ data: fixture('ann.der') }, { signal: AbortSignal.abort() }));
    expect(error.code).toBe('ERR_ABORTED');
  });

  it('resolves a password only where something is encrypted', async () => {
    const password = { env: 'SEALPOST_TEST_VARIABLE_THAT_IS_NOT_SET' };
    expect((await loadCertificate({ data: fixture('ann.der'), password })).info.emails).toEqual(['ann@example.test']);
    expect((await errorOf(() => loadCertificate({ data: fixture('openssl-modern.p12'), password }))).code).toBe(
      'ERR_SECRET',
    );
  });
});
