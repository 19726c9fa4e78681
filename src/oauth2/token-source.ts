/**
 * The access token of a profile: kept in memory and in the token store, and refreshed before it expires, once for all
 * connections and by one process at a time. docs/design/oauth2.md gives the reasons.
 * @module
 */
import { allowManyListeners, createAbortController } from '../async/abort-controller.js';
import { withDeadline } from '../async/deadline-signal.js';
import { SharedWork } from '../async/shared-work.js';
import { untilAborted } from '../async/until-aborted.js';
import { createEmailError, isEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import type { AuthorizeOptions, OAuth2Settings } from '../model/settings/oauth2.js';
import type { Warning } from '../model/reply.js';
import type { OAuth2Tokens, TokenStore } from '../model/store.js';
import { resolveSecret } from '../system/secret.js';
import { withoutPrototype } from '../util/without-prototype.js';
import { needsNoPerson, requestWithoutPerson, runGrant } from './grants/authorize.js';
import { type Endpoints, findEndpoints } from './endpoints.js';
import { oauth2Error, signInRemedy } from './errors.js';
import type { Surroundings } from './surroundings.js';
import { TokenKeeper } from './token-keeper.js';
import {
  prepareTokenRequest,
  sendTokenRequest,
  type TokenClient,
  type TokenOutcome,
  type TokenRequest,
} from './token-endpoint.js';

/** The parts of a token source. */
export interface TokenSourceSettings {
  readonly settings: OAuth2Settings;
  readonly surroundings: Surroundings;
  /** Absent: tokens are kept in memory only. */
  readonly store: TokenStore | undefined;
  /** See `tokenKey`. */
  readonly key: string;
}

/** A request for a token. */
export interface TokenQuery {
  readonly signal: AbortSignal;
  /** The token that the mail server refused; the result is a different one. */
  readonly refused?: string | undefined;
  readonly warn: (warning: Warning) => void;
}

/** A token is refreshed this long before it expires, but not before three quarters of its life have passed. */
const earlyMs = 120_000;
/** Spreads the refreshes of processes that share a token. */
const jitterMs = 30_000;
/** The pause after a temporary failure, while the token is still valid. */
const againMs = 30_000;
/** Time limit of the work before a token request: metadata, secrets and keys. */
const prepareMs = 60_000;

interface Held {
  readonly tokens: OAuth2Tokens;
  /** The time from which it is refreshed. Infinity if the provider gave no expiry. */
  readonly renewAt: number;
  /** The same on the clock that is not set: a machine whose time is set back refreshes the token nonetheless. */
  readonly until: number;
}

/** The tokens of one profile. */
export class TokenSource {
  readonly #parts: TokenSourceSettings;
  readonly #keeper: TokenKeeper;
  readonly #shared = new SharedWork();
  readonly #closed = createAbortController();
  /** After its abort requests continue but no longer keep the process alive. */
  readonly #background = createAbortController();
  #held: Held | undefined;
  #renewal: Promise<string> | undefined;
  #endpoints: Endpoints | undefined;
  /** The end of the provider's `Retry-After` by `elapsed`, and its last refusal. */
  #pause: { readonly until: number; readonly failure: EmailError } | undefined;
  #toldOfMemory = false;

  constructor(parts: TokenSourceSettings) {
    this.#parts = parts;
    this.#keeper = new TokenKeeper(parts.store, parts.key);
  }

  /**
   * Returns a token. ERR_OAUTH2 if none can be obtained; its remedy says so if a person must sign in. Errors of the
   * token store (ERR_STORE), of secrets (ERR_SECRET) and of the client certificate (ERR_CERTIFICATE) are passed on. An
   * abort is ERR_ABORTED or the signal's reason, and a forced close() is ERR_CLOSED.
   */
  async get(query: TokenQuery): Promise<string> {
    const { signal, refused } = query;
    const { authenticationValue } = this.#parts.settings;
    if (authenticationValue !== undefined) return await this.#given(refused, signal);
    const held = this.#held;
    if (held !== undefined && this.#keeper.unsaved === undefined && held.tokens.accessToken !== refused)
      if (this.#isFresh(held)) return held.tokens.accessToken;
    // The signal of one caller may serve many sends.
    allowManyListeners(signal);
    return await this.#shared.run('token', signal, (waited) => untilAborted(this.#renewOnce(query), waited));
  }

  /** Runs the grant, which may need a person, and keeps the tokens. */
  async authorize(options: AuthorizeOptions, surroundings = this.#parts.surroundings): Promise<OAuth2Tokens> {
    const tokens = await runGrant(this.#parts.settings, options, surroundings);
    await this.#keeper.locked(() => this.#keep(tokens), this.#closed.signal);
    return tokens;
  }

  /**
   * Waits for a refresh under way, whose tokens must be saved. With `force` the refresh continues without keeping the
   * process alive.
   */
  async close(force: boolean): Promise<void> {
    if (force) {
      this.#closed.abort(createEmailError('ERR_CLOSED', 'The mailer was closed.'));
      this.#background.abort();
    } else await this.#renewal?.catch(() => undefined);
  }

  /** A token obtained elsewhere is used unchanged. */
  async #given(refused: string | undefined, signal: AbortSignal): Promise<string> {
    const { authenticationValue = '' } = this.#parts.settings;
    const value = await resolveSecret(authenticationValue, 'oauth2.authenticationValue', signal);
    const token = value.trim().replace(/^Bearer\s+/i, '');
    if (token !== refused) return token;
    throw oauth2Error('The mail server refused the token in oauth2.authenticationValue.', {
      remedy: 'Set a new token, or leave the setting out so that tokens are obtained and refreshed.',
    });
  }

  /**
   * One renewal at a time. It is not aborted, even without waiting callers: the refresh token may be used up once it
   * was sent, and its successor is in the response.
   */
  #renewOnce(query: TokenQuery): Promise<string> {
    this.#renewal ??= this.#loadOrRenew(query).finally(() => (this.#renewal = undefined));
    return this.#renewal;
  }

  /** Takes the store's token if it is fresh, else renews under the lock. */
  async #loadOrRenew(query: TokenQuery): Promise<string> {
    const before = this.#keeper.unsaved === undefined ? await this.#keeper.load() : undefined;
    if (isOther(before, query.refused) && this.#isFreshInStore(before)) return this.#hold(before);
    return await this.#keeper.locked(() => this.#renew(query, before?.accessToken), this.#closed.signal);
  }

  /**
   * Runs under the lock. Takes the store's token if another process has replaced that of `before`, else obtains a new
   * one.
   */
  async #renew({ refused, warn }: TokenQuery, before: string | undefined): Promise<string> {
    if (this.#keeper.unsaved !== undefined) await this.#keep(this.#keeper.unsaved);
    const stored = await this.#keeper.load();
    if (isOther(stored, refused) && stored.accessToken !== before && this.#isAlive(stored)) return this.#hold(stored);
    try {
      const { tokens, rotated } = await this.#obtain(stored);
      await this.#keep(tokens);
      if (rotated && this.#keeper.inMemory) this.#tellOfMemory(warn);
      return tokens.accessToken;
    } catch (error) {
      // If the provider cannot be reached, messages are still sent as long as the token is valid.
      const last = isOther(stored, refused) ? stored : this.#held?.tokens;
      const passes = isEmailError(error) && error.retryable && error.code === 'ERR_OAUTH2';
      if (!passes || !isOther(last, refused) || !this.#isAlive(last)) throw error;
      this.#held = { tokens: last, renewAt: Infinity, until: this.#elapsed() + againMs };
      return last.accessToken;
    }
  }

  async #obtain(
    stored: OAuth2Tokens | undefined,
  ): Promise<{ readonly tokens: OAuth2Tokens; readonly rotated: boolean }> {
    let failure: EmailError | undefined;
    for await (const refreshToken of this.#refreshTokens(stored)) {
      const parameters = { grant_type: 'refresh_token', refresh_token: refreshToken };
      // The request is not aborted: see #renewOnce.
      const { signal } = createAbortController();
      const outcome = await this.#request(() => ({ parameters, secrets: [refreshToken] }), signal);
      if (outcome.tokens !== undefined) {
        const { tokens } = outcome;
        const rotated = tokens.refreshToken !== undefined && tokens.refreshToken !== refreshToken;
        return { tokens: { ...tokens, refreshToken: tokens.refreshToken ?? refreshToken }, rotated };
      }
      if (outcome.error !== 'invalid_grant') throw outcome.failure;
      failure = outcome.failure;
    }
    if (!needsNoPerson(this.#parts.settings)) throw failure ?? this.#noToken();
    const closed = this.#closed.signal;
    const outcome = await this.#request(requestWithoutPerson, closed);
    if (outcome.tokens === undefined) throw outcome.failure;
    // This grant returns no refresh token (RFC 6749 section 4.4.3). One that is returned anyway is not kept.
    return { tokens: { ...outcome.tokens, refreshToken: undefined }, rotated: false };
  }

  /**
   * The refresh token of the store, the store's again if it has changed since, and that of the settings. None is tried
   * twice.
   */
  async *#refreshTokens(stored: OAuth2Tokens | undefined): AsyncGenerator<string> {
    const tried = new Set<string>();
    const { settings } = this.#parts;
    const candidates = [
      async () => stored?.refreshToken,
      async () => (tried.size === 0 ? undefined : (await this.#keeper.load())?.refreshToken),
      async () =>
        settings.refreshToken &&
        (await resolveSecret(settings.refreshToken, 'oauth2.refreshToken', this.#closed.signal)),
    ];
    for (const candidate of candidates) {
      const refreshToken = await candidate();
      if (refreshToken === undefined || tried.has(refreshToken)) continue;
      tried.add(refreshToken);
      yield refreshToken;
    }
  }

  /**
   * Makes a token request. `signal` ends the request; the work before it has a deadline and ends with a forced close().
   */
  async #request(
    make: (client: TokenClient, prepare: AbortSignal) => TokenRequest | Promise<TokenRequest>,
    signal: AbortSignal,
  ): Promise<TokenOutcome> {
    const { settings, surroundings } = this.#parts;
    if (this.#pause !== undefined && this.#elapsed() < this.#pause.until) throw this.#pause.failure;
    const passed = (): EmailError =>
      createEmailError('ERR_SECRET', `The secrets of oauth2 could not be read within ${prepareMs} ms.`, {
        retryable: true,
      });
    const prepared = await withDeadline(this.#closed.signal, { ms: prepareMs, passed }, async (prepare) => {
      this.#endpoints ??= await findEndpoints(
        withoutPrototype({ ...settings, grant: 'client-credentials' }),
        surroundings,
        prepare,
      );
      const client = { settings, surroundings, endpoints: this.#endpoints };
      return await prepareTokenRequest(client, await make(client, prepare), prepare);
    });
    const outcome = await sendTokenRequest(prepared, { signal, background: this.#background.signal });
    const { retryAfterMs } = outcome.tokens === undefined ? outcome : {};
    this.#pause =
      outcome.tokens === undefined && retryAfterMs !== undefined
        ? { until: this.#elapsed() + retryAfterMs, failure: outcome.failure }
        : undefined;
    return outcome;
  }

  #noToken(): EmailError {
    const { grant = 'authorization-code' } = this.#parts.settings;
    return oauth2Error(`There is no token, and no refresh token for getting one (oauth2.grant is '${grant}').`, {
      remedy: signInRemedy,
    });
  }

  /** Saves the tokens before they are used: a rotated refresh token that is lost ends the authorization. */
  async #keep(tokens: OAuth2Tokens): Promise<void> {
    await this.#keeper.save(tokens);
    this.#hold(tokens, this.#now());
  }

  #hold(tokens: OAuth2Tokens, obtainedAt?: number): string {
    const renewAt = this.#renewAt(tokens, obtainedAt);
    this.#held = { tokens, renewAt, until: this.#elapsed() + renewAt - this.#now() };
    return tokens.accessToken;
  }

  #renewAt({ expiresAt }: OAuth2Tokens, obtainedAt: number | undefined): number {
    if (expiresAt === undefined) return Infinity;
    const life = obtainedAt === undefined ? Infinity : expiresAt.getTime() - obtainedAt;
    const early = Math.min(earlyMs + this.#parts.surroundings.chance() * jitterMs, life / 4);
    return expiresAt.getTime() - early;
  }

  #isFresh({ tokens, renewAt, until }: Held): boolean {
    return this.#now() < renewAt && this.#elapsed() < until && this.#isAlive(tokens);
  }

  /** By its date, unless it is the token in use, whose time has passed here. */
  #isFreshInStore(tokens: OAuth2Tokens): boolean {
    const held = this.#held;
    if (held?.tokens.accessToken === tokens.accessToken && !this.#isFresh(held)) return false;
    return this.#now() < this.#renewAt(tokens, undefined);
  }

  #isAlive({ expiresAt }: OAuth2Tokens): boolean {
    return expiresAt === undefined || this.#now() < expiresAt.getTime();
  }

  #tellOfMemory(warn: TokenQuery['warn']): void {
    if (this.#toldOfMemory) return;
    this.#toldOfMemory = true;
    warn({
      code: 'WARN_TOKEN_NOT_KEPT',
      message:
        'The provider replaced the refresh token, and the new one is kept in memory only: it is ' +
        'lost when the process ends. Set tokenStore or profileStore in the options of createMailer.',
    });
  }

  #elapsed(): number {
    return this.#parts.surroundings.clock.elapsed();
  }

  #now(): number {
    return this.#parts.surroundings.clock.now();
  }
}

/** Are there tokens, and is their access token not the one that was refused? */
function isOther(tokens: OAuth2Tokens | undefined, refused: string | undefined): tokens is OAuth2Tokens {
  return tokens !== undefined && tokens.accessToken !== refused;
}
