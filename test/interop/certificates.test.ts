import { execFileSync } from 'node:child_process';
import { createPublicKey, createHash, randomBytes, verify, constants, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPkcs11Store } from '../../docs/examples/pkcs11-signer.js';
import { createKmsStore } from '../../docs/examples/kms-signer.js';
import type { PrivateKeySigner, SignatureAlgorithm } from '../../src/model/certificate.js';
import type { LdapCertificates } from '../../src/model/settings/smime.js';
import { loadCertificate } from '../../src/pki/load-certificate.js';
import { lookUpRecipients } from '../../src/pki/recipients/find.js';
import { openCertificateStore } from '../../src/pki/stores/open-store.js';
import { loadTlsIdentity } from '../../src/pki/tls-identity.js';
import { errorOf, fixture } from '../unit/pki/fixtures.js';
import { readTestbed } from './testbed.js';

const testbed = readTestbed();
const smime = testbed.pki.smime.dir;
const names = readdirSync(smime)
  .filter((name) => name.endsWith('.pem'))
  .map((name) => name.replace(/\.pem$/, ''));
const kinds = ['modern', '3des', 'rc2', 'nss', 'emptypass', 'nopass'];
const passwordOf = (kind: string): string =>
  kind === 'emptypass' || kind === 'nopass' ? '' : testbed.pki.smime.p12Password;

describe('PKCS#12 files of the test bed', () => {
  it.each(names.flatMap((name) => kinds.map((kind) => [name, kind] as const)))(
    '%s.%s.p12 gives the certificate and key of the PEM files',
    async (name, kind) => {
      const loaded = await loadCertificate(
        { file: join(smime, `${name}.${kind}.p12`), password: passwordOf(kind) },
        { purpose: 'sign' },
      );
      const pem = await loadCertificate(
        { file: join(smime, `${name}.pem`), keyFile: join(smime, `${name}.key`) },
        { purpose: 'sign' },
      );
      expect(Buffer.from(loaded.certificate)).toEqual(Buffer.from(pem.certificate));
      expect(Buffer.from(loaded.privateKey as Uint8Array)).toEqual(Buffer.from(pem.privateKey as Uint8Array));
      expect(loaded.chain.map((der) => new X509Certificate(der).subject)).toEqual([
        new X509Certificate(readFileSync(testbed.pki.ca)).subject,
      ]);
    },
  );

  it.each(kinds.filter((kind) => kind !== 'nopass'))(
    'a wrong password, a cut and a zeroed %s file are named as such',
    async (kind) => {
      const file = join(smime, `alice-p256.${kind}.p12`);
      const whole = readFileSync(file);
      expect((await errorOf(() => loadCertificate({ file, password: 'wrong' }))).message).toContain(
        'password of the PKCS#12 file is wrong',
      );
      expect(
        (
          await errorOf(() =>
            loadCertificate({ data: whole.subarray(0, whole.length >> 1), password: passwordOf(kind) }),
          )
        ).message,
      ).toContain('damaged or truncated');
      expect((await errorOf(() => loadCertificate({ data: Buffer.alloc(whole.length) }))).message).toContain(
        'only zero bytes',
      );
    },
  );
});

describe('recorded files that derive their keys in many rounds', () => {
  it.each([
    ['nss.p12', 'secret1'],
    ['gnutls.p12', 'secret1'],
    ['gnutls-crl.p12', 'secret1'],
    ['gnutls-pem.p12', 'secret1'],
    ['gnutls-null-password.p12', ''],
    ['gnutls-null-password.p12', undefined],
  ])('%s is read with the password %j', async (name, password) => {
    const loaded = await loadCertificate(
      { data: fixture(name), ...(password === undefined ? {} : { password }) },
      { purpose: 'sign' },
    );
    expect([loaded.info.emails, loaded.chain.length]).toEqual([['ann@example.test'], 2]);
  });
});

describe('the NSS database of the test bed', () => {
  const { dir, password } = testbed.pki.nssdb;

  it('is listed without a password, and gives keys with it', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('sealpost-pki-'));
    const store = await openCertificateStore({ type: 'nss', location: dir });
    const list = await store.list();
    expect(
      list
        .filter(({ hasPrivateKey }) => hasPrivateKey)
        .map(({ alias }) => alias)
        .sort(),
    ).toEqual([...names].sort());
    for (const name of ['alice-p256', 'bob-rsa2048']) {
      const loaded = await store.load({ alias: name }, { password, purpose: 'sign' });
      const pem = await loadCertificate({ file: join(smime, `${name}.pem`), keyFile: join(smime, `${name}.key`) });
      expect(Buffer.from(loaded.privateKey as Uint8Array)).toEqual(Buffer.from(pem.privateKey as Uint8Array));
      expect(loaded.chain).toHaveLength(1);
    }
    expect((await errorOf(() => store.load({ alias: 'alice-p256' }, { password: 'wrong' }))).message).toContain(
      'password of the NSS database',
    );
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('sealpost-pki-'))).toEqual(before);
  });
});

describe('the LDAP server of the test bed', () => {
  const { ldap } = testbed;
  const tls = { ca: { file: testbed.pki.ca } };
  const plain = `ldap://localhost:${ldap.ldap}`;
  const secure = `ldaps://localhost:${ldap.ldaps}`;
  const addresses = ['alice@example.test', 'BOB@Example.TEST', 'nobody*)(uid=*@example.test'];
  const ask = (settings: Partial<LdapCertificates>) =>
    lookUpRecipients(addresses, { certificates: { ldap: plain, baseDn: ldap.base, tls, ...settings } });

  it.each<[string, Partial<LdapCertificates>]>([
    ['StartTLS', {}],
    ['ldaps', { ldap: secure }],
    ['StartTLS and a login', { bindDn: ldap.adminDn, password: ldap.adminPassword }],
    ['ldaps and a login', { ldap: secure, bindDn: ldap.adminDn, password: ldap.adminPassword }],
    ['a filter with more conditions', { filter: '(&(objectClass=inetOrgPerson)(|(mail={address})(cn=no\\2a)))' }],
  ])('gives certificates over %s, and nothing for an address that looks like a filter', async (_, settings) => {
    const found = await ask(settings);
    expect(found.map(({ certificate }) => certificate?.info.emails[0])).toEqual([
      'alice@example.test',
      'bob@example.test',
      undefined,
    ]);
    expect(found[2]?.failure).toBeUndefined();
  });

  it('refuses a server whose certificate is not trusted', async () => {
    for (const url of [plain, secure]) expect((await ask({ ldap: url, tls: {} }))[0]?.failure?.code).toBe('ERR_TLS');
  });

  it('says that the login or the base is wrong', async () => {
    expect((await ask({ bindDn: ldap.adminDn, password: 'wrong' }))[0]?.failure?.message).toContain(
      '49 invalidCredentials',
    );
    expect((await ask({ baseDn: 'dc=nowhere' }))[0]?.failure?.message).toContain('32 noSuchObject');
  });
});

describe('TLS with a client certificate from PKCS#12', () => {
  it('is taken by a server that asks for one', async () => {
    const server: Server = createServer(
      {
        cert: readFileSync(testbed.pki.server.cert),
        key: readFileSync(testbed.pki.server.key),
        ca: readFileSync(testbed.pki.ca),
        requestCert: true,
        rejectUnauthorized: false,
      },
      (incoming, outgoing) => {
        outgoing.end(
          (incoming.socket as unknown as { getPeerCertificate(): { subject: { CN: string } } }).getPeerCertificate()
            .subject.CN,
        );
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const identity = await loadTlsIdentity({
      file: join(smime, 'alice-rsa2048.rc2.p12'),
      password: testbed.pki.smime.p12Password,
    });
    const { port } = server.address() as AddressInfo;
    const answer = await new Promise<string>((resolve, reject) => {
      request(
        {
          port,
          host: '127.0.0.1',
          servername: 'localhost',
          ca: readFileSync(testbed.pki.ca),
          ...identity,
          agent: false,
        },
        (response) => {
          response.setEncoding('utf8').on('data', resolve);
        },
      )
        .on('error', reject)
        .end();
    });
    server.close();
    expect(answer).toBe('Alice Example (rsa2048)');
  });
});

describe('external signers of the documentation', () => {
  const pin = '1234';
  const module =
    [
      '/usr/lib/softhsm/libsofthsm2.so',
      '/usr/lib64/softhsm/libsofthsm.so',
      '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
    ].find(existsSync) ?? 'libsofthsm2.so';
  let work: string;
  const saved = process.env['SOFTHSM2_CONF'];

  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'softhsm-test-'));
    mkdirSync(join(work, 'tokens'));
    writeFileSync(
      join(work, 'softhsm2.conf'),
      `directories.tokendir = ${join(work, 'tokens')}\nobjectstore.backend = file\n`,
    );
    process.env['SOFTHSM2_CONF'] = join(work, 'softhsm2.conf');
    execFileSync('softhsm2-util', ['--init-token', '--free', '--label', 'sealpost', '--pin', pin, '--so-pin', '5678']);
    for (const [id, name] of [
      ['01', 'alice-rsa2048'],
      ['02', 'alice-p256'],
    ] as const) {
      const key = join(work, `${name}.p8`);
      execFileSync('openssl', ['pkcs8', '-topk8', '-nocrypt', '-in', join(smime, `${name}.key`), '-out', key]);
      execFileSync('softhsm2-util', [
        '--import',
        key,
        '--token',
        'sealpost',
        '--label',
        name,
        '--id',
        id,
        '--pin',
        pin,
      ]);
    }
  });
  afterAll(() => {
    if (saved === undefined) delete process.env['SOFTHSM2_CONF'];
    else process.env['SOFTHSM2_CONF'] = saved;
    rmSync(work, { recursive: true, force: true });
  });

  const cases: readonly (readonly [string, string, SignatureAlgorithm])[] = [
    ['alice-rsa2048', '01', { name: 'RSASSA-PKCS1-v1_5', hash: 'sha256' }],
    ['alice-rsa2048', '01', { name: 'RSASSA-PKCS1-v1_5', hash: 'sha512' }],
    ['alice-rsa2048', '01', { name: 'RSA-PSS', hash: 'sha256' }],
    ['alice-p256', '02', { name: 'ECDSA', hash: 'sha256' }],
  ];

  function isGood(
    certificate: Uint8Array,
    { name, hash = 'sha256' }: SignatureAlgorithm,
    data: Uint8Array,
    signature: Uint8Array,
  ): boolean {
    const key = createPublicKey(new X509Certificate(certificate).publicKey.export({ format: 'pem', type: 'spki' }));
    return verify(
      hash,
      data,
      name === 'RSA-PSS'
        ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
        : key,
      signature,
    );
  }

  it.each(cases)('pkcs11-tool signs with the key of %s (id %s) in SoftHSM by %j', async (name, id, algorithm) => {
    const store = createPkcs11Store(await loadCertificate({ file: join(smime, `${name}.pem`) }), {
      module,
      tokenLabel: 'sealpost',
      id,
      pin: () => pin,
    });
    const loaded = await loadCertificate({ store, select: { email: 'alice@example.test' } }, { purpose: 'sign' });
    const data = randomBytes(100);
    const digest = createHash(algorithm.hash ?? 'sha256')
      .update(data)
      .digest();
    const signature = await (loaded.privateKey as PrivateKeySigner).sign({
      algorithm,
      data,
      digest,
      signal: new AbortController().signal,
    });
    expect(isGood(loaded.certificate, algorithm, data, signature)).toBe(true);
  });

  it('pkcs11-tool says that the PIN is wrong', async () => {
    const store = createPkcs11Store(await loadCertificate({ file: join(smime, 'alice-p256.pem') }), {
      module,
      tokenLabel: 'sealpost',
      id: '02',
      pin: () => '9999',
    });
    const key = (await store.load({ alias: 'any' })).privateKey as PrivateKeySigner;
    const sign = key.sign({
      algorithm: { name: 'ECDSA', hash: 'sha256' },
      data: Buffer.alloc(1),
      digest: Buffer.alloc(32),
      signal: new AbortController().signal,
    });
    await expect(sign).rejects.toThrow('CKR_PIN_INCORRECT');
  });

  it.each(['der', 'p1363'] as const)('a key service that answers in %s signs by callback', async (form) => {
    const { privateKey } = await loadCertificate({
      file: join(smime, 'alice-p256.pem'),
      keyFile: join(smime, 'alice-p256.key'),
    });
    // Signs a digest as a key service does: raw ECDSA by openssl.
    const keyFile = join(work, 'kms.der');
    writeFileSync(keyFile, privateKey as Uint8Array);
    const signDigest = ({ digest }: { digest: Uint8Array }): Promise<Uint8Array> => {
      writeFileSync(join(work, 'digest'), digest);
      const der = execFileSync('openssl', [
        'pkeyutl',
        '-sign',
        '-inkey',
        keyFile,
        '-keyform',
        'DER',
        '-in',
        join(work, 'digest'),
      ]);
      return Promise.resolve(form === 'der' ? der : fromDer(der));
    };
    const store = createKmsStore(await loadCertificate({ file: join(smime, 'alice-p256.pem') }), signDigest, form);
    const loaded = await store.load({ alias: 'any' });
    const data = randomBytes(64);
    for (let round = 0; round < 8; round++) {
      const signature = await (loaded.privateKey as PrivateKeySigner).sign({
        algorithm: { name: 'ECDSA', hash: 'sha256' },
        data,
        digest: createHash('sha256').update(data).digest(),
        signal: new AbortController().signal,
      });
      expect(isGood(loaded.certificate, { name: 'ECDSA', hash: 'sha256' }, data, signature)).toBe(true);
    }
  });

  function fromDer(der: Buffer): Buffer {
    const length = der[3] ?? 0;
    const numbers = [der.subarray(4, 4 + length), der.subarray(6 + length)];
    return Buffer.concat(numbers.map((number) => Buffer.concat([Buffer.alloc(32), number]).subarray(-32)));
  }
});
