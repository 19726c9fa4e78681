/**
 * The tokens of one key in a token store, or in memory: loaded, saved, and locked against other processes. Every
 * failure of the store is ERR_STORE.
 * @module
 */
import { joinSignals } from '../async/deadline-signal.js';
import { untilAborted } from '../async/until-aborted.js';
import { throwIfAborted } from '../errors/abort.js';
import { createEmailError, isEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { OAuth2Tokens, TokenStore } from '../model/store.js';
import { withoutPrototype } from '../util/without-prototype.js';

/** Limit of the wait for a lock. Its holder makes one request, which has a deadline. */
const lockMs = 60_000;

/** The tokens of one key. */
export class TokenKeeper {
  readonly #store: TokenStore | undefined;
  readonly #key: string;
  #memory: OAuth2Tokens | undefined;
  #unsaved: OAuth2Tokens | undefined;

  constructor(store: TokenStore | undefined, key: string) {
    this.#store = store;
    this.#key = key;
  }

  /** True without a store: the tokens are lost with the process. */
  get inMemory(): boolean {
    return this.#store === undefined;
  }

  /** Tokens that could not be saved yet. They must be saved before anything else. */
  get unsaved(): OAuth2Tokens | undefined {
    return this.#unsaved;
  }

  async load(): Promise<OAuth2Tokens | undefined> {
    const store = this.#store;
    if (store === undefined) return this.#memory;
    return checkTokens(await inStore('loaded', () => store.loadTokens(this.#key)));
  }

  async save(tokens: OAuth2Tokens): Promise<void> {
    const store = this.#store;
    if (store === undefined) {
      this.#memory = tokens;
      return;
    }
    this.#unsaved = tokens;
    await inStore('saved', () => store.saveTokens(this.#key, tokens));
    this.#unsaved = undefined;
  }

  /** Runs `work` under the lock of the store, if it has one. `closed` and a deadline end the wait for it. */
  async locked<T>(work: () => Promise<T>, closed: AbortSignal): Promise<T> {
    const store = this.#store;
    // `lock` may be a method of a class, but not one that another package added to Object.prototype.
    if (store?.lock === undefined || store.lock === (Object.prototype as Partial<TokenStore>).lock) return await work();
    const lock = store.lock.bind(store);
    const { signal, dispose } = joinSignals([closed], { ms: lockMs, passed: lockedTooLong });
    let begun = false;
    const begin = async (): Promise<T> => {
      // The wait was given up, and another renewal may have begun.
      throwIfAborted(signal);
      begun = true;
      // The deadline only limits the wait. Its timer would keep the process alive.
      dispose();
      return await work();
    };
    try {
      const locked = inStore('locked', () => lock(this.#key, begin, { signal }));
      // A store may ignore the signal. Work that has begun continues.
      return await untilAborted(locked, signal).catch((error: unknown) => {
        if (!begun) throw error;
        return locked;
      });
    } finally {
      dispose();
    }
  }
}

function lockedTooLong(): EmailError {
  return createEmailError('ERR_STORE', `The tokens were locked by another process for ${lockMs} ms.`, {
    retryable: true,
    remedy: 'Check whether another process that uses the same store hangs.',
  });
}

/** The error of a store may contain the tokens, so only its name and code are reported. */
async function inStore<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (isEmailError(cause)) throw cause;
    const { name, code }: { name?: unknown; code?: unknown } = Object(cause);
    const words = [name, code].filter((word) => typeof word === 'string').join(' ') || 'a value that is not an Error';
    throw createEmailError('ERR_STORE', `The tokens could not be ${what}: the token store failed (${words}).`, {
      retryable: true,
      remedy: 'Check the token store.',
    });
  }
}

/** Checks the tokens that a store returns. Many stores turn dates into text. */
function checkTokens(value: OAuth2Tokens | undefined): OAuth2Tokens | undefined {
  if (value === undefined || value === null) return undefined;
  const { accessToken, expiresAt, refreshToken } = withoutPrototype(value);
  const date = expiresAt === undefined ? undefined : new Date(expiresAt);
  const right =
    typeof accessToken === 'string' &&
    (refreshToken === undefined || typeof refreshToken === 'string') &&
    !Number.isNaN(date?.getTime());
  if (right) return withoutPrototype({ ...value, expiresAt: date });
  throw createEmailError('ERR_STORE', 'The token store returned a value that is not a set of tokens.', {
    remedy: 'loadTokens() must return the value that saveTokens() received, with expiresAt as a Date, or undefined.',
  });
}
