/**
 * The options of a mailer and of its calls.
 * @module
 */
import type { Problem } from '../model/error.js';
import type { FileRoot, MailerOptions, PoolOptions, RetryOptions, SendOptions } from '../model/mailer.js';
import type { AuthorizeOptions } from '../model/settings/oauth2.js';
import type { EmailProfile } from '../model/settings/profile.js';
import type { TokenStore } from '../model/store.js';
import { callSubject, checked, invalid, optionsSubject, profileSubject } from '../schema/check.js';
import { abortSignal, flag, func, variant, wholeNumber, withMethods } from '../schema/combine.js';
import { object, optional, required } from '../schema/object.js';
import { isPlainObject, join } from '../schema/schema.js';
import type { Schema } from '../schema/schema.js';
import { path } from '../schema/text.js';
import { otherKeys } from './shape/other-words/mailer.js';
import { recipientPolicy } from './shape/recipients.js';
import { milliseconds } from './shape/server.js';

const atLeastOne = wholeNumber(1, Number.MAX_SAFE_INTEGER);
/** The limiter keeps the time of each message, so their number is bounded. */
const maxRate = 1_000_000;
const count = wholeNumber(0, Number.MAX_SAFE_INTEGER);

const pool: Schema<PoolOptions> = object<PoolOptions>(
  {
    maxConnections: optional(atLeastOne),
    maxMessagesPerConnection: optional(count),
    idleTimeoutMs: optional(milliseconds),
    maxAgeMs: optional(milliseconds),
    messagesInFlight: optional(atLeastOne),
    rateLimit: optional(
      object<{ messages: number; perMs: number }>({
        messages: required(wholeNumber(1, maxRate)),
        perMs: required(wholeNumber(1, 2 ** 31 - 1)),
      }),
    ),
  },
  { others: otherKeys.pool },
);

const retry: Schema<RetryOptions> = object<RetryOptions>({
  attempts: optional(wholeNumber(1, 100)),
  delayMs: optional(milliseconds),
  maxMs: optional(milliseconds),
});

const tokenMethods = withMethods<TokenStore>('a store that keeps tokens', 'loadTokens', 'saveTokens');

const rootOnly = object<FileRoot>({ root: required(path('a directory')) });

const optionsSchema: Schema<MailerOptions> = object<MailerOptions>(
  {
    pool: optional(pool),
    logger: optional(func()),
    transport: optional(withMethods('a Transport', 'send', 'close')),
    connector: optional(withMethods('a Connector', 'connect')),
    tokenStore: optional(withMethods('a TokenStore', 'loadTokens', 'saveTokens')),
    profileStore: optional(withMethods('a ProfileStore', 'loadCached', 'saveCached')),
    fileAccess: optional(
      variant<boolean | FileRoot>('true, false or { root }', (value) =>
        typeof value === 'boolean' ? flag : isPlainObject(value) ? rootOnly : undefined,
      ),
    ),
    recipients: optional(recipientPolicy),
    textFromHtml: optional(func()),
    retry: optional(retry),
    fetch: optional(func()),
  },
  {
    expected: 'an object with mailer options',
    others: otherKeys.options,
  },
);

/**
 * Checks and freezes the options of a mailer; live values are kept. ERR_PROFILE_INVALID lists all problems, including
 * certificates of `profile` with `cache: true` if there is no store for them.
 */
export function checkMailerOptions(options: MailerOptions = {}, profile?: EmailProfile): MailerOptions {
  const copy = checked(optionsSchema, options, optionsSubject);
  if (profile !== undefined && copy.profileStore === undefined) {
    const problems: Problem[] = cachedSources(profile, '').map((at) => ({
      path: at,
      message: 'needs the profileStore of MailerOptions, where the certificate is kept',
    }));
    if (problems.length > 0) throw invalid(profileSubject, problems);
  }
  if (profile?.oauth2 !== undefined && copy.tokenStore === undefined && copy.profileStore !== undefined)
    checked(tokenMethods, copy.profileStore, { sentence: optionsSubject.sentence, root: 'profileStore' });
  return copy;
}

const sendOptions = object<SendOptions>(
  {
    signal: optional(abortSignal),
    onProgress: optional(func()),
    requireAllRecipients: optional(flag),
  },
  { others: otherKeys.call },
);
const testOptions = object<{ signal?: AbortSignal | undefined }>(
  { signal: optional(abortSignal) },
  { others: otherKeys.call },
);
const closeOptions = object<{ force?: boolean | undefined }>({ force: optional(flag) });

/** Checks the options of one send. An unknown option is ERR_PROFILE_INVALID, because it would have no effect. */
export function checkSendOptions(options: SendOptions = {}): SendOptions {
  return checked(sendOptions, options, callSubject);
}

const authorizeOptions = object<AuthorizeOptions>({
  openBrowser: optional(func()),
  onAuthorizationUrl: optional(func()),
  onUserCode: optional(func()),
  fetch: optional(func()),
  signal: optional(abortSignal),
});

/** Checks the options of authorize(). */
export function checkAuthorizeOptions(options: AuthorizeOptions = {}): AuthorizeOptions {
  return checked(authorizeOptions, options, callSubject);
}

/** Checks the options of a test. */
export function checkTestOptions(options: { readonly signal?: AbortSignal | undefined } = {}): {
  readonly signal?: AbortSignal | undefined;
} {
  return checked(testOptions, options, callSubject);
}

/** Checks the options of close(). */
export function checkCloseOptions(options: { readonly force?: boolean | undefined } = {}): {
  readonly force?: boolean | undefined;
} {
  return checked(closeOptions, options, callSubject);
}

/** Paths of `cache: true` in a checked profile. Only certificate sources have a key of that name. */
function cachedSources(value: unknown, at: string): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((entry: unknown, index) => cachedSources(entry, join(at, index)));
  if (!isPlainObject(value)) return [];
  return Object.entries(value).flatMap(([key, entry]) =>
    key === 'cache' && entry === true ? [join(at, key)] : cachedSources(entry, join(at, key)),
  );
}
