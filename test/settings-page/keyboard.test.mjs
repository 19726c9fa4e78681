/**
 * The page without a mouse, for screen readers, on a phone, in the dark.
 * @module
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { driver, openPage, startBrowser, startMail, startPage } from './support.mjs';

let browser;
let served;
let mail;
before(async () => (browser = await startBrowser()));
after(() => browser.close());
beforeEach(async () => {
  served = await startPage();
  mail = await startMail();
  await served.store.save(mail.profile);
});
afterEach(async () => {
  await served.close();
  await mail.server.close();
});

const titles = [
  'General',
  'Outgoing Server',
  'S/MIME',
  'OAUTH2 Authentication',
  'Firewall Configuration',
  'SMTP Logging',
];

describe('by the keyboard alone', () => {
  it('the tabs are walked with the arrows, Home and End', async () => {
    const { page, done } = await openPage(browser, served.address);
    const focused = () => page.evaluate(() => document.activeElement.textContent);
    const shown = () => page.locator('[role=tabpanel]:not([hidden])').getAttribute('id');
    await page.keyboard.press('Tab');
    // Profile, New, Delete (Make active is off), then the tabs.
    for (let presses = 0; presses < 10 && !titles.includes(await focused()); presses++)
      await page.keyboard.press('Tab');
    assert.equal(await focused(), 'General');
    const walked = [];
    for (const _ of titles) {
      await page.keyboard.press('ArrowRight');
      walked.push(await focused());
    }
    assert.deepEqual(walked, [...titles.slice(1), 'General']);
    await page.keyboard.press('End');
    assert.deepEqual([await focused(), await shown()], ['SMTP Logging', 'panel-logging']);
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowLeft');
    assert.equal(await focused(), 'SMTP Logging');
    assert.equal(await page.locator('[role=tab][tabindex="0"]').count(), 1);
    await done();
  });

  it('every control that is shown is reached by Tab, in the order of the page, and a test runs by Enter', async () => {
    const { page, done } = await openPage(browser, served.address);
    for (const title of titles) {
      await page.getByRole('tab', { name: title }).press('Enter');
      const controls = 'input, select, textarea, button, [role=log], summary';
      const expected = await page
        .locator('[role=tabpanel]:not([hidden])')
        .locator(controls)
        .evaluateAll((all) =>
          all.filter((each) => each.checkVisibility() && !each.disabled).map((each) => each.outerHTML),
        );
      const reached = [];
      for (const _ of expected) {
        await page.keyboard.press('Tab');
        reached.push(await page.evaluate(() => document.activeElement.outerHTML));
      }
      assert.deepEqual(reached, expected, title);
      await page.keyboard.press('Tab');
      assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Save');
    }
    await page.getByRole('tab', { name: 'Outgoing Server' }).press('Enter');
    await page.getByRole('button', { name: 'Test Connection' }).press('Enter');
    await page.getByText('The connection works.').waitFor();
    await done();
  });
});

describe('for screen readers', () => {
  it('every control has a name, and its notes exist', async () => {
    const { page, done } = await openPage(browser, served.address);
    const unnamed = await page
      .locator('input, select, textarea')
      .evaluateAll((all) =>
        all.filter(({ labels, ariaLabel }) => !ariaLabel && !labels[0]?.textContent).map(({ outerHTML }) => outerHTML),
      );
    assert.deepEqual(unnamed, []);
    const dangling = await page
      .locator('[aria-describedby]')
      .evaluateAll((all) =>
        all
          .flatMap((each) => each.getAttribute('aria-describedby').split(' '))
          .filter((id) => !document.getElementById(id)),
      );
    assert.deepEqual(dangling, []);
    const ids = await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => id));
    assert.equal(new Set(ids).size, ids.length);
    for (const tab of await page.getByRole('tab').all()) {
      const panel = page.locator(`#${await tab.getAttribute('aria-controls')}`);
      assert.equal(await panel.getAttribute('aria-labelledby'), await tab.getAttribute('id'));
    }
    await done();
  });
});

const looks = {
  'a desktop': { viewport: { width: 1100, height: 800 } },
  'a dark desktop': { viewport: { width: 1100, height: 800 }, colorScheme: 'dark' },
  'a phone': { viewport: { width: 320, height: 640 }, isMobile: true, hasTouch: true },
  'a dark phone': { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true, colorScheme: 'dark' },
};

/** The contrast of each text to what is behind it (WCAG 2.2, 1.4.3), where it is too low. */
function faintTexts() {
  const channel = (value) => ((value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const colour = (text) => text.match(/[\d.]+/g).map(Number);
  const behind = (element) => {
    const found = colour(getComputedStyle(element).backgroundColor);
    return found[3] === 0 && element.parentElement ? behind(element.parentElement) : found;
  };
  const own = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
  return [...document.querySelectorAll('body *')]
    .filter((element) => own(element) && element.checkVisibility() && !element.closest(':disabled'))
    .map((element) => {
      const [a, b] = [colour(getComputedStyle(element).color), behind(element)].map(luminance);
      return { text: element.textContent.slice(0, 40), contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) };
    })
    .filter(({ contrast }) => contrast < 4.5);
}

describe('on', () => {
  for (const [name, look] of Object.entries(looks))
    it(`${name} nothing is cut off sideways, and every text can be read`, async () => {
      const { page, done } = await openPage(browser, served.address, look);
      const ui = driver(page);
      await ui.tab('Outgoing Server');
      await ui.fill('server.port', 'x');
      await ui.press('Test Connection');
      await page.locator('#problems:not(:empty)').waitFor();
      const faint = await page.evaluate(faintTexts);
      assert.deepEqual(faint, [], 'with a problem');
      await ui.fill('server.port', String(mail.server.port));
      await ui.press('Test Connection');
      await page.getByText('The connection works.').waitFor();
      for (const title of titles) {
        await page.getByRole('tab', { name: title }).click();
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(sideways <= 0, title);
        assert.deepEqual(await page.evaluate(faintTexts), [], title);
      }
      await done();
    });
});
