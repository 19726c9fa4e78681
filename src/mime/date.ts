/**
 * Dates of header fields.
 * @module
 */
import { messageInvalid } from '../errors/email-error.js';

/**
 * A date-time (RFC 5322 section 3.3) in UTC, as `Sun, 22 Nov 2026 10:35:36 +0000`. Throws ERR_MESSAGE_INVALID with
 * `path`.
 */
export function formatDate(date: Date, path = 'date'): string {
  const second = Math.floor(date.getTime() / 1000);
  if (second === last.second) return last.text;
  const year = date.getUTCFullYear();
  if (!(year >= 1900 && year <= 9999))
    throw messageInvalid(path, 'a date must be a valid Date of the years 1900 to 9999');
  const text = date.toUTCString().replace('GMT', '+0000');
  last = { second, text };
  return text;
}

/** The last date written: many messages in a row have the same one. */
let last = { second: NaN, text: '' };
