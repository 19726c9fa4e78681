/**
 * Finds the proxy at each connection: first in the environment, then in the system's settings. The first answer is
 * used.
 * @module
 */
import { BoundedMap } from '../../../async/bounded-map.js';
import { throwIfAborted } from '../../../errors/abort.js';
import type { Duplex } from 'node:stream';
import type { AutomaticProxySettings, Connector, ProxyServerSettings } from '../../../model/settings/proxy.js';
import { resolveProxyServer } from '../../../profile/resolve.js';
import { reportStep } from '../../connector.js';
import type { ConnectOptions, OwnConnector } from '../../connector.js';
import type { ProxyConnector, ProxyDependencies } from '../proxy-connector.js';
import { checkTarget } from '../target.js';
import type { TunnelTarget } from '../target.js';
import type { Environment } from './environment.js';
import { proxyOfEnvironment } from './environment.js';
import type { FoundProxy } from './found-proxy.js';
import { gnomeSettings, libproxySettings } from './gnome.js';
import { macNetworkSettings } from './macos.js';
import { runTool } from './run-tool.js';
import type { RunTool } from './run-tool.js';
import type { SystemReader } from './system.js';
import { userInternetSettings, winHttpSettings } from './windows.js';
import { jsonText } from '../../../util/own.js';

/** The sources of proxy settings; replaced in tests. */
export interface ProxySurroundings {
  readonly environment: Environment;
  readonly platform: NodeJS.Platform;
  readonly run: RunTool;
}

/** Answers are cached, so that programs are not started for every connection. */
const rememberMs = 60_000;
const maxRemembered = 100;

/** Finds a proxy at each connection, and keeps the connectors of all proxies found. */
export class AutomaticConnector implements OwnConnector {
  readonly #settings: AutomaticProxySettings;
  readonly #via: Connector;
  readonly #dependencies: ProxyDependencies;
  readonly #surroundings: () => ProxySurroundings;
  /** Answers of the system's settings and their expiry, by `host:port`. */
  readonly #answers = new BoundedMap<string, { readonly found: FoundProxy | undefined; readonly until: number }>(
    maxRemembered,
  );
  /** Connectors by their settings. A connector caches its TLS sessions and the authentication of its proxy. */
  readonly #connectors = new BoundedMap<string, ProxyConnector>(maxRemembered);

  constructor(
    settings: AutomaticProxySettings,
    via: Connector,
    dependencies: ProxyDependencies,
    surroundings: () => ProxySurroundings = ofThisProcess,
  ) {
    this.#settings = settings;
    this.#via = via;
    this.#dependencies = dependencies;
    this.#surroundings = surroundings;
  }

  async connect(target: { readonly host: string; readonly port: number }, options: ConnectOptions): Promise<Duplex> {
    const checked = checkTarget(target);
    const look = async (): Promise<{ readonly connector: Connector; readonly words: string }> => {
      const found = await this.#find(checked, options.signal);
      if (found === undefined)
        return {
          connector: this.#via,
          words: 'no proxy found in the environment and the settings of this system: direct connection',
        };
      if (found.settings === 'none') return { connector: this.#via, words: `direct connection, by ${found.origin}` };
      const connector = await this.#connectorOf(found.settings);
      return { connector, words: `${connector.description}, from ${found.origin}` };
    };
    const { connector } = await reportStep('proxy', look, ({ words }) => words, options);
    return await connector.connect(target, options);
  }

  async #find(target: TunnelTarget, signal: AbortSignal): Promise<FoundProxy | undefined> {
    const surroundings = this.#surroundings();
    const ofEnvironment = proxyOfEnvironment(surroundings.environment, target);
    if (ofEnvironment !== undefined) return ofEnvironment;
    const key = `${target.host}:${target.port}`;
    const known = this.#answers.get(key);
    if (known !== undefined && known.until > performance.now()) return known.found;
    const found = await askSystem(surroundings, target, signal);
    this.#answers.set(key, { found, until: performance.now() + rememberMs });
    return found;
  }

  async #connectorOf(found: ProxyServerSettings): Promise<ProxyConnector> {
    const loaded = await import('../proxy-connector.js');
    const { username, password } = this.#settings;
    const settings = username === undefined ? found : { ...found, username, password };
    const key = jsonText([settings.type, settings.host, settings.port, found.username, found.password, settings.tls]);
    return this.#connectors.getOrMake(
      key,
      () => new loaded.ProxyConnector(resolveProxyServer(settings), this.#via, this.#dependencies),
    );
  }
}

async function askSystem(
  surroundings: ProxySurroundings,
  target: TunnelTarget,
  signal: AbortSignal,
): Promise<FoundProxy | undefined> {
  const { platform, environment, run } = surroundings;
  for (const read of readersOf(platform)) {
    const found = await read({ target, environment, run, signal });
    throwIfAborted(signal);
    if (found !== undefined) return found;
  }
  return undefined;
}

function readersOf(platform: NodeJS.Platform): readonly SystemReader[] {
  if (platform === 'win32') return [userInternetSettings, winHttpSettings];
  if (platform === 'darwin') return [macNetworkSettings];
  return [gnomeSettings, libproxySettings];
}

function ofThisProcess(): ProxySurroundings {
  return { environment: process.env, platform: process.platform, run: runTool };
}
