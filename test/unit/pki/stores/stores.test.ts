import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  CertificateInfo,
  CertificateStore,
  PrivateKeyDecryptor,
  PrivateKeySigner,
} from '../../../../src/model/certificate.js';
import { parseCertificate } from '../../../../src/pki/x509/certificate.js';
import { loadCertificate } from '../../../../src/pki/load-certificate.js';
import { loadBest } from '../../../../src/pki/loaded.js';
import { certificateError } from '../../../../src/pki/certificate-error.js';
import type { Identity } from '../../../../src/pki/identities.js';
import { openCertificateStore } from '../../../../src/pki/stores/open-store.js';
import { runCommand } from '../../../../src/pki/stores/run-command.js';
import type { Command, CommandResult } from '../../../../src/pki/stores/run-command.js';
import { windowsArguments } from '../../../../src/pki/stores/windows-script.js';
import { turns } from '../../../support/clock.js';
import { errorOf, fixture } from '../fixtures.js';

let directory: string;
const pem = (name: string, label = 'CERTIFICATE'): string =>
  `-----BEGIN ${label}-----\n${fixture(name).toString('base64')}\n-----END ${label}-----\n`;
const fingerprint = (name: string): string => createHash('sha256').update(fixture(name)).digest('hex');
const thumbprint = (name: string): string => createHash('sha1').update(fixture(name)).digest('hex').toUpperCase();

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealpost-test-'));
  const put = (name: string, data: string | Buffer): void => writeFileSync(join(directory, name), data);
  put('ann.cer', fixture('ann.der'));
  put('ann-new.pem', pem('ann-new.der'));
  put('ann.key', pem('ann.p8', 'PRIVATE KEY'));
  put('bob.p12', fixture('java.p12'));
  put('chain.p7b', fixture('bundle.p7b'));
  put('broken.crt', 'nothing');
  put('notes.txt', 'not looked at');
  put('java.jks', fixture('java.jks'));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** A program runner that gives recorded answers and keeps the calls. */
function recorded(answer: (command: Command) => Partial<CommandResult>): {
  readonly asked: Command[];
  readonly run: (command: Command) => Promise<CommandResult>;
} {
  const asked: Command[] = [];
  return {
    asked,
    run: (command) => (asked.push(command), Promise.resolve({ code: 0, stdout: '', stderr: '', ...answer(command) })),
  };
}

describe('a directory', () => {
  const open = (): Promise<CertificateStore> =>
    openCertificateStore({ type: 'directory', location: directory }, { password: 'secret1' });

  it('lists every certificate once, with what it is', async () => {
    const list = await (await open()).list();
    expect(list.map(({ fingerprint: each }) => each).length).toBe(
      new Set(list.map(({ fingerprint: each }) => each)).size,
    );
    expect(
      list
        .filter(({ hasPrivateKey }) => hasPrivateKey)
        .map(({ emails }) => emails[0])
        .sort(),
    ).toEqual(['ann@example.test', 'bob@example.test']);
  });

  it.each([
    ['the whole DN', { subject: 'CN=bob example , O=Example' }, undefined],
    ['the whole DN as it is written', { subject: 'O=Example,CN=Bob Example' }, 'bob.der'],
    ['the CN', { subject: 'bob example' }, 'bob.der'],
    ['an address in any case', { email: 'BOB@Example.Test' }, 'bob.der'],
    ['the alias', { alias: 'bob' }, 'bob.der'],
    ['a part of the CN', { subject: 'Bob' }, undefined],
    ['a part of the address', { email: 'bob' }, undefined],
    ['nothing', { subject: '' }, undefined],
  ])('finds by %s', async (_, selector, name) => {
    const store = await open();
    if (name === undefined)
      expect((await errorOf(() => store.load(selector))).message).toContain('there is no certificate with');
    else
      expect((await store.load(selector)).info.fingerprint.replaceAll(':', '').toLowerCase()).toBe(fingerprint(name));
  });

  it('finds by fingerprint, and refuses SHA-1', async () => {
    const store = await open();
    expect((await store.load({ fingerprint: fingerprint('ann-new.der') })).info.emails).toEqual(['Ann@Example.Test']);
    expect((await errorOf(() => store.load({ fingerprint: thumbprint('ann.der') }))).remedy).toContain('SHA-1');
  });

  it('prefers the certificate whose key is there to a newer one', async () => {
    const loaded = await (await open()).load({ subject: 'Ann Example' }, { purpose: 'sign' });
    expect(loaded.info.fingerprint.replaceAll(':', '').toLowerCase()).toBe(fingerprint('ann.der'));
    expect(loaded.privateKey).toBeInstanceOf(Uint8Array);
    expect(loaded.chain).toHaveLength(2);
  });

  it('says why a key could not be read where one is needed', async () => {
    const place = mkdtempSync(join(tmpdir(), 'sealpost-test-'));
    writeFileSync(join(place, 'ann.cer'), fixture('ann.der'));
    writeFileSync(join(place, 'ann.key'), fixture('pbes2.key'));
    const store = await openCertificateStore({ type: 'directory', location: place }, { password: 'not-This' });
    const error = await errorOf(() => store.load({ subject: 'Ann Example' }, { purpose: 'sign' }));
    expect(error.message).toContain(
      'no private key; ann.key: the PEM block ENCRYPTED PRIVATE KEY of line 1: the password of the private key is wrong',
    );
    expect(error.message).not.toContain('not-This');
    rmSync(place, { recursive: true });
  });

  it('says that an entry has no key where one is needed', async () => {
    const store = await open();
    expect((await errorOf(() => store.load({ subject: 'Example Root' }, { purpose: 'sign' }))).message).toContain(
      'no private key',
    );
    expect((await store.load({ subject: 'Example Root' }, { purpose: 'encrypt' })).privateKey).toBeUndefined();
  });

  it('says what is there where nothing matches, and which files it could not read', async () => {
    const { message } = await errorOf(async () => (await open()).load({ alias: 'nobody' }));
    expect(message).toContain('alias "nobody"');
    expect(message).toContain('could not be read, the first because broken.crt: it is not recognised');
  });

  it('refuses what is no directory', async () => {
    expect(
      (
        await errorOf(async () =>
          (await openCertificateStore({ type: 'directory', location: join(directory, 'none') })).list(),
        )
      ).message,
    ).toMatch(/none: there is no such directory$/);
  });
});

describe('PKCS#12 and JKS as stores', () => {
  it('lists and loads several identities', async () => {
    const store = await openCertificateStore(
      { type: 'pkcs12', location: join(directory, 'bob.p12') },
      { password: 'secret1' },
    );
    expect(
      (await store.list())
        .filter(({ hasPrivateKey }) => hasPrivateKey)
        .map(({ alias }) => alias)
        .sort(),
    ).toEqual(['ann', 'bob']);
    expect((await store.load({ alias: 'bob' }, { purpose: 'sign' })).info.emails).toEqual(['bob@example.test']);
  });

  it('names the store and asks for its password', async () => {
    const store = await openCertificateStore({ type: 'pkcs12', location: join(directory, 'bob.p12') });
    const error = await errorOf(() => store.list());
    expect([error.message, error.remedy]).toEqual([
      expect.stringContaining('bob.p12: the PKCS#12 file is protected'),
      'Give it in `password`.',
    ]);
    expect((await store.load({ alias: 'bob' }, { password: 'secret1' })).info.alias).toBe('bob');
  });

  it('takes the entry whose key opens where several match', async () => {
    const inner = await openCertificateStore(
      { type: 'jks', location: join(directory, 'java.jks') },
      { password: 'secret1' },
    );
    const [ann, bob] = await Promise.all(
      ['ann', 'bob'].map(async (alias) => (await inner.list()).find((each) => each.alias === alias) as CertificateInfo),
    );
    const candidate = async (info: CertificateInfo | undefined, validFrom: string, openKey: Identity['openKey']) => ({
      certificate: await parseCertificate(fixture('ann.der')),
      info: { ...(info as CertificateInfo), validFrom: new Date(validFrom) },
      chain: () => [],
      openKey,
    });
    const locked = certificateError('locked', 'Give the password.');
    const older = await candidate(ann, '2020-01-01', () => Promise.resolve({ privateKey: Buffer.of(1) }));
    const newer = await candidate(bob, '2021-01-01', () => Promise.reject(locked));
    for (const purpose of ['sign', undefined] as const)
      expect(await loadBest([newer, older], purpose)).toMatchObject({ info: older.info, privateKey: Buffer.of(1) });
    expect(await errorOf(() => loadBest([newer], 'sign'))).toBe(locked);
    expect((await loadBest([newer], 'encrypt'))?.privateKey).toBeUndefined();
  });

  it('lists a JKS entry whose key is locked, and says so only where it is loaded', async () => {
    const location = join(directory, 'java.jks');
    const store = await openCertificateStore(
      { type: 'jks', location },
      { password: 'secret1', keyPassword: 'secret2' },
    );
    expect(
      (await store.list())
        .filter(({ hasPrivateKey }) => hasPrivateKey)
        .map(({ alias }) => alias)
        .sort(),
    ).toEqual(['ann', 'bob']);
    expect((await store.load({ alias: 'ann' }, { purpose: 'sign' })).privateKey).toBeInstanceOf(Uint8Array);
    expect((await errorOf(() => store.load({ alias: 'bob' }, { purpose: 'sign' }))).message).toContain(
      'password of the key "bob" is wrong',
    );
    expect((await store.load({ alias: 'bob' }, { purpose: 'encrypt' })).privateKey).toBeUndefined();
    const source = {
      store: { type: 'jks', location },
      select: { alias: 'ann' },
      password: 'secret1',
      keyPassword: 'secret2',
    } as const;
    expect((await loadCertificate(source, { purpose: 'sign' })).info.alias).toBe('ann');
  });
});

describe("a store of the caller's own", () => {
  it('is used as it is, with a signer for its key', async () => {
    const signer: PrivateKeySigner = { sign: () => Promise.resolve(new Uint8Array(64)) };
    const inner = await openCertificateStore({ type: 'directory', location: directory });
    const own: CertificateStore = {
      list: () => inner.list(),
      load: async (selector) => ({ ...(await inner.load(selector, { purpose: 'encrypt' })), privateKey: signer }),
    };
    expect(await openCertificateStore(own)).toBe(own);
    expect(
      (await loadCertificate({ store: own, select: { email: 'bob@example.test' } }, { purpose: 'sign' })).privateKey,
    ).toBe(signer);
  });
});

describe('an NSS database', () => {
  // The output of certutil of NSS 3.87.
  const listing = `
Certificate Nickname                                         Trust Attributes
                                                             SSL,S/MIME,JAR/XPI

Example Root                                                 CT,C,C
ann with spaces, and a comma                                 u,u,u
bob                                                          ,,   
`;
  const names: Readonly<Record<string, string>> = {
    'Example Root': 'root.der',
    'ann with spaces, and a comma': 'ann.der',
    bob: 'bob.der',
  };
  const answer = ({ program, args }: Command): Partial<CommandResult> => {
    if (program === 'certutil')
      return { stdout: args.includes('-n') ? pem(names[args[args.indexOf('-n') + 1] ?? ''] ?? '') : listing };
    // pk12util: the export has a random password, which only the password file contains.
    return {
      code: 13,
      stderr:
        'pk12util: Failed to authenticate to PKCS11 slot: SEC_ERROR_BAD_PASSWORD: The security password entered is incorrect.',
    };
  };

  it('lists by nickname, and knows whose key is there', async () => {
    const { run, asked } = recorded(answer);
    const list = await (await openCertificateStore({ type: 'nss', location: '/data/nss' }, { run })).list();
    expect(list.map(({ alias, hasPrivateKey }) => [alias, hasPrivateKey])).toEqual([
      ['Example Root', false],
      ['ann with spaces, and a comma', true],
      ['bob', false],
    ]);
    expect(asked[0]?.args).toEqual(['-L', '-d', 'sql:/data/nss']);
  });

  it('gives passwords in files that are gone afterwards, and never in arguments', async () => {
    const seen: string[] = [];
    const { run, asked } = recorded((command) => {
      if (command.program === 'pk12util') {
        const file = command.args[command.args.indexOf('-k') + 1] ?? '';
        seen.push(file, readFileSync(file, 'utf8'));
      }
      return answer(command);
    });
    const store = await openCertificateStore(
      { type: 'nss', location: 'sql:/data/nss' },
      { run, password: 'nss-Secret' },
    );
    const error = await errorOf(() => store.load({ email: 'ann@example.test' }, { purpose: 'sign' }));
    expect(error.message).toContain('password of the NSS database is missing or wrong');
    expect(seen[1]).toBe('nss-Secret\n');
    expect(() => readFileSync(seen[0] ?? '')).toThrow('ENOENT');
    expect(JSON.stringify([asked, error])).not.toContain('nss-Secret');
  });

  it('is what user and machine mean on Linux', async () => {
    const { run, asked } = recorded(() => ({
      code: 255,
      stderr: 'certutil: function failed: SEC_ERROR_BAD_DATABASE: security library: bad database.',
    }));
    for (const which of ['user', 'machine'] as const) {
      const store = await openCertificateStore(which, { run, platform: 'linux', env: { HOME: '/people/ann' } });
      const error = await errorOf(() => store.list());
      expect(error.message).toContain('it is not an NSS database');
      expect(error.remedy).toContain("'user' is ~/.pki/nssdb and 'machine' is /etc/pki/nssdb");
    }
    expect(asked.map(({ args }) => args.at(-1))).toEqual(['sql:/people/ann/.pki/nssdb', 'sql:/etc/pki/nssdb']);
  });
});

describe('a macOS keychain', () => {
  const identities = `
Policy: X.509 Basic
  Matching identities
  1) ${thumbprint('ann.der')} "Ann Example"
     1 identities found

  Valid identities only
     0 valid identities found
`;
  const answer = ({ args }: Command): Partial<CommandResult> => {
    if (args[0] === 'find-certificate') return { stdout: pem('ann.der') + pem('sub.der') + pem('bob.der') };
    if (args[0] === 'find-identity') return { stdout: identities };
    writeFileSync(args[args.indexOf('-o') + 1] ?? '', fixture('openssl-legacy.p12'));
    return {};
  };

  it('lists certificates, and knows which are identities', async () => {
    const { run, asked } = recorded(answer);
    const list = await (await openCertificateStore('user', { run, platform: 'darwin' })).list();
    expect(list.map(({ subject, hasPrivateKey }) => [subject, hasPrivateKey])).toEqual([
      ['O=Example,CN=Ann Example', true],
      ['O=Example,CN=Example Mail CA', false],
      ['O=Example,CN=Bob Example', false],
    ]);
    expect(asked.map(({ program, args }) => [program, ...args])).toEqual([
      ['security', 'find-certificate', '-a', '-p'],
      ['security', 'find-identity'],
    ]);
  });

  it('exports a key under a password for once', async () => {
    // The recorded file has another password, so the test can only observe that opening it fails.
    const { run, asked } = recorded(answer);
    const store = await openCertificateStore({ type: 'keychain', location: '/Users/ann/login.keychain' }, { run });
    expect((await errorOf(() => store.load({ subject: 'Ann Example' }, { purpose: 'sign' }))).code).toBe(
      'ERR_CERTIFICATE',
    );
    const [first = [], second = []] = [asked[2]?.args];
    expect(first.slice(0, 7)).toEqual([
      'export',
      '-k',
      '/Users/ann/login.keychain',
      '-t',
      'identities',
      '-f',
      'pkcs12',
    ]);
    expect(first[8]).toMatch(/^[0-9a-f]{48}$/);
    expect(second).toEqual([]);
  });

  it('says what security says', async () => {
    const { run } = recorded(() => ({
      code: 36,
      stderr: 'security: SecKeychainItemExport: User interaction is not allowed.',
    }));
    const store = await openCertificateStore('machine', { run, platform: 'darwin' });
    expect((await errorOf(() => store.list())).message).toContain('User interaction is not allowed');
  });
});

describe('a Windows store', () => {
  const reply = (value: object): Partial<CommandResult> => ({
    stdout: Buffer.from(JSON.stringify(value)).toString('base64'),
  });
  const base64 = (name: string): string => fixture(name).toString('base64');
  const entries = [
    { der: base64('ann.der'), thumbprint: thumbprint('ann.der'), name: 'Ann – work', key: true },
    { der: base64('bob.der'), thumbprint: thumbprint('bob.der'), name: '', key: true },
    { der: base64('root.der'), thumbprint: thumbprint('root.der'), name: '', key: false },
  ];
  const requestOf = ({ input }: Command): Readonly<Record<string, string>> =>
    JSON.parse(input ?? '') as Record<string, string>;
  const p1363 = Buffer.concat([Buffer.alloc(32, 0x80), Buffer.alloc(32, 0x01)]);
  const answer = (command: Command): Partial<CommandResult> => {
    const request = requestOf(command);
    if (request['action'] === 'list') return reply({ entries });
    if (request['action'] === 'export') return reply({ chain: [base64('sub.der'), base64('root.der')], pfx: '' });
    return reply({
      value: (request['action'] === 'sign' && request['scheme'] === 'ecdsa' ? p1363 : Buffer.from('answer')).toString(
        'base64',
      ),
    });
  };
  const signal = new AbortController().signal;

  it('lists what PowerShell answers, names in any script', async () => {
    const { run, asked } = recorded(answer);
    const list = await (await openCertificateStore('user', { run, platform: 'win32' })).list();
    expect(list.map(({ alias, hasPrivateKey }) => [alias, hasPrivateKey])).toEqual([
      ['Ann – work', true],
      [undefined, true],
      [undefined, false],
    ]);
    expect(asked[0]?.program).toBe('powershell.exe');
    expect(requestOf(asked[0] as Command)).toEqual({ location: 'CurrentUser', store: 'My', action: 'list' });
  });

  it('runs one constant script, so that nothing of a request can be a command', async () => {
    const { run, asked } = recorded(answer);
    const store = await openCertificateStore('machine', { run, platform: 'win32' });
    await store.load({ alias: 'Ann – work' }, { purpose: 'sign' });
    for (const { args, input } of asked) {
      expect(args).toBe(windowsArguments);
      expect(input).toMatch(/^[\x20-\x7e]+$/);
    }
  });

  it('exports what may be exported under a password for once', async () => {
    const { run, asked } = recorded((command) =>
      requestOf(command)['action'] === 'export'
        ? reply({ chain: [], pfx: base64('openssl-plain-nomac.p12') })
        : answer(command),
    );
    const loaded = await (
      await openCertificateStore({ type: 'windows', location: 'Cert:\\CurrentUser\\My' }, { run })
    ).load({ email: 'ann@example.test' }, { purpose: 'sign' });
    expect(loaded.privateKey).toBeInstanceOf(Uint8Array);
    expect(requestOf(asked[1] as Command)['password']).toMatch(/^[0-9a-f]{48}$/);
    expect(requestOf(asked[1] as Command)['thumbprint']).toBe(thumbprint('ann.der'));
  });

  it('signs in place where the key does not leave Windows, ECDSA in DER', async () => {
    const { run, asked } = recorded(answer);
    const loaded = await (
      await openCertificateStore({ type: 'windows', location: 'CurrentUser\\My' }, { run })
    ).load({ email: 'ann@example.test' }, { purpose: 'sign' });
    expect(loaded.chain).toHaveLength(2);
    const key = loaded.privateKey as PrivateKeySigner;
    const digest = Buffer.alloc(32, 7);
    const signature = await key.sign({
      algorithm: { name: 'ECDSA', hash: 'sha256' },
      data: Buffer.from('data'),
      digest,
      signal,
    });
    expect(Buffer.from(signature).toString('hex')).toBe(`3045022100${'80'.repeat(32)}0220${'01'.repeat(32)}`);
    expect(requestOf(asked.at(-1) as Command)).toMatchObject({
      action: 'sign',
      scheme: 'ecdsa',
      hash: 'SHA256',
      digest: digest.toString('base64'),
      thumbprint: thumbprint('ann.der'),
    });
    expect(
      (
        await errorOf(() =>
          key.sign({ algorithm: { name: 'Ed25519' }, data: Buffer.alloc(1), digest: undefined, signal }),
        )
      ).code,
    ).toBe('ERR_CERTIFICATE');
  });

  it('signs with RSA and decrypts in place', async () => {
    const { run, asked } = recorded(answer);
    const { privateKey } = await (
      await openCertificateStore('user', { run, platform: 'win32' })
    ).load({ email: 'bob@example.test' }, { purpose: 'sign' });
    const key = privateKey as PrivateKeySigner & PrivateKeyDecryptor;
    await key.sign({
      algorithm: { name: 'RSA-PSS', hash: 'sha512' },
      data: Buffer.alloc(1),
      digest: Buffer.alloc(64),
      signal,
    });
    expect(requestOf(asked.at(-1) as Command)).toMatchObject({ scheme: 'pss', hash: 'SHA512' });
    expect(
      Buffer.from(
        await key.rsaDecrypt({ ciphertext: Buffer.alloc(256), scheme: 'oaep', hash: 'sha256', signal }),
      ).toString(),
    ).toBe('answer');
    expect(requestOf(asked.at(-1) as Command)).toMatchObject({ action: 'decrypt', scheme: 'oaep', hash: 'SHA256' });
    expect(key.agree).toBeUndefined();
  });

  it.each(['CurrentUser\\My; calc', 'Nobody\\My', 'CurrentUser\\..\\My', "CurrentUser\\M'y"])(
    'refuses the location %s',
    async (location) => {
      expect((await errorOf(() => openCertificateStore({ type: 'windows', location }))).message).toContain(
        'not a Windows certificate store',
      );
    },
  );

  it('says what Windows says, and where PowerShell answers nothing', async () => {
    const refused = recorded(() => reply({ error: 'Access is denied.' }));
    expect(
      (await errorOf(async () => (await openCertificateStore('user', { run: refused.run, platform: 'win32' })).list()))
        .message,
    ).toContain('Access is denied.');
    const silent = recorded(() => ({ stdout: '', stderr: 'Cannot invoke method. \u001b[31m' }));
    expect(
      (await errorOf(async () => (await openCertificateStore('user', { run: silent.run, platform: 'win32' })).list()))
        .message,
    ).toContain('Cannot invoke method. \\x1b[31m');
  });
});

describe('running programs', () => {
  it('says how to install what is absent', async () => {
    const error = await errorOf(() => runCommand({ program: 'sealpost-no-such-program', args: [] }));
    expect([error.code, error.message]).toEqual([
      'ERR_CERTIFICATE',
      'the program sealpost-no-such-program is not installed',
    ]);
  });

  it.skipIf(process.platform === 'win32')('says of a Windows store that it is on Windows only', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/no/such/folder';
    try {
      const store = await openCertificateStore({ type: 'windows', location: 'CurrentUser\\My' });
      const error = await errorOf(() => store.list());
      expect([error.code, error.remedy]).toEqual([
        'ERR_CERTIFICATE',
        'This kind of store exists on Windows only. On other systems use a file, or a store of type ' +
          "'nss', 'pkcs12', 'jks' or 'directory'.",
      ]);
    } finally {
      process.env['PATH'] = path;
    }
  });

  it('gives arguments to the program as they are: there is no shell', async () => {
    const { stdout } = await runCommand({
      program: process.execPath,
      args: ['-e', 'process.stdout.write(process.argv[1])', '$(id); `id` "x" \'y\''],
    });
    expect(stdout).toBe('$(id); `id` "x" \'y\'');
  });

  it('gives input on stdin, and ends with its signal', async () => {
    const echo = 'process.stdin.pipe(process.stdout)';
    expect((await runCommand({ program: process.execPath, args: ['-e', echo], input: 'secret' })).stdout).toBe(
      'secret',
    );
    const controller = new AbortController();
    void turns().then(() => controller.abort());
    const error = await errorOf(() =>
      runCommand({
        program: process.execPath,
        args: ['-e', 'setInterval(() => {}, 1000)'],
        signal: controller.signal,
      }),
    );
    expect(error.code).toBe('ERR_ABORTED');
  });
});
