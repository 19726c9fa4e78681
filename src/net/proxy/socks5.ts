/**
 * SOCKS 5 (RFC 1928) with user name and password (RFC 1929).
 * @module
 */
import { profileInvalid } from '../../errors/email-error.js';
import { utf8 } from '../../util/bytes.js';
import { ipBytes } from '../../util/ip.js';
import type { ProxyDialogue } from './dialogue.js';
import { ProxyFault, notAProxy } from './dialogue.js';
import type { TunnelTarget } from './target.js';
import { authorityOf } from './target.js';

/** The length of both is one octet. */
const maxFieldBytes = 255;
const noAuthentication = 0;
const usernamePassword = 2;
const noneAcceptable = 0xff;

/** Reply codes (RFC 1928 section 6): their meaning, whether a retry may help, and the remedy. */
const refusals: ReadonlyMap<number, { readonly words: string; readonly retryable: boolean; readonly remedy: string }> =
  new Map([
    [1, { words: 'general SOCKS server failure', retryable: true, remedy: 'Check the log of the proxy.' }],
    [
      2,
      {
        words: 'connection not allowed by ruleset',
        retryable: false,
        remedy: 'The rules of the proxy must allow server.host and server.port.',
      },
    ],
    [3, { words: 'network unreachable', retryable: true, remedy: 'Check server.host as seen from the proxy.' }],
    [
      4,
      {
        words: 'host unreachable',
        retryable: true,
        remedy: 'Check server.host as seen from the proxy, and its name service.',
      },
    ],
    [5, { words: 'connection refused', retryable: true, remedy: 'Check server.port, and that the server is running.' }],
    [6, { words: 'TTL expired', retryable: true, remedy: 'Check server.host as seen from the proxy.' }],
    [
      7,
      {
        words: 'command not supported',
        retryable: false,
        remedy: 'The proxy does not support CONNECT, so it cannot be used for mail.',
      },
    ],
    [
      8,
      {
        words: 'address type not supported',
        retryable: false,
        remedy: "If server.host is a name, try proxy.resolve 'local'.",
      },
    ],
  ]);

/** The user name and password for the proxy. */
export interface SocksCredentials {
  readonly username: string;
  readonly password: string;
}

/** Returns when the tunnel to the target is open. */
export function* socks5(target: TunnelTarget, credentials: SocksCredentials | undefined): ProxyDialogue<void> {
  const login = credentials === undefined ? undefined : loginMessage(credentials);
  const methods = login === undefined ? [noAuthentication] : [noAuthentication, usernamePassword];
  const [version, method] = yield { send: Buffer.of(5, methods.length, ...methods), read: 2 };
  expectVersion(5, version);
  if (method === usernamePassword && login !== undefined) {
    const [loginVersion, status] = yield { send: login, read: 2 };
    expectVersion(1, loginVersion);
    if (status !== 0)
      throw new ProxyFault(`refused the user name or the password (status ${status})`, {
        remedy: 'Check proxy.username and proxy.password.',
      });
  } else if (method !== noAuthentication) throw methodFault(method, login !== undefined);

  const request = Buffer.concat([
    Buffer.of(5, 1, 0),
    addressField(target),
    Buffer.of(target.port >> 8, target.port & 0xff),
  ]);
  const [replyVersion, code = 0, , addressType = 0] = yield { send: request, read: 4 };
  expectVersion(5, replyVersion);
  if (code !== 0) throw refusal(code, target);
  // The address that the proxy connects from is skipped.
  const length =
    addressType === 1
      ? 4
      : addressType === 4
        ? 16
        : addressType === 3
          ? ((yield { send: undefined, read: 1 })[0] ?? 0)
          : undefined;
  if (length === undefined)
    throw new ProxyFault(`answered with an unknown address type ${addressType}`, { remedy: notAProxy });
  yield { send: undefined, read: length + 2 };
}

function loginMessage({ username, password }: SocksCredentials): Buffer {
  const fields = (['username', 'password'] as const).map((field) => {
    const bytes = utf8(field === 'username' ? username : password);
    if (bytes.length > maxFieldBytes)
      throw profileInvalid(`proxy.${field}`, `is longer than ${maxFieldBytes} octets (RFC 1929)`);
    return Buffer.concat([Buffer.of(bytes.length), bytes]);
  });
  return Buffer.concat([Buffer.of(1), ...fields]);
}

function addressField({ kind, host }: TunnelTarget): Buffer {
  if (kind !== 'name') return Buffer.concat([Buffer.of(kind === 'ipv4' ? 1 : 4), ipBytes(host)]);
  const name = utf8(host);
  return Buffer.concat([Buffer.of(3, name.length), name]);
}

function expectVersion(expected: number, version: number | undefined): void {
  if (version === expected) return;
  const guess =
    version === 0x48 ? '; it looks like an HTTP proxy' : version === 0 ? '; it looks like a SOCKS 4 proxy' : '';
  throw new ProxyFault(
    `answered with octet ${version} instead of ${expected}, as ${expected === 5 ? 'SOCKS 5' : 'RFC 1929'} requires${guess}`,
    {
      remedy:
        version === 0x48
          ? "If it is an HTTP proxy, set proxy.type to 'http'; otherwise correct proxy.port."
          : notAProxy,
    },
  );
}

function methodFault(method: number | undefined, offeredLogin: boolean): ProxyFault {
  if (method !== noneAcceptable)
    return new ProxyFault(`chose authentication method ${method}, which was not offered`, { remedy: notAProxy });
  return offeredLogin
    ? new ProxyFault('accepts neither anonymous users nor user name and password', {
        remedy: 'Other methods, such as GSSAPI, are not supported.',
      })
    : new ProxyFault('requires authentication', { remedy: 'Set proxy.username and proxy.password.' });
}

function refusal(code: number, target: TunnelTarget): ProxyFault {
  const { words, ...details } = refusals.get(code) ?? {
    words: 'unknown reason',
    retryable: false,
    remedy: 'Check the log of the proxy.',
  };
  return new ProxyFault(`refused the connection to ${authorityOf(target)}: ${words} (${code})`, details);
}
