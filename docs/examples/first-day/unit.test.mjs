// A unit test without a server. Run it by node --test unit.test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMailer } from 'sealpost';
import { MemoryTransport } from 'sealpost/testing';

/** The code under test. */
const welcome = (mailer, name) =>
  mailer.send({ to: `${name.toLowerCase()}@example.com`, subject: 'Welcome', text: `Hello ${name}` });

test('a new user is welcomed', async () => {
  const transport = new MemoryTransport();
  const mailer = createMailer(
    { name: 'app', sender: { email: 'app@example.com' }, server: { host: 'localhost' } },
    { transport },
  );
  await welcome(mailer, 'Ann');
  const [message] = transport.sent;
  assert.deepEqual(message.envelope.to, ['ann@example.com']);
  assert.equal(message.subject, 'Welcome');
  assert.equal(message.text, 'Hello Ann');
  await mailer.close();
});
