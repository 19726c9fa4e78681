/**
 * Postfix through other proxies: Dante, microsocks, IO::Socket::Socks, tinyproxy, squid, stunnel, OpenSSH.
 * @module
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createConnector, createMailer } from '../../src/index.js';
import type { Connector, ProxyServerSettings, ProxySettings } from '../../src/index.js';
import { startKdc } from './kerberos-realm.js';
import type { PrivateKdc } from './kerberos-realm.js';
import { PrivateServer } from './private-server.js';
import { readTestbed } from './testbed.js';

const bed = readTestbed();
const { socks, httpProxy } = bed;
const { alice, bob } = bed.users;
const signal = AbortSignal.timeout(50_000);
const socksLogin = { username: socks.user, password: socks.password };
const httpLogin = { username: httpProxy.user, password: httpProxy.password };
const host = 'localhost';
const tls = { ca: { file: bed.pki.ca } };

const proxies: Readonly<Record<string, ProxyServerSettings>> = {
  'Dante, SOCKS 5 with password': { type: 'socks5', host, port: socks.danteAuth5, ...socksLogin },
  'Dante, SOCKS 5 open': { type: 'socks5', host, port: socks.danteOpen4and5 },
  'Dante, SOCKS 5 with the name resolved here': { type: 'socks5', host, port: socks.danteOpen4and5, resolve: 'local' },
  'Dante, SOCKS 4': { type: 'socks4', host, port: socks.danteOpen4and5, username: 'someone' },
  'microsocks with password': { type: 'socks5', host, port: socks.microsocksAuth5, ...socksLogin },
  'microsocks open': { type: 'socks5', host, port: socks.microsocksOpen5 },
  'IO::Socket::Socks, SOCKS 4a': { type: 'socks4a', host, port: socks.perlOpen4a },
  tinyproxy: { type: 'http-connect', host, port: httpProxy.tinyproxy, ...httpLogin },
  squid: { type: 'http-connect', host, port: httpProxy.squid, ...httpLogin },
  'tinyproxy over TLS': { type: 'http-connect', host, port: httpProxy.tinyproxyOverTls, tls, ...httpLogin },
};
const all = Object.entries(proxies).map(([name, proxy]) => ({ name, proxy }));

const ways = [
  { security: 'explicit', port: bed.postfix.submission },
  { security: 'implicit', port: bed.postfix.submissions },
] as const;

/** Sends to Postfix as alice. The mail host's certificate is verified, whatever the proxy is. */
async function sendThrough(proxy: ProxySettings | undefined, connector?: Connector): Promise<void> {
  for (const { security, port } of ways) {
    await using mailer = createMailer(
      {
        name: 'through a proxy',
        sender: { email: alice.address },
        server: { host, port, security, tls },
        authentication: { method: 'password', username: 'alice', password: alice.password },
        proxy,
      },
      { connector },
    );
    const { reply, accepted } = await mailer.send({
      to: bob.address,
      subject: `through a proxy, ${security}`,
      text: 'x\n'.repeat(20_000),
    });
    expect([reply.code, accepted]).toEqual([250, [bob.address]]);
  }
}

function firstLine(stream: Duplex): Promise<string> {
  return new Promise((resolve, reject) =>
    stream.once('data', (chunk: Buffer) => resolve(chunk.toString())).once('error', reject),
  );
}

describe('proxies', () => {
  test.each(all)('$name carries mail to Postfix by STARTTLS and by implicit TLS', async ({ proxy }) => {
    await sendThrough(proxy);
  });

  test.each(all)('$name leaves the greeting in the stream', async ({ proxy }) => {
    const stream = await createConnector(proxy).connect({ host, port: bed.postfix.plain }, { signal });
    expect(await firstLine(stream)).toMatch(/^220 .*ESMTP Postfix\r\n$/);
    stream.destroy();
  });

  test('SOCKS in HTTP, HTTP in SOCKS, and three in a row carry mail', async () => {
    const {
      squid,
      'Dante, SOCKS 5 with password': dante,
      'tinyproxy over TLS': tiny,
      'IO::Socket::Socks, SOCKS 4a': perl,
    } = proxies as Record<string, ProxyServerSettings>;
    if (!squid || !dante || !tiny || !perl) throw new Error('a proxy is missing');
    await sendThrough(undefined, createConnector(squid, createConnector(dante)));
    await sendThrough(undefined, createConnector(tiny, createConnector(perl, createConnector(dante))));
  });

  test('HTTP proxies without password carry mail', async () => {
    await using squid = await startSquid();
    await using tinyproxy = await startTinyproxy();
    for (const { port } of [squid, tinyproxy]) await sendThrough(`http://127.0.0.1:${port}`);
  });

  test('each goes inside an HTTP tunnel where its proxy lets that port through, and inside SOCKS', async () => {
    await using squid = await startSquid();
    await using tinyproxy = await startTinyproxy();
    const outer = [
      `http://127.0.0.1:${squid.port}`,
      `http://127.0.0.1:${tinyproxy.port}`,
      `socks5://127.0.0.1:${socks.microsocksOpen5}`,
      `socks4a://127.0.0.1:${socks.perlOpen4a}`,
    ] as const;
    for (const { name, proxy } of all) {
      for (const way of outer) {
        const stream = await createConnector(proxy, createConnector(way)).connect(
          { host, port: bed.postfix.plain },
          { signal },
        );
        expect(await firstLine(stream), `${name} in ${way}`).toMatch(/^220 /);
        stream.destroy();
      }
    }
    await sendThrough(
      undefined,
      createConnector({ type: 'socks5', host, port: socks.microsocksAuth5, ...socksLogin }, createConnector(outer[0])),
    );
  });

  test.each(all.filter(({ proxy }) => proxy.password !== undefined))(
    '$name refuses a wrong password, and none, in its own words',
    async ({ proxy }) => {
      const wrong = createConnector({ ...proxy, password: 'not-the-Secret9' });
      const error = await wrong
        .connect({ host, port: bed.postfix.plain }, { signal })
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'ERR_PROXY',
        phase: 'proxy',
        message: expect.stringMatching(/refused the user name or the password/),
        remedy: expect.any(String),
      });
      expect(JSON.stringify(error) + String((error as Error).stack)).not.toMatch(/Secret9|bm90LXRoZS1TZWNyZXQ5/);
      const none = createConnector({ ...proxy, username: undefined, password: undefined });
      await expect(none.connect({ host, port: bed.postfix.plain }, { signal })).rejects.toMatchObject({
        code: 'ERR_PROXY',
        message: expect.stringMatching(/requires authentication/),
      });
    },
  );

  test.each(all)('$name says so when nothing listens at the target', async ({ name, proxy }) => {
    const error: unknown = await createConnector(proxy)
      .connect({ host, port: 1 }, { signal })
      .catch((reason: unknown) => reason);
    expect(error, name).toMatchObject({
      code: 'ERR_PROXY',
      phase: 'proxy',
      message: expect.stringMatching(/refused the (?:connection|tunnel) to .*:1: .+/),
    });
  });

  test.each(all.filter(({ proxy }) => proxy.type !== 'http-connect'))(
    '$name: the mail host gets what the client sends, and nothing before it',
    async ({ proxy }) => {
      let received = '';
      const mailHost = createServer((socket) => {
        socket.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
        socket.write('220 mail host\r\n');
      });
      await new Promise<void>((resolve) => mailHost.listen(0, '127.0.0.1', resolve));
      const stream = await createConnector(proxy).connect(
        { host, port: (mailHost.address() as AddressInfo).port },
        { signal },
      );
      expect(await firstLine(stream)).toBe('220 mail host\r\n');
      await new Promise((resolve) => stream.end('QUIT\r\n', () => stream.once('close', resolve)));
      await new Promise((resolve) => mailHost.close(resolve));
      expect(received).toBe('QUIT\r\n');
    },
  );

  test('Postfix saw no word of the proxies in any of this', () => {
    const log = readFileSync(bed.postfix.log, 'utf8');
    expect(log).not.toContain(socks.password);
    expect(log).not.toMatch(/non-SMTP command from .*(?:CONNECT|Proxy-)/);
  });
});

const openRules = ['http_access allow all'];
const loginRules = ['acl known proxy_auth REQUIRED', 'http_access allow known', 'http_access deny all'];

/** The folder of Squid's helpers differs between distributions. */
function squidHelper(name: string): string {
  const found = ['/usr/lib/squid', '/usr/lib64/squid', '/usr/libexec/squid']
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`squid's ${name} is not installed`);
  return found;
}

/**
 * Starts Squid with the rules that `rulesIn` gives for its directory, which squid's user can read, and with additional
 * environment.
 */
function startSquid(
  rulesIn: (directory: string) => readonly string[] = () => openRules,
  environment: readonly string[] = [],
): Promise<PrivateServer> {
  return PrivateServer.start((directory, port) => {
    chmodSync(directory, 0o777);
    const lines = [
      `http_port 127.0.0.1:${port}`,
      'pid_filename none',
      'access_log none',
      `cache_log ${directory}/cache.log`,
      'cache_store_log none',
      'netdb_filename none',
    ];
    const more = [
      `coredump_dir ${directory}`,
      'pinger_enable off',
      'cache deny all',
      'visible_hostname localhost',
      'dns_nameservers 127.0.0.1',
    ];
    writeFileSync(join(directory, 'squid.conf'), [...lines, ...more, ...rulesIn(directory), ''].join('\n'));
    return ['env', ...environment, 'squid', '-N', '-n', `sealpost${port}`, '-f', join(directory, 'squid.conf')];
  });
}

/** Starts tinyproxy, without password and for every port. */
function startTinyproxy(): Promise<PrivateServer> {
  return PrivateServer.start((directory, port) => {
    writeFileSync(
      join(directory, 'tinyproxy.conf'),
      `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nLogLevel Error\n`,
    );
    return ['tinyproxy', '-d', '-c', join(directory, 'tinyproxy.conf')];
  });
}

describe('NTLM at a proxy (squid with Samba)', () => {
  let squid: PrivateServer;
  beforeAll(async () => {
    // Samba verifies NTLM. Its helper in the test bed knows alice's password.
    squid = await startSquid(() => [
      `auth_param ntlm program ${bed.state}/dovecot/ntlm-helper --helper-protocol=squid-2.5-ntlmssp`,
      'auth_param ntlm children 1',
      ...loginRules,
    ]);
  });
  afterAll(() => squid[Symbol.asyncDispose]());

  test('carries mail, on one connection to the proxy each', async () => {
    await sendThrough({
      type: 'http-connect',
      host: '127.0.0.1',
      port: squid.port,
      username: 'alice',
      password: alice.password,
    });
    const connector = createConnector({
      type: 'http-connect',
      host: '127.0.0.1',
      port: squid.port,
      username: 'TESTBED\\alice',
      password: alice.password,
    });
    for (let i = 0; i < 2; i++) {
      const stream = await connector.connect({ host, port: bed.postfix.plain }, { signal });
      expect(await firstLine(stream)).toMatch(/^220 /);
      stream.destroy();
    }
  });

  test('refuses a wrong password', async () => {
    const connector = createConnector({
      type: 'http-connect',
      host: '127.0.0.1',
      port: squid.port,
      username: 'alice',
      password: 'not-the-Secret9',
    });
    await expect(connector.connect({ host, port: bed.postfix.plain }, { signal })).rejects.toMatchObject({
      code: 'ERR_PROXY',
      message: expect.stringMatching(/refused the user name or the password: 407/),
    });
  });
});

describe("Digest at a proxy (squid's own)", () => {
  const login = { username: 'alice', password: 'a "proxy" \\ Secret9' };
  let squid: PrivateServer;
  beforeAll(async () => {
    squid = await startSquid((directory) => {
      // A line of the file is user:realm:hash, and the realm must be the one below.
      const realm = 'a proxy';
      const ha1 = createHash('md5').update(`${login.username}:${realm}:${login.password}`).digest('hex');
      writeFileSync(join(directory, 'digest'), `${login.username}:${realm}:${ha1}\n`);
      return [
        `auth_param digest program ${squidHelper('digest_file_auth')} -c ${directory}/digest`,
        'auth_param digest children 1',
        `auth_param digest realm ${realm}`,
        // A nonce is valid for one request, so the second tunnel of a mailer needs a new one.
        'auth_param digest nonce_max_count 1',
        ...loginRules,
      ];
    });
  });
  afterAll(() => squid[Symbol.asyncDispose]());

  test('carries mail', async () => {
    await sendThrough({ type: 'http-connect', host: '127.0.0.1', port: squid.port, ...login });
    const connector = createConnector({ type: 'http-connect', host: '127.0.0.1', port: squid.port, ...login });
    for (let i = 0; i < 3; i++) {
      const stream = await connector.connect({ host, port: bed.postfix.plain }, { signal });
      expect(await firstLine(stream)).toMatch(/^220 /);
      stream.destroy();
    }
  });

  test('refuses a wrong password', async () => {
    const wrong = { ...login, password: 'not-the-Secret9' };
    const connector = createConnector({ type: 'http-connect', host: '127.0.0.1', port: squid.port, ...wrong });
    await expect(connector.connect({ host, port: bed.postfix.plain }, { signal })).rejects.toMatchObject({
      code: 'ERR_PROXY',
      message: expect.stringMatching(/refused the user name or the password: 407/),
    });
  });
});

describe("Negotiate at a proxy (squid's own, with MIT's KDC)", () => {
  const realm = 'PROXY.TEST';
  const password = 'a ticket Secret9';
  let kdc: PrivateKdc;
  let squid: PrivateServer;
  beforeAll(async () => {
    kdc = await startKdc(realm);
    // Squid's user reads krb5.conf and the keytab there.
    chmodSync(kdc.directory, 0o711);
    const keytab = join(kdc.directory, 'proxy.keytab');
    kdc.administer(
      `addprinc -pw "${password}" alice`,
      'addprinc -randkey HTTP/localhost',
      `ktadd -k ${keytab} HTTP/localhost`,
    );
    chmodSync(keytab, 0o644);
    vi.stubEnv('KRB5_CONFIG', kdc.clientConf('client.conf', ['dns_canonicalize_hostname = false']));
    squid = await startSquid(
      () => [
        `auth_param negotiate program ${squidHelper('negotiate_kerberos_auth')} -k ${keytab} -s HTTP/localhost@${realm}`,
        'auth_param negotiate children 1',
        ...loginRules,
      ],
      ['KRB5RCACHENAME=none:'],
    );
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await squid[Symbol.asyncDispose]();
    await kdc.stop();
  });

  test('carries mail by password', () =>
    sendThrough({ type: 'http-connect', host, port: squid.port, username: `alice@${realm}`, password }));

  test('carries mail by the ticket of kinit', async () => {
    const cache = join(kdc.directory, 'alice.cc');
    kdc.run('kinit', ['-c', cache, `alice@${realm}`], `${password}\n`);
    vi.stubEnv('KRB5CCNAME', cache);
    await sendThrough({ type: 'http-connect', host, port: squid.port });
  });

  test('refuses a wrong password, in the words of Kerberos', async () => {
    const wrong = { username: `alice@${realm}`, password: 'not-the-Secret9' };
    const connector = createConnector({ type: 'http-connect', host, port: squid.port, ...wrong });
    await expect(connector.connect({ host, port: bed.postfix.plain }, { signal })).rejects.toMatchObject({
      code: 'ERR_PROXY',
      message: expect.stringContaining(`the password is wrong for alice@${realm}`),
    });
  });
});

describe('the SSH connector of docs/examples, with OpenSSH', () => {
  test('carries mail by ssh -W, and has the words of ssh where it fails', async () => {
    // The name is computed at run time because the example imports the package by its name.
    const example = new URL('../../docs/examples/ssh-connector.ts', import.meta.url).href;
    const { createSshConnector } = (await import(/* @vite-ignore */ example)) as {
      createSshConnector: (jumpHost: string, command: readonly [string, ...string[]]) => Connector;
    };
    let files = '';
    await using sshd = await PrivateServer.start((directory, port) => {
      files = directory;
      for (const key of ['host', 'user'])
        execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, key)]);
      copyFileSync(join(directory, 'user.pub'), join(directory, 'authorized_keys'));
      writeFileSync(
        join(directory, 'known_hosts'),
        `[127.0.0.1]:${port} ${readFileSync(join(directory, 'host.pub'), 'utf8')}`,
      );
      const lines = [
        `ListenAddress 127.0.0.1:${port}`,
        `HostKey ${directory}/host`,
        `AuthorizedKeysFile ${directory}/authorized_keys`,
        'StrictModes no',
        'PidFile none',
        'UsePAM no',
        'PasswordAuthentication no',
        'PermitRootLogin yes',
      ];
      writeFileSync(join(directory, 'sshd_config'), `${lines.join('\n')}\n`);
      // An empty directory that sshd requires when root starts it; normally the package's service makes it.
      if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
      return ['/usr/sbin/sshd', '-D', '-e', '-f', join(directory, 'sshd_config')];
    });
    const command = [
      'ssh',
      '-F',
      'none',
      '-p',
      String(sshd.port),
      '-i',
      join(files, 'user'),
      '-o',
      `UserKnownHostsFile=${join(files, 'known_hosts')}`,
      '-o',
      'StrictHostKeyChecking=yes',
    ] as const;
    const connector = createSshConnector(`${userInfo().username}@127.0.0.1`, command);
    await sendThrough(undefined, connector);

    await using mailer = createMailer(
      { name: 'n', sender: { email: alice.address }, server: { host, port: 1, security: 'none' } },
      { connector },
    );
    await expect(mailer.send({ to: bob.address, text: 'x' })).rejects.toMatchObject({
      code: 'ERR_CONNECT',
      message: expect.stringMatching(/ssh ended with 255: .*open failed/s),
    });
  });
});
