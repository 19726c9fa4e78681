/**
 * Every button, where things are right and where they are wrong.
 * @module
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startProvider } from './provider.mjs';
import { driver, openPage, passwords, startBrowser, startMail, startPage, writeCertificates } from './support.mjs';

let browser;
let served;
let opened;
let page;
let ui;
let running;
before(async () => (browser = await startBrowser()));
after(() => browser.close());
beforeEach(async () => {
  served = await startPage();
  running = [];
});
afterEach(async () => {
  await opened.done();
  await served.close();
  for (const each of running) await each.close();
});

async function open(profile, tab) {
  if (profile) await served.store.save(profile);
  opened = await openPage(browser, served.address);
  page = opened.page;
  ui = driver(page);
  if (tab) await ui.tab(tab);
}

async function mail(options) {
  const started = await startMail(options);
  running.push(started.server);
  return started;
}

/** A port at which nothing listens. */
async function closedPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return String(port);
}

describe('Test Connection', () => {
  it('shows each step, the dialogue and the log while it happens', async () => {
    const { profile, server } = await mail();
    await open(profile, 'Outgoing Server');
    await ui.press('Test Connection');
    assert.equal(await ui.verdict(), 'The connection works.');
    const steps = await page.locator('#panel-server .steps li strong').allTextContents();
    const expected = ['resolve', 'connect', 'greeting', 'ehlo', 'starttls', 'tls', 'ehlo', 'authenticate', 'quit'];
    assert.deepEqual(steps, expected);
    assert.match(await page.locator('#panel-server pre').textContent(), /AUTH SCRAM-SHA-512-PLUS <initial response>/);
    await ui.tab('SMTP Logging');
    await page.locator('.log li', { hasText: / info #1 authenticated: / }).waitFor();
    const lines = await page.locator('.log li').allTextContents();
    assert.ok(lines.some((line) => / debug #1 > STARTTLS$/.test(line)));
    assert.equal(server.messages.length, 0);
    await ui.press('Clear the view');
    assert.equal(await page.locator('.log li').count(), 0);
  });

  it('says what is wrong with the password, and what to do', async () => {
    const { profile } = await mail();
    await open(profile, 'Outgoing Server');
    await ui.fill('authentication.password', 'wrong');
    await ui.press('Test Connection');
    assert.equal(await ui.verdict(), 'The connection does not work.');
    const failed = await page.locator('.steps li', { has: page.locator('.bad') }).textContent();
    assert.match(failed, /Failed authenticate.*535 5\.7\.8 .*Check user name and password/);
  });

  it('says what is wrong with the port', async () => {
    const { profile } = await mail();
    await open(profile, 'Outgoing Server');
    await ui.fill('server.port', await closedPort());
    await ui.press('Test Connection');
    assert.equal(await ui.verdict(), 'The connection does not work.');
    assert.match(await ui.report(), /Failed connect.*ECONNREFUSED.*check server\.port/);
  });

  it('ends when the page is closed', { timeout: 60_000 }, async () => {
    const { profile } = await mail();
    // Only the end of the page ends it.
    const server = { ...profile.server, timeouts: { connectMs: 0, greetingMs: 0 } };
    const silent = createServer().listen(0, '127.0.0.1');
    running.push(silent);
    await once(silent, 'listening');
    await open({ ...profile, server }, 'Outgoing Server');
    await ui.fill('server.port', String(silent.address().port));
    const connected = once(silent, 'connection');
    await ui.press('Test Connection');
    const [socket] = await connected;
    const closed = once(socket, 'close');
    socket.resume();
    await page.goto('about:blank');
    await closed;
    await page.goto(served.origin);
    await page.waitForSelector('#profiles option', { state: 'attached' });
  });

  it('goes through the firewall of the form', async () => {
    const { profile } = await mail();
    await open(profile, 'Firewall Configuration');
    await ui.choose('proxy.type', 'socks5');
    await ui.fill('proxy.host', '127.0.0.1');
    await ui.fill('proxy.port', await closedPort());
    await ui.tab('Outgoing Server');
    await ui.press('Test Connection');
    assert.match(await ui.report(), /Failed proxy|Failed connect/);
    assert.match(await ui.report(), /proxy/i);
  });
});

describe('Send Test Email', () => {
  it('sends a message, with the fields of the form, saved or not', async () => {
    const { profile, server } = await mail();
    await open(profile, 'General');
    await ui.choose('importance', 'high');
    await ui.tab('SMTP Logging');
    await ui.tick('logging.file.use');
    await ui.fill('logging.file', join(served.folder, 'mail.log'));
    await ui.tab('Outgoing Server');
    await ui.fill('test.recipient', 'bob@example.org');
    await ui.press('Send Test Email');
    assert.match(await ui.verdict(), /^The server accepted the message for bob@example\.org: 250/);
    const [message] = server.messages;
    assert.equal(message.headers.importance[0], 'high');
    assert.match(readFileSync(join(served.folder, 'mail.log'), 'utf8'), / info - message \S+ sent, /);
    assert.equal(message.envelope.to[0].address, 'bob@example.org');
    const steps = await page.locator('#panel-server .steps li strong').allTextContents();
    const expected = ['resolving', 'connected', 'secured', 'authenticated', 'message sent', 'closed'];
    assert.deepEqual(
      steps.filter((step) => step !== 'message started'),
      expected,
    );
    assert.equal((await served.store.get('office')).importance, undefined);
  });

  it('shows who was refused, and why', async () => {
    const { profile, server } = await mail({ replies: { RCPT: ['550 5.1.1 no such person'] } });
    await open(profile, 'Outgoing Server');
    await ui.fill('test.recipient', 'nobody@example.org');
    await ui.press('Send Test Email');
    assert.match(await ui.report(), /nobody@example\.org: 550 no such person/);
    assert.equal(server.messages.length, 0);
  });

  it('shows a bad address at its field', async () => {
    const { profile } = await mail();
    await open(profile, 'Outgoing Server');
    await ui.fill('test.recipient', 'x y');
    await ui.press('Send Test Email');
    await page.locator('#problems:not(:empty)').waitFor();
    assert.match(await ui.problem('test.recipient'), /expected '@'/);
  });
});

describe('Default', () => {
  it('sets the port of the encryption that is chosen', async () => {
    await open(undefined, 'Outgoing Server');
    await ui.fill('server.port', '2525');
    await ui.press('Default');
    assert.equal(await ui.field('server.port').inputValue(), '25');
    await ui.choose('server.security', 'implicit');
    await ui.press('Default');
    assert.equal(await ui.field('server.port').inputValue(), '465');
  });
});

describe('S/MIME', () => {
  it('verifies the file to sign with, and says what is wrong with it', async () => {
    const { profile } = await mail();
    const files = await writeCertificates(served.folder, 'ann@example.com', 'eve@example.com');
    await open(profile, 'S/MIME');
    await ui.press('Verify signing');
    assert.match(await ui.report(), /The profile has no settings for signing/);
    await ui.tick('smime.sign.use');
    await ui.fill('smime.sign.certificate.file', files['ann@example.com']);
    await ui.press('Verify signing');
    await page.locator('.report', { hasText: 'Mail can be signed.' }).waitFor();
    assert.match(await ui.report(), /CN=ann@example\.com by CN=Throwaway test CA/);
    await ui.fill('smime.sign.certificate.file', `${served.folder}/none.pem`);
    await ui.press('Verify signing');
    await page.locator('.report', { hasText: 'Mail cannot be signed.' }).waitFor();
    assert.match(await ui.report(), /none\.pem/);
  });

  it('verifies encryption for a recipient, and names one without a certificate', async () => {
    const { profile } = await mail();
    await writeCertificates(served.folder, 'bob@example.org');
    await open(profile, 'S/MIME');
    await ui.tick('smime.encrypt.use');
    await ui.choose('smime.encrypt.certificates.source', 'store');
    await ui.choose('smime.encrypt.certificates.store', 'directory');
    await ui.fill('smime.encrypt.certificates.store.location', served.folder);
    await ui.fill('test.encryption', 'bob@example.org');
    await ui.press('Verify encryption');
    await page.locator('.report', { hasText: 'Mail can be encrypted.' }).waitFor();
    await ui.fill('test.encryption', 'carol@example.org');
    await ui.press('Verify encryption');
    await page.locator('.report', { hasText: 'Mail cannot be encrypted.' }).waitFor();
    assert.match(await ui.report(), /Without a certificate: carol@example\.org/);
    await ui.fill('test.encryption', 'x y');
    await ui.press('Verify encryption');
    await page.locator('#problems:not(:empty)').waitFor();
    assert.match(await ui.problem('test.encryption'), /expected '@'/);
  });

  it('lists the certificates of a store, and signs with the one that is chosen', async () => {
    const { profile, server } = await mail();
    await writeCertificates(served.folder, 'ann@example.com', 'eve@example.com');
    await open(profile, 'S/MIME');
    await ui.tick('smime.sign.use');
    await ui.choose('smime.sign.certificate.source', 'store');
    await ui.choose('smime.sign.certificate.store', 'directory');
    await ui.fill('smime.sign.certificate.store.location', `${served.folder}/none`);
    await ui.press('List certificates');
    await page.locator('#problems:not(:empty)').waitFor();
    assert.match(await page.locator('#problems').textContent(), /none/);
    await ui.fill('smime.sign.certificate.store.location', served.folder);
    await ui.press('List certificates');
    const option = page.locator('[name="smime.sign.certificate.select"] option', { hasText: 'ann@example.com' });
    await option.waitFor({ state: 'attached' });
    await ui.choose('smime.sign.certificate.select', await option.getAttribute('value'));
    await ui.tab('Outgoing Server');
    await ui.press('Send Test Email');
    assert.match(await ui.verdict(), /^The server accepted the message/);
    assert.match(server.messages[0].headers['content-type'][0], /^multipart\/signed/);
  });
});

describe('OAUTH2 Authentication', () => {
  it('is filled with the sample of a provider', async () => {
    await open(undefined, 'OAUTH2 Authentication');
    await ui.fill('oauth2.scope', 'to be overwritten');
    await ui.press('Sample Data');
    await page.waitForFunction(() => document.querySelector('[name="oauth2.scope"]').value.startsWith('https://mail'));
    assert.equal(await ui.field('oauth2.tokenUrl').inputValue(), 'https://oauth2.googleapis.com/token');
    const parameters = await ui.field('oauth2.authorizationParameters').inputValue();
    assert.equal(parameters, 'access_type=offline\nprompt=consent');
    await ui.choose('test.provider', 'microsoft');
    await ui.press('Sample Data');
    await page.waitForFunction(() => document.querySelector('[name="oauth2.scope"]').value.includes('SMTP.Send'));
    assert.equal(await ui.field('oauth2.redirectUri').inputValue(), 'http://localhost');
    assert.equal(await ui.field('oauth2.authorizationParameters').inputValue(), '');
  });

  async function signIn(answer, settings = {}) {
    const provider = await startProvider({
      clientId: 'client-1',
      clientSecret: passwords.client,
      accessToken: passwords.access,
      refreshToken: passwords.refresh,
    });
    running.push(provider);
    const { server, profile } = await mail({ users: { ann: passwords.access } });
    await open({ ...profile, authentication: undefined }, 'Outgoing Server');
    await ui.choose('authentication.method', 'xoauth2');
    await ui.tick('authentication.use');
    await ui.fill('authentication.username', 'ann');
    await ui.tab('OAUTH2 Authentication');
    await ui.fill('oauth2.clientId', 'client-1');
    await ui.fill('oauth2.clientSecret', settings.clientSecret ?? passwords.client);
    await ui.fill('oauth2.authorizationUrl', `${provider.origin}/authorize`);
    await ui.fill('oauth2.tokenUrl', `${provider.origin}/token`);
    if (settings.hide) await ui.tick('oauth2.hideBrowserResponse');
    const [window] = await Promise.all([opened.context.waitForEvent('page'), ui.press('Get OAUTH Authentication')]);
    await window.getByRole('link', { name: answer }).click();
    return { window, server };
  }

  it('comes by a sign-in in the browser, and mail is sent by its token', async () => {
    const { window, server } = await signIn('Yes');
    await window.getByRole('heading', { name: 'Signed in' }).waitFor();
    await page.locator('.report', { hasText: 'Signed in.' }).waitFor();
    assert.match(await ui.report(), /It is refreshed when necessary/);
    await ui.tab('Outgoing Server');
    await ui.press('Send Test Email');
    assert.match(await ui.verdict(), /^The server accepted the message/);
    assert.equal(server.messages[0].user, 'ann');
  });

  it('leaves the browser where it is with Hide Browser Response', async () => {
    const { window } = await signIn('Yes', { hide: true });
    await page.locator('.report', { hasText: 'Signed in.' }).waitFor();
    assert.equal(await window.getByRole('heading').textContent(), 'Sign in');
  });

  it('says so when the person refuses', async () => {
    await signIn('No');
    await page.locator('.report .verdict.bad').waitFor();
    assert.match(await ui.report(), /access_denied.*Ann said no/);
  });

  it('says so when the provider refuses the client', async () => {
    await signIn('Yes', { clientSecret: 'wrong' });
    await page.locator('.report .verdict.bad').waitFor();
    assert.match(await ui.report(), /invalid_client.*Unknown client/);
  });

  it('says at the fields what is missing', async () => {
    const { profile } = await mail();
    await open(profile, 'OAUTH2 Authentication');
    await ui.press('Get OAUTH Authentication');
    await page.locator('#problems:not(:empty)').waitFor();
    assert.match(await ui.problem('oauth2.clientId'), /expected settings for getting a token/);
  });
});
