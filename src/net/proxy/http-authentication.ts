import { profileInvalid, reasonOf } from '../../errors/email-error.js';
import type { ChannelBinding } from '../../model/sasl.js';
import { NtlmClient } from '../../sasl/ntlm/client.js';
import { showText } from '../../util/show.js';
import { ProxyFault } from './dialogue.js';
import type { HttpResponse } from './http-response.js';

/** Proxy-Authorization (RFC 9110 section 11.7): NTLM where the proxy offers it, since then the password stays here; else Basic (RFC 7617). */

/** Who the proxy lets in. */
export interface HttpCredentials {
  readonly username: string;
  readonly password: string;
}

/** What a proxy says that knows no such user. */
export function wrongPassword(words: string): ProxyFault {
  return new ProxyFault('refused the user name or the password', {
    words,
    remedy: 'Check proxy.username and proxy.password.',
  });
}

/** The schemes that can be answered. */
export type HttpProxyScheme = 'basic' | 'ntlm';

/** One authentication: each challenge is answered once, and after a refusal no second scheme is tried. */
export class HttpProxyAuthentication {
  readonly #credentials: HttpCredentials | undefined;
  readonly #proxyHost: string;
  #scheme: HttpProxyScheme | undefined;
  #ntlm: NtlmClient | undefined;
  #answered = false;

  constructor(credentials: HttpCredentials | undefined, proxyHost: string) {
    this.#credentials = credentials;
    this.#proxyHost = proxyHost;
  }

  /** What was used. */
  get scheme(): HttpProxyScheme | undefined {
    return this.#scheme;
  }

  /** True once a challenge was answered that holds on its own connection only. */
  get isOfConnection(): boolean {
    return this.#ntlm !== undefined && this.#answered;
  }

  /** The header value of a first request to a proxy that is known to want this scheme. */
  begin(scheme: HttpProxyScheme): string | undefined {
    if (this.#credentials === undefined) return undefined;
    this.#scheme = scheme;
    if (scheme === 'ntlm') {
      this.#ntlm = new NtlmClient({ ...this.#credentials, path: 'proxy' });
      return `NTLM ${this.#ntlm.negotiate.toString('base64')}`;
    }
    this.#answered = true;
    return basic(this.#credentials);
  }

  /** The header value that answers a 407. */
  answer(response: HttpResponse, channelBinding: ChannelBinding | undefined): string {
    const challenges = parseChallenges(response.headers.get('proxy-authenticate') ?? []);
    const { words } = response;
    const offered = [...challenges.keys()].map((name) => showText(name, 40)).join(', ') || 'no scheme';
    if (this.#answered) throw wrongPassword(words);
    if (this.#ntlm !== undefined) return this.#finishNtlm(this.#ntlm, challenges.get('ntlm'), response, channelBinding);
    const scheme = (['ntlm', 'basic'] as const).find((name) => challenges.has(name));
    if (scheme === undefined)
      throw new ProxyFault(`offers ${offered}, of which none is supported`, {
        words,
        remedy: 'The proxy must offer Basic or NTLM.',
      });
    const header = this.begin(scheme);
    if (header === undefined)
      throw new ProxyFault(`wants authentication (${offered})`, {
        words,
        remedy: 'Set proxy.username and proxy.password.',
      });
    return header;
  }

  #finishNtlm(
    ntlm: NtlmClient,
    token: string | undefined,
    response: HttpResponse,
    channelBinding: ChannelBinding | undefined,
  ): string {
    this.#answered = true;
    if (!token) throw wrongPassword(response.words);
    if (!response.keepsAlive) throw closesDuringNtlm();
    try {
      const message = ntlm.authenticate(Buffer.from(token, 'base64'), {
        targetName: `HTTP/${this.#proxyHost}`,
        channelBinding,
      });
      return `NTLM ${message.toString('base64')}`;
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new ProxyFault(`sent a bad NTLM challenge: ${reasonOf(cause)}`, {
        cause,
        remedy: 'Look into the log of the proxy; it may have to offer Basic in place of NTLM.',
      });
    }
  }
}

/** NTLM proves who a connection is: the answer to a challenge is of no use on another one. */
export function closesDuringNtlm(): ProxyFault {
  return new ProxyFault('closes the connection in the middle of NTLM', {
    remedy: 'The proxy must keep connections alive for NTLM; use Basic else.',
  });
}

function basic({ username, password }: HttpCredentials): string {
  if (username.includes(':'))
    throw profileInvalid('proxy.username', 'has a colon, which Basic cannot carry (RFC 7617 section 2)');
  for (const [field, value] of Object.entries({ username, password })) {
    if (/[\x00-\x1f\x7f]/.test(value))
      throw profileInvalid(`proxy.${field}`, 'has a control character (RFC 7617 section 2)');
  }
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** Scheme in lower case to its token, '' where it has none; parameters are of no use here. */
function parseChallenges(values: readonly string[]): ReadonlyMap<string, string> {
  const schemes = new Map<string, string>();
  for (const value of values) {
    const parts = value.replace(/"(?:[^"\\]|\\.)*"/g, '""').split(',');
    for (const part of parts) {
      const [, scheme, token = ''] = /^[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]+([^ \t]*).*)?$/.exec(part) ?? [];
      if (scheme !== undefined && !schemes.has(scheme.toLowerCase()))
        schemes.set(scheme.toLowerCase(), /^[A-Za-z0-9+/]+=*$/.test(token) ? token : '');
    }
  }
  return schemes;
}
