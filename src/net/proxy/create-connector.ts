/**
 * Makes a connector from resolved proxy settings.
 * @module
 */
import type { Connector } from '../../model/settings/proxy.js';
import type { ResolvedProxy } from '../../profile/resolve.js';
import { AutomaticConnector } from './auto/automatic-connector.js';
import type { ProxyConnector, ProxyDependencies } from './proxy-connector.js';

/**
 * A connector through the proxy, which is reached by `via`; `via` itself if there is no proxy. The code for proxies is
 * loaded with the first connection.
 */
export function createProxyConnector(proxy: ResolvedProxy, via: Connector, dependencies: ProxyDependencies): Connector {
  if (proxy === undefined) return via;
  if (proxy.type === 'auto') return new AutomaticConnector(proxy, via, dependencies);
  let loading: Promise<ProxyConnector> | undefined;
  return {
    connect: async (target, options) => {
      loading ??= import('./proxy-connector.js').then((loaded) => new loaded.ProxyConnector(proxy, via, dependencies));
      return (await loading).connect(target, options);
    },
  };
}
