// Gmail with an app password from the environment. Tests set SMTP_HOST and SMTP_PORT to an embedded server.
const { createMailer, wellKnownServer } = require('sealpost');
const { TestSmtpServer } = require('sealpost/testing');

async function main() {
  const user = process.env.GMAIL_USER ?? 'me@gmail.com';
  const test =
    process.env.GMAIL_APP_PASSWORD === undefined
      ? await TestSmtpServer.start({ users: { [user]: 'test' } })
      : undefined;
  if (test) process.env.GMAIL_APP_PASSWORD = 'test';
  const mailer = createMailer({
    name: 'gmail',
    sender: { email: user },
    server: test ? test.settings : wellKnownServer('gmail'),
    authentication: { method: 'password', username: user, password: { env: 'GMAIL_APP_PASSWORD' } },
  });
  const { reply } = await mailer.send({ to: user, subject: 'Hello', text: 'Hello from Node' });
  console.log(reply.code, reply.lines[0]);
  await mailer.close();
  await test?.close();
}

main();
