import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { authorize, isEmailError } from '../../../src/index.js';
import { browserCommand, openBrowser } from '../../../src/system/open-browser.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-browser-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

const evil = 'https://login.example.com/a?b=$(touch%20x)&c=`id`;d="e"|f%20g';

describe('the command that opens a browser', () => {
  it.each([
    ['linux', 'xdg-open', [evil]],
    ['freebsd', 'xdg-open', [evil]],
    ['darwin', 'open', [evil]],
    ['win32', 'rundll32.exe', ['url.dll,FileProtocolHandler', evil]],
  ] as const)('on %s is a program, with the URL as one argument', (platform, program, args) => {
    expect(browserCommand(platform, evil)).toEqual({ program, args });
  });
});

describe('openBrowser', () => {
  const node = (code: string) => ({ program: process.execPath, args: ['-e', code, evil] });

  it('hands the URL over as it is, without a shell', async () => {
    const file = join(scratch, 'seen.json');
    const code = `require('fs').writeFileSync(${JSON.stringify(file)}, JSON.stringify(process.argv.slice(1)))`;
    await openBrowser(evil, node(code));
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual([evil]);
    expect(existsSync('x')).toBe(false);
  });

  it.each([
    ['is missing', { program: join(scratch, 'none'), args: [] }, /ENOENT/],
    ['fails', node('process.exit(3)'), /code 3/],
    ['is killed', node("process.kill(process.pid, 'SIGKILL')"), /signal SIGKILL/],
  ])('rejects where the program %s', async (_what, command, message) => {
    await expect(openBrowser(evil, command)).rejects.toThrow(message);
  });
});

describe.runIf(process.platform === 'linux')('a sign-in', () => {
  const settings = {
    clientId: 'c',
    authorizationUrl: 'https://login.example.com/authorize',
    tokenUrl: 'https://login.example.com/token',
  };

  function withXdgOpen(script: string): void {
    const folder = mkdtempSync(join(scratch, 'bin-'));
    writeFileSync(join(folder, 'xdg-open'), `#!${process.execPath}\n${script}`);
    chmodSync(join(folder, 'xdg-open'), 0o755);
    vi.stubEnv('PATH', `${folder}${delimiter}`);
  }

  it('opens the browser of the system', async () => {
    const controller = new AbortController();
    const file = join(scratch, 'url');
    withXdgOpen(`
      const [url] = process.argv.slice(2);
      require('fs').writeFileSync(${JSON.stringify(file)}, url);
      require('http').get(new URL(url).searchParams.get('redirect_uri') + '?error=access_denied&state=' + new URL(url).searchParams.get('state'), (r) => r.resume());
    `);
    const error: unknown = await authorize(settings, { signal: controller.signal }).catch((cause: unknown) => cause);
    expect(isEmailError(error) && error.message).toContain('access_denied');
    expect(readFileSync(file, 'utf8')).toMatch(
      /^https:\/\/login\.example\.com\/authorize\?.*code_challenge_method=S256/,
    );
  });

  it('hands the URL to onAuthorizationUrl where no browser opens', async () => {
    withXdgOpen('process.exit(4)');
    const controller = new AbortController();
    const error: unknown = await authorize(settings, {
      signal: controller.signal,
      onAuthorizationUrl: (url) => {
        expect(url).toMatch(/^https:\/\/login\.example\.com\/authorize\?/);
        controller.abort();
      },
    }).catch((cause: unknown) => cause);
    expect(isEmailError(error) && error.code).toBe('ERR_ABORTED');
  });

  it('is an error that names the missing option if no browser opens and no callback gets the URL', async () => {
    vi.stubEnv('PATH', scratch);
    const error: unknown = await authorize(settings).catch((cause: unknown) => cause);
    if (!isEmailError(error)) throw error;
    expect(error).toMatchObject({ code: 'ERR_OAUTH2', retryable: false });
    expect(error.message).toContain('xdg-open: ENOENT');
    expect(error.remedy).toMatch(/onAuthorizationUrl.*openBrowser.*device-code/);
  });
});
