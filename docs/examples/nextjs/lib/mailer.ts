/**
 * The mailer of the whole process.
 * @module
 */
import { readFileSync } from 'node:fs';
import { createMailer, type Mailer, parseProfile } from 'sealpost';

/** Routes are bundles of their own, and a development server loads them anew: what they share is on `globalThis`. */
const shared: typeof globalThis & { mailer?: Mailer } = globalThis;

/** Not at the top of the module, which `next build` runs too. */
export function getMailer(): Mailer {
  return (shared.mailer ??= open());
}

function open(): Mailer {
  const profile = parseProfile(JSON.parse(readFileSync(process.env.MAIL_PROFILE ?? 'profile.json', 'utf8')));
  // Messages are made from requests, which must not name files of this machine.
  const mailer = createMailer(profile, { fileAccess: false });
  // Next.js answers the requests under way before it ends; close() waits for their messages.
  process.once('SIGTERM', () => void mailer.close());
  return mailer;
}
