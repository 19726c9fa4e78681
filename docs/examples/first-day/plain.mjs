// A plain message with a profile of three settings. The server is embedded; replace it by your own host.
import { createMailer } from 'sealpost';
import { TestSmtpServer } from 'sealpost/testing';

const server = await TestSmtpServer.start();
const mailer = createMailer({ name: 'app', sender: { email: 'app@example.com' }, server: server.settings });
const result = await mailer.send({ to: 'Ann Example <ann@example.com>', subject: 'Hello', text: 'Hello Ann' });
console.log('accepted for', result.accepted.join(', '), 'as', result.messageId);
await mailer.close();
await server.close();
