/**
 * Makes a connector from proxy settings. Its code is loaded at the first connection.
 * @module
 */
import type { Connector, ProxySettings } from '../model/settings/proxy.js';
import { resolveProxy } from '../profile/resolve.js';
import { proxy } from '../profile/shape/proxy.js';
import { checked } from '../schema/check.js';
import { foreignConnector } from '../net/connector.js';
import { object, required } from '../schema/object.js';

const schema = object<{ readonly proxy: ProxySettings }>({ proxy: required(proxy) });

/**
 * Makes a connector through this proxy. `via` is the connector to the proxy itself (default: direct), so proxies can be
 * chained: `createConnector('socks5://inner', createConnector('http://outer'))` connects through `outer`.
 * ERR_PROFILE_INVALID for invalid settings. A client certificate in `tls` is only supported in the profile's own proxy
 * setting.
 */
export function createConnector(settings: ProxySettings, via?: Connector): Connector {
  const copy = checked(schema, { proxy: settings }, { sentence: 'The proxy settings are not valid', root: 'settings' });
  const resolved = resolveProxy(copy.proxy);
  if (via !== undefined && resolved === undefined) return via;
  let made: Promise<Connector> | undefined;
  return {
    connect: async (target, options) => {
      made ??= import('./create-transport.js').then(({ createProxyConnector, DirectConnector, proxyNegotiation }) =>
        createProxyConnector(resolved, via === undefined ? new DirectConnector() : foreignConnector(via), {
          negotiate: proxyNegotiation(),
        }),
      );
      return (await made).connect(target, options);
    },
  };
}
