/**
 * The mailer of the whole process.
 * @module
 */
import { readFileSync } from 'node:fs';
import { createMailer, type Mailer, parseProfile } from 'sealpost';

/** Each route is a bundle of its own, and a development server reloads it. They share one mailer on `globalThis`. */
const shared: typeof globalThis & { mailer?: Mailer } = globalThis;

/** The profile is read on first use, not at the top of the module, because `next build` runs that too. */
export function getMailer(): Mailer {
  return (shared.mailer ??= open());
}

function open(): Mailer {
  const profile = parseProfile(JSON.parse(readFileSync(process.env.MAIL_PROFILE ?? 'profile.json', 'utf8')));
  // Messages are made from requests, which must not name files of this machine.
  const mailer = createMailer(profile, { fileAccess: false });
  // Next.js answers the requests in progress before it ends; close() waits for their messages.
  process.once('SIGTERM', () => void mailer.close());
  return mailer;
}
