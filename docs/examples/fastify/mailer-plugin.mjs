/**
 * A plugin that decorates Fastify with `app.mailer`. Its options are the profile and the options of `createMailer`.
 * @module
 */
import fastifyPlugin from 'fastify-plugin';
import { createMailer } from 'sealpost';

export default fastifyPlugin(
  async (app, { profile, ...options }) => {
    const mailer = createMailer(profile, options);
    app.decorate('mailer', mailer);
    // Fastify runs this hook once all requests are answered.
    app.addHook('onClose', () => mailer.close());
  },
  { name: 'sealpost', fastify: '5.x' },
);
