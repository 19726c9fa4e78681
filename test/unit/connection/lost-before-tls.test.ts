/**
 * A stream fails before its handshake begins, while the code of TLS and the files of the settings are being read.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { afterAll, expect, it } from 'vitest';
import { createMailer } from '../../../src/index.js';
import { TestSmtpServer } from '../../../src/testing.js';

const folder = mkdtempSync(join(tmpdir(), 'lost-before-tls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ['fails', new Error('the cable was cut'), 'the cable was cut'],
  ['closes', undefined, 'ECONNRESET'],
])('a stream of a connector that %s ends the attempt at once', async (_, fault, reason) => {
  await using server = await TestSmtpServer.start();
  const file = join(folder, `${server.port}.pem`);
  writeFileSync(file, server.ca);
  const connect = async (): Promise<Duplex> => {
    const stream = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    // Reading a file takes several turns of the event loop.
    setImmediate(() => stream.destroy(fault));
    return stream;
  };
  await using mailer = createMailer(
    {
      name: 'cut',
      sender: { email: 'ann@example.com' },
      server: { host: 'mail.example.com', port: 465, security: 'implicit', tls: { ca: [{ file }] } },
    },
    { connector: { connect } },
  );
  const error = await mailer.send({ to: 'bob@example.com', text: 'x' }).catch((cause: unknown) => cause);
  expect(error).toMatchObject({ code: 'ERR_TLS', phase: 'tls', delivery: 'not-delivered' });
  const { message, cause } = error as Error;
  expect(`${message} ${String(cause)}`).toContain(reason);
});
