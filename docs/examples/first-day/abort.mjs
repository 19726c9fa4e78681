// A signal aborts a send. The error says whether the server may have the message.
import { createMailer, isEmailError } from 'sealpost';
import { TestSmtpServer } from 'sealpost/testing';

const server = await TestSmtpServer.start({ faults: [{ at: 'MAIL', do: 'silence' }] });
const mailer = createMailer({ name: 'app', sender: { email: 'app@example.com' }, server: server.settings });
try {
  await mailer.send({ to: 'ann@example.com', text: 'Hello' }, { signal: AbortSignal.timeout(500) });
} catch (error) {
  if (!isEmailError(error)) throw error;
  console.log(error.code, error.delivery);
}
await mailer.close({ force: true });
await server.close();
