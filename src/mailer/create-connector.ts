/**
 * Proxy settings to a connector, whose code is loaded when it first connects.
 * @module
 */
import type { Connector, ProxySettings } from '../model/settings/proxy.js';
import { resolveProxy } from '../profile/resolve.js';
import { proxy } from '../profile/shape/proxy.js';
import { checked } from '../schema/check.js';
import { object, required } from '../schema/object.js';

const schema = object<{ readonly proxy: ProxySettings }>({ proxy: required(proxy) });

/**
 * A connector through this proxy. `via` reaches the proxy (default: directly), so that proxies chain:
 * `createConnector('socks5://inner', createConnector('http://outer'))` goes out through `outer`. ERR_PROFILE_INVALID where the
 * settings are not valid; a client certificate in `tls` needs the profile's own proxy setting.
 */
export function createConnector(settings: ProxySettings, via?: Connector): Connector {
  const copy = checked(schema, { proxy: settings }, { sentence: 'The proxy settings are not valid', root: 'settings' });
  const resolved = resolveProxy(copy.proxy);
  if (via !== undefined && resolved === undefined) return via;
  let made: Promise<Connector> | undefined;
  return {
    connect: async (target, options) => {
      made ??= import('./create-transport.js').then(({ createProxyConnector, DirectConnector, proxyNegotiation }) =>
        createProxyConnector(resolved, via ?? new DirectConnector(), { negotiate: proxyNegotiation() }),
      );
      return (await made).connect(target, options);
    },
  };
}
