import type { Connector, ProxySettings } from '../../model/proxy.js';
import { checked } from '../../profile/check.js';
import { resolveProxy } from '../../profile/defaults.js';
import { object, required } from '../../profile/schema/object.js';
import { proxy } from '../../profile/schema/proxy.js';
import { DirectConnector } from '../direct.js';
import { AutomaticConnector } from './auto/automatic-connector.js';
import { ProxyConnector } from './proxy-connector.js';
import type { ProxyDependencies } from './proxy-connector.js';

/** Proxy settings to a connector. */

const schema = object<{ readonly proxy: ProxySettings }>({ proxy: required(proxy) });

/**
 * A connector through this proxy. `via` reaches the proxy (default: directly), so that proxies chain:
 * `createConnector('socks5://inner', createConnector('http://outer'))` goes out through `outer`. ERR_PROFILE_INVALID where the
 * settings are not valid; a client certificate in `tls` needs the profile's own proxy setting.
 */
export function createConnector(settings: ProxySettings, via: Connector = new DirectConnector()): Connector {
  const copy = checked(schema, { proxy: settings }, { sentence: 'The proxy settings are not valid', root: 'settings' }) as { readonly proxy: ProxySettings };
  return createProxyConnector(copy.proxy, via, {});
}

/** The same for settings that were checked with their profile. */
export function createProxyConnector(settings: ProxySettings, via: Connector, dependencies: ProxyDependencies): Connector {
  const resolved = resolveProxy(settings);
  if (resolved === undefined) return via;
  return resolved.type === 'auto' ? new AutomaticConnector(resolved, via, dependencies) : new ProxyConnector(resolved, via, dependencies);
}
