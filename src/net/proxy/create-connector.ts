/**
 * Makes a connector from resolved proxy settings.
 * @module
 */
import type { Connector } from '../../model/settings/proxy.js';
import type { ResolvedProxy } from '../../profile/resolve.js';
import type { ProxyDependencies } from './proxy-connector.js';

/**
 * A connector through the proxy, which is reached by `via`; `via` itself if there is no proxy. The code for proxies is
 * loaded with the first connection.
 */
export function createProxyConnector(proxy: ResolvedProxy, via: Connector, dependencies: ProxyDependencies): Connector {
  if (proxy === undefined) return via;
  const load = async (): Promise<Connector> => {
    if (proxy.type === 'auto') {
      const { AutomaticConnector } = await import('./auto/automatic-connector.js');
      return new AutomaticConnector(proxy, via, dependencies);
    }
    const { ProxyConnector } = await import('./proxy-connector.js');
    return new ProxyConnector(proxy, via, dependencies);
  };
  let loading: Promise<Connector> | undefined;
  return {
    connect: async (target, options) => {
      loading ??= load();
      return (await loading).connect(target, options);
    },
  };
}
