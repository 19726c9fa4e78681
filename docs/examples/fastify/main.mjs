/**
 * A contact form on Fastify.
 * @module
 */
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';
import { isEmailError, parseProfile } from 'sealpost';
import mailerPlugin from './mailer-plugin.mjs';

const app = Fastify({ logger: true });
const profile = parseProfile(JSON.parse(readFileSync(process.env.MAIL_PROFILE ?? 'profile.json', 'utf8')));
// Messages are made from requests, which must not name files of this machine.
await app.register(mailerPlugin, { profile, fileAccess: false });

const body = {
  type: 'object',
  required: ['email', 'text'],
  properties: { email: { type: 'string' }, text: { type: 'string' } },
};
app.post('/contact', { schema: { body } }, async (request, reply) => {
  const { email, text } = request.body;
  const message = { to: 'support@example.com', replyTo: email, subject: 'Contact form', text };
  const { messageId } = await app.mailer.send(message);
  return reply.code(202).send({ messageId });
});

app.setErrorHandler((error, request, reply) => {
  if (!isEmailError(error)) return reply.send(error);
  request.log.error(error.message);
  const status = error.code === 'ERR_MESSAGE_INVALID' ? 400 : error.retryable ? 503 : 502;
  return reply.code(status).send({ error: error.code });
});

await app.listen({ port: Number(process.env.PORT ?? 3000) });
process.once('SIGTERM', () => app.close());
