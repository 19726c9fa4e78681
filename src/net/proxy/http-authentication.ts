/**
 * Proxy-Authorization (RFC 9110 section 11.7). NTLM or Digest (RFC 7616) if the proxy offers them, because they do not
 * send the password; else Basic (RFC 7617). Negotiate (RFC 4559) by Kerberos if nothing else is offered, or if no user
 * name is given.
 * @module
 */
import { isEmailError, profileInvalid, reasonOf } from '../../errors/email-error.js';
import type { ChannelBinding } from '../../model/sasl.js';
import { NtlmClient } from '../../sasl/ntlm/client.js';
import { showText } from '../../util/show.js';
import { ProxyFault } from './dialogue.js';
import { parseChallenges } from './http-challenges.js';
import type { HttpChallenge } from './http-challenges.js';
import { digestChallenge, DigestSession, whyNot } from './http-digest.js';
import type { HttpResponse } from './http-response.js';

/** The user name and password for a proxy. */
export interface HttpCredentials {
  readonly username: string;
  readonly password: string;
}

/** The input of a Kerberos token for a proxy. */
export interface NegotiateRequest {
  /** The proxy's name; the service is `HTTP/<host>`. */
  readonly host: string;
  /** A principal and its password. Absent: the tickets of the default cache are used. */
  readonly credentials: HttpCredentials | undefined;
  readonly channelBinding: ChannelBinding | undefined;
  readonly signal: AbortSignal;
}

/** Makes SPNEGO tokens (RFC 4178) for proxies. ERR_KERBEROS if no ticket can be obtained, or the signal's reason. */
export type Negotiate = (request: NegotiateRequest) => Promise<Uint8Array>;

/** The proxy and the requested tunnel. */
export interface ProxyRequest {
  readonly proxyHost: string;
  /** The request-target of CONNECT: `host:port`. */
  readonly authority: string;
  readonly credentials: HttpCredentials | undefined;
  readonly negotiate: Negotiate | undefined;
  readonly signal: AbortSignal;
}

/** The fault of a proxy that refused the user name or password. */
export function wrongPassword(words: string): ProxyFault {
  return new ProxyFault('refused the user name or the password', {
    words,
    remedy: 'Check proxy.username and proxy.password.',
  });
}

/** The scheme with which the next request to the same proxy begins. */
export type KnownScheme =
  | { readonly name: 'basic' }
  | { readonly name: 'ntlm' }
  | { readonly name: 'negotiate' }
  | { readonly name: 'digest'; readonly session: DigestSession };

/** One authentication. Each challenge is answered once, and after a refusal no second scheme is tried. */
export class HttpProxyAuthentication {
  readonly #request: ProxyRequest;
  #scheme: KnownScheme | undefined;
  #ntlm: NtlmClient | undefined;
  #answered = false;
  /** A nonce of an earlier request was used, and may have expired since. */
  #usesOldNonce = false;
  #hasRepeated = false;

  constructor(request: ProxyRequest) {
    this.#request = request;
  }

  /** The scheme that was used. */
  get scheme(): KnownScheme | undefined {
    return this.#scheme;
  }

  /** Has a challenge been answered whose answer is only valid on its own connection (NTLM)? */
  get isOfConnection(): boolean {
    return this.#ntlm !== undefined && this.#answered;
  }

  /**
   * The header value of a first request to a proxy whose scheme is known; undefined if the scheme needs a challenge
   * first.
   */
  async begin(scheme: KnownScheme, channelBinding: ChannelBinding | undefined): Promise<string | undefined> {
    this.#usesOldNonce = scheme.name === 'digest';
    return await this.#answer(scheme, channelBinding);
  }

  /** The header value that answers a 407. */
  async answer(response: HttpResponse, channelBinding: ChannelBinding | undefined): Promise<string> {
    const challenges = parseChallenges(response.headers.get('proxy-authenticate') ?? []);
    const { words } = response;
    if (this.#ntlm !== undefined && !this.#answered)
      return this.#finishNtlm(this.#ntlm, tokenOf(challenges, 'ntlm'), response, channelBinding);
    if (this.#answered && !this.#mayAnswerAgain(challenges)) throw this.#refused(words);
    const scheme = this.#choose(challenges);
    const offered = offeredBy(challenges);
    if (scheme === undefined) {
      if (this.#request.credentials !== undefined || !wantsUser(challenges)) throw noneSupported(challenges, words);
      throw new ProxyFault(`requires authentication (${offered})`, {
        words,
        remedy: 'Set proxy.username and proxy.password.',
      });
    }
    const header = await this.#answer(scheme, channelBinding);
    if (header === undefined) throw noneSupported(challenges, words);
    return header;
  }

  /** Takes the proxy's nonce for the next request from a successful response. */
  accepted(response: HttpResponse): void {
    if (this.#scheme?.name !== 'digest') return;
    const [info] = response.headers.get('proxy-authentication-info') ?? [];
    const nonce = parseChallenges([`Digest ${info ?? ''}`])[0]?.parameters.get('nextnonce');
    if (nonce !== undefined) this.#scheme.session.useNonce(nonce);
  }

  /**
   * True once: if the proxy says that the nonce was stale (RFC 7616 section 3.3), or if it came from an earlier
   * request.
   */
  #mayAnswerAgain(challenges: readonly HttpChallenge[]): boolean {
    if (this.#scheme?.name !== 'digest') return false;
    const challenge = digestChallenge(challenges);
    const isNew = challenge !== undefined && challenge.parameters.get('nonce') !== this.#scheme.session.nonce;
    const isStale = challenge?.parameters.get('stale')?.toLowerCase() === 'true';
    const may = isNew && (isStale || this.#usesOldNonce) && !this.#hasRepeated;
    this.#hasRepeated ||= may;
    return may;
  }

  #choose(challenges: readonly HttpChallenge[]): KnownScheme | undefined {
    const offers = (name: string): boolean => challenges.some(({ scheme }) => scheme === name);
    if (this.#request.credentials !== undefined) {
      if (offers('ntlm')) return { name: 'ntlm' };
      const digest = digestChallenge(challenges);
      if (digest !== undefined) return { name: 'digest', session: new DigestSession(digest) };
      if (offers('basic')) return { name: 'basic' };
    }
    return offers('negotiate') && this.#request.negotiate !== undefined ? { name: 'negotiate' } : undefined;
  }

  async #answer(scheme: KnownScheme, channelBinding: ChannelBinding | undefined): Promise<string | undefined> {
    const { credentials, authority } = this.#request;
    if (scheme.name === 'negotiate') {
      const header = await this.#negotiateToken(channelBinding);
      this.#scheme = scheme;
      this.#answered = true;
      return header;
    }
    if (credentials === undefined) return undefined;
    this.#scheme = scheme;
    if (scheme.name === 'ntlm') {
      this.#ntlm = new NtlmClient({ ...credentials, path: 'proxy' });
      return `NTLM ${this.#ntlm.negotiate.toString('base64')}`;
    }
    this.#answered = true;
    return scheme.name === 'basic'
      ? basic(credentials)
      : scheme.session.authorization(credentials, 'CONNECT', authority);
  }

  async #negotiateToken(channelBinding: ChannelBinding | undefined): Promise<string | undefined> {
    const { proxyHost: host, credentials, negotiate, signal } = this.#request;
    if (negotiate === undefined) return undefined;
    try {
      const token = await negotiate({ host, credentials, channelBinding, signal });
      return `Negotiate ${Buffer.from(token).toString('base64')}`;
    } catch (cause) {
      if (!isEmailError(cause) || cause.code !== 'ERR_KERBEROS') throw cause;
      throw new ProxyFault(`requires Kerberos (Negotiate), and there is no ticket for HTTP/${host}: ${cause.message}`, {
        cause,
        retryable: cause.retryable,
        remedy:
          credentials === undefined
            ? 'Get a ticket with kinit, or set proxy.username to user@REALM and proxy.password; the realm ' +
              "must know HTTP/ of the proxy's name."
            : 'Check proxy.username (user@REALM) and proxy.password, and the realm in krb5.conf; it must know ' +
              "HTTP/ of the proxy's name.",
      });
    }
  }

  #refused(words: string): ProxyFault {
    if (this.#scheme?.name !== 'negotiate') return wrongPassword(words);
    return new ProxyFault('refused the Kerberos ticket', {
      words,
      remedy: "Check the proxy's log; its keytab must have the key of HTTP/ of its name, and the user must be allowed.",
    });
  }

  #finishNtlm(
    ntlm: NtlmClient,
    token: string,
    response: HttpResponse,
    channelBinding: ChannelBinding | undefined,
  ): string {
    this.#answered = true;
    if (token === '') throw wrongPassword(response.words);
    if (!response.keepsAlive) throw closesDuringNtlm();
    try {
      const message = ntlm.authenticate(Buffer.from(token, 'base64'), {
        targetName: `HTTP/${this.#request.proxyHost}`,
        channelBinding,
      });
      return `NTLM ${message.toString('base64')}`;
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new ProxyFault(`sent a bad NTLM challenge: ${reasonOf(cause)}`, {
        cause,
        remedy: 'Check the log of the proxy; it may have to offer Basic instead of NTLM.',
      });
    }
  }
}

/** NTLM authenticates one connection: an answer is not valid on another one. */
export function closesDuringNtlm(): ProxyFault {
  return new ProxyFault('closes the connection in the middle of NTLM', {
    remedy: 'For NTLM the proxy must keep connections alive; otherwise use Basic.',
  });
}

function tokenOf(challenges: readonly HttpChallenge[], name: string): string {
  return challenges.find(({ scheme }) => scheme === name)?.token ?? '';
}

function offeredBy(challenges: readonly HttpChallenge[]): string {
  return [...new Set(challenges.map(({ scheme }) => showText(scheme, 40)))].join(', ') || 'no scheme';
}

function wantsUser(challenges: readonly HttpChallenge[]): boolean {
  return (
    challenges.some(({ scheme }) => scheme === 'ntlm' || scheme === 'basic') ||
    digestChallenge(challenges) !== undefined
  );
}

function noneSupported(challenges: readonly HttpChallenge[], words: string): ProxyFault {
  const digest = challenges.find(({ scheme }) => scheme === 'digest');
  const why = digest === undefined ? undefined : whyNot(digest);
  const lack = why === undefined ? '' : ` (Digest with ${showText(why, 60)})`;
  return new ProxyFault(`offers ${offeredBy(challenges)}${lack}, of which none is supported`, {
    words,
    remedy: 'The proxy must offer Basic, Digest with qop=auth, NTLM, or Negotiate with Kerberos.',
  });
}

function basic({ username, password }: HttpCredentials): string {
  if (username.includes(':'))
    throw profileInvalid('proxy.username', 'has a colon, which is not allowed in Basic (RFC 7617 section 2)');
  for (const [field, value] of Object.entries({ username, password })) {
    if (/[\x00-\x1f\x7f]/.test(value))
      throw profileInvalid(`proxy.${field}`, 'has a control character (RFC 7617 section 2)');
  }
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}
