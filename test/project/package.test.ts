import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestSmtpServer } from '../../src/testing.js';
import { read, root } from './sources.js';

const run = promisify(execFile);
const consumer = mkdtempSync(join(realpathSync(tmpdir()), 'sealpost-consumer-'));
const node = async (code: string, ...flags: string[]): Promise<string> =>
  (await run(process.execPath, [...flags, '-e', code], { cwd: consumer })).stdout.trim();

/** No timeout: these tests wait for child processes, whose time depends only on the load of the machine. */
const untimed = { timeout: 0 };

/**
 * The package as its users get it: built, packed, unpacked beside its two dependencies. Without the declarations, which
 * `npm run test:types` checks.
 */
beforeAll(async () => {
  const build = join(consumer, 'build');
  mkdirSync(build);
  for (const name of ['src', 'package.json', 'tsconfig.json', 'CHANGELOG.md', 'README.md', 'LICENSE'])
    cpSync(join(root, name), join(build, name), { recursive: true });
  for (const name of ['CONTRIBUTING.md', 'SECURITY.md', 'design', 'examples', 'generate', 'guide', 'reference'])
    cpSync(join(root, 'docs', name), join(build, 'docs', name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(build, 'node_modules'));
  // src/bundle.mjs makes the files of both formats from those of this one.
  await run(process.execPath, ['node_modules/tsup/dist/cli-default.js', '--no-dts', '--format', 'esm'], { cwd: build });
  await run(process.execPath, ['docs/generate/profile-schema.mjs'], { cwd: build });
  const packed = await run('npm', ['pack', '--silent', '--ignore-scripts'], { cwd: build });
  mkdirSync(join(consumer, 'node_modules'));
  await run('tar', ['xzf', join(build, packed.stdout.trim())], { cwd: consumer });
  cpSync(join(consumer, 'package'), join(consumer, 'node_modules/sealpost'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.') && name !== 'sealpost')
      symlinkSync(join(root, 'node_modules', name), join(consumer, 'node_modules', name));
  }
}, untimed.timeout);
afterAll(() => rmSync(consumer, { recursive: true, force: true }));

describe('the lock files', () => {
  it.each([
    'package-lock.json',
    'test/bench/package-lock.json',
    'test/nodemailer/package-lock.json',
    'test/oauth/package-lock.json',
    'test/schema/package-lock.json',
  ])('%s names the packages of every platform, without which npm ci refuses it', (path) => {
    const { packages } = JSON.parse(read(path)) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const missing = Object.values(packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !Object.keys(packages).some((place) => place.endsWith(`node_modules/${name}`)));
    expect(missing).toEqual([]);
  });
});

/** The programs of docs/examples/first-day, with the output that each must print. */
const programs: readonly (readonly [file: string, words: RegExp])[] = [
  ['abort.mjs', /ERR_ABORTED (?:unknown|not-delivered)/],
  [
    'again-later.mjs',
    /attempt 1: ERR_SMTP_REPLY; .*\nthen 250 and 1 message\nfirst \[ 'ann@example\.com' \] then \[ 'bob@example\.com' \] as one message: true/,
  ],
  ['calendar.mjs', /^text\/calendar, text\/calendar budget\.ics$/],
  [
    'encrypted-from-directory.cjs',
    /aes-256-cbc true\nERR_CERTIFICATE_MISSING No usable certificate for bob@example\.com/,
  ],
  ['gmail-from-environment.cjs', /^250 /],
  ['health-check.cjs', /^not healthy\n[^]*FAIL authenticate [^]*-> Check user name and password/],
  ['html-inline-pdf.cjs', /^chart\.png image\/png, figures\.pdf application\/pdf$/],
  ['integration.test.cjs', /pass 1/],
  ['logger.cjs', /info - message .* sent, \d+ bytes/],
  ['newsletter.cjs', /^1000 sent, 1000 different, over 3 connections$/],
  ['plain.mjs', /^accepted for ann@example\.com as .*@example\.com$/],
  ['self-signed.mjs', /FAIL tls [^]*by authority: true\nby fingerprint: true/],
  ['signed.mjs', /^app@example\.com valid true trusted true$/],
  ['socks.mjs', /^resolve connect proxy greeting ehlo starttls tls ehlo quit\nThrough a proxy$/],
  ['unit.test.mjs', /pass 1/],
  ['web-stream.cjs', /^figures\.csv 8$/],
];

describe('the programs of a first day', untimed, () => {
  const folder = join(root, 'docs/examples/first-day');

  it('are all in the table, and in the list beside them', () => {
    expect(
      readdirSync(folder)
        .filter((file) => file !== 'README.md')
        .sort(),
    ).toEqual(programs.map(([file]) => file));
    const list = readFileSync(join(folder, 'README.md'), 'utf8');
    for (const [file] of programs) expect(list).toContain(`](${file})`);
  });

  it.concurrent.each(programs)('%s runs as it stands', async (file, words) => {
    cpSync(join(folder, file), join(consumer, file));
    const { stdout } = await run(process.execPath, [file], { cwd: consumer });
    expect(stdout.trim()).toMatch(words);
  });
});

/** The programs of the guide for new users, with the words that each prints. */
const firstPrograms: Readonly<Record<string, RegExp>> = {
  'send.mjs': /^\[ 'ann@example\.com' \] 250\nYour order over TLS: true$/,
  'check.mjs': /FAIL authenticate [^]*-> Check user name and password[^]*\nERR_AUTH_REJECTED not-delivered\n/,
  'secure.mjs': /^on the way: encrypted\nsigned by: shop@example\.com valid: true trusted: true$/,
};

describe('the programs of the guide for new users', untimed, () => {
  const guide = read('docs/guide/getting-started.md');
  const found = new Map(
    [...guide.matchAll(/^```js\n\/\/ (\S+)\n([^]*?)^```/gm)].map(([, name = '', code = '']) => [name, code]),
  );

  it('are those of the table', () => {
    expect([...found.keys()]).toEqual(Object.keys(firstPrograms));
  });

  it.concurrent.each(Object.entries(firstPrograms))('%s runs as it stands', async (name, words) => {
    const folder = mkdtempSync(join(consumer, 'new-user-'));
    writeFileSync(join(folder, name), found.get(name) ?? '');
    const { stdout } = await run(process.execPath, [name], { cwd: folder });
    expect(stdout.trim()).toMatch(words);
  });
});

const hasFlag = (name: string): boolean => process.allowedNodeEnvironmentFlags.has(name);
/**
 * Flags with which a hardened process is started. Node 20 has another name for permissions, and only Node 26 denies the
 * network too.
 */
const restrictions = [
  [
    hasFlag('--permission') ? '--permission' : '--experimental-permission',
    `--allow-fs-read=${consumer}/*`,
    ...(hasFlag('--allow-net') ? ['--allow-net'] : []),
  ],
  ['--frozen-intrinsics'],
  ['--jitless'],
  ['--disable-proto=throw'],
];

describe('the package, from its tarball', untimed, () => {
  it('has all that README, guides and references link to', () => {
    const folder = join(consumer, 'package');
    const pages = ['guide', 'reference'].flatMap((name) =>
      readdirSync(join(folder, 'docs', name)).map((page) => `docs/${name}/${page}`),
    );
    const targets = ['README.md', ...pages].flatMap((page) =>
      [...readFileSync(join(folder, page), 'utf8').matchAll(/\]\((?![a-z]+:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(
        ([, target = '']) => join(folder, page, '..', target),
      ),
    );
    expect(targets.length).toBeGreaterThan(50);
    expect(targets.filter((target) => !existsSync(target))).toEqual([]);
  });

  it('works by import, and its four entries hold the same names by require', async () => {
    const entries = ['sealpost', 'sealpost/smime', 'sealpost/testing', 'sealpost/nodemailer'];
    const names = (load: string): string => `(async () => {
      for (const entry of ${JSON.stringify(entries)}) { const m = ${load}(entry);
        console.log(Object.keys(m).filter((k) => k !== 'default' && k !== 'module.exports' && k !== '__esModule').sort().join()); } })()`;
    const [byImport, byRequire] = await Promise.all([node(names('await import')), node(names('require'))]);
    expect(byImport.split('\n').map((line) => line !== '')).toEqual(entries.map(() => true));
    expect(byRequire).toBe(byImport);
  });

  it('knows its errors across both copies', async () => {
    const code = `import('sealpost').then((esm) => { const cjs = require('sealpost');
      console.log(esm.isEmailError(cjs.createEmailError('ERR_TLS', 'x')), cjs.isEmailError(esm.createEmailError('ERR_TLS', 'x')), esm === cjs) })`;
    expect(await node(code)).toBe('true true false');
  });

  it('has the JSON Schema of the profile, by require and by import', async () => {
    const show = 'console.log(schema.$schema, schema.required.join(), Object.keys(schema.$defs).length > 30)';
    const expected = 'https://json-schema.org/draft/2020-12/schema name,sender,server true';
    expect(await node(`const schema = require('sealpost/profile.schema.json'); ${show}`)).toBe(expected);
    const load = `import('sealpost/profile.schema.json', { with: { type: 'json' } })`;
    expect(await node(`${load}.then(({ default: schema }) => ${show})`)).toBe(expected);
  });

  it('has the command line, which loads the library beside it', async () => {
    const { bin, version } = JSON.parse(read('package.json')) as { bin: { sealpost: string }; version: string };
    const main = join(consumer, 'node_modules/sealpost', bin.sealpost);
    const { stdout } = await run(process.execPath, [main, '--version'], { cwd: consumer });
    expect(stdout).toBe(`${version}\n`);
    const source = readFileSync(main, 'utf8');
    expect(source).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(source).toMatch(/from "\.\/index\.js"/);
    const message = ['--server', 'localhost', '--from', 'a@example.com', '--to', 'b@example.org', '--text', 'hello'];
    const composed = await run(process.execPath, [main, 'compose', ...message], { cwd: consumer });
    expect(composed.stdout).toContain('hello');
  });

  it('sends a message by each format', async () => {
    const main = (load: string): string => `(async () => {
      const { createMailer, defineProfile } = ${load}('sealpost'); const { MemoryTransport } = ${load}('sealpost/testing');
      const transport = new MemoryTransport();
      const profile = defineProfile({ name: 'p', sender: { email: 'a@example.com' }, server: { host: 'mail.example.com' } });
      const mailer = createMailer(profile, { transport });
      await mailer.send({ to: 'b@example.com', subject: 'hello', text: 'world' });
      console.log(transport.sent[0].text.trim()); await mailer.close();
    })()`;
    expect(await node(main('require'))).toBe('world');
    expect(await node(main('await import'))).toBe('world');
  });

  it('signs and verifies by each format', async () => {
    const main = (load: string): string => `(async () => {
      const { sign, verify } = ${load}('sealpost/smime'); const { createTestIdentities } = ${load}('sealpost/testing');
      const { ca, identities } = createTestIdentities('a@example.com'); const { certificate, key } = identities.get('a@example.com');
      const signed = await sign(Buffer.from('Content-Type: text/plain\\r\\n\\r\\nhello\\r\\n'), { certificate: { data: certificate, key } });
      console.log((await verify(signed, { trustAnchors: [ca] })).signatures.map(({ valid, trusted }) => valid && trusted).join());
    })()`;
    expect(await node(main('require'))).toBe('true');
    expect(await node(main('await import'))).toBe('true');
  });

  it('loads neither pkijs, asn1js, crypto, http, zlib nor tls with the main entry', async () => {
    // Some Nodes load a few of them themselves.
    const code = `const before = new Set(process.moduleLoadList); import('sealpost').then(() => {
      const loaded = [...process.moduleLoadList.filter((name) => !before.has(name)), ...Object.keys(require.cache)];
      console.log(loaded.filter((name) => /pkijs|asn1js|NativeModule (crypto|tls|_tls_wrap|child_process|_?http|https|zlib|_http_\\w+|http2)$/.test(name)).join());
    })`;
    expect(await node(code)).toBe('');
  });

  it.concurrent.each(restrictions)('sends over TLS with a password under %s', async (...flags) => {
    await using server = await TestSmtpServer.start({ users: { ann: 'secret' } });
    const code = `const { createMailer } = require('sealpost');
      const authentication = { method: 'password', username: 'ann', password: 'secret' };
      const server = ${JSON.stringify(server.settings)};
      const mailer = createMailer({ name: 'p', sender: { email: 'a@example.com' }, server, authentication });
      const attachments = [{ filename: 'r\u00e9sum\u00e9.bin', content: Buffer.alloc(5000, 1) }];
      const message = { to: 'b@example.org', subject: 'Gr\u00fc\u00dfe', text: 'Hello', html: '<p>Hello', attachments };
      mailer.send(message).then(({ accepted }) => mailer.close().then(() => console.log(accepted.join())));`;
    expect(await node(code, ...flags)).toBe('b@example.org');
    expect(server.messages[0]?.text).toBe('Hello');
  });

  it('has no dependencies but asn1js and pkijs', () => {
    const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
    expect(Object.keys(manifest['dependencies'] ?? {})).toEqual(['asn1js', 'pkijs']);
    expect(Object.keys(manifest['devDependencies'] ?? {}).sort()).toEqual([
      '@peculiar/webcrypto',
      '@types/node',
      'tsup',
      'typedoc',
      'typescript',
      'vitest',
    ]);
  });
});
