/**
 * The protection of a page on loopback. Any program of this machine and any site in the browser can send requests to
 * it, so a request is answered only if
 * - its Host is that of the page, so that a name which an attacker points at 127.0.0.1 (DNS rebinding) is refused;
 * - it comes from the browser that used the one-time token and got the session's cookie for it;
 * - it has the CSRF token, which only the page itself can read. Plain pages do not need it.
 * @module
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const newToken = () => randomBytes(32).toString('base64url');
const digest = (text) => createHash('sha256').update(text).digest();
const same = (given, expected) => timingSafeEqual(digest(String(given)), digest(expected));

/** The refusal of a request, with its status and a sentence for the user. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The header of every response. Scripts and styles come from files of this server only, and no text becomes markup. */
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
  /** The CSRF token. It is written into the page, whose scripts send it with each request. */
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

  /** Refuses requests for another host and requests from another site. */
  checkOrigin({ headers }) {
    const hosts = [`127.0.0.1:${this.#port}`, `localhost:${this.#port}`];
    if (!hosts.includes(headers.host)) throw new Refusal(421, 'The address names another server.');
    if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`)
      throw new Refusal(403, 'The request comes from another site.');
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none')
      throw new Refusal(403, 'The request comes from another site.');
  }

  /** The cookie of the session, in exchange for the one-time token, which works once. */
  cookieFor(token) {
    if (this.#oneTimeToken === undefined || !same(token, this.#oneTimeToken))
      throw new Refusal(403, 'This address has already been used. Restart the program for a new one.');
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

  /** The name of the cookie. It contains the port, because browsers send a cookie to every port of a host. */
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
    // The refusal below covers text that is not JSON, too.
  }
  throw new Refusal(400, 'The request is not a JSON object.');
}
