/**
 * Makes the screenshots of docs/examples/settings-page: `npm run screenshots`, then `pngquant --ext .png --force --nofs
 * 48` makes them small. A folder as an argument gets a picture of every tab in every look, for people to look at.
 * @module
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDemo } from '../../docs/examples/settings-page/demo.mjs';
import { driver, openPage, startBrowser, startPage } from './support.mjs';

const folder =
  process.argv[2] ?? fileURLToPath(new URL('../../docs/examples/settings-page/screenshots', import.meta.url));
await mkdir(folder, { recursive: true });
const browser = await startBrowser();
const desktop = { viewport: { width: 920, height: 1120 } };
const dark = { viewport: { width: 1000, height: 900 }, colorScheme: 'dark' };
const phone = { viewport: { width: 360, height: 780 }, isMobile: true, hasTouch: true };

/** Opens the page for the demonstration, prepares it and takes the picture. */
async function shoot(name, look, prepare) {
  const served = await startPage();
  const mail = await startDemo(served.store, served.folder);
  const { page, done } = await openPage(browser, served.address, look);
  await prepare(page, driver(page));
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement.blur());
  await page.screenshot({ path: join(folder, `${name}.png`) });
  await done();
  await served.close();
  await mail.close();
}

async function test(page, ui) {
  await ui.tab('Outgoing Server');
  await ui.press('Test Connection');
  await page.locator('#panel-server .verdict').waitFor();
}

if (process.argv[2] === undefined) {
  await shoot('server', { viewport: { width: 1000, height: 1880 } }, async (page, ui) => {
    await ui.tab('Outgoing Server');
    await ui.fill('authentication.password', 'not the password');
    await test(page, ui);
  });
  await shoot('log-dark', dark, async (page, ui) => {
    await test(page, ui);
    await ui.tab('SMTP Logging');
    await ui.fill('logging.file', '/var/log/payroll/mail.log');
  });
  await shoot('phone', phone, async (page, ui) => {
    await ui.fill('sender.email', 'payroll example.com');
    await ui.tab('Outgoing Server');
    await ui.fill('server.port', '58x');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('#problems ul').waitFor();
    await page.evaluate(() => scrollTo(0, 0));
  });
} else {
  for (const [look, settings] of Object.entries({ desktop, dark, phone }))
    for (const tab of [
      'General',
      'Outgoing Server',
      'S/MIME',
      'OAUTH2 Authentication',
      'Firewall Configuration',
      'SMTP Logging',
    ])
      await shoot(`${look} ${tab.replace('/', '')}`, settings, async (page, ui) => {
        await test(page, ui);
        await ui.tab(tab);
        const height = await page.evaluate(() => document.documentElement.scrollHeight);
        await page.setViewportSize({ ...settings.viewport, height });
      });
}
await browser.close();
