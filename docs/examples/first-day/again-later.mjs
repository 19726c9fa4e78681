// The server is busy at first, so the same message is sent again. Then the server refuses one recipient for now.
import { createMailer, isEmailError } from 'sealpost';
import { TestSmtpServer } from 'sealpost/testing';

async function sendWithRetry(mailer, message, attempts = 3) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await mailer.send(message);
    } catch (error) {
      if (!isEmailError(error) || !error.retryable || attempt === attempts) throw error;
      console.log(`attempt ${attempt}: ${error.code}; ${error.remedy}`);
      // A real program waits here: a minute, then longer.
    }
  }
}

const server = await TestSmtpServer.start({ replies: { END: ['451 4.3.2 Busy'] } });
const mailer = createMailer({ name: 'app', sender: { email: 'app@example.com' }, server: server.settings });
const { reply } = await sendWithRetry(mailer, { to: 'ann@example.com', subject: 'One', text: 'Once' });
console.log('then', reply.code, 'and', server.messages.length, 'message');
await mailer.close();
await server.close();

const choosy = await TestSmtpServer.start({ replies: { RCPT: ['250 2.1.5 OK', '450 4.2.1 Later'] } });
const other = createMailer({ name: 'other', sender: { email: 'app@example.com' }, server: choosy.settings });
const message = { to: ['ann@example.com', 'bob@example.com'], subject: 'Two', text: 'To both' };
const first = await other.send(message);
const later = first.rejected.filter(({ reply }) => reply.code < 500).map(({ recipient }) => recipient);
const second = await other.send({ ...message, messageId: first.messageId, envelope: { to: later } });
console.log('first', first.accepted, 'then', second.accepted, 'as one message:', first.messageId === second.messageId);
await other.close();
await choosy.close();
