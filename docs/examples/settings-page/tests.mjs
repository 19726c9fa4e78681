/**
 * The buttons that test the settings. Each makes a mailer for the current form, saved or not, and closes it.
 * @module
 */
import { createMailer } from 'sealpost';
import { Refusal } from './guard.mjs';

export function createTests({ store, log, draft }) {
  /** Runs `work` with a mailer for the form; its events go to the live log, and those of the kinds listed to `seen`. */
  async function withMailer(form, work, seen) {
    const profile = await draft(form);
    const logger = (event) => {
      log.write(event);
      seen?.(event);
    };
    const mailer = createMailer(profile, { profileStore: store, logger });
    try {
      return await work(mailer, profile);
    } finally {
      await mailer.close();
    }
  }

  /** The sign-in in progress. */
  let signIn;

  return {
    'test-connection': (form, signal) =>
      withMailer(form, async (mailer) => (await mailer.testConnection({ signal })).toJSON()),

    async 'send-test'(form, signal) {
      const steps = [];
      const seen = (event) => {
        if (event.type === 'connection' || event.type === 'message') steps.push(stepOf(event));
      };
      const recipient = textOf(form.recipient);
      const send = (mailer) => mailer.sendTestEmail(recipient, { signal });
      const { accepted, rejected, reply, warnings } = await withMailer(form, send, seen);
      return { ok: rejected.length === 0, steps, accepted, rejected, reply, warnings };
    },

    'test-signing': (form, signal) => withMailer(form, (mailer) => mailer.testSigning({ signal })),

    'test-encryption': (form, signal) =>
      withMailer(form, (mailer, profile) =>
        mailer.testEncryption(textOf(form.recipient) ?? profile.sender.email, { signal }),
      ),

    /** Begins the sign-in. Returns the URL for the browser, or nothing if the grant needs no person. */
    async authorize(form) {
      signIn?.abort.abort();
      const abort = new AbortController();
      let outcome;
      const url = new Promise((resolve) => {
        const options = { signal: abort.signal, openBrowser: resolve };
        outcome = withMailer(form, (mailer) => mailer.authorize(options));
        outcome.then(() => resolve(undefined), resolve);
      });
      // `authorize-outcome` reports the error.
      outcome.catch(() => {});
      signIn = { abort, outcome };
      const opened = await url;
      return { url: typeof opened === 'string' ? opened : undefined };
    },

    /** Waits for the end of the sign-in. The tokens stay in the store. */
    async 'authorize-outcome'(_form, signal) {
      if (!signIn) throw new Refusal(409, 'No sign-in has been started.');
      const { abort, outcome } = signIn;
      const stop = () => abort.abort();
      signal.addEventListener('abort', stop);
      const { expiresAt, scope, refreshToken } = await outcome;
      return { ok: true, expiresAt, scope, canRefresh: refreshToken !== undefined };
    },
  };
}

function textOf(value) {
  if (value !== undefined && typeof value !== 'string') throw new Refusal(400, 'The address must be text.');
  return value?.trim() || undefined;
}

function stepOf(event) {
  if (event.type === 'connection') return { ok: true, name: event.state, detail: event.detail };
  const { state, bytes, durationMs } = event;
  return { ok: state !== 'failed', name: `message ${state}`, detail: bytes ? `${bytes} bytes` : '', durationMs };
}
