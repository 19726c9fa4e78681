/**
 * A plain send, for runtimes that grant network access only.
 * @module
 */
import { createMailer } from 'sealpost';
import { TestSmtpServer } from 'sealpost/testing';

const server = await TestSmtpServer.start({ security: 'none' });
for (const host of ['127.0.0.1', 'localhost']) {
  const mailer = createMailer({
    name: 'plain',
    sender: { email: 'app@example.com' },
    server: { ...server.settings, host },
  });
  const { accepted } = await mailer.send({ to: 'ann@example.com', text: 'Hello' });
  console.log(`sent to ${accepted} by ${host}`);
  await mailer.close();
}
await server.close();
