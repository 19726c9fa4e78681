import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMailer, type ConnectionStep } from '../../../src/index.js';
import { createTestIdentities, TestSmtpServer, type TestSmtpServerOptions } from '../../../src/testing.js';
import { bearer, refusal, startFakeProvider } from '../../support/fake-provider.js';
import { commandLine, type CommandLine } from './support.js';

const folder = mkdtempSync(join(tmpdir(), 'cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
let cli: CommandLine;
beforeAll(async () => {
  cli = await commandLine();
});
const onLinux = it.runIf(process.platform === 'linux');
const env = { CLI_PASSWORD: 'pw-secret' };
const login = ['--user', 'ann', '--password-env', 'CLI_PASSWORD'];

async function served(options: TestSmtpServerOptions = {}) {
  const server = await TestSmtpServer.start({ users: { ann: 'pw-secret' }, ...options });
  const where = [
    '--server',
    `${server.host}:${server.port}`,
    '--ca',
    file(`${server.port}.pem`, server.ca),
    '--from',
    'a@example.com',
  ];
  return { server, where, [Symbol.asyncDispose]: () => server.close() };
}

describe('the help', () => {
  it('lists the commands', async () => {
    const { status, stdout } = await cli.spawn(['--help']);
    expect(status).toBe(0);
    expect(await cli.run(['--help'])).toMatchObject({ status, stdout });
    for (const name of ['test', 'send', 'compose', 'verify', 'decrypt', 'certificate', 'authorize', 'profile check'])
      expect(stdout).toMatch(new RegExp(`^  ${name} +[A-Z][^\\n]+\\.$`, 'm'));
  });

  it.each(['test', 'send', 'compose', 'verify', 'decrypt', 'certificate', 'authorize', 'profile check'])(
    'of %s has its options, its exit status and an example, on lines that fit a terminal',
    async (name) => {
      const { status, stdout } = await cli.run([...name.split(' '), '--help']);
      expect(status).toBe(0);
      expect(stdout).toMatch(new RegExp(`^Usage: sealpost ${name} `, 'm'));
      expect(stdout).toContain('Exit status: 0 ');
      expect(stdout).toMatch(/^Examples?: sealpost /m);
      for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(125);
    },
  );

  it.each([
    [[], 64],
    [['sned'], 64],
    [['send', '--sever', 'x'], 64],
    [['send', '--server', 'x', '--password', 'pw-secret'], 64],
    [['send', '--server', 'x', '--password=pw-secret'], 64],
    [['test', '--url', 'smtp://ann:pw-secret@mail.example.com'], 64],
    [['test', '--url', 'smtp://mail.example.com?sender.email=a@example.com&proxy=http://u:pw-secret@proxy'], 64],
    [['test', '--url', 'smtp://mail.example.com', '--from', 'a@example.com', '--pin', 'AA'], 64],
    [['test', '--url', 'smtp://mail.example.com', '--from', 'a@example.com', '--password-env', 'CLI_NONE'], 64],
    [['test', '--server', 'mail.example.com', '--auth', 'plain'], 64],
    [['test', '--server', 'mail.example.com', 'stray'], 64],
    [['send', '--server', 'mail.example.com', '--to', 'a@example.com', 'b@example.com', '--text', 'x'], 64],
    [['compose', '--server', 'mail.example.com', '--to', 'a@example.com', 'b@example.com', '--text', 'x'], 64],
    [['test'], 64],
    [['test', '--server', 'a', '--profile', 'b'], 64],
    [['test', '--profile', '/none.json'], 64],
    [['test', '--server', 'a b'], 64],
    [['test', '--url-env', 'CLI_NONE'], 64],
    [['test', '--server', 'mail.example.com', '--user', 'ann'], 64],
    [['verify'], 64],
    [['decrypt', 'x'], 64],
    [['authorize'], 64],
    [['profile', 'check', 'a', 'b'], 64],
  ] as const)('of wrong arguments is on standard error: %j', async (args, status) => {
    const outcome = await cli.run(args);
    expect(outcome.status).toBe(status);
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).not.toBe('');
    expect(outcome.stderr).not.toMatch(/pw-secret|\n {4}at /);
  });
});

describe('sealpost test', () => {
  it('tells each step, the certificate and its pin in a pipe, without colour', async () => {
    await using at = await served();
    const { status, stdout, stderr } = await cli.run(['test', ...at.where, ...login, '--tls', '--transcript'], { env });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^ok {3}resolve[^]*^ok {3}authenticate[^]*^ok {3}quit/m);
    expect(stdout).toMatch(/^TLS +TLSv1\.3, \w+, certificate verified\nsubject [^]*^names +localhost[^]*days left/m);
    const [, pin = ''] = /^pin +--pin ([0-9A-F:]{95})$/m.exec(stdout) ?? [];
    expect(stdout).toContain(new X509Certificate(at.server.ca).fingerprint256);
    expect(stdout + stderr).not.toContain('\u001b');
    expect(stdout + stderr).not.toContain('pw-secret');
    expect(stderr).toMatch(/EHLO/);
    const where = at.where.filter((_, i) => i < 2 || i > 3);
    expect((await cli.run(['test', ...where, ...login, '--pin', pin], { env })).status).toBe(0);
    expect((await cli.run(['test', ...where, ...login], { env })).status).toBe(13);
  });

  it('writes one JSON document', async () => {
    await using at = await served();
    const { status, stdout } = await cli.run(['test', ...at.where, ...login, '--json'], { env });
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as {
      ok: boolean;
      tls: { names: string[]; chain: unknown[]; authorized: boolean };
    };
    expect(report.ok).toBe(true);
    expect(report.tls.authorized).toBe(true);
    expect(report.tls.names).toContain('localhost');
    expect(report.tls.chain.length).toBe(1);
    expect(stdout).not.toContain('pw-secret');
  });

  it.each<[ConnectionStep, number, TestSmtpServerOptions, readonly string[]]>([
    ['greeting', 14, { faults: [{ at: 'greeting', do: 'drop' }] }, []],
    ['ehlo', 15, { faults: [{ at: 'EHLO', do: 'drop' }] }, []],
    ['starttls', 16, { security: 'none' }, ['--security', 'explicit']],
    ['authenticate', 17, { users: { ann: 'other' } }, []],
  ])('gives the status of the step %s that failed: %i', async (step, status, options, more) => {
    await using at = await served(options);
    const outcome = await cli.run(['test', ...at.where, ...login, ...more], { env });
    expect(outcome.status).toBe(status);
    expect(outcome.stdout).toMatch(new RegExp(`^FAIL ${step} `, 'm'));
    expect(outcome.stdout).toContain('The connection does not work.');
  });

  onLinux('asks for a password on a terminal and does not show it, and has colours', async () => {
    await using at = await served();
    const { status, stdout } = await cli.onTerminal(
      ['test', ...at.where, '--user', 'ann'],
      ['Password of ann', 'pw-x\u007fsecret\r'],
    );
    expect(status).toBe(0);
    expect(stdout).toContain('Password of ann: ');
    expect(stdout).not.toContain('secret');
    expect(stdout).toContain('\u001b[32mok  \u001b[0m');
    expect(stdout).toMatch(/\r\u001b\[KTesting /);
    const stopped = await cli.onTerminal(['test', ...at.where, '--user', 'ann'], ['Password of ann', 'pw\u0003']);
    expect(stopped.status).toBe(64);
  });
});

describe('sealpost send', () => {
  const to = ['--to', 'Bob <bob@example.org>'];

  it('sends what its options say', async () => {
    await using at = await served({ replies: { END: ['250 2.0.0 Ok: queued as 1F2E3D4C5B'] } });
    const html = file('m.html', '<p>Hello');
    const attach = file('report.csv', 'a,b');
    const args = [
      '--bcc',
      'eve@example.org',
      '--subject',
      'Grüße',
      '--text',
      'Hello',
      '--html-file',
      html,
      '--attach',
      attach,
      '--header',
      'X-Mine: 1',
    ];
    const { status, stdout, stderr } = await cli.run(['send', ...at.where, ...login, ...to, ...args], { env });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /^accepted {2}bob@example\.org\naccepted {2}eve@example\.org\n250 .*\n.*queue id 1F2E3D4C5B/,
    );
    const [message] = at.server.messages;
    expect(message).toMatchObject({ subject: 'Grüße', text: 'Hello', html: '<p>Hello', user: 'ann' });
    expect(message?.headers['x-mine']).toEqual(['1']);
    expect(message?.attachments[0]?.filename).toBe('report.csv');
  });

  it('takes the text from a pipe, the server from a variable, and writes JSON', async () => {
    await using at = await served({ users: undefined, security: 'none' });
    const url = {
      MAIL_URL: `smtp://${at.server.host}:${at.server.port}?server.security=none&sender.email=a@example.com`,
    };
    const { status, stdout } = await cli.run(['send', '--url-env', 'MAIL_URL', ...to, '--json'], {
      env: url,
      input: 'Piped\n',
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, accepted: ['bob@example.org'], rejected: [] });
    expect(at.server.messages[0]?.text).toBe('Piped');
  });

  it.each([
    ['--url', (url: string) => url],
    ['--url-env', () => 'MAIL_URL'],
  ] as const)('takes the password that the URL of %s lacks from elsewhere', async (option, named) => {
    await using at = await served({ security: 'none' });
    const url = `smtp://ann@${at.server.host}:${at.server.port}?server.security=none&authentication.method=cram-md5`;
    const { status, stderr } = await cli.run(
      ['send', option, named(url), '--password-env', 'CLI_PASSWORD', '--from', 'a@example.com', ...to, '--text', 'x'],
      { env: { ...env, MAIL_URL: url } },
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(at.server.messages[0]).toMatchObject({ user: 'ann', envelope: { from: 'a@example.com' } });
  });

  it('refuses to read profile and text from the same input', async () => {
    const profile = JSON.stringify({
      name: 'p',
      sender: { email: 'a@example.com' },
      server: { host: 'mail.example.com' },
    });
    for (const command of ['send', 'compose']) {
      const { status, stdout, stderr } = await cli.run([command, '--profile', '-', ...to], { input: profile });
      expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
      expect(stderr).toContain('standard input is used twice');
    }
  });

  it.each(['security', 'ca', 'pin', 'user', 'auth', 'password-env', 'password-file'])(
    'refuses --%s beside a profile, where it would have no effect',
    async (option) => {
      const profile = { name: 'p', sender: { email: 'a@example.com' }, server: { host: 'mail.example.com' } };
      const path = file('beside.json', JSON.stringify(profile));
      const args = ['compose', '--profile', path, ...to, '--text', 'x', `--${option}`, 'none'];
      const { status, stdout, stderr } = await cli.run(args);
      expect({ status, stdout }).toEqual({ status: 64, stdout: '' });
      expect(stderr).toContain(`--${option} has no effect with --profile`);
    },
  );

  onLinux('fails where its output cannot be written', async () => {
    const { status, stderr } = await cli.spawn(
      ['compose', '--server', 'mail.example.com', '--from', 'a@example.com', ...to, '--text', 'x'],
      '/dev/full',
    );
    expect(status).toBe(1);
    expect(stderr).toContain('standard output cannot be written: ENOSPC');
  });

  it('sends a finished message to those that it names', async () => {
    await using at = await served();
    const eml =
      'From: a@example.com\r\nTo: Bob <bob@example.org>, ann@example.com\r\nCc: team: carl@example.com;\r\n' +
      'Subject: Done\r\n\r\nText\r\n';
    const { status, stdout } = await cli.run(['send', ...at.where, ...login, '--eml', '-'], { env, input: eml });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^no Message-ID, \d+ bytes in /m);
    expect(at.server.messages[0]?.envelope.to.map(({ address }) => address)).toEqual([
      'bob@example.org',
      'ann@example.com',
      'carl@example.com',
    ]);
    expect(Buffer.from(at.server.messages[0]?.content ?? []).toString()).toBe(eml);
  });

  it('gives 1 where nothing was delivered, 2 for some recipients, 3 where it is unknown', async () => {
    const message = [...to, '--to', 'gone@example.org', '--text', 'x'];
    const refuse = {
      replies: (verb: string, line: string) =>
        verb === 'RCPT' && line.includes('gone') ? '550 5.1.1 no such user' : undefined,
    };
    await using some = await served(refuse);
    const partly = await cli.run(['send', ...some.where, ...login, ...message], { env });
    expect([partly.status, partly.stdout]).toEqual([
      2,
      expect.stringMatching(/^accepted {2}bob@example\.org\nrefused {3}gone@example\.org: 550 no such user/),
    ]);
    const none = await cli.run(['send', ...some.where, ...login, ...message, '--all', '--json'], { env });
    expect(none.status).toBe(1);
    expect(JSON.parse(none.stdout)).toMatchObject({
      ok: false,
      error: { code: 'ERR_RECIPIENTS_REJECTED', delivery: 'not-delivered' },
    });
    await using lost = await served({ faults: [{ at: 'end', do: 'drop' }] });
    const unknown = await cli.run(['send', ...lost.where, ...login, ...to, '--text', 'x'], { env });
    expect([unknown.status, unknown.stderr]).toEqual([3, expect.stringMatching(/^ERR_CONNECT .*\n-> /)]);
  });

  it('shows the dialogue without secrets', async () => {
    await using at = await served({ mechanisms: ['PLAIN'] });
    const { stderr } = await cli.run(['send', ...at.where, ...login, ...to, '--text', 'x', '--transcript'], { env });
    expect(stderr).toMatch(/> MAIL FROM:<a@example\.com>/);
    expect(stderr).not.toMatch(/pw-secret|AGFubgBwdy1zZWNyZXQ/);
  });

  it('refuses a message that is not valid before it connects', async () => {
    const wrong = ['send', '--server', 'localhost:1', '--from', 'a@example.com', '--text', 'x'];
    expect(await cli.run(wrong)).toMatchObject({ status: 1, stderr: expect.stringContaining('ERR_MESSAGE_INVALID') });
    expect((await cli.run([...wrong, '--to', 'not an address'])).status).toBe(1);
    expect((await cli.run([...wrong, ...to, '--eml', 'x'])).status).toBe(64);
    expect((await cli.run([...wrong, ...to, '--header', 'x'])).status).toBe(64);
    expect((await cli.run([...wrong, ...to, '--text-file', 'x'])).status).toBe(64);
  });

  onLinux('shows progress and colour on a terminal', async () => {
    await using at = await served({ users: undefined });
    const { status, stdout } = await cli.onTerminal(['send', ...at.where, ...to, '--text', 'x']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/\r\u001b\[KConnecting to [^]*\u001b\[32maccepted\u001b\[0m {2}bob@example\.org/);
  });
});

describe('sealpost compose', () => {
  const message = [
    '--server',
    'localhost',
    '--from',
    'a@example.com',
    '--to',
    'b@example.org',
    '--bcc',
    'eve@example.org',
    '--text',
    'Hello',
  ];

  it('writes the message to standard output, to a private file, as a preview, or as JSON', async () => {
    const { status, stdout } = await cli.run(['compose', ...message]);
    expect([status, stdout]).toEqual([
      0,
      expect.stringMatching(/^From: a@example\.com\r\nTo: b@example\.org\r\n[^]*\r\n\r\nHello\r\n$/),
    ]);
    const out = join(folder, 'out.eml');
    expect(await cli.run(['compose', ...message, '--out', out])).toMatchObject({
      status: 0,
      stdout: '',
      stderr: `written to ${out}\n`,
    });
    expect(readFileSync(out, 'utf8')).toContain('\r\n\r\nHello\r\n');
    if (process.platform !== 'win32') expect(statSync(out).mode & 0o777).toBe(0o600);
    const page = join(folder, 'preview.html');
    expect((await cli.run(['compose', ...message, '--preview', page])).status).toBe(0);
    expect(readFileSync(page, 'utf8')).toContain('eve@example.org<span class="mark">Bcc');
    const json = JSON.parse((await cli.run(['compose', ...message, '--json'])).stdout) as {
      envelope: { to: string[] };
      content: string;
    };
    expect(json.envelope.to).toEqual(['b@example.org', 'eve@example.org']);
    expect(Buffer.from(json.content, 'base64').toString()).toContain('Hello');
  });

  it('gives 1 for a message that cannot be composed, 64 for options that exclude each other', async () => {
    expect((await cli.run(['compose', ...message, '--attach', join(folder, 'none')])).status).toBe(1);
    expect((await cli.run(['compose', ...message, '--out', 'a', '--json'])).status).toBe(64);
    expect((await cli.run(['compose', ...message, '--out', join(folder, 'none', 'x')])).status).toBe(64);
  });

  onLinux('writes to a terminal as well', async () => {
    const { status, stdout } = await cli.onTerminal(['compose', ...message]);
    expect([status, stdout]).toEqual([0, expect.stringContaining('Hello')]);
  });
});

describe('sealpost verify, decrypt and certificate', () => {
  const { ca, identities } = createTestIdentities('a@example.com', 'b@example.org');
  const { certificate = '', key = '' } = identities.get('a@example.com') ?? {};
  const other = identities.get('b@example.org');
  const anchor = file('ca.pem', ca);
  const own = file('a.pem', certificate + key);
  const alone = file('a.crt', certificate);
  let signed = '';
  let encrypted = '';
  beforeAll(async () => {
    const base = { name: 'p', sender: { email: 'a@example.com' }, server: { host: 'localhost' } };
    const source = { data: certificate, key };
    const message = { to: 'a@example.com', text: 'Hello signed' };
    await using signing = createMailer({ ...base, smime: { sign: { certificate: source } } });
    signed = file('signed.eml', (await signing.compose(message)).content);
    await using encrypting = createMailer({ ...base, smime: { encrypt: { certificates: { data: certificate } } } });
    encrypted = file('encrypted.eml', (await encrypting.compose(message)).content);
  });

  it('verify a signature', async () => {
    const trusted = await cli.run(['verify', signed, '--ca', anchor]);
    expect([trusted.status, trusted.stdout]).toEqual([
      0,
      expect.stringMatching(/^right {3}the signature is valid, trusted\nsigner .*a@example\.com/),
    ]);
    expect((await cli.run(['verify', signed])).status).toBe(0);
    const changed = file('changed.eml', readFileSync(signed, 'latin1').replace('Hello signed', 'Hello forged'));
    const wrong = await cli.run(['verify', changed, '--ca', anchor, '--json']);
    expect([wrong.status, JSON.parse(wrong.stdout)]).toMatchObject([1, { ok: false, signatures: [{ valid: false }] }]);
    const stranger = file('other.pem', createTestIdentities('x@example.com').ca);
    expect(await cli.run(['verify', signed, '--ca', stranger])).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('NOT TRUSTED'),
    });
    expect(await cli.run(['verify', '-'], { input: 'Subject: x\r\n\r\nx' })).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^ERR_SMIME/),
    });
  });

  it('decrypt a message', async () => {
    const { status, stdout, stderr } = await cli.run(['decrypt', encrypted, '--certificate', own]);
    expect([status, stdout, stderr]).toEqual([0, expect.stringContaining('Hello signed'), 'decrypted, aes-256-cbc\n']);
    const out = join(folder, 'content.eml');
    expect(
      (await cli.run(['decrypt', encrypted, '--certificate', alone, '--key', file('a.key', key), '--out', out])).status,
    ).toBe(0);
    expect(readFileSync(out, 'utf8')).toContain('Hello signed');
    const wrong = file('b.pem', `${other?.certificate ?? ''}${other?.key ?? ''}`);
    expect(await cli.run(['decrypt', encrypted, '--certificate', wrong])).toMatchObject({ status: 1, stdout: '' });
    const json = await cli.run(['decrypt', encrypted, '--certificate', own, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({ algorithm: 'aes-256-cbc', covers: 'whole' });
  });

  it('show what is in a certificate file, and whether it fits', async () => {
    const fits = await cli.run(['certificate', own, '--for', 'A@example.com', '--with-key']);
    expect([fits.status, fits.stdout]).toEqual([
      0,
      expect.stringMatching(
        /^subject [^]*addresses +a@example\.com[^]*SHA-256 +[0-9A-F:]{95}\nkey +in the file[^]*A certificate fits\./,
      ),
    ]);
    const misses = await cli.run(['certificate', alone, '--for', 'x@example.com', '--with-key', '--json']);
    expect(misses.status).toBe(1);
    expect(JSON.parse(misses.stdout)).toMatchObject({
      ok: false,
      certificates: [{ problems: ['it does not contain x@example.com', 'its private key is not in the file'] }],
    });
    expect((await cli.run(['certificate', file('no.pem', 'nothing')])).status).toBe(1);
  });

  onLinux('do so on a terminal', async () => {
    expect(await cli.onTerminal(['verify', signed, '--ca', anchor])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('\u001b[32mright\u001b[0m'),
    });
    expect(await cli.onTerminal(['decrypt', encrypted, '--certificate', own])).toMatchObject({ status: 0 });
    const asked = await cli.onTerminal(['certificate', own, '--ask-password'], ['Password of', 'pw-secret\r']);
    expect([asked.status, asked.stdout]).toEqual([0, expect.not.stringContaining('pw-secret')]);
  });
});

describe('sealpost authorize', () => {
  const profileFor = (origin: string): string =>
    file(
      'oauth2.json',
      JSON.stringify({
        name: 'p',
        sender: { email: 'a@example.com' },
        server: { host: 'mail.example.com' },
        oauth2: {
          clientId: 'c',
          tokenUrl: `${origin}/token`,
          authorizationUrl: `${origin}/authorize`,
          deviceAuthorizationUrl: `${origin}/device`,
          scope: 'smtp',
        },
        authentication: { method: 'xoauth2', username: 'a@example.com' },
      }),
    );
  const device = () => ({
    json: {
      device_code: 'd',
      user_code: 'ABCD-EFGH',
      verification_uri: 'https://example.com/device',
      expires_in: 600,
      interval: 1,
    },
  });

  it('obtains tokens by a code, and writes them to a private file alone', async () => {
    await using provider = await startFakeProvider({
      '/device': device,
      '/token': () => bearer('tok-access', { refresh_token: 'tok-refresh' }),
    });
    const out = join(folder, 'tokens.json');
    const { status, stdout, stderr } = await cli.run([
      'authorize',
      '--profile',
      profileFor(provider.origin),
      '--device',
      '--out',
      out,
    ]);
    expect([status, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/^Type ABCD-EFGH into https:\/\/example\.com\/device until [^]*tokens written to /);
    expect(stderr).not.toContain('tok-');
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({
      accessToken: 'tok-access',
      refreshToken: 'tok-refresh',
    });
    if (process.platform !== 'win32') expect(statSync(out).mode & 0o777).toBe(0o600);
  });

  it('gives 1 where the person refuses, 64 without settings or a file', async () => {
    await using provider = await startFakeProvider({ '/device': device, '/token': () => refusal('access_denied') });
    const profile = profileFor(provider.origin);
    const out = join(folder, 'none.json');
    expect(await cli.run(['authorize', '--profile', profile, '--device', '--out', out])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('ERR_OAUTH2'),
    });
    expect((await cli.run(['authorize', '--profile', profile])).status).toBe(64);
    const plain = file(
      'plain.json',
      JSON.stringify({ name: 'p', sender: { email: 'a@example.com' }, server: { host: 'x' } }),
    );
    expect((await cli.run(['authorize', '--profile', plain, '--out', out])).status).toBe(64);
  });

  onLinux('shows the code on a terminal', async () => {
    await using provider = await startFakeProvider({ '/device': device, '/token': () => bearer('tok-access') });
    const args = [
      'authorize',
      '--profile',
      profileFor(provider.origin),
      '--device',
      '--out',
      join(folder, 'tokens2.json'),
    ];
    const { status, stdout } = await cli.onTerminal(args);
    expect([status, stdout]).toEqual([0, expect.stringContaining('Type ABCD-EFGH into')]);
  });
});

describe('sealpost profile check', () => {
  const right = {
    name: 'p',
    sender: { email: 'a@example.com' },
    server: { host: 'mail.example.com' },
    authentication: { method: 'password', username: 'a', password: 'pw-secret' },
  };

  it('names every problem', async () => {
    const wrong = file('wrong.json', JSON.stringify({ ...right, server: { port: 'x' }, subject: 1 }));
    const { status, stdout } = await cli.run(['profile', 'check', wrong]);
    expect([status, stdout]).toEqual([1, expect.stringMatching(/^server\.port: expected[^]*server\.host: expected/)]);
    const json = JSON.parse((await cli.run(['profile', 'check', wrong, '--json'])).stdout) as {
      ok: boolean;
      problems: unknown[];
    };
    expect(json.ok).toBe(false);
    expect(json.problems.length).toBeGreaterThan(2);
  });

  it('shows a valid one without its secrets', async () => {
    const profile = file('right.json', JSON.stringify(right));
    expect(await cli.run(['profile', 'check', profile])).toMatchObject({
      status: 0,
      stdout: 'The profile is valid.\n',
    });
    for (const option of ['--show', '--json']) {
      const { status, stdout } = await cli.run(['profile', 'check', profile, option]);
      expect([status, stdout]).toEqual([0, expect.stringContaining('[redacted]')]);
      expect(stdout).not.toContain('pw-secret');
    }
    const broken = await cli.run(['profile', 'check', '-'], { input: '{"password": "pw-secret' });
    expect([broken.status, broken.stderr]).toEqual([64, 'sealpost: - is not JSON\n']);
  });

  onLinux('has colours on a terminal', async () => {
    const profile = file('right2.json', JSON.stringify(right));
    expect(await cli.onTerminal(['profile', 'check', profile])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('\u001b[32mThe profile'),
    });
  });
});
