/**
 * The page in Chromium, with all that is around it: a profile store, a mail server, certificates, an authorization
 * server.
 * @module
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import { openProfileStore } from '../../dist/index.js';
import { createTestIdentities, TestSmtpServer } from '../../dist/testing.js';
import { startSettingsPage } from '../../docs/examples/settings-page/app.mjs';

/** Debian's; playwright-core wants the whole path. */
function chromiumPath() {
  const found = process.env.PATH.split(delimiter).map((folder) => join(folder, 'chromium'));
  return process.env.CHROMIUM ?? found.find((path) => existsSync(path)) ?? 'chromium';
}

export const startBrowser = () => chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] });

/** A store in a folder of its own, and the page over it. */
export async function startPage() {
  const folder = await mkdtemp(join(tmpdir(), 'settings-page-test-'));
  const store = await openProfileStore({ file: join(folder, 'profiles.store'), key: randomBytes(32) });
  const page = await startSettingsPage({ store });
  return {
    folder,
    store,
    address: page.address,
    origin: new URL(page.address).origin,
    async close() {
      await page.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** A mail server that knows `ann`, and the profile that leads to it. */
export async function startMail(options = {}) {
  const server = await TestSmtpServer.start({ users: { ann: passwords.mail }, ...options });
  const profile = {
    name: 'office',
    sender: { email: 'ann@example.com' },
    server: server.settings,
    authentication: { method: 'password', username: 'ann', password: passwords.mail },
  };
  return { server, profile };
}

/** Secrets of the tests. None of them may come to the browser from the server. */
export const passwords = {
  mail: 'the-password-of-ann',
  proxy: 'the-password-of-the-proxy',
  client: 'the-secret-of-the-client',
  token: 'the-token-from-elsewhere',
  file: 'the-password-of-the-file',
  access: 'an-access-token-of-the-provider',
  refresh: 'a-refresh-token-of-the-provider',
};

/** PEM files with the certificate and key of each address. */
export async function writeCertificates(folder, ...addresses) {
  const { identities } = createTestIdentities(...addresses);
  const files = {};
  for (const [address, { certificate, key }] of identities) {
    files[address] = join(folder, `${address}.pem`);
    await writeFile(files[address], certificate + key, { mode: 0o600 });
  }
  return files;
}

/**
 * Opens the page in a context of its own. `done` closes it, after it looked at everything that came from the server (no
 * secret may be in it) and at the complaints of the browser.
 */
export async function openPage(browser, address, look = {}) {
  const context = await browser.newContext(look);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints = [];
  const bodies = [];
  page.on('console', (message) => {
    // A refused form is a response with a status of 4xx, which the browser counts as an error.
    const refused = /status of 4(?:00|03|04|22)/.test(message.text());
    if (['error', 'warning'].includes(message.type()) && !refused) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('response', (response) => {
    const streamed = response.url().endsWith('/api/log');
    if (!streamed && response.status() !== 303) bodies.push(response.text().catch(() => ''));
  });
  await page.goto(address);
  await page.waitForSelector('#profiles option', { state: 'attached' });
  return {
    context,
    page,
    async done() {
      const seen = [...(await Promise.all(bodies)), await page.content()].join('\n');
      const log = await page.locator('.log').textContent();
      await context.close();
      assert.deepEqual(complaints, []);
      assert.ok(seen.includes('"values"'), 'the answers of the server were looked at');
      for (const secret of Object.values(passwords)) assert.ok(!seen.includes(secret) && !log.includes(secret), secret);
    },
  };
}

/** Helpers for the fields of an open page. */
export function driver(page) {
  const field = (name) => page.locator(`[name="${name}"]`);
  return {
    field,
    tab: (name) => page.getByRole('tab', { name }).click(),
    fill: (name, value) => field(name).fill(value),
    choose: (name, value) => field(name).selectOption(value),
    tick: (name, ticked = true) => field(name).setChecked(ticked),
    press: (name) => page.getByRole('button', { name, exact: true }).click(),
    /** The problem at a field: what screen readers read with it. */
    async problem(name) {
      const control = field(name);
      assert.equal(await control.getAttribute('aria-invalid'), 'true', `${name} is marked`);
      const ids = (await control.getAttribute('aria-describedby')).split(' ');
      return await page.locator(`[id="${ids.at(-1)}"]`).textContent();
    },
    async save() {
      await page.getByRole('button', { name: 'Save' }).click();
      await page.locator('#status', { hasText: 'Saved' }).waitFor();
    },
    /** The verdict of the outcome in the tab that is shown. */
    verdict: async () => await page.locator('[role=tabpanel]:not([hidden]) .report .verdict').first().textContent(),
    report: async () => await page.locator('[role=tabpanel]:not([hidden]) .report:has(.verdict)').first().textContent(),
  };
}
