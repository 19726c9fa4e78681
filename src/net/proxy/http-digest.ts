/**
 * HTTP Digest (RFC 7616), and its older forms (RFC 2617, RFC 2069) if a proxy has no `qop`. The password itself is
 * never sent.
 * @module
 */
import { getHashes, hash, randomBytes } from 'node:crypto';
import type { HttpChallenge } from './http-challenges.js';

/** The user to authenticate. */
export interface DigestUser {
  readonly username: string;
  readonly password: string;
}

/** The algorithms, strongest first, with node:crypto's names of their hashes. */
const algorithms: ReadonlyMap<string, string> = new Map([
  ['sha-512-256', 'sha512-256'],
  ['sha-256', 'sha256'],
  ['md5', 'md5'],
]);
const strongestFirst = [...algorithms.keys()];
const maxCount = 0xffffffff;

/** A nonce of a proxy, used for successive requests with increasing counts. */
export class DigestSession {
  readonly #challenge: HttpChallenge;
  readonly #algorithm: string;
  readonly #newNonce: () => string;
  #nonce: string;
  #count = 0;
  /** For `-sess` algorithms: the hash of user and password with the first nonces. */
  #sessionKey: string | undefined;

  /** `cnonce` is fixed in tests; default random. */
  constructor(challenge: HttpChallenge, cnonce: () => string = () => randomBytes(24).toString('base64')) {
    this.#challenge = challenge;
    this.#algorithm = algorithmOf(challenge);
    this.#nonce = challenge.parameters.get('nonce') ?? '';
    this.#newNonce = cnonce;
  }

  get nonce(): string {
    return this.#nonce;
  }

  /** Takes the nonce for the next request (`nextnonce` of Proxy-Authentication-Info) and restarts the count. */
  useNonce(nonce: string): void {
    if (nonce === this.#nonce) return;
    this.#nonce = nonce;
    this.#count = 0;
  }

  /** The value of Proxy-Authorization for a request (RFC 7616 section 3.4). */
  authorization(user: DigestUser, method: string, uri: string): string {
    const { parameters } = this.#challenge;
    const realm = octets(parameters.get('realm') ?? '');
    const username = Buffer.from(user.username, 'utf8');
    const digest = (...parts: readonly (string | Buffer)[]): string => this.#digest(parts);
    const cnonce = this.#newNonce();
    let key = digest(username, realm, Buffer.from(user.password, 'utf8'));
    if (this.#algorithm.endsWith('-sess')) key = this.#sessionKey ??= digest(key, octets(this.#nonce), cnonce);
    const request = digest(method, octets(uri));
    const qop = hasAuth(parameters.get('qop')) ? 'auth' : undefined;
    this.#count = this.#count >= maxCount ? 1 : this.#count + 1;
    const count = this.#count.toString(16).padStart(8, '0');
    const response =
      qop === undefined
        ? digest(key, octets(this.#nonce), request)
        : digest(key, octets(this.#nonce), count, cnonce, qop, request);
    const fields: readonly (string | undefined)[] = [
      userField(
        user.username,
        parameters.get('userhash')?.toLowerCase() === 'true' ? digest(username, realm) : undefined,
      ),
      `realm=${quoted(parameters.get('realm') ?? '')}`,
      `nonce=${quoted(this.#nonce)}`,
      `uri=${quoted(uri)}`,
      `response="${response}"`,
      // Left out if the challenge has none: proxies of RFC 2069 do not support it.
      parameters.has('algorithm') ? `algorithm=${parameters.get('algorithm')}` : undefined,
      parameters.has('opaque') ? `opaque=${quoted(parameters.get('opaque') ?? '')}` : undefined,
      ...(qop === undefined ? [] : [`qop=${qop}`, `nc=${count}`, `cnonce=${quoted(cnonce)}`]),
      parameters.get('userhash')?.toLowerCase() === 'true' ? 'userhash=true' : undefined,
    ];
    return `Digest ${fields.filter((field) => field !== undefined).join(', ')}`;
  }

  #digest(parts: readonly (string | Buffer)[]): string {
    const name = algorithms.get(this.#algorithm.replace(/-sess$/, '')) ?? 'md5';
    const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part));
    const joined = bytes.flatMap((part, i) => (i === 0 ? [part] : [Buffer.from(':'), part]));
    return hash(name, Buffer.concat(joined), 'hex');
  }
}

/** The strongest Digest challenge that can be answered; undefined if there is none. */
export function digestChallenge(challenges: readonly HttpChallenge[]): HttpChallenge | undefined {
  const answerable = challenges.filter((challenge) => challenge.scheme === 'digest' && whyNot(challenge) === undefined);
  const strength = (challenge: HttpChallenge): number =>
    strongestFirst.indexOf(algorithmOf(challenge).replace(/-sess$/, ''));
  return [...answerable].sort((a, b) => strength(a) - strength(b))[0];
}

/** The reason why a Digest challenge cannot be answered; undefined if it can. */
export function whyNot({ parameters }: HttpChallenge): string | undefined {
  const algorithm = parameters.get('algorithm') ?? 'MD5';
  const known = algorithms.get(algorithm.toLowerCase().replace(/-sess$/, ''));
  if (known === undefined) return `algorithm ${algorithm}`;
  if (!getHashes().includes(known)) return `algorithm ${algorithm}, which this runtime does not support`;
  if (parameters.get('nonce') === undefined) return 'no nonce';
  const qop = parameters.get('qop');
  return qop === undefined || hasAuth(qop) ? undefined : `qop ${qop}`;
}

function algorithmOf({ parameters }: HttpChallenge): string {
  return (parameters.get('algorithm') ?? 'MD5').toLowerCase();
}

function hasAuth(qop: string | undefined): boolean {
  return qop !== undefined && qop.split(',').some((each) => each.trim().toLowerCase() === 'auth');
}

/** Header fields arrive as one character per octet. */
function octets(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** `username`, its hash, or `username*` (RFC 8187) if it is not ASCII. */
function userField(username: string, hashed: string | undefined): string {
  if (hashed !== undefined) return `username="${hashed}"`;
  if (/^[\x20-\x7e]*$/.test(username)) return `username=${quoted(username)}`;
  const encoded = encodeURIComponent(username).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `username*=UTF-8''${encoded}`;
}
