/**
 * The proxies of the primary network service on macOS, as printed by `scutil --proxy`. PAC scripts are not evaluated.
 * @module
 */
import type { ProxyServerSettings } from '../../../model/settings/proxy.js';
import { matchesExceptions } from './bypass.js';
import type { SystemReader } from './system.js';

const origin = 'the macOS network settings';

/** SOCKS, which can carry any protocol, comes before the tunnel for https. */
const kinds: readonly { readonly key: string; readonly type: ProxyServerSettings['type'] }[] = [
  { key: 'SOCKS', type: 'socks5' },
  { key: 'HTTPS', type: 'http-connect' },
];

/** Reads the proxy of the primary network service. */
export const macNetworkSettings: SystemReader = async ({ run, signal, environment, target }) => {
  const output = (await run('/usr/sbin/scutil', ['--proxy'], { signal, env: environment })) ?? '';
  const values = new Map<string, string>();
  const exceptions: string[] = [];
  for (const line of output.split(/\r?\n/)) {
    // The depth matters: below __SCOPED__ the same keys repeat for each interface, in use or not.
    const [, key, value = ''] = /^ {2}(\w+) : (.*)$/.exec(line) ?? [];
    const [, exception] = /^ {4}\d+ : (.*)$/.exec(line) ?? [];
    if (key !== undefined) values.set(key, value);
    if (exception !== undefined) exceptions.push(exception);
  }
  const kind = kinds.find(({ key }) => values.get(`${key}Enable`) === '1' && values.get(`${key}Proxy`));
  const host = kind && values.get(`${kind.key}Proxy`);
  if (kind === undefined || host === undefined) return undefined;
  if (values.get('ExcludeSimpleHostnames') === '1') exceptions.push('<local>');
  if (matchesExceptions(exceptions, target)) return { settings: 'none', origin };
  const port = Number(values.get(`${kind.key}Port`) ?? 0);
  return { settings: { type: kind.type, host, port: port || undefined }, origin };
};
