/**
 * Makes a connector from resolved proxy settings.
 * @module
 */
import type { Connector } from '../../model/settings/proxy.js';
import type { ResolvedProxy } from '../../profile/resolve.js';
import { AutomaticConnector } from './auto/automatic-connector.js';
import { ProxyConnector } from './proxy-connector.js';
import type { ProxyDependencies } from './proxy-connector.js';

/** A connector through the proxy, which is reached by `via`; `via` itself if there is no proxy. */
export function createProxyConnector(proxy: ResolvedProxy, via: Connector, dependencies: ProxyDependencies): Connector {
  if (proxy === undefined) return via;
  return proxy.type === 'auto'
    ? new AutomaticConnector(proxy, via, dependencies)
    : new ProxyConnector(proxy, via, dependencies);
}
