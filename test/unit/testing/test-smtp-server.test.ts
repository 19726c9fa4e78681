import { afterEach, describe, expect, test } from 'vitest';
import { TestSmtpServer } from '../../../src/testing/test-smtp-server.js';
import type { TestSmtpServerOptions } from '../../../src/testing/server-options.js';
import { RawClient } from './raw-client.js';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const action of cleanUp.splice(0).reverse()) await action();
});

async function start(options?: TestSmtpServerOptions): Promise<TestSmtpServer> {
  const server = await TestSmtpServer.start(options);
  cleanUp.push(() => server.close());
  return server;
}

async function open(server: TestSmtpServer): Promise<RawClient> {
  const client = await RawClient.open(server.port);
  cleanUp.push(() => client.socket.destroy());
  return client;
}

/** Greeted, and EHLO said. */
async function ready(options?: TestSmtpServerOptions): Promise<{ server: TestSmtpServer; client: RawClient }> {
  const server = await start(options);
  const client = await open(server);
  await client.reply();
  await client.ask('EHLO client.example');
  return { server, client };
}

/** Within a transaction, one recipient accepted. */
async function inTransaction(options?: TestSmtpServerOptions, parameters = ''): Promise<{ server: TestSmtpServer; client: RawClient }> {
  const pair = await ready(options);
  expect(await pair.client.codes(`MAIL FROM:<a@b.example>${parameters}`, 'RCPT TO:<c@d.example>')).toBe('250 250');
  return pair;
}

describe('TestSmtpServer', () => {
  test('takes a message by DATA and keeps envelope, parameters and unstuffed content', async () => {
    const { server, client } = await ready();
    const codes = await client.codes('MAIL FROM:<a@b.example> BODY=8BITMIME RET=HDRS ENVID=x+2B1', 'RCPT TO:<c@d.example> NOTIFY=NEVER', 'DATA');
    expect(codes).toBe('250 250 354');
    expect(await client.ask('Subject: é\r\n'.replace('é', 'e') + '\r\n..dot\r\n...\r\n.')).toBe('250 2.0.0 OK');
    expect(server.messages).toHaveLength(1);
    const [message] = server.messages;
    expect(message?.envelope).toEqual({
      from: 'a@b.example',
      parameters: { BODY: '8BITMIME', RET: 'HDRS', ENVID: 'x+2B1' },
      to: [{ address: 'c@d.example', parameters: { NOTIFY: 'NEVER' } }],
    });
    expect(Buffer.from(message?.content ?? []).toString()).toBe('Subject: e\r\n\r\n.dot\r\n..\r\n');
    expect(message?.secure).toBe(false);
  });
});
