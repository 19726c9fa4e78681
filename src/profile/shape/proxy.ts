/**
 * The schema of the proxy.
 * @module
 */
import type { AutomaticProxySettings, ProxyServerSettings, ProxySettings } from '../../model/settings/proxy.js';
import type { TlsSettings } from '../../model/settings/server.js';
import { choice, choiceAmong, flag, plain, ruledTo, variant } from '../../schema/combine.js';
import { object, optional, required } from '../../schema/object.js';
import { isPlainObject, mayRefer, own, problem, redacted, unexpected } from '../../schema/schema.js';
import type { Report, Schema } from '../../schema/schema.js';
import { secret } from '../../schema/secret.js';
import { host, text } from '../../schema/text.js';
import { parseProxyText, redactProxyText } from '../proxy-url.js';
import { otherKeys, otherValues } from './other-words/server.js';
import { port, tlsSettings } from './server.js';

const username = text({ expected: 'a user name' });
const password = secret({ what: 'password' });

/** The lengths in RFC 1929 are one octet each. */
const maxSocksBytes = 255;

const proxyServer: Schema<ProxyServerSettings> = object<ProxyServerSettings>(
  {
    // 'auto' has its own schema. It is listed here for the error of a missing or wrong type.
    type: required(
      ruledTo<ProxyServerSettings['type']>(
        choiceAmong(['http-connect', 'socks4', 'socks4a', 'socks5', 'auto'], otherValues.proxyType),
      ),
    ),
    host: required(host),
    port: optional(port),
    username: optional(username),
    password: optional(password),
    resolve: optional(choice('proxy', 'local')),
    tls: optional(
      variant<boolean | TlsSettings>('true, false or TLS settings', (value) =>
        typeof value === 'boolean' ? flag : isPlainObject(value) ? tlsSettings : undefined,
      ),
    ),
  },
  { others: otherKeys.proxy, verify: verifyServer },
);

function verifyServer(
  value: Partial<ProxyServerSettings>,
  given: (key: keyof ProxyServerSettings) => boolean,
  at: string,
  report: Report,
): void {
  const { type } = value;
  if (given('password') && !given('username'))
    problem(report, `${at}.password`, 'is only allowed together with username');
  if (type === undefined) return;
  if (given('tls') && value.tls !== false && type !== 'http-connect')
    problem(report, `${at}.tls`, `is only allowed with type 'http-connect', not with '${type}'`);
  if ((type === 'socks4' || type === 'socks4a') && given('password'))
    problem(
      report,
      `${at}.password`,
      `is refused: '${type}' supports a user id but no password; 'socks5' supports both`,
    );
  if (type === 'socks4' && value.resolve === 'proxy')
    problem(
      report,
      `${at}.resolve`,
      "cannot be 'proxy' with type 'socks4', which supports IP addresses only; 'socks4a' supports names",
    );
  if (type === 'http-connect' && value.username?.includes(':'))
    problem(report, `${at}.username`, 'contains a colon, which HTTP Basic does not allow in a user name (RFC 7617)');
  if (type === 'http-connect' && typeof value.password === 'string' && /[\x00-\x1f\x7f]/.test(value.password))
    problem(
      report,
      `${at}.password`,
      'contains a control character, which HTTP Basic does not allow in a password (RFC 7617)',
    );
  if (type !== 'socks5') return;
  for (const key of ['username', 'password'] as const) {
    const entry = value[key];
    if (typeof entry === 'string' && Buffer.byteLength(entry) > maxSocksBytes)
      problem(report, `${at}.${key}`, `is too long: SOCKS5 allows at most ${maxSocksBytes} bytes (RFC 1929)`);
  }
}

const automatic: Schema<AutomaticProxySettings> = object<AutomaticProxySettings>(
  { type: required(choice('auto')), username: optional(username), password: optional(password) },
  {
    others: otherKeys.proxy,
    verify(_value, given, at, report) {
      if (given('password') && !given('username'))
        problem(report, `${at}.password`, 'is only allowed together with username');
      mayDetect(at, report);
    },
  },
);

function mayDetect(at: string, report: Report): boolean {
  return mayRefer(report, at, "uses the proxy of this machine's environment");
}

/** A text that `parseProxyText` has checked. */
const asText: Schema<Extract<ProxySettings, string>> = ruledTo({
  ...plain('a proxy', (value, at, report) => {
    if (typeof value !== 'string') return unexpected(report, at, 'text', value);
    if (value === 'none') return value;
    if (value === 'auto') return mayDetect(at, report) ? value : undefined;
    if (value.length > 4096) return problem(report, at, 'is too long: expected at most 4096 characters');
    const parts = parseProxyText(value);
    if (parts.fault !== undefined) return problem(report, at, parts.fault);
    const before = report.problems.length;
    proxyServer.check(parts.settings, at, report);
    return report.problems.length > before ? undefined : value;
  }),
  toJson: (value, _at, output) => (output.secrets === 'include' ? value : redactProxyText(String(value), redacted)),
});

/** `ProxySettings`. */
export const proxy: Schema<ProxySettings> = variant<ProxySettings>(
  "'none', 'auto', scheme://user:password@host:port, or an object with a type",
  (value) => {
    if (typeof value === 'string') return asText;
    if (!isPlainObject(value)) return undefined;
    return own(value, 'type') === 'auto' ? automatic : proxyServer;
  },
);
