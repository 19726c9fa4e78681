/**
 * A contact form on Express. One mailer serves the whole program, and is closed after the last request has been answered.
 * @module
 */
import { readFileSync } from 'node:fs';
import express from 'express';
import { createMailer, isEmailError, parseProfile } from 'sealpost';

const profile = parseProfile(JSON.parse(readFileSync(process.env.MAIL_PROFILE ?? 'profile.json', 'utf8')));
// Messages are made from requests, which must not name files of this machine.
const mailer = createMailer(profile, { fileAccess: false });

const app = express();
app.use(express.json());

app.post('/contact', async (request, response) => {
  const { email, text } = request.body ?? {};
  const message = { to: 'support@example.com', replyTo: email, subject: 'Contact form', text };
  const { messageId } = await mailer.send(message);
  response.status(202).json({ messageId });
});

app.use((error, request, response, next) => {
  if (!isEmailError(error)) return next(error);
  console.error(error.message);
  const status = error.code === 'ERR_MESSAGE_INVALID' ? 400 : error.retryable ? 503 : 502;
  response.status(status).json({ error: error.code });
});

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});
process.once('SIGTERM', () => server.close(() => mailer.close()));
