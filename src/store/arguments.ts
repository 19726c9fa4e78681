/**
 * Checks the arguments of a store's functions.
 * @module
 */
import type { Secret } from '../model/settings/secret.js';
import type { OAuth2Tokens, OpenProfileStoreOptions } from '../model/store.js';
import { argumentsSubject, callSubject, checked, invalid } from '../schema/check.js';
import { live } from '../schema/combine.js';
import { object, optional, required } from '../schema/object.js';
import type { Schema } from '../schema/schema.js';
import { secretOrBytes } from '../schema/secret.js';
import { path, text } from '../schema/text.js';
import { isBytes, isValidDate } from '../util/bytes.js';

/** Length of a key that is given as bytes. */
const keyBytes = 32;
/** Longest certificate, and longest token, in bytes and UTF-16 units. */
const maxCertificateBytes = 16 << 20;
const maxTokenLength = 64 * 1024;

const key = secretOrBytes({ what: 'passphrase, or a key of 32 bytes' });
const openOptions = object<OpenProfileStoreOptions>({
  file: required(path('the file of a profile store')),
  key: required(key),
});

/** Checks the options and copies the key. ERR_PROFILE_INVALID lists all problems. */
export function checkOpenOptions(options: OpenProfileStoreOptions): OpenProfileStoreOptions {
  const { file, key: given } = checked(openOptions, options, callSubject);
  return { file, key: ofRightLength(given) };
}

/** Checks a key. */
export function checkKey(given: Secret | Uint8Array): Secret | Uint8Array {
  const schema = object<{ readonly key: Secret | Uint8Array }>({ key: required(key) });
  return ofRightLength(checked(schema, { key: given }, argumentsSubject).key);
}

function ofRightLength(given: Secret | Uint8Array): Secret | Uint8Array {
  if (!isBytes(given) || given.length === keyBytes) return given;
  const message = `expected ${keyBytes} bytes, got ${given.length}; a passphrase must be a string`;
  throw invalid(argumentsSubject, [{ path: 'key', message }]);
}

const token = text({ expected: 'a token', max: maxTokenLength });
const liveDate = live('a Date', isValidDate);
const tokensSchema = object<OAuth2Tokens>({
  accessToken: required(token),
  expiresAt: optional(liveDate),
  refreshToken: optional(token),
  scope: optional(text({ expected: 'the scope', min: 0, max: maxTokenLength })),
  tokenType: required(text({ expected: 'the type of the token' })),
});

/** Checks tokens and returns them as plain data: the schema's copy would hide them even in JSON. */
export function checkTokens(given: OAuth2Tokens): OAuth2Tokens {
  const tokens = checked(tokensSchema, given, argumentsSubject);
  const { accessToken, expiresAt, refreshToken, scope, tokenType } = tokens;
  return { accessToken, expiresAt, refreshToken, scope, tokenType };
}

const name = (what: string): Schema<string> => text({ expected: what, max: 10_000 });
const tokensKey = object<{ readonly key: string }>({ key: required(name('the key of the tokens')) });
const place = object<{ readonly profile: string; readonly slot: string }>({
  profile: required(name('the name of a profile')),
  slot: required(name('the place of a certificate')),
});
const certificate = object<{ readonly data: Uint8Array }>({
  data: required(
    live(
      `bytes, at most ${maxCertificateBytes}`,
      (value): value is Uint8Array => isBytes(value) && value.length <= maxCertificateBytes,
    ),
  ),
});

/** Checks the key of tokens. */
export function checkTokensKey(given: string): void {
  checked(tokensKey, { key: given }, argumentsSubject);
}

/** Checks the place of a cached certificate. */
export function checkSlot(profile: string, slot: string): void {
  checked(place, { profile, slot }, argumentsSubject);
}

/** Checks a cached certificate. */
export function checkCertificate(data: Uint8Array): void {
  checked(certificate, { data }, argumentsSubject);
}
