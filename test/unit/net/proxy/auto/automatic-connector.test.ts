import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import type { Connector, AutomaticProxySettings } from '../../../../../src/model/settings/proxy.js';
import type { ConnectOptions } from '../../../../../src/net/connector.js';
import { AutomaticConnector } from '../../../../../src/net/proxy/auto/automatic-connector.js';
import type { ProxySurroundings } from '../../../../../src/net/proxy/auto/automatic-connector.js';
import { proxyOfEnvironment } from '../../../../../src/net/proxy/auto/environment.js';
import { gnomeSettings } from '../../../../../src/net/proxy/auto/gnome.js';
import { runTool } from '../../../../../src/net/proxy/auto/run-tool.js';
import { createConnector } from '../../../../../src/mailer/create-connector.js';

const signal = new AbortController().signal;
const mail = { host: 'mail.example.com', port: 587 };

function fixture(name: string): string {
  return readFileSync(new URL(`../../../../fixtures/proxy/${name}.txt`, import.meta.url), 'utf8');
}

/** Records where the connector goes first and what it reports. Nothing is connected. */
async function explore(
  surroundings: Partial<ProxySurroundings>,
  target = mail,
  settings: AutomaticProxySettings = { type: 'auto' },
): Promise<{ first: string; detail: string; error: unknown }> {
  let first = '';
  const via: Connector = {
    connect: ({ host, port }) => {
      first = `${host}:${port}`;
      return Promise.reject(new Error('not connected'));
    },
  };
  const all = { environment: {}, platform: 'linux' as const, run: () => Promise.resolve(undefined), ...surroundings };
  const connector = new AutomaticConnector(settings, via, {}, () => all);
  let detail = '';
  const onStep: ConnectOptions['onStep'] = (step) => (detail ||= `${step.name} ${step.ok}: ${step.detail}`);
  const error: unknown = await connector.connect(target, { signal, onStep }).catch((reason: unknown) => reason);
  return { first, detail, error };
}

describe('the environment', () => {
  const direct = 'mail.example.com:587';

  test.each([
    [{}, direct, 'no proxy found in the environment and the settings of this system: direct connection'],
    [{ ALL_PROXY: 'http://p:1' }, 'p:1', 'HTTP proxy p:1, from ALL_PROXY'],
    [{ all_proxy: 'http://p:1', ALL_PROXY: 'http://q:2' }, 'p:1', 'HTTP proxy p:1, from all_proxy'],
    [{ all_proxy: '', ALL_PROXY: 'http://q:2' }, 'q:2', 'HTTP proxy q:2, from ALL_PROXY'],
    [{ ALL_PROXY: 'p:1' }, 'p:1', 'HTTP proxy p:1, from ALL_PROXY'],
    [{ ALL_PROXY: 'p' }, 'p:80', 'HTTP proxy p:80, from ALL_PROXY'],
    [{ ALL_PROXY: ' HTTPS://p/ ' }, 'p:443', 'HTTP proxy p:443 over TLS, from ALL_PROXY'],
    [{ ALL_PROXY: 'socks5://p' }, 'p:1080', 'SOCKS 5 proxy p:1080, from ALL_PROXY'],
    [{ ALL_PROXY: 'socks5h://p:9' }, 'p:9', 'SOCKS 5 proxy p:9, from ALL_PROXY'],
    [{ ALL_PROXY: 'socks://[::1]:9/' }, '::1:9', 'SOCKS 5 proxy [::1]:9, from ALL_PROXY'],
    [{ ALL_PROXY: 'socks4a://p' }, 'p:1080', 'SOCKS 4a proxy p:1080, from ALL_PROXY'],
    [{ HTTPS_PROXY: 'http://p:1' }, 'p:1', 'HTTP proxy p:1, from HTTPS_PROXY'],
    [{ https_proxy: 'http://p:1', ALL_PROXY: 'http://q:2' }, 'q:2', 'HTTP proxy q:2, from ALL_PROXY'],
    [
      { http_proxy: 'http://p:1', HTTP_PROXY: 'http://p:1' },
      direct,
      'no proxy found in the environment and the settings of this system: direct connection',
    ],
    [{ ALL_PROXY: 'http://p:1', NO_PROXY: 'example.com' }, direct, 'direct connection, by NO_PROXY'],
    [{ ALL_PROXY: 'http://p:1', no_proxy: 'a.test', NO_PROXY: 'example.com' }, 'p:1', 'HTTP proxy p:1, from ALL_PROXY'],
    [{ ALL_PROXY: 'http://p:1', no_proxy: '', NO_PROXY: 'example.com:587' }, direct, 'direct connection, by NO_PROXY'],
  ])('%j goes first to %s', async (environment, first, detail) => {
    expect(await explore({ environment })).toMatchObject({ first, detail: `proxy true: ${detail}` });
  });

  test.each(['ftp://me:Secret9@p', 'http://me:Secret9@p:x', 'http://me:Sec%ret9@p', 'http://', 'socks5://a b'])(
    'a proxy that cannot be used (%j) is ERR_PROXY, names the variable and shows nothing of it',
    async (value) => {
      const { error, detail, first } = await explore({ environment: { ALL_PROXY: value } });
      expect(first).toBe('');
      expect(error).toMatchObject({
        code: 'ERR_PROXY',
        phase: 'proxy',
        message: expect.stringContaining('ALL_PROXY'),
        remedy: expect.stringContaining('ALL_PROXY'),
      });
      expect(JSON.stringify(error) + detail).not.toMatch(/Sec/);
    },
  );

  test('is read with user name and password, which the settings replace', () => {
    const found = proxyOfEnvironment({ ALL_PROXY: 'http://me:p%40ss@p:1' }, mail);
    expect(found?.settings).toEqual({ type: 'http-connect', host: 'p', port: 1, username: 'me', password: 'p@ss' });
    // The same as in curl.
    expect(proxyOfEnvironment({ ALL_PROXY: 'http://me:@p:1' }, mail)?.settings).toEqual({
      type: 'http-connect',
      host: 'p',
      port: 1,
      username: 'me',
    });
  });

  test('is read at each connection of the public connector', async () => {
    let first = '';
    const via: Connector = {
      connect: ({ host }) => {
        first = host;
        return Promise.reject(new Error('not connected'));
      },
    };
    const connector = createConnector('auto', via);
    try {
      for (const name of ['all_proxy', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'])
        vi.stubEnv(name, undefined);
      vi.stubEnv('ALL_PROXY', 'http://found.example:1');
      await connector.connect(mail, { signal }).catch(() => undefined);
      expect(first).toBe('found.example');
      vi.stubEnv('NO_PROXY', '*');
      await connector.connect(mail, { signal }).catch(() => undefined);
      expect(first).toBe(mail.host);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  test('goes before the system, which is then not asked', async () => {
    const run = (): never => {
      throw new Error('asked');
    };
    expect((await explore({ environment: { ALL_PROXY: 'p:1' }, run })).first).toBe('p:1');
    expect((await explore({ environment: { NO_PROXY: '*' }, run })).first).toBe('mail.example.com:587');
  });
});

describe('GNOME and libproxy', () => {
  test.each([
    ['gnome-none', mail.host, 'no proxy found'],
    ['gnome-automatic', mail.host, 'no proxy found'],
    ['gnome-https', mail.host, 'HTTP proxy proxy.example.com:3128, from the GNOME settings'],
    ['gnome-socks', mail.host, 'SOCKS 5 proxy socks.example.com:1080, from the GNOME settings'],
    ['gnome-http', mail.host, 'HTTP proxy web.example.com:8080, from the GNOME settings'],
    ['gnome-socks', 'a.intern.example', 'direct connection, by the GNOME settings'],
    ['gnome-socks', '127.0.0.2', 'direct connection, by the GNOME settings'],
    ['gnome-socks', '::1', 'direct connection, by the GNOME settings'],
  ])('%s for %s: %s', async (name, host, detail) => {
    const run: ProxySurroundings['run'] = async (file, args) => {
      expect([file, ...args]).toEqual(['gsettings', 'list-recursively', 'org.gnome.system.proxy']);
      return fixture(name);
    };
    expect((await explore({ run }, { host, port: 25 })).detail).toContain(detail);
  });

  test('the http proxy of GNOME comes with its user name and password', async () => {
    const context = {
      target: { host: mail.host, port: 25 },
      environment: {},
      signal,
      run: async () => fixture('gnome-http'),
    };
    expect((await gnomeSettings(context))?.settings).toEqual({
      type: 'http-connect',
      host: 'web.example.com',
      port: 8080,
      username: 'ann',
      password: `Se'cr"et9`,
    });
  });

  test('libproxy is asked in desktop sessions, after GNOME, and without http_proxy', async () => {
    const seen: unknown[] = [];
    const run: ProxySurroundings['run'] = async (file, args, { env }) => {
      seen.push(file, ...args, env['http_proxy']);
      return file === 'proxy' ? 'socks5://kde.example:1080 direct://\n' : fixture('gnome-automatic');
    };
    const environment = { XDG_CURRENT_DESKTOP: 'KDE', http_proxy: 'x' };
    expect((await explore({ run, environment })).detail).toContain('SOCKS 5 proxy kde.example:1080, from libproxy');
    expect(seen.slice(3)).toEqual(['x', 'proxy', 'https://mail.example.com:587/', undefined]);
    expect(
      (await explore({ run: async (file) => (file === 'proxy' ? 'direct://\n' : undefined), environment })).detail,
    ).toContain('no proxy found');
    expect((await explore({ run })).detail).toContain('no proxy found');
  });
});

describe('Windows', () => {
  const reg = 'C:\\WINDOWS\\System32\\reg.exe';
  const environment = { SystemRoot: 'C:\\WINDOWS' };

  interface Registry {
    readonly settings: string;
    readonly connection?: string;
    readonly machine?: string;
    readonly script?: string;
  }

  function registry({
    settings,
    connection = 'windows-connection-direct',
    machine = 'windows-winhttp-direct',
    script,
  }: Registry): ProxySurroundings['run'] {
    return async (file, args, { env }) => {
      if (file.endsWith('powershell.exe')) {
        expect(env['SEALPOST_PROXY_TARGET']).toBe('https://mail.example.com:587/');
        expect(args.slice(0, -1)).toEqual(['-NoLogo', '-NoProfile', '-NonInteractive', '-EncodedCommand']);
        expect(Buffer.from(args.at(-1) ?? '', 'base64').toString('utf16le')).not.toContain('mail.example.com');
        return script === undefined ? undefined : fixture(script);
      }
      expect(file).toBe(reg);
      if (args.includes('WinHttpSettings')) return fixture(machine);
      return fixture(args.includes('DefaultConnectionSettings') ? connection : settings);
    };
  }

  test.each<[string, Registry, string, string]>([
    ['no proxy', { settings: 'windows-direct' }, mail.host, 'no proxy found'],
    [
      'one proxy for all',
      { settings: 'windows-one-proxy' },
      mail.host,
      "HTTP proxy proxy.corp.example:8080, from the user's Internet settings",
    ],
    [
      'an exception',
      { settings: 'windows-one-proxy' },
      'mail.corp.example',
      "direct connection, by the user's Internet settings",
    ],
    [
      'a local name',
      { settings: 'windows-one-proxy' },
      'mailhost',
      "direct connection, by the user's Internet settings",
    ],
    [
      'this machine',
      { settings: 'windows-one-proxy' },
      '127.0.0.1',
      "direct connection, by the user's Internet settings",
    ],
    ['proxies by scheme', { settings: 'windows-by-scheme' }, mail.host, 'HTTP proxy tunnel.corp.example:8443'],
    ['SOCKS beside others', { settings: 'windows-socks' }, mail.host, 'SOCKS 4 proxy socks.corp.example:1080'],
    [
      'a PAC script',
      { settings: 'windows-script', script: 'windows-script-answer' },
      mail.host,
      'HTTP proxy chosen.corp.example:3128, from automatic configuration (PAC)',
    ],
    [
      'a PAC script that fails',
      { settings: 'windows-script' },
      mail.host,
      "HTTP proxy fallback.corp.example:8080, from the user's Internet settings",
    ],
    [
      'a script to be looked for',
      { settings: 'windows-direct', connection: 'windows-connection-detect', script: 'windows-script-answer' },
      mail.host,
      'HTTP proxy chosen.corp.example:3128',
    ],
    [
      'WinHTTP',
      { settings: 'windows-direct', machine: 'windows-winhttp-proxy' },
      mail.host,
      'HTTP proxy machine.corp.example:3128, from the WinHTTP settings of this machine',
    ],
    [
      'an exception of WinHTTP',
      { settings: 'windows-direct', machine: 'windows-winhttp-proxy' },
      'a.intern.example',
      'direct connection, by the WinHTTP settings of this machine',
    ],
  ])('%s', async (_what, recorded, host, detail) => {
    expect(
      (await explore({ platform: 'win32', environment, run: registry(recorded) }, { host, port: 587 })).detail,
    ).toContain(detail);
  });

  test('a script that says DIRECT is an answer', async () => {
    const recorded = registry({ settings: 'windows-script' });
    const run: ProxySurroundings['run'] = async (file, ...rest) =>
      file.endsWith('powershell.exe') ? 'DIRECT\r\n' : recorded(file, ...rest);
    expect((await explore({ platform: 'win32', environment, run })).detail).toContain(
      'direct connection, by automatic configuration (PAC)',
    );
  });

  test('truncated binary settings are no settings', async () => {
    const whole = fixture('windows-winhttp-proxy');
    for (let cut = 0; cut < 40; cut++) {
      const run: ProxySurroundings['run'] = async (_file, args) =>
        args.includes('WinHttpSettings') ? whole.replace(/([0-9A-F]{60,})/, (hex) => hex.slice(0, 2 * cut)) : undefined;
      expect((await explore({ platform: 'win32', environment, run })).detail).toContain('no proxy found');
    }
  });
});

describe('macOS', () => {
  test.each([
    ['macos-direct', mail.host, 'no proxy found'],
    ['macos-https', mail.host, 'HTTP proxy tunnel.example.com:8443, from the macOS network settings'],
    ['macos-https', 'intern.example', 'direct connection, by'],
    ['macos-https', '169.254.9.9', 'direct connection, by'],
    ['macos-https', 'mailhost', 'direct connection, by'],
    ['macos-https', 'printer.local', 'direct connection, by'],
    ['macos-https', '127.0.0.1', 'direct connection, by'],
    ['macos-socks', 'mailhost', 'SOCKS 5 proxy socks.example.com:1080'],
    ['macos-scoped', mail.host, 'HTTP proxy tunnel.example.com:8443'],
    ['macos-scoped', 'mail.wifi.example', 'HTTP proxy tunnel.example.com:8443'],
  ])('%s for %s: %s', async (name, host, detail) => {
    const run: ProxySurroundings['run'] = async (file, args) => {
      expect([file, ...args]).toEqual(['/usr/sbin/scutil', '--proxy']);
      return fixture(name);
    };
    expect((await explore({ platform: 'darwin', run }, { host, port: 25 })).detail).toContain(detail);
  });
});

describe('the automatic connector', () => {
  test('remembers what the system said for a while, by host and port', async () => {
    let asked = 0;
    const run: ProxySurroundings['run'] = async () => {
      asked++;
      return fixture('gnome-https');
    };
    const via: Connector = { connect: () => Promise.reject(new Error('not connected')) };
    const connector = new AutomaticConnector({ type: 'auto' }, via, {}, () => ({
      environment: {},
      platform: 'linux',
      run,
    }));
    for (const port of [25, 25, 587])
      await connector.connect({ host: 'mail.example.com', port }, { signal }).catch(() => undefined);
    expect(asked).toBe(2);
  });

  test('checks the target before anything of it reaches a program', async () => {
    const run = (): never => {
      throw new Error('asked');
    };
    expect((await explore({ run }, { host: "x'; calc", port: 25 })).error).toMatchObject({
      code: 'ERR_PROFILE_INVALID',
    });
  });

  test('ends with the signal while a program runs', async () => {
    const controller = new AbortController();
    const connector = new AutomaticConnector(
      { type: 'auto' },
      { connect: () => Promise.reject(new Error('never')) },
      {},
      () => ({
        environment: {},
        platform: 'linux',
        run: (_file, _args, options) => {
          setImmediate(() => controller.abort());
          return runTool('sleep', ['3600'], options);
        },
      }),
    );
    await expect(connector.connect(mail, { signal: controller.signal })).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
});

describe('runTool', () => {
  const env = process.env;

  test('gives the output, without a shell', async () => {
    expect(
      await runTool(process.execPath, ['-e', 'console.log(process.argv[1])', '$(id); `id`'], { signal, env }),
    ).toBe('$(id); `id`\n');
  });

  test('gives nothing where the program is missing, fails, or talks too much', async () => {
    expect(await runTool('no-such-program-here', [], { signal, env })).toBeUndefined();
    expect(await runTool(process.execPath, ['-e', 'console.log(1); process.exit(3)'], { signal, env })).toBeUndefined();
    expect(
      await runTool(process.execPath, ['-e', 'process.stdout.write("x".repeat(2000000))'], { signal, env }),
    ).toBeUndefined();
  });
});
