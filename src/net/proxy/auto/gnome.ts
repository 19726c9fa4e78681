/**
 * Proxies of Linux desktops: GNOME's settings by `gsettings`; for other desktops and for PAC scripts, libproxy's
 * `proxy` if it is installed.
 * @module
 */
import type { ProxyServerSettings } from '../../../model/settings/proxy.js';
import { matchesEntry } from './bypass.js';
import { proxyOfText } from './found-proxy.js';
import type { SystemReader } from './system.js';
import { urlOf } from './system.js';

const gnomeOrigin = 'the GNOME settings';
const kinds: readonly { readonly key: string; readonly type: ProxyServerSettings['type'] }[] = [
  { key: 'socks', type: 'socks5' },
  { key: 'https', type: 'http-connect' },
  // GNOME itself uses this one for https if https has none of its own.
  { key: 'http', type: 'http-connect' },
];

/** The proxy that the user entered by hand. */
export const gnomeSettings: SystemReader = async ({ run, signal, environment, target }) => {
  const output =
    (await run('gsettings', ['list-recursively', 'org.gnome.system.proxy'], { signal, env: environment })) ?? '';
  const values = new Map<string, string>();
  for (const line of output.split('\n')) {
    const [, schema, key, value] = /^org\.gnome\.system\.proxy(\.\w+)? (\S+) (.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) values.set(`${schema?.slice(1) ?? ''}.${key}`, value);
  }
  if (values.get('.mode') !== "'manual'") return undefined;
  for (const { key, type } of kinds) {
    const [host = ''] = textsOf(values.get(`${key}.host`) ?? '');
    const port = Number(values.get(`${key}.port`) ?? 0);
    if (host === '' || port === 0) continue;
    const ignored = textsOf(values.get('.ignore-hosts') ?? '');
    if (ignored.some((entry) => matchesEntry(entry, target))) return { settings: 'none', origin: gnomeOrigin };
    const [username] =
      key === 'http' && values.get('http.use-authentication') === 'true'
        ? textsOf(values.get('http.authentication-user') ?? '')
        : [];
    const [password] = textsOf(values.get('http.authentication-password') ?? '');
    return { settings: { type, host, port, ...(username && { username, password }) }, origin: gnomeOrigin };
  }
  return undefined;
};

/**
 * Only in desktop sessions: elsewhere a program of that name is likely to be another one. http_proxy is removed from
 * its environment, because it would use it for every scheme.
 */
export const libproxySettings: SystemReader = async ({ run, signal, environment, target }) => {
  if (!environment['XDG_CURRENT_DESKTOP']) return undefined;
  const env = { ...environment, http_proxy: undefined, HTTP_PROXY: undefined };
  const [first = ''] = ((await run('proxy', [urlOf(target)], { signal, env })) ?? '').trim().split(/\s+/);
  const origin = 'libproxy';
  if (/^direct:/i.test(first) || first === '') return undefined;
  return proxyOfText(first, origin);
};

/** Reads the strings of a GVariant in text form: `'a'`, `['a', 'b']`, `@as []`. */
function textsOf(value: string): readonly string[] {
  const literals = value.match(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g) ?? [];
  return literals.map((literal) => literal.slice(1, -1).replace(/\\(.)/g, '$1'));
}
