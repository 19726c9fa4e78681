/**
 * The protection of a page on loopback. Any program of this machine and any site in the browser can send requests to
 * it, so it answers only
 * - requests whose Host is its own: a name that an attacker points at 127.0.0.1 (DNS rebinding) is refused;
 * - the browser that came with the one-time token: it has the session's cookie from then on;
 * - for everything but plain pages, requests with the CSRF token, which only the page itself can read.
 * @module
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const newToken = () => randomBytes(32).toString('base64url');
const digest = (text) => createHash('sha256').update(text).digest();
const same = (given, expected) => timingSafeEqual(digest(String(given)), digest(expected));

/** A refusal of a request: its status, and a sentence for the person. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** On every response. Scripts and styles come from files of this server alone, and no text becomes markup. */
export const securityHeaders = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

export class Guard {
  /** Goes into the page; its scripts send it with each request. */
  csrfToken = newToken();
  #oneTimeToken = newToken();
  #session = newToken();
  #port;

  constructor(port) {
    this.#port = port;
  }

  /** The address to open in the browser. It works once. */
  get address() {
    return `http://127.0.0.1:${this.#port}/?token=${this.#oneTimeToken}`;
  }

  /** Refuses requests that are meant for another host, or that another site sent. */
  checkOrigin({ headers }) {
    const hosts = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`];
    if (!hosts.includes(headers.host)) throw new Refusal(421, 'This server is not the one that the address names.');
    if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`)
      throw new Refusal(403, 'The request comes from another site.');
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      throw new Refusal(403, 'The request comes from another site.');
  }

  /** The cookie of the session for the right one-time token, which is used up by it. */
  cookieFor(token) {
    if (this.#oneTimeToken === undefined || !same(token, this.#oneTimeToken))
      throw new Refusal(403, 'This address has been used already. Start the program anew for another one.');
    this.#oneTimeToken = undefined;
    return `${this.#cookieName}=${this.#session}; HttpOnly; SameSite=Strict; Path=/`;
  }

  checkSession({ headers }) {
    const cookies = (headers.cookie ?? '').split('; ').map((pair) => pair.split('='));
    const [, session] = cookies.find(([name]) => name === this.#cookieName) ?? [];
    if (!same(session, this.#session))
      throw new Refusal(401, 'Open the address that the program printed when it started.');
  }

  checkCsrf({ headers }) {
    if (!same(headers['x-csrf-token'], this.csrfToken))
      throw new Refusal(403, 'The request does not come from the page (its CSRF token is missing). Reload the page.');
  }

  /** With the port, because browsers send a cookie to every port of a host. */
  get #cookieName() {
    return `settings-${this.#port}`;
  }
}

const maxBodyBytes = 256 * 1024;

/** The JSON object in the body of a request. */
export async function readJson(request) {
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    throw new Refusal(415, 'The request is not JSON.');
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) throw new Refusal(413, 'The form is too long.');
    chunks.push(chunk);
  }
  try {
    const value = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The refusal below is for both.
  }
  throw new Refusal(400, 'The request is not a JSON object.');
}
