/**
 * The one command that starts the page.
 * @module
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { driver, openPage, startBrowser } from './support.mjs';

const program = fileURLToPath(new URL('../../docs/examples/settings-page/server.mjs', import.meta.url));

/** Starts it, and waits until it has said where the page is. */
async function start(t, ...options) {
  const child = spawn(process.execPath, [program, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  for await (const chunk of child.stdout) {
    text += chunk;
    if (/Ctrl\+C/.test(text)) break;
  }
  return {
    address: /Settings page: (\S+)/.exec(text)[1],
    folder: /kept in (\S+?)(?: until|\.)/.exec(text)[1],
    async stop() {
      child.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
    },
  };
}

it('starts with a mail server and profiles to try, and leaves nothing', async (t) => {
  const running = await start(t, '--demo');
  const browser = await startBrowser();
  t.after(() => browser.close());
  const { page, done } = await openPage(browser, running.address);
  const ui = driver(page);
  assert.deepEqual(await page.locator('#profiles option').allTextContents(), ['Payroll (active)', 'Alerts']);
  await ui.tab('Outgoing Server');
  await ui.press('Send Test Email');
  assert.match(await ui.verdict(), /^The server accepted the message for payroll@example\.com/);
  await done();
  await running.stop();
  assert.equal(existsSync(running.folder), false);
});

it('keeps profiles in a folder that others cannot read, from one start to the next', async (t) => {
  const place = mkdtempSync(join(tmpdir(), 'settings-page-test-'));
  t.after(() => rmSync(place, { recursive: true }));
  const folder = join(place, 'kept');
  const browser = await startBrowser();
  t.after(() => browser.close());
  for (const name of ['first', 'second']) {
    const running = await start(t, '--folder', folder);
    const { page, done } = await openPage(browser, running.address);
    const ui = driver(page);
    const before = await page.locator('#profiles option').allTextContents();
    assert.deepEqual(before, name === 'first' ? ['New profile'] : ['first (active)']);
    if (name === 'second') {
      await ui.press('New');
      await page.locator('#profiles option', { hasText: 'New profile' }).waitFor({ state: 'attached' });
    }
    await ui.fill('name', name);
    await ui.fill('sender.email', 'ann@example.com');
    await ui.tab('Outgoing Server');
    await ui.fill('server.host', 'mail.example.com');
    await ui.save();
    await done();
    await running.stop();
  }
  for (const file of ['', 'key', 'profiles.store']) assert.equal(statSync(join(folder, file)).mode & 0o077, 0, file);
});
