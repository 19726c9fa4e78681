/**
 * `cache: true` with a real profile store: once the files are gone, another process signs, encrypts and authenticates
 * with the copies.
 * @module
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMailer, openProfileStore } from '../../src/index.js';
import type { EmailProfile } from '../../src/index.js';
import { decrypt, verify } from '../../src/smime.js';
import { createTestIdentities } from '../../src/testing.js';
import type { TestIdentity } from '../../src/testing.js';
import { bundle } from '../support/bundle.js';

const folder = mkdtempSync(join(tmpdir(), 'sealpost-cached-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const { ca, identities } = createTestIdentities('localhost', 'ann@example.com', 'bob@example.org');
const identity = (name: string): TestIdentity => identities.get(name) as TestIdentity;
const [ann, bob, host] = ['ann@example.com', 'bob@example.org', 'localhost'].map(identity) as [
  TestIdentity,
  TestIdentity,
  TestIdentity,
];

interface Received {
  readonly content: Buffer;
  readonly client: string | undefined;
}

/** A server that requests a client certificate and takes one message on each connection. */
async function startServer(received: Received[]) {
  const server = createServer(
    { key: host.key, cert: host.certificate, requestCert: true, rejectUnauthorized: false },
    (socket) => {
      let text = '';
      let content: string | undefined;
      socket.setEncoding('latin1');
      socket.write('220 hello\r\n');
      socket.on('error', () => undefined);
      socket.on('data', (chunk: string) => {
        text += chunk;
        for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
          const line = text.slice(0, end);
          text = text.slice(end + 2);
          if (content === undefined) {
            if (line === 'DATA') content = '';
            socket.write(line === 'DATA' ? '354 go on\r\n' : line === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
          } else if (line === '.') {
            const client = socket.getPeerX509Certificate()?.fingerprint256;
            received.push({ content: Buffer.from(content, 'latin1'), client });
            content = undefined;
            socket.write('250 taken\r\n');
          } else content += `${line.replace(/^\./, '')}\r\n`;
        }
      });
    },
  );
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

let modules: string;
beforeAll(async () => {
  modules = await bundle({ index: 'src/index.ts' });
});

it('signs, encrypts and shows its client certificate from the copies of a store, in another process', async () => {
  const received: Received[] = [];
  const server = await startServer(received);
  const { port } = server.address() as AddressInfo;
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const own = file('ann.pem', ann.certificate + ann.key);
  const client = file('client.pem', ann.certificate + ann.key);
  const others = file('others.pem', bob.certificate);
  const profile: EmailProfile = {
    name: 'office',
    sender: { email: 'ann@example.com' },
    server: {
      host: '127.0.0.1',
      port,
      security: 'implicit',
      tls: {
        pinnedFingerprints: [new X509Certificate(host.certificate).fingerprint256],
        clientCertificate: { file: client, cache: true },
      },
    },
    smime: {
      sign: { certificate: { file: own, cache: true } },
      encrypt: { certificates: { file: others, cache: true }, encryptToSelf: { file: own, cache: true } },
    },
  };
  const options = { file: join(folder, 'private', 'profiles.store'), key: new Uint8Array(32).fill(3) };
  const store = await openProfileStore(options);
  await store.save(profile);
  await store.activate('office');
  {
    await using mailer = createMailer(profile, { profileStore: store });
    await mailer.send({ to: 'bob@example.org', subject: 'first', text: 'with the files' });
  }
  for (const path of [own, client, others]) rmSync(path);

  const script = `
    import { createMailer, openProfileStore } from './index.mjs';
    const store = await openProfileStore({ file: process.argv[2], key: new Uint8Array(32).fill(3) });
    const mailer = createMailer(await store.active(), { profileStore: store });
    await mailer.send({ to: 'bob@example.org', subject: 'second', text: 'with the copies' });
    await mailer.close();
  `;
  writeFileSync(join(modules, 'second.mjs'), script);
  await promisify(execFile)(process.execPath, [join(modules, 'second.mjs'), options.file]);
  await new Promise((closed) => server.close(closed));

  expect(received).toHaveLength(2);
  for (const [index, { content, client: shown }] of received.entries()) {
    expect(shown).toBe(new X509Certificate(ann.certificate).fingerprint256);
    for (const { certificate, key } of [bob, ann]) {
      const opened = await decrypt(content, { data: certificate, key });
      const { content: signed, signatures } = await verify(opened.content, { trustAnchors: [ca] });
      expect(signatures).toMatchObject([{ valid: true, trusted: true }]);
      expect(Buffer.from(signed).toString()).toContain(index === 0 ? 'with the files' : 'with the copies');
    }
  }
  const kept = readFileSync(options.file, 'latin1');
  for (const { key } of [ann, bob]) expect(kept).not.toContain(key.split('\n')[2]);
});
