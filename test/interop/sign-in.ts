/**
 * Signs in by testConnection(), and searches every output for the secrets.
 * @module
 */
import { inspect } from 'node:util';
import { expect } from 'vitest';
import type { Authentication, ConnectionReport, EmailProfile, LogEvent, OutgoingServer } from '../../src/index.js';
import { createMailer } from '../../src/index.js';
import { readTestbed } from './testbed.js';

const bed = readTestbed();

/** The outcome of a sign-in. */
export interface SignIn {
  readonly report: ConnectionReport;
  /** The code of the authentication's error; undefined if it succeeded. */
  readonly code: string | undefined;
  /** Message and reason of that error. */
  readonly message: string;
}

/**
 * Connects, authenticates and quits. If that is refused, a send must fail in the same way. No output may contain
 * `secrets`, nor their encodings.
 */
export async function signIn(
  server: Partial<OutgoingServer>,
  authentication: Authentication,
  secrets: readonly string[],
): Promise<SignIn> {
  const profile: EmailProfile = {
    name: 'sign-in',
    sender: { email: 'alice@example.test' },
    server: { ...server, host: bed.host, tls: { ca: { file: bed.pki.ca }, ...server.tls } },
    authentication,
  };
  const events: LogEvent[] = [];
  const mailer = createMailer(profile, { logger: (event) => events.push(event) });
  const report = await mailer.testConnection();
  const step = report.steps.find(({ ok }) => !ok);
  const sendError: unknown =
    step === undefined ? undefined : await mailer.sendTestEmail().catch((error: unknown) => error);
  await mailer.close();

  expect(events.length).toBeGreaterThan(0);
  expectNoSecret([String(report), ...[report, events, mailer, sendError].map(shown)].join('\n'), secrets);
  if (step !== undefined) {
    expect(step.name).toBe('authenticate');
    expect(sendError).toMatchObject({ code: step.error?.code });
  }
  expect(report.ok).toBe(step === undefined);
  return { report, code: step?.error?.code, message: step?.error?.message ?? '' };
}

/** The value as the console and JSON show it, with causes and stacks. */
function shown(value: unknown): string {
  return `${inspect(value, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null })}\n${JSON.stringify(value)}`;
}

/** A secret unchanged, in hex, in URL encoding, and in base64 at each of its three alignments. */
export function expectNoSecret(text: string, secrets: readonly string[]): void {
  for (const secret of secrets) {
    const bytes = Buffer.from(secret);
    const forms = [secret, encodeURIComponent(secret), bytes.toString('hex'), JSON.stringify(secret).slice(1, -1)];
    for (const offset of [0, 1, 2]) {
      const whole = Buffer.concat([Buffer.alloc(offset), bytes])
        .toString('base64')
        .replace(/=+$/, '');
      // The first and last characters depend on neighbouring bytes.
      forms.push(whole.slice(offset === 0 ? 0 : offset + 1, (bytes.length + offset) % 3 === 0 ? undefined : -1));
    }
    for (const form of forms) expect(text.includes(form), `a secret is seen as ${form.slice(0, 4)}…`).toBe(false);
  }
}
