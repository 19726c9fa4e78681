// An integration test with a server that refuses one recipient. Run it by node --test integration.test.cjs
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { createMailer } = require('sealpost');
const { TestSmtpServer } = require('sealpost/testing');

test('a recipient that does not exist is told, and the others have the message', async () => {
  const server = await TestSmtpServer.start({
    replies: (verb, line) =>
      verb === 'RCPT' && line.includes('<gone@example.com>') ? '550 5.1.1 No such user' : undefined,
  });
  const mailer = createMailer({ name: 'app', sender: { email: 'app@example.com' }, server: server.settings });
  const result = await mailer.send({ to: ['ann@example.com', 'gone@example.com'], subject: 'Hello', text: 'Hello' });
  assert.deepEqual(result.accepted, ['ann@example.com']);
  assert.equal(result.rejected[0].recipient, 'gone@example.com');
  assert.equal(result.rejected[0].reply.code, 550);
  assert.equal((await server.waitForMessage()).subject, 'Hello');
  await mailer.close();
  await server.close();
});
