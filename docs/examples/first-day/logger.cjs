// Logging by level. pino, winston and bunyan take the place of `logger` below; their 'warn' is the library's 'warning'.
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
