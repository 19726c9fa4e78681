/**
 * Profiles and fields: what is saved comes back, every problem is at its field, and what the page does not show stays.
 * @module
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fields } from '../../docs/examples/settings-page/page/fields.mjs';
import { driver, openPage, passwords, startBrowser, startPage } from './support.mjs';

let browser;
let served;
let opened;
let page;
let ui;
before(async () => (browser = await startBrowser()));
after(() => browser.close());
beforeEach(async () => {
  served = await startPage();
});
afterEach(async () => {
  await opened.done();
  await served.close();
});
const open = async () => {
  opened = await openPage(browser, served.address);
  page = opened.page;
  ui = driver(page);
};

/** A value for each field that differs from its default, and the boxes that have to be ticked first. */
const entries = {
  name: 'Payroll',
  description: 'Two lines\nof text',
  'sender.name': 'Ann Example',
  'sender.organization': 'Example Ltd',
  'sender.email': 'ann@example.com',
  'sender.replyTo': 'Help <help@example.com>',
  'sender.readReceiptTo': 'read@example.com',
  'sender.returnReceiptTo': 'return@example.com',
  priority: 'urgent',
  sensitivity: 'company-confidential',
  importance: 'high',
  'server.host': 'mail.example.com',
  'server.port': '2525',
  'server.timeouts.totalMs': '90',
  'authentication.method': 'plain',
  'server.security': 'explicit',
  'authentication.use': true,
  'authentication.username': 'ann',
  'authentication.password': passwords.mail,
  'server.tls.clientCertificate.use': true,
  'server.tls.clientCertificate.source': 'file',
  'server.tls.clientCertificate.file': 'client.p12',
  'server.tls.clientCertificate.password': passwords.file,
  'server.tls.clientCertificate.cache': true,
  'smime.sign.use': true,
  'smime.sign.certificate.source': 'store',
  'smime.sign.certificate.store': 'pkcs12',
  'smime.sign.certificate.store.location': 'signers.p12',
  'smime.sign.certificate.password': passwords.file,
  'smime.sign.certificate.cache': true,
  'smime.sign.hashAlgorithm': 'sha384',
  'smime.sign.includeCertificate': false,
  'smime.encrypt.use': true,
  'smime.encrypt.certificates.source': 'file',
  'smime.encrypt.certificates.file': 'bob.pem',
  'smime.encrypt.certificates.password': passwords.file,
  'smime.encrypt.certificates.cache': true,
  'smime.encrypt.algorithm': 'aes-256-gcm',
  'oauth2.clientId': 'client-1',
  'oauth2.clientSecret': passwords.client,
  'oauth2.authorizationUrl': 'https://login.example.com/authorize',
  'oauth2.tokenUrl': 'https://login.example.com/token',
  'oauth2.scope': 'smtp offline_access',
  'oauth2.authenticationValue': passwords.token,
  'oauth2.authorizationParameters': 'access_type=offline\nprompt=consent',
  'oauth2.redirectUri': 'http://localhost',
  'oauth2.hideBrowserResponse': true,
  'proxy.type': 'socks5',
  'proxy.host': 'proxy.example.com',
  'proxy.port': '1081',
  'proxy.username': 'outward',
  'proxy.password': passwords.proxy,
  'logging.eventLog': true,
  'logging.file.use': true,
  'logging.file': 'mail.log',
};
/** Fields that have no meaning beside those above, or a test of their own. */
const elsewhere = [
  'headers',
  'proxy.auto',
  'server.tls.clientCertificate.store',
  'server.tls.clientCertificate.store.location',
  'server.tls.clientCertificate.select',
  'smime.sign.certificate.file',
  'smime.sign.certificate.select',
  'smime.encrypt.certificates.store',
  'smime.encrypt.certificates.store.location',
  'smime.encrypt.certificates.select',
];
const kinds = new Map(fields.map(({ name, kind = 'text' }) => [name, kind]));

async function enter(values) {
  for (const [name, value] of Object.entries(values)) {
    const panel = ui.field(name).locator('xpath=ancestor::*[@role="tabpanel"]');
    await page.locator(`#${(await panel.getAttribute('id')).replace('panel-', 'tab-')}`).click();
    if (kinds.get(name) === 'flag') await ui.tick(name, value);
    else if (kinds.get(name) === 'choice') await ui.choose(name, value);
    else await ui.fill(name, value);
  }
}

async function shownValue(name) {
  return kinds.get(name) === 'flag' ? await ui.field(name).isChecked() : await ui.field(name).inputValue();
}

describe('the form', () => {
  it('saves every field of every tab, and shows it again', async () => {
    await open();
    const tested = [
      ...Object.keys(entries),
      ...elsewhere,
      ...fields.filter(({ draft }) => draft).map(({ name }) => name),
    ];
    assert.deepEqual(tested.sort(), fields.map(({ name }) => name).sort());

    await enter(entries);
    // The choices of the store are those of the list; a stored one that is not in it is shown all the same.
    await ui.tab('General');
    await ui.press('Add a field');
    await page.getByLabel('Name of the header field').fill('X-Team');
    await page.getByLabel('Value of the header field').fill('Payroll Ü');
    await page.locator('[name="smime.sign.certificate.select"]').evaluate((select) => {
      select.append(new Option('signer', 'alias:signer'));
      select.value = 'alias:signer';
    });
    await ui.save();

    const { sender, server, headers, ...rest } = await served.store.get('Payroll');
    const settings = JSON.parse(JSON.stringify(rest));
    assert.deepEqual(JSON.parse(JSON.stringify(sender)), {
      name: 'Ann Example',
      organization: 'Example Ltd',
      email: 'ann@example.com',
      replyTo: 'Help <help@example.com>',
      readReceiptTo: 'read@example.com',
      returnReceiptTo: 'return@example.com',
    });
    assert.equal(server.port, 2525);
    assert.equal(server.timeouts.totalMs, 90_000);
    assert.equal(server.tls.clientCertificate.password, passwords.file);
    assert.deepEqual({ ...headers[0] }, { name: 'X-Team', value: 'Payroll Ü' });
    assert.deepEqual({ ...rest.authentication }, { method: 'plain', username: 'ann', password: passwords.mail });
    assert.deepEqual(settings.smime, {
      sign: {
        certificate: {
          store: { type: 'pkcs12', location: 'signers.p12' },
          select: { alias: 'signer' },
          password: '[redacted]',
          cache: true,
        },
        hashAlgorithm: 'sha384',
        includeCertificate: false,
      },
      encrypt: {
        certificates: { file: 'bob.pem', password: '[redacted]', cache: true },
        algorithm: 'aes-256-gcm',
      },
    });
    assert.equal(rest.oauth2.clientSecret, passwords.client);
    assert.equal(rest.oauth2.authenticationValue, passwords.token);
    assert.deepEqual(settings.oauth2.authorizationParameters, { access_type: 'offline', prompt: 'consent' });
    assert.equal(rest.proxy.password, passwords.proxy);
    assert.deepEqual(settings.logging, { eventLog: true, file: 'mail.log' });

    await page.reload();
    await page.waitForFunction(() => document.querySelector('[name="name"]').value === 'Payroll');
    for (const [name, value] of Object.entries(entries))
      assert.equal(await shownValue(name), kinds.get(name) === 'secret' ? '' : value, name);
    assert.equal(await ui.field('smime.sign.certificate.select').inputValue(), 'alias:signer');
    const stored = await page.locator('.secret:not([hidden])').count();
    assert.equal(stored, fields.filter(({ kind }) => kind === 'secret').length);
  });

  it('leaves alone what it does not show, and what the person did not touch', async () => {
    const profile = {
      name: 'office',
      sender: { email: 'ann@example.com', replyTo: ['a@example.com', { name: 'B', email: 'b@example.com' }] },
      server: { host: 'mail.example.com', tls: { pinnedFingerprints: ['ab'.repeat(32)] }, maxRecipients: 50 },
      authentication: { method: 'ntlm', username: 'ann', password: passwords.mail, domain: 'EXAMPLE' },
      headers: { 'X-Team': 'a' },
      smime: { encrypt: { certificates: [{ directory: 'certificates' }] }, headerProtection: 'protect' },
      proxy: `socks5://outward:${passwords.proxy}@proxy.example.com:1081`,
      logging: { level: 'debug', file: { path: 'mail.log', maxBytes: 1000 }, eventLog: { source: 'payroll' } },
    };
    await served.store.save(profile);
    await open();
    assert.equal(await ui.field('proxy.host').inputValue(), 'proxy.example.com');
    assert.equal(await ui.field('smime.encrypt.certificates.source').inputValue(), 'kept');
    await ui.fill('description', 'changed');
    await ui.save();
    const saved = await served.store.get('office');
    const { description, ...rest } = JSON.parse(JSON.stringify(saved));
    assert.equal(description, 'changed');
    await served.store.save(profile);
    assert.deepEqual(rest, JSON.parse(JSON.stringify(await served.store.get('office'))));
    assert.equal(saved.authentication.password, passwords.mail);
    assert.ok(saved.proxy.includes(passwords.proxy));
  });

  it('keeps, replaces and removes a secret', async () => {
    await served.store.save({
      name: 'office',
      sender: { email: 'ann@example.com' },
      server: { host: 'mail.example.com' },
      proxy: { type: 'auto', username: 'outward', password: 'before' },
    });
    await open();
    const stored = async () => (await served.store.get('office')).proxy.password;
    await ui.tab('Firewall Configuration');
    await ui.save();
    assert.equal(await stored(), 'before');
    await ui.fill('proxy.password', passwords.proxy);
    await ui.save();
    assert.equal(await stored(), passwords.proxy);
    await page.locator('[id="field-proxy.password-clear"]').check();
    await ui.save();
    assert.equal(await stored(), undefined);
    assert.equal(await page.locator('[id="field-proxy.password-state"]').isVisible(), false);
  });

  it('asks for a stored secret again before it goes to another server', async () => {
    await served.store.save({
      name: 'office',
      sender: { email: 'ann@example.com' },
      server: { host: 'mail.example.com' },
      authentication: { method: 'password', username: 'ann', password: passwords.mail },
    });
    await open();
    await ui.tab('Outgoing Server');
    await ui.fill('server.host', '127.0.0.1');
    await ui.press('Test Connection');
    await page.locator('[id="field-authentication.password-error"]:not(:empty)').waitFor();
    assert.match(
      await ui.problem('authentication.password'),
      /enter it again: the stored value is for mail\.example\.com/,
    );
    await ui.fill('authentication.password', 'another');
    await ui.save();
    assert.equal((await served.store.get('office')).authentication.password, 'another');
  });

  it('shows every problem at its field, in the words of the library, and the way there', async () => {
    await open();
    await enter({
      name: '',
      'sender.email': 'x y',
      'sender.readReceiptTo': 'nobody',
      'server.host': 'mail example',
      'server.port': '58x',
      'server.timeouts.totalMs': 'soon',
      'authentication.use': true,
      'smime.sign.use': true,
      'oauth2.tokenUrl': 'ftp://x',
      'proxy.type': 'socks4',
      'proxy.password': 'x',
      'logging.file.use': true,
    });
    await ui.tab('General');
    await ui.press('Add a field');
    await page.getByLabel('Name of the header field').fill('Subject');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('#problems ul').waitFor();
    const expected = {
      name: 'expected the name of the profile, got nothing',
      'sender.email': /expected '@'/,
      'sender.readReceiptTo': /expected '@'/,
      'server.host': /expected a DNS name or an IP address/,
      'server.port': 'expected a whole number from 1 to 65535, got a string',
      'server.timeouts.totalMs': 'expected a whole number from 0 to 2147483647, got a string',
      'authentication.username': 'expected a user name, got nothing',
      'authentication.password': /expected a password/,
      'smime.sign.certificate.file': 'expected a path, got an empty string',
      'oauth2.clientId': 'expected the client id, got nothing',
      'oauth2.tokenUrl': /expected an https URL/,
      'proxy.host': /expected a DNS name or an IP address/,
      'proxy.password': /is only allowed together with username\nis refused/,
      'logging.file': 'expected a path, got an empty string',
    };
    for (const [name, words] of Object.entries(expected)) {
      const problem = await ui.problem(name);
      if (typeof words === 'string') assert.equal(problem, words, name);
      else assert.match(problem, words, name);
    }
    assert.match(await page.locator('.row .error').textContent(), /Subject is not allowed/);
    assert.equal(await page.locator('[aria-invalid]').count(), Object.keys(expected).length + 1);
    assert.equal(await page.locator('#problems li').count(), Object.keys(expected).length + 2);
    assert.deepEqual(await served.store.list(), []);
    // The first problem has the focus, each tab tells how many it has, and the list leads to the others.
    assert.equal(await page.evaluate(() => document.activeElement.name), 'name');
    assert.match(await page.locator('#tab-server').textContent(), /5 problems/);
    await page.locator('#problems li', { hasText: 'Log File Name' }).getByRole('button').click();
    assert.equal(await page.evaluate(() => document.activeElement.name), 'logging.file');
    assert.equal(await page.locator('#panel-logging').isVisible(), true);
  });
});

describe('profiles', () => {
  const profile = (name) => ({ name, sender: { email: 'ann@example.com' }, server: { host: 'mail.example.com' } });

  it('are several, with one active; they are made, renamed and deleted', async () => {
    await served.store.save(profile('first'));
    await served.store.save(profile('second'));
    await served.store.activate('second');
    await open();
    page.on('dialog', (dialog) => dialog.accept());
    const list = () => page.locator('#profiles option').allTextContents();
    assert.deepEqual(await list(), ['first', 'second (active)']);
    assert.equal(await ui.field('name').inputValue(), 'second');

    await page.locator('#profiles').selectOption('first');
    await page.waitForFunction(() => document.querySelector('[name="name"]').value === 'first');
    await ui.press('Make active');
    await page.locator('#status', { hasText: 'first is the active profile.' }).waitFor();
    assert.equal((await served.store.active()).name, 'first');

    await ui.fill('name', 'second');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('[id="field-name-error"]:not(:empty)').waitFor();
    assert.equal(await ui.problem('name'), 'there is already a profile named "second"');
    await ui.fill('name', 'renamed');
    await ui.save();
    assert.deepEqual(await list(), ['renamed (active)', 'second']);

    await ui.press('New');
    await page.locator('#profiles option', { hasText: 'New profile' }).waitFor({ state: 'attached' });
    assert.equal(await ui.field('server.host').inputValue(), '');
    await enter({ name: 'third', 'sender.email': 'bob@example.com', 'server.host': 'mail.example.org' });
    await ui.save();
    assert.deepEqual(await list(), ['renamed (active)', 'second', 'third']);

    await ui.press('Delete');
    await page.locator('#status', { hasText: 'Deleted third.' }).waitFor();
    assert.deepEqual(
      (await served.store.list()).map(({ name }) => name),
      ['renamed', 'second'],
    );
  });

  it('are not left with changes by a slip', async () => {
    await served.store.save(profile('first'));
    await served.store.save(profile('second'));
    await open();
    const asked = [];
    page.on('dialog', async (dialog) => {
      asked.push(dialog.message());
      await dialog.dismiss();
    });
    await ui.fill('description', 'half of a sent');
    await page.locator('#profiles').selectOption('second');
    await page.waitForFunction(() => document.querySelector('#profiles').value === 'first');
    assert.deepEqual(asked, ['The form has changes that are not saved. Leave it?']);
    assert.equal(await ui.field('description').inputValue(), 'half of a sent');
  });
});
