/**
 * Runs the Worker in workerd, the runtime of Cloudflare Workers, and calls it over HTTP. Its mail goes to servers in this
 * process.
 * @module
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { build } from 'esbuild';
import { sign } from 'sealpost/smime';
import { createTestIdentities, TestSmtpServer } from 'sealpost/testing';

const dist = join(import.meta.dirname, 'dist');
const ended = [];
let trusted;
let stranger;
before(async () => {
  const options = { security: 'implicit', users: { app: 'correct horse' } };
  // Many servers offer PLAIN only.
  trusted = await TestSmtpServer.start({ ...options, mechanisms: ['PLAIN'] });
  stranger = await TestSmtpServer.start(options);
});
after(async () => {
  for (const end of ended) await end();
  await trusted.close();
  await stranger.close();
});

/** Starts workerd with the profile. It trusts only the authority of the first server. Resolves with its address. */
async function startWorker(server, bundle = 'worker.js') {
  const profile = {
    name: 'contact',
    sender: { email: 'app@example.com' },
    // The connector does the TLS, which the library does not see.
    server: { host: server.host, port: server.port, security: 'none' },
    authentication: { method: 'password', username: 'app', password: 'correct horse', allowPlaintext: true },
  };
  const text = JSON.stringify;
  // The configuration is written beside the bundle, because its paths are relative.
  const config = join(dist, `config-${ended.length}.capnp`);
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        (name = "main", worker = .worker),
        (name = "internet", network = (allow = ["local", "private"],
          tlsOptions = (trustBrowserCas = false, trustedCertificates = [${text(trusted.ca)}]))),
      ],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );
    const worker :Workerd.Worker = (
      modules = [(name = "worker", esModule = embed "${bundle}")],
      bindings = [(name = "MAIL_PROFILE", text = ${text(text(profile))})],
      compatibilityDate = "2026-11-01",
    );`,
  );
  const workerd = spawn(join(import.meta.dirname, 'node_modules/.bin/workerd'), ['serve', config, '--control-fd=3'], {
    stdio: ['ignore', 'inherit', 'pipe', 'pipe'],
  });
  let log = '';
  workerd.stderr.on('data', (chunk) => (log += chunk));
  ended.push(async () => {
    const exit = once(workerd, 'exit');
    if (workerd.exitCode === null && workerd.kill()) await exit;
  });
  let events = '';
  for await (const chunk of workerd.stdio[3]) {
    events += chunk;
    const [, port] = /"event":"listen".*"port":(\d+)/.exec(events) ?? [];
    if (port !== undefined) return `http://127.0.0.1:${port}/`;
  }
  throw new Error(`workerd did not start: ${log}`);
}

const post = async (address, body) => {
  const response = await fetch(address, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, ...(await response.json()) };
};
const request = { email: 'ann@example.org', text: 'Hello' };

describe('a Worker', () => {
  it('sends a message under TLS', async () => {
    const { status, messageId } = await post(await startWorker(trusted), request);
    assert.equal(status, 202);
    const [message] = trusted.messages;
    assert.deepEqual(message.headers['message-id'], [`<${messageId}>`]);
    assert.deepEqual([message.text, message.user, message.secure], ['Hello', 'app', true]);
    assert.ok(trusted.transcript.includes('C: QUIT'));
  });

  it('sends nothing to a server whose certificate it does not trust', async () => {
    assert.deepEqual(await post(await startWorker(stranger), request), { status: 503, error: 'ERR_CONNECT' });
    assert.deepEqual([stranger.messages, stranger.transcript], [[], []]);
  });

  it('refuses what a message may not have', async () => {
    const address = await startWorker(trusted);
    for (const wrong of [{ email: 'not an address' }, { text: { file: '/etc/passwd' } }])
      assert.deepEqual(await post(address, { ...request, ...wrong }), { status: 400, error: 'ERR_MESSAGE_INVALID' });
    assert.equal(trusted.messages.length, 1);
  });
});

/** Sends a message with the profile of the request, or verifies or decrypts with the fields of the request. */
const anyWorker = `
import { createMailer, isEmailError } from 'sealpost';
import { decrypt, verify } from 'sealpost/smime';

export default {
  async fetch(request) {
    const { profile, signed, sealed, identity } = await request.json();
    if (signed) return Response.json(await verify(Buffer.from(signed)));
    if (sealed) return new Response((await decrypt(Buffer.from(sealed), identity)).content);
    const mailer = createMailer(profile);
    try {
      const message = { to: 'ann@example.org', text: 'Hello', html: '<p>Hello', attachments: [{ filename: 'a.txt', content: 'a' }] };
      await mailer.send(message);
      return new Response('sent');
    } catch (error) {
      if (!isEmailError(error)) throw error;
      return new Response(error.code + ': ' + error.message);
    } finally {
      await mailer.close();
    }
  },
};
`;

describe('a Worker without the connector, which also imports sealpost/smime', () => {
  const { identities } = createTestIdentities('app@example.com', 'ann@example.org');
  const app = identities.get('app@example.com');
  const ann = identities.get('ann@example.org');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const dkim = {
    domain: 'example.com',
    selector: 'a',
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }),
  };
  let address;
  let plain;
  let starttls;
  before(async () => {
    await build({
      stdin: { contents: anyWorker, resolveDir: import.meta.dirname },
      outfile: join(dist, 'any.js'),
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'warning',
    });
    plain = await TestSmtpServer.start({ security: 'none' });
    starttls = await TestSmtpServer.start();
    ended.push(
      () => plain.close(),
      () => starttls.close(),
    );
    address = await startWorker(trusted, 'any.js');
  });
  const ask = async (body) => (await fetch(address, { method: 'POST', body: JSON.stringify(body) })).text();
  const send = ({ settings: server }, more) =>
    ask({ profile: { name: 'a', sender: { email: 'app@example.com' }, server, ...more } });

  it('sends by plain SMTP', async () => {
    assert.equal(await send(plain), 'sent');
    assert.equal(plain.messages[0].attachments[0].filename, 'a.txt');
  });

  it('encrypts, and decrypts', async () => {
    const smime = { encrypt: { certificates: { data: ann.certificate } } };
    assert.equal(await send(plain, { smime }), 'sent');
    const identity = { data: ann.certificate, key: ann.key };
    assert.match(await ask({ sealed: [...plain.messages.at(-1).content], identity }), /Hello/);
  });

  it('does neither STARTTLS nor TLS from the start', async () => {
    for (const server of [starttls, trusted])
      assert.match(await send(server), /^ERR_CONNECT: .* options\.rejectUnauthorized option is not implemented/);
  });

  it('does not sign, neither by DKIM nor by S/MIME', async () => {
    const before = plain.messages.length;
    const smime = { sign: { certificate: { data: app.certificate, key: app.key } } };
    for (const more of [{ dkim }, { smime }])
      assert.match(await send(plain, more), /^ERR_\w+: .*"options\.key" property/);
    assert.equal(plain.messages.length, before);
  });

  it('calls no signature valid', async () => {
    const entity = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
    const signed = await sign(entity, { certificate: { data: app.certificate, key: app.key } });
    const { signatures } = JSON.parse(await ask({ signed: [...signed] }));
    assert.deepEqual(
      signatures.map(({ valid }) => valid),
      [false],
    );
  });
});
