/**
 * The contact form of an example (Express, Fastify, NestJS, Next.js): started as its package.json says, asked by HTTP,
 * and ended by SIGTERM. Runs in the folder of the example.
 * @module
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, beforeEach, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { TestSmtpServer } from 'sealpost/testing';

const { name, scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
/** The commands of its README: the start, and a request. */
const readme = readFileSync('README.md', 'utf8');
const [startInReadme] = /^MAIL_PROFILE=profile\.json npm start$/m.exec(readme);
const [curlInReadme] = /^curl .* localhost:3000\/contact$/m.exec(readme);
/** Replies in place of the normal ones, by verb; a function is called at its command and gives none. */
let replies = {};
let smtp;
let app;
let address;
let output = '';

before(async () => {
  smtp = await TestSmtpServer.start({
    users: { app: 'correct horse' },
    replies: (verb) => (typeof replies[verb] === 'function' ? replies[verb]() : replies[verb]),
  });
  const authentication = { method: 'password', username: 'app', password: { env: 'SMTP_PASSWORD' } };
  const profile = { name: 'app', sender: { email: 'app@example.com' }, server: smtp.settings, authentication };
  // Another name than the default, which the variable of the README then overrules.
  writeFileSync('profile-of-test.json', JSON.stringify(profile));
  const start = startInReadme
    .replace('profile.json', 'profile-of-test.json')
    .replace('npm start', `exec ${scripts.start}`);
  app = spawn('sh', ['-c', start], {
    env: { ...process.env, PATH: `node_modules/.bin:${process.env.PATH}`, PORT: '0', SMTP_PASSWORD: 'correct horse' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  address = await new Promise((resolve, reject) => {
    const read = (chunk) => {
      output += chunk;
      const [, port] = /http:\/\/(?:localhost|127\.0\.0\.1|\[::1?\]):(\d+)/.exec(output) ?? [];
      if (port !== undefined) resolve(`http://localhost:${port}/contact`);
    };
    app.stdout.on('data', read);
    app.stderr.on('data', read);
    app.once('exit', () => reject(new Error(`it ended before it listened: ${output}`)));
  });
});
after(async () => {
  if (app.exitCode === null && app.signalCode === null) app.kill('SIGKILL');
  await smtp.close();
});
beforeEach(() => (replies = {}));

const post = async (body) => {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const response = await fetch(address, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, ...(await response.json()) };
};
const request = { email: 'ann@example.org', text: 'Hello' };

describe(name, () => {
  it('sends a message for a request', async () => {
    const { status, messageId } = await post(request);
    assert.equal(status, 202);
    const [message] = smtp.messages;
    assert.deepEqual(
      message.envelope.to.map((recipient) => recipient.address),
      ['support@example.com'],
    );
    assert.equal(message.subject, 'Contact form');
    assert.equal(message.text, 'Hello');
    assert.deepEqual(message.headers['reply-to'], ['ann@example.org']);
    assert.deepEqual(message.headers['message-id'], [`<${messageId}>`]);
  });

  it('answers the request of its README', async () => {
    const curl = curlInReadme.replace('localhost:3000', new URL(address).host);
    const { stdout } = await promisify(execFile)('sh', ['-c', `${curl} --silent --show-error --fail`]);
    assert.deepEqual(Object.keys(JSON.parse(stdout)), ['messageId']);
    assert.equal(smtp.messages.at(-1).headers['message-id'][0], `<${JSON.parse(stdout).messageId}>`);
  });

  it('refuses an address that is none, and a text that names a file', async () => {
    for (const wrong of [{ email: 'not an address' }, { text: { file: 'profile-of-test.json' } }])
      assert.equal((await post({ ...request, ...wrong })).status, 400);
    assert.equal(smtp.messages.length, 2);
  });

  it('tells a refusal for now from one for good, with the words of the server in the log alone', async () => {
    replies = { RCPT: '450 4.2.1 Later' };
    assert.deepEqual(await post(request), { status: 503, error: 'ERR_RECIPIENTS_REJECTED' });
    replies = { RCPT: '550 5.1.1 No such user' };
    assert.deepEqual(await post(request), { status: 502, error: 'ERR_RECIPIENTS_REJECTED' });
  });

  it('ends by SIGTERM with the message under way delivered, its request answered and the connection closed by QUIT', async () => {
    replies = { END: () => void app.kill('SIGTERM') };
    const [[code, signal], { status }] = await Promise.all([once(app, 'close'), post(request)]);
    assert.equal(status, 202, output);
    // Next.js ends with 128 + SIGTERM.
    assert.ok(code === 0 || code === 143 || signal === 'SIGTERM', `${code} ${signal}: ${output}`);
    assert.equal(smtp.messages.length, 3);
    assert.match(output, /No such user/);
    assert.ok(smtp.transcript.includes('C: QUIT'), smtp.transcript.join('\n'));
  });
});
