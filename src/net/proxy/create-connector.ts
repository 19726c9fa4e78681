/**
 * Resolved proxy settings to a connector.
 *
 * @module
 */
import type { Connector } from '../../model/settings/proxy.js';
import type { ResolvedProxy } from '../../profile/resolve.js';
import { AutomaticConnector } from './auto/automatic-connector.js';
import { ProxyConnector } from './proxy-connector.js';
import type { ProxyDependencies } from './proxy-connector.js';

/** A connector through the proxy, which `via` reaches; `via` itself if there is no proxy. */
export function createProxyConnector(proxy: ResolvedProxy, via: Connector, dependencies: ProxyDependencies): Connector {
  if (proxy === undefined) return via;
  return proxy.type === 'auto'
    ? new AutomaticConnector(proxy, via, dependencies)
    : new ProxyConnector(proxy, via, dependencies);
}
