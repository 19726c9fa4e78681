import type { Connector, ProxySettings } from '../../model/proxy.js';
import { resolveProxy } from '../../profile/resolve.js';
import { AutomaticConnector } from './auto/automatic-connector.js';
import { ProxyConnector } from './proxy-connector.js';
import type { ProxyDependencies } from './proxy-connector.js';

/** A connector by proxy settings that were checked. */
export function createProxyConnector(
  settings: ProxySettings,
  via: Connector,
  dependencies: ProxyDependencies,
): Connector {
  const resolved = resolveProxy(settings);
  if (resolved === undefined) return via;
  return resolved.type === 'auto'
    ? new AutomaticConnector(resolved, via, dependencies)
    : new ProxyConnector(resolved, via, dependencies);
}
