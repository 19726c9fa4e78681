/**
 * Schemas of secrets and bytes, which have a JSON form of their own.
 * @module
 */
import type { Secret } from '../model/settings/secret.js';
import { asBuffer, isBytes, isWellFormed } from '../util/bytes.js';
import { isPlainObject, join, mayRefer, own, problem, redacted, unexpected } from './schema.js';
import type { Output, Report, Schema } from './schema.js';
import { nearest } from './suggest.js';
import { path as pathOf, text } from './text.js';

const maxSecret = 64 * 1024;
const maxBytes = 4 * 1024 * 1024;

const variable = text({
  expected: 'the name of an environment variable',
  fault: (value) =>
    value.includes('=') ? 'expected the name of an environment variable, got text with an =' : undefined,
});
const secretFile = pathOf('a file that contains a secret');

export interface SecretRules {
  /** The kind of secret, such as "password". */
  readonly what: string;
  /** Passwords of certificate files may be empty. */
  readonly allowEmpty?: boolean;
  /** In UTF-16 units. */
  readonly max?: number;
  /** A further fault of a literal secret. The text must not repeat the secret. */
  readonly fault?: (value: string) => string | undefined;
}

/** The schema of a `Secret`. */
export function secret(rules: SecretRules): Schema<Secret> {
  const expected = `a ${rules.what}: a string, { env }, { file } or a function`;
  return {
    expected,
    check: (value, path, report) => checkSecret(value, path, report, rules, expected),
    toJson: secretToJson,
  };
}

/** The schema of a `Secret` or bytes. */
export function secretOrBytes(rules: SecretRules): Schema<Secret | Uint8Array> {
  const expected = `a ${rules.what}: a string, bytes, { env }, { file } or a function`;
  return {
    expected,
    check: (value, path, report) =>
      isBytesForm(value) ? checkBytes(value, path, report) : checkSecret(value, path, report, rules, expected),
    toJson: (value, path, output) =>
      isBytesForm(value)
        ? output.secrets === 'include'
          ? bytesToJson(value)
          : redacted
        : secretToJson(value, path, output),
  };
}

function checkSecret(
  value: unknown,
  path: string,
  report: Report,
  rules: SecretRules,
  expected: string,
): Secret | undefined {
  if (isSecretFunction(value)) return value;
  if (typeof value === 'string') return checkSecretText(value, path, report, rules, expected);
  // A number may be the secret itself without its quotes, so the message does not show it.
  if (typeof value === 'number') return problem(report, path, `expected ${expected}, got a number`);
  if (!isPlainObject(value)) return unexpected(report, path, expected, value);
  return checkReference(value, path, report, expected);
}

/** Its result is checked when it is called. */
function isSecretFunction(value: unknown): value is () => string | Promise<string> {
  return typeof value === 'function';
}

function secretToJson(value: unknown, path: string, output: Output): unknown {
  if (typeof value === 'string') return output.secrets === 'include' ? value : redacted;
  if (typeof value !== 'function') return { ...Object(value) };
  output.live?.push({ path, message: 'is a function, which has no JSON form' });
  return redacted;
}

function checkSecretText(
  value: string,
  path: string,
  report: Report,
  rules: SecretRules,
  expected: string,
): string | undefined {
  if (value === '' && !rules.allowEmpty) return unexpected(report, path, expected, value);
  if (value === redacted)
    return problem(report, path, `is '${redacted}', the placeholder for a hidden secret: give the secret itself`);
  const max = rules.max ?? maxSecret;
  if (value.length > max)
    return problem(report, path, `is too long: expected at most ${max} characters, got ${value.length}`);
  if (value.includes('\0')) return problem(report, path, 'contains a NUL character, which is not allowed');
  const fault = isWellFormed(value) ? rules.fault?.(value) : 'contains half of a surrogate pair, which is not allowed';
  return fault === undefined ? value : problem(report, path, fault);
}

/** Checks `{ env }` or `{ file }`, without other keys. */
function checkReference(
  value: Record<string, unknown>,
  path: string,
  report: Report,
  expected: string,
): Secret | undefined {
  const keys = Object.keys(value);
  const [key = ''] = keys;
  if (keys.length !== 1 || (key !== 'env' && key !== 'file')) {
    const near = keys.length === 1 ? nearest(key, ['env', 'file']) : undefined;
    return problem(
      report,
      path,
      `expected ${expected}, got an object ` +
        `with ${keys.length === 0 ? 'no key' : 'other keys'}${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
  }
  const name = own(value, key);
  const at = join(path, key);
  if (key === 'file') {
    const file = secretFile.check(name, at, report);
    return file === undefined ? undefined : Object.freeze({ file });
  }
  if (!mayRefer(report, at, 'names an environment variable')) return undefined;
  const env = variable.check(name, at, report);
  return env === undefined ? undefined : Object.freeze({ env });
}

/** Bytes in memory, or their JSON form `{ base64 }`. */
export function isBytesForm(value: unknown): value is Uint8Array | { readonly base64: unknown } {
  return isBytes(value) || (isPlainObject(value) && Object.hasOwn(value, 'base64'));
}

/** Copies the bytes. JavaScript cannot freeze bytes; the copy protects against later changes by the caller. */
export function checkBytes(
  value: Uint8Array | { readonly base64: unknown },
  path: string,
  report: Report,
): Uint8Array | undefined {
  const bytes = isBytes(value) ? new Uint8Array(value) : decode(value, path, report);
  if (bytes === undefined) return undefined;
  if (bytes.length === 0) return problem(report, path, 'expected bytes, got none');
  if (bytes.length > maxBytes)
    return problem(report, path, `is too long: expected at most ${maxBytes} bytes, got ${bytes.length}`);
  return bytes;
}

function decode(value: { readonly base64: unknown }, path: string, report: Report): Uint8Array | undefined {
  const expected = 'base64 text (RFC 4648 section 4)';
  const others = Object.keys(value).filter((key) => key !== 'base64');
  if (others.length > 0)
    return problem(report, join(path, others[0] ?? ''), 'is not a known key; base64 is the only one');
  const { base64 } = value;
  if (typeof base64 !== 'string') return unexpected(report, join(path, 'base64'), expected, base64);
  if (base64.length > maxBytes * 2)
    return problem(report, join(path, 'base64'), `is too long: expected at most ${maxBytes} bytes`);
  const compact = base64.replace(/[\r\n\t ]+/g, '');
  const bytes = Buffer.from(compact, 'base64');
  // Node skips characters that are not base64, so the text is compared with the re-encoded bytes.
  if (bytes.toString('base64').replace(/=+$/, '') !== compact.replace(/={1,2}$/, ''))
    return problem(
      report,
      join(path, 'base64'),
      `expected ${expected}, ` +
        `got ${base64 === redacted ? `'${redacted}', the placeholder for a hidden secret` : 'other text'}`,
    );
  return new Uint8Array(bytes);
}

/** `{ base64 }` of bytes. */
export function bytesToJson(value: Uint8Array | { readonly base64: unknown }): object {
  return isBytes(value) ? { base64: asBuffer(value).toString('base64') } : { ...value };
}

/** Bytes or text of a certificate file. It is a secret as a whole, because it may contain a private key. */
export const certificateContent: Schema<string | Uint8Array> = {
  expected: 'PEM text, base64 text, or bytes',
  check(value, path, report) {
    if (isBytesForm(value)) return checkBytes(value, path, report);
    if (typeof value !== 'string') return unexpected(report, path, certificateContent.expected, value);
    return checkSecretText(value, path, report, { what: 'certificate', max: maxBytes }, certificateContent.expected);
  },
  toJson(value, _path, output: Output) {
    if (output.secrets !== 'include') return redacted;
    return isBytesForm(value) ? bytesToJson(value) : value;
  },
};
