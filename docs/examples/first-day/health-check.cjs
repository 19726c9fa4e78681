// A health check of a service: does the mail server answer, and does the sign-in work? Nothing is sent.
const { createMailer } = require('sealpost');
const { TestSmtpServer } = require('sealpost/testing');

async function main() {
  const server = await TestSmtpServer.start({ users: { app: 'secret' } });
  const authentication = { method: 'password', username: 'app', password: 'wrong' };
  const mailer = createMailer({
    name: 'app',
    sender: { email: 'app@example.com' },
    server: server.settings,
    authentication,
  });
  const report = await mailer.testConnection();
  console.log(report.ok ? 'healthy' : 'not healthy');
  console.log(report.toString());
  await mailer.close();
  await server.close();
}

main();
