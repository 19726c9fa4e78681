/**
 * The text form of a proxy.
 * @module
 */
import type { ProxyServerSettings } from '../model/settings/proxy.js';
import { splitHostPort } from '../schema/text.js';

const schemes: Readonly<Record<string, { readonly type: ProxyServerSettings['type']; readonly tls: boolean }>> = {
  http: { type: 'http-connect', tls: false },
  https: { type: 'http-connect', tls: true },
  socks4: { type: 'socks4', tls: false },
  socks4a: { type: 'socks4a', tls: false },
  socks5: { type: 'socks5', tls: false },
  // curl's name for SOCKS 5 with name resolution by the proxy, which is the default here.
  socks5h: { type: 'socks5', tls: false },
};

/** The result of parsing a proxy's text form: its settings, or a fault that does not quote the text. */
export type ProxyText =
  { readonly settings: ProxyServerSettings; readonly fault?: undefined } | { readonly fault: string };

/** Parses `scheme://user:password@host:port`; user and password are percent-decoded. */
export function parseProxyText(value: string): ProxyText {
  const match = /^([a-z0-9]+):\/\/([^/?#\\]*)\/?$/i.exec(value);
  if (match === null) return { fault: "expected 'none', 'auto' or scheme://user:password@host:port, got other text" };
  const name = (match[1] ?? '').toLowerCase();
  const scheme = Object.hasOwn(schemes, name) ? schemes[name] : undefined;
  if (scheme === undefined)
    return { fault: 'expected http, https, socks4, socks4a, socks5 or socks5h as the scheme, got another' };
  const authority = match[2] ?? '';
  const at = authority.lastIndexOf('@');
  const server = splitHostPort(authority.slice(at + 1));
  if (server === undefined)
    return { fault: 'expected host or host:port after the scheme, an IPv6 address in brackets, got other text' };
  const base = { type: scheme.type, host: server.host, port: server.port, ...(scheme.tls ? { tls: true } : {}) };
  if (at < 0) return { settings: base };
  const user = authority.slice(0, at);
  const colon = user.indexOf(':');
  try {
    const username = decodeURIComponent(colon < 0 ? user : user.slice(0, colon));
    const password = colon < 0 ? '' : decodeURIComponent(user.slice(colon + 1));
    // Some programs write `user:@` for a user without a password.
    return { settings: password === '' ? { ...base, username } : { ...base, username, password } };
  } catch {
    return { fault: 'has user info that is not percent-encoded UTF-8: write a % as %25' };
  }
}

/** Replaces the password in the text. Text without one, or that is not a proxy, is returned unchanged. */
export function redactProxyText(value: string, replacement: string): string {
  const start = value.indexOf('://') + 3;
  const at = value.lastIndexOf('@');
  if (start < 3 || at < start) return value;
  const colon = value.indexOf(':', start);
  return colon < 0 || colon > at ? value : `${value.slice(0, colon + 1)}${replacement}${value.slice(at)}`;
}
