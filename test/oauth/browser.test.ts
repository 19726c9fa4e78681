/**
 * The sign-in in Chromium: the provider's page, then this library's. Screenshots go to the folder that `SCREENSHOTS`
 * names.
 * @module
 */
import { createRequire } from 'node:module';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authorize } from '../../src/index.js';
import type { OAuth2Settings, OAuth2Tokens } from '../../src/index.js';
import { type RealProvider, startProvider } from './support.js';

/** The used part of playwright-core. The package is installed in this folder only, so its types are not available. */
interface Page {
  goto(url: string): Promise<{ status(): number } | null>;
  click(selector: string): Promise<void>;
  waitForURL(pattern: RegExp): Promise<void>;
  textContent(selector: string): Promise<string | null>;
  content(): Promise<string>;
  screenshot(options: { path?: string; fullPage?: boolean }): Promise<Buffer>;
  evaluate<T>(code: string): Promise<T>;
  url(): string;
  on(event: string, listener: (value: never) => void): void;
}
interface Context {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}
interface Browser {
  newContext(options: object): Promise<Context>;
  close(): Promise<void>;
}
const { chromium } = createRequire(import.meta.url)('playwright-core') as {
  chromium: { launch(options: object): Promise<Browser> };
};

/** Debian's Chromium; playwright-core needs the complete path. */
function chromiumPath(): string {
  const found = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'chromium'));
  return process.env['CHROMIUM'] ?? found.find((path) => existsSync(path)) ?? 'chromium';
}

const shots = process.env['SCREENSHOTS'];
let provider: RealProvider;
let browser: Browser;
beforeAll(async () => {
  provider = await startProvider();
  if (shots !== undefined) mkdirSync(shots, { recursive: true });
  browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] });
});
afterAll(async () => {
  await browser.close();
  await provider[Symbol.asyncDispose]();
});

const settings = (more: Partial<OAuth2Settings> = {}): OAuth2Settings => ({
  clientId: 'person',
  issuer: provider.origin,
  scope: 'openid offline_access smtp',
  authorizationParameters: { prompt: 'consent' },
  redirectUri: 'http://localhost',
  ...more,
});

interface Seen {
  readonly page: Page;
  readonly outcome: Promise<OAuth2Tokens>;
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
}

/** Opens the provider's page in this context, and presses this button. */
async function signIn(
  button: 'yes' | 'no',
  look: object,
  run: (page: Page, outcome: Promise<OAuth2Tokens>) => Promise<unknown>,
  more: Partial<OAuth2Settings> = {},
): Promise<Omit<Seen, 'page' | 'outcome'>> {
  const context = await browser.newContext(look);
  const requests: string[] = [];
  const complaints: string[] = [];
  let open: (url: string) => void = () => {};
  const url = new Promise<string>((resolve) => (open = resolve));
  const outcome = authorize(settings(more), { openBrowser: (given) => open(given) });
  outcome.catch(() => {});
  const page = await context.newPage();
  page.on('request', (request: { url(): string }) => void requests.push(request.url()));
  page.on('console', (message: { text(): string; type(): string }) => void complaints.push(message.text()));
  await page.goto(await url);
  await page.click(`button[value=${button}]`);
  await run(page, outcome);
  await context.close();
  return { requests, complaints };
}

const looks = [
  ['desktop', { viewport: { width: 1280, height: 800 } }],
  ['dark', { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' }],
  ['phone', { viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true }],
  ['dark phone', { viewport: { width: 320, height: 568 }, isMobile: true, hasTouch: true, colorScheme: 'dark' }],
] as const;

/** Contrast of the text to its background (WCAG 2.2, 1.4.3), the widest line, and whether the page scrolls sideways. */
const measure = `(() => {
  const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const luminance = (rgb) => { const [r, g, b] = rgb.match(/\\d+/g).map(Number).map(channel); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const main = getComputedStyle(document.querySelector('main'));
  const [text, back] = [main.color, main.backgroundColor].map(luminance);
  return {
    contrast: (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05),
    sideways: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    size: parseFloat(getComputedStyle(document.querySelector('p')).fontSize),
    headings: document.querySelectorAll('h1').length, landmarks: document.querySelectorAll('main').length,
    language: document.documentElement.lang, title: document.title, styled: main.borderTopStyle === 'solid',
  };
})()`;

describe.each(looks)('on a screen that is %s', (name, look) => {
  it.each([
    ['yes', 'confirmation', 'Signed in', 200],
    ['no', 'error', 'Not signed in', 400],
  ] as const)('pressing %s shows the %s', async (button, what, title, _status) => {
    const { requests, complaints } = await signIn(button, look, async (page, outcome) => {
      await page.waitForURL(/^http:\/\/localhost:\d+\/?\?/);
      if (button === 'yes') expect((await outcome).accessToken).toMatch(/./);
      else await expect(outcome).rejects.toMatchObject({ code: 'ERR_OAUTH2' });
      expect(await page.textContent('h1')).toBe(title);
      expect(await page.content()).not.toMatch(/pressed|<b>|code=/);
      const measured = await page.evaluate<Record<string, unknown>>(measure);
      expect(measured).toMatchObject({
        sideways: false,
        headings: 1,
        landmarks: 1,
        language: 'en',
        title,
        styled: true,
      });
      expect(measured['contrast']).toBeGreaterThan(7);
      expect(measured['size']).toBeGreaterThanOrEqual(16);
      if (shots !== undefined) await page.screenshot({ path: join(shots, `${what}-${name.replace(' ', '-')}.png`) });
    });
    // The library's page requests nothing else, and the browser reports no problem except its own icon request, which
    // is refused.
    expect(requests.filter((url) => url.startsWith('http://localhost:') && !url.endsWith('/favicon.ico'))).toHaveLength(
      1,
    );
    expect(complaints.filter((text) => !/favicon|status of 4\d\d/.test(text))).toEqual([]);
  });
});

it('the page of the provider is where the browser is sent', async () => {
  await signIn('yes', {}, async (page, outcome) => {
    await outcome;
    expect(page.url()).toMatch(/^http:\/\/localhost:\d+\/?\?code=/);
  });
});

it('with hideBrowserResponse the browser stays where it is, and the tokens come', async () => {
  await signIn(
    'yes',
    {},
    async (page, outcome) => {
      expect((await outcome).accessToken).toMatch(/./);
      expect(await page.textContent('h1')).toBe('Sign in');
    },
    { hideBrowserResponse: true },
  );
});
