// Logging by level. `logger` below may be pino, winston or bunyan; their 'warn' is the library's 'warning'.
const { createMailer, formatLogEvent } = require('sealpost');
const { TestSmtpServer } = require('sealpost/testing');

const logger = { error: console.error, warn: console.warn, info: console.log, debug: () => {} };
const methods = { error: 'error', warning: 'warn', info: 'info', debug: 'debug' };

async function main() {
  const server = await TestSmtpServer.start();
  const mailer = createMailer(
    { name: 'app', sender: { email: 'app@example.com' }, server: server.settings },
    { logger: (event) => logger[methods[event.level]](formatLogEvent(event)) },
  );
  await mailer.send({ to: 'ann@example.com', text: 'Hello' });
  await mailer.close();
  await server.close();
}

main();
