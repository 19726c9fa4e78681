/**
 * A contact form as a Worker. `MAIL_PROFILE` is a secret of the Worker and contains the profile as JSON.
 * @module
 */
import { createMailer, isEmailError, parseProfile } from 'sealpost';
import { createTlsConnector } from './tls-connector.mjs';

export default {
  async fetch(request, env) {
    const { email, text } = await request.json();
    // A connection belongs to the request that opened it, so each request has a mailer of its own.
    const mailer = createMailer(parseProfile(JSON.parse(env.MAIL_PROFILE)), {
      connector: createTlsConnector(),
      fileAccess: false,
    });
    try {
      const message = { to: 'support@example.com', replyTo: email, subject: 'Contact form', text };
      const { messageId } = await mailer.send(message);
      return Response.json({ messageId }, { status: 202 });
    } catch (error) {
      if (!isEmailError(error)) throw error;
      console.error(error.message);
      const status = error.code === 'ERR_MESSAGE_INVALID' ? 400 : error.retryable ? 503 : 502;
      return Response.json({ error: error.code }, { status });
    } finally {
      await mailer.close();
    }
  },
};
