/**
 * Makes command lines and their form for logs. A character that could end a line or be invisible in it is refused,
 * never removed.
 * @module
 */
import { createEmailError, messageInvalid } from '../errors/email-error.js';

/** A checked command line without its CRLF. */
export interface Command {
  readonly line: string;
  /** The line for logs, with secrets replaced. */
  readonly display: string;
}

/** Options for lines that are not plain ASCII of at most 510 octets. */
export interface CommandOptions {
  /** The most octets without CRLF. Default 510 (RFC 5321 section 4.5.3.1.4). */
  readonly maxOctets?: number | undefined;
  /** Allows UTF-8 (RFC 6531). */
  readonly utf8?: boolean | undefined;
}

/** Limit for MAIL and RCPT with all parameters of their extensions (RFC 3461 section 5: 1012 for RCPT). */
export const maxEnvelopeLine = 2048;
/**
 * Limit for the lines of an authentication exchange. RFC 4954 section 4 sets none and requires each side to handle what
 * its mechanisms produce. The Kerberos ticket of a user in many groups has up to 64 KiB, and base64 adds a third.
 */
export const maxSaslLine = 128 * 1024;

const printable = /^[ -~]*$/;
const controls = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;
const loneSurrogate = /\p{Surrogate}/u;

/** Makes a command line. `field` names the source of its argument, for the error. */
export function createCommand(line: string, field: string, options: CommandOptions = {}): Command {
  const octets = printable.test(line) ? line.length : checkedOctets(line, field, options.utf8 === true);
  const maxOctets = options.maxOctets ?? 510;
  if (octets > maxOctets)
    throw messageInvalid(field, `makes a command line of ${octets} octets; at most ${maxOctets} are allowed`);
  return { line, display: line };
}

function checkedOctets(line: string, field: string, utf8: boolean): number {
  const found = controls.exec(line);
  if (found !== null) {
    throw messageInvalid(
      field,
      `contains the control character U+${found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}, which is not allowed in a command`,
    );
  }
  if (!utf8)
    throw messageInvalid(
      field,
      'contains characters other than ASCII, which are only allowed with SMTPUTF8 (RFC 6531)',
    );
  if (loneSurrogate.test(line))
    throw messageInvalid(field, 'contains half of a surrogate pair, which UTF-8 cannot represent');
  return Buffer.byteLength(line, 'utf8');
}

/** Makes a command line that is or may be a secret: only `display` is shown. */
export function createSecretCommand(line: string, display: string, maxOctets: number = maxSaslLine): Command {
  // The line is base64 after a mechanism's name, so only its length can be wrong. The error must not show it.
  if (line.length > maxOctets || !printable.test(line)) {
    throw createEmailError(
      'ERR_AUTH_UNAVAILABLE',
      `The authentication needs a line of ${line.length} octets; at most ${maxOctets} are sent.`,
      {
        phase: 'authenticate',
        remedy: 'Use a shorter token or ticket, or another authentication.method.',
      },
    );
  }
  return { line, display };
}
