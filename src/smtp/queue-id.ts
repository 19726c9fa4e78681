/**
 * The queue id that a server names in its reply to the end of data.
 * @module
 */
import type { SmtpReply } from '../model/reply.js';

/** A reply of a few lines is searched. A longer text names no queue id in a form that is known here. */
const maxText = 1000;

/**
 * The forms in which servers name it, as the whole text of a line or its end:
 * - `Ok: queued as 4Xy…` of Postfix, after BDAT `Ok: 279 bytes queued as 4Xy…`, and of providers and filters that write the same words;
 * - `OK id=1tAbCd-…` of Exim, whose ids have the lengths 6-6-2, and 6-11-4 since 4.97;
 * - `… [InternalId=123, Hostname=…] … Queued mail for delivery` of Exchange and Microsoft 365;
 * - `Ok 0100019…-000000` of Amazon SES;
 * - `4B1… Message accepted for delivery` of sendmail (14 characters or more) and OpenSMTPD (8 hexadecimal digits).
 */
const forms: readonly RegExp[] = [
  /\bok:? (?:\d+ bytes )?queued as ([\w.@=+-]+)$/i,
  /^ok id=([A-Za-z\d]{6}-[A-Za-z\d]{6,11}-[A-Za-z\d]{2,4})$/i,
  /\[InternalId=(\d+), Hostname=[^\]]+\][^\]]* Queued mail for delivery$/,
  /^Ok ([\da-f]{16}-[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}-\d{6})$/,
  /^([A-Za-z\d]{14,20}|[\da-f]{8}) Message accepted for delivery$/,
];

/** The queue id in a reply to the end of data; undefined if the reply names none, or not in a known form. */
export function queueIdOf({ code, lines }: SmtpReply): string | undefined {
  const text = lines[lines.length - 1] ?? '';
  if (code !== 250 || text.length > maxText) return undefined;
  return forms.map((form) => form.exec(text)?.[1]).find((id) => id !== undefined);
}
