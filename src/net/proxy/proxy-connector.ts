/**
 * A proxy as a connector. It reaches the proxy by another connector, requests a tunnel, and returns the stream.
 * @module
 */
import type { Duplex } from 'node:stream';
import { abortError } from '../../errors/abort.js';
import { createEmailError, isEmailError, reasonOf, withDetails } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import type { Connector } from '../../model/settings/proxy.js';
import type { ConnectionStepReport } from '../../model/report.js';
import type { ResolvedProxyServer } from '../../profile/resolve.js';
import { resolveSecret } from '../../system/secret.js';
import { showText } from '../../util/show.js';
import { channelBinding } from '../tls/channel-binding.js';
import { reportStep, showTarget } from '../connector.js';
import type { ConnectOptions, OwnConnector } from '../connector.js';
import type { PeerSettings } from '../peer-settings.js';
import { resolveHost } from '../resolve.js';
import { TlsContexts } from '../tls/tls-contexts.js';
import type { LoadClientIdentity } from '../tls-identity.js';
import { secure } from '../tls/tls.js';
import { ProxyFault, runDialogue } from './dialogue.js';
import type { ProxyDialogue } from './dialogue.js';
import { HttpProxyAuthentication } from './http-authentication.js';
import type { HttpCredentials, KnownScheme, Negotiate } from './http-authentication.js';
import { openTunnel } from './http-tunnel.js';
import type { ProxyConnection } from './http-tunnel.js';
import { hideSecrets } from './proxy-text.js';
import { socks4 } from './socks4.js';
import { socks5 } from './socks5.js';
import { authorityOf, checkTarget } from './target.js';
import type { TunnelTarget } from './target.js';

/** Services that a connector gets from above. */
export interface ProxyDependencies {
  /** Reads `proxy.tls.clientCertificate`. */
  readonly loadClientIdentity?: LoadClientIdentity | undefined;
  /** Makes Kerberos tokens for Negotiate. Absent: proxies that require Negotiate cannot be used. */
  readonly negotiate?: Negotiate | undefined;
}

const names = { 'http-connect': 'HTTP', socks4: 'SOCKS 4', socks4a: 'SOCKS 4a', socks5: 'SOCKS 5' } as const;
const noTlsRemedy = 'Check proxy.port, and that the proxy supports TLS on this port.';
const proxySettings: PeerSettings = {
  role: '',
  host: 'proxy.host',
  port: 'proxy.port',
  tls: 'proxy.tls',
  plainTextRemedy: noTlsRemedy,
  handshakeRemedy: noTlsRemedy,
};
const reachRemedy = 'Check proxy.host and proxy.port, and that the proxy is running.';

/** Connects through one proxy. It caches which authentication the proxy requires. */
export class ProxyConnector implements OwnConnector {
  readonly #settings: ResolvedProxyServer;
  readonly #via: Connector;
  readonly #dependencies: ProxyDependencies;
  readonly #contexts = new TlsContexts();
  #scheme: KnownScheme | undefined;

  constructor(settings: ResolvedProxyServer, via: Connector, dependencies: ProxyDependencies) {
    this.#settings = settings;
    this.#via = via;
    this.#dependencies = dependencies;
  }

  /** A description for people: `SOCKS 5 proxy proxy.example:1080`. */
  get description(): string {
    const { type, tls } = this.#settings;
    return `${names[type]} proxy ${this.#address}${tls === undefined ? '' : ' over TLS'}`;
  }

  get #address(): string {
    return showTarget(this.#settings.host, this.#settings.port);
  }

  async connect(target: { readonly host: string; readonly port: number }, options: ConnectOptions): Promise<Duplex> {
    const { signal } = options;
    const destination = await this.#destination(checkTarget(target), options);
    const credentials = await this.#credentials(signal);
    const stream = await this.#reach(options);
    return await reportStep(
      'proxy',
      () => this.#throughProxy(stream, destination, credentials, signal),
      () => `${this.description} to ${authorityOf(destination)}`,
      options,
    );
  }

  /** The target for the proxy. Of several addresses an IPv4 one is chosen, because fewer proxies can reach IPv6. */
  async #destination(target: TunnelTarget, options: ConnectOptions): Promise<TunnelTarget> {
    const { resolve, type } = this.#settings;
    let found = target;
    if (target.kind === 'name' && (resolve === 'local' || type === 'socks4')) {
      const look = (): ReturnType<typeof resolveHost> => resolveHost(target.host, options.signal);
      const addresses = await reportStep(
        'resolve',
        look,
        (all) => all.map(({ address }) => address).join(', '),
        options,
      );
      const chosen = addresses.find(({ family }) => family === 4) ?? addresses[0];
      if (chosen !== undefined)
        found = { kind: chosen.family === 4 ? 'ipv4' : 'ipv6', host: chosen.address, port: target.port };
    }
    if (type === 'socks4' && found.kind !== 'ipv4') {
      throw this.#error(
        new ProxyFault(`supports IPv4 only, and ${target.host} has no such address`, {
          remedy: "Use proxy.type 'socks5' or 'socks4a'.",
        }),
        undefined,
      );
    }
    return found;
  }

  async #credentials(signal: AbortSignal): Promise<HttpCredentials | undefined> {
    const { username, password } = this.#settings;
    if (username === undefined) return undefined;
    if (password === undefined) return { username, password: '' };
    try {
      return { username, password: await resolveSecret(password, 'proxy.password', signal) };
    } catch (error) {
      throw isEmailError(error) ? withDetails(error, { phase: 'proxy' }) : error;
    }
  }

  /** Opens a stream to the proxy, before TLS. */
  async #reach({ signal, onStep, traceStep }: ConnectOptions): Promise<Duplex> {
    const { host, port } = this.#settings;
    const tell = (step: ConnectionStepReport): void => {
      const error = step.error && this.#unreached(step.error);
      const detail = error?.message ?? `proxy: ${step.detail}`;
      onStep?.({ ...step, detail, ...(error && { error, remedy: error.remedy }) });
    };
    // Connectors of callers ignore `onStep`.
    const options: ConnectOptions = { signal, onStep: onStep && tell, traceStep };
    try {
      return await this.#via.connect({ host, port }, options);
    } catch (cause) {
      // An error of a proxy in front of this one is not attributed to this one.
      if (isEmailError(cause) && cause.code === 'ERR_PROXY') throw cause;
      if (signal.aborted) throw this.#unreached(abortError(signal));
      if (isEmailError(cause)) throw this.#unreached(cause);
      throw createEmailError('ERR_CONNECT', `No connection to the ${this.description}: ${showText(reasonOf(cause))}`, {
        cause,
        phase: 'connect',
        retryable: true,
        remedy: reachRemedy,
        server: this.#address,
      });
    }
  }

  /**
   * An error of connecting to the proxy. The connector below names `server.host` in its remedy, but `proxy.host` is
   * meant.
   */
  #unreached(error: EmailError): EmailError {
    if (error.code !== 'ERR_CONNECT' && error.code !== 'ERR_DNS' && error.code !== 'ERR_TIMEOUT') return error;
    const remedy = error.remedy?.includes('server.localAddress') ? error.remedy : reachRemedy;
    const message = `The ${this.description} could not be reached: ${error.message}`;
    return withDetails(error, { remedy, server: this.#address }, error.server === undefined ? message : error.message);
  }

  async #throughProxy(
    reached: Duplex,
    target: TunnelTarget,
    credentials: HttpCredentials | undefined,
    signal: AbortSignal,
  ): Promise<Duplex> {
    const { type } = this.#settings;
    // Later errors are reported by the layer that uses the stream next.
    reached.on('error', () => undefined);
    try {
      if (type === 'http-connect') return await this.#tunnel(reached, target, credentials, signal);
      await runDialogue(dialogueOf(type, target, credentials), reached, signal);
      return reached;
    } catch (cause) {
      reached.destroy();
      if (cause instanceof ProxyFault) throw this.#error(cause, credentials);
      throw signal.aborted ? this.#aborted(signal) : cause;
    }
  }

  async #tunnel(
    reached: Duplex,
    target: TunnelTarget,
    credentials: HttpCredentials | undefined,
    signal: AbortSignal,
  ): Promise<Duplex> {
    const authentication = new HttpProxyAuthentication({
      proxyHost: this.#settings.host,
      authority: authorityOf(target),
      credentials,
      negotiate: this.#dependencies.negotiate,
      signal,
    });
    const known = this.#scheme;
    // The scheme is forgotten until success: after a failure the proxy may require another one.
    this.#scheme = undefined;
    const reconnect = async (): Promise<ProxyConnection> => this.#startTls(await this.#reach({ signal }), signal);
    const first = await this.#startTls(reached, signal);
    const stream = await openTunnel(first, { target, authentication, known, signal, reconnect });
    this.#scheme = authentication.scheme;
    return stream;
  }

  async #startTls(stream: Duplex, signal: AbortSignal): Promise<ProxyConnection> {
    const { host, port, tls } = this.#settings;
    if (tls === undefined) return { stream };
    try {
      const material = await this.#contexts.get(tls, this.#dependencies.loadClientIdentity, proxySettings.tls);
      const secured = await secure(stream, { host, port, settings: tls, material, names: proxySettings }, signal);
      return {
        stream: secured.stream,
        binding: channelBinding(secured.stream, secured.certificate, 'tls-server-end-point'),
      };
    } catch (cause) {
      stream.destroy();
      if (signal.aborted || !isEmailError(cause)) throw cause;
      if (cause.code !== 'ERR_TLS') throw withDetails(cause, { phase: 'proxy' });
      const { message, retryable, remedy } = cause;
      throw new ProxyFault(`could not be reached by TLS: ${message}`, { cause, retryable, remedy });
    }
  }

  #error(fault: ProxyFault, credentials: HttpCredentials | undefined): EmailError {
    const { words, ...details } = fault.details;
    // Secrets are hidden before the text is shortened, and in the proxy's text alone: the library's own words contain
    // no secret, and a password may be any word.
    const said = words === undefined ? '' : `: ${showText(hideSecrets(words, credentials), 200)}`;
    return createEmailError('ERR_PROXY', `The ${this.description} ${fault.message}${said}`, {
      ...details,
      phase: 'proxy',
      server: this.#address,
    });
  }

  /** A deadline that passes during the wait for the proxy's answer is ERR_PROXY. */
  #aborted(signal: AbortSignal): EmailError {
    const reason = abortError(signal);
    if (reason.code !== 'ERR_TIMEOUT') return reason;
    return createEmailError('ERR_PROXY', `The ${this.description} did not answer in time: ${reason.message}`, {
      cause: reason,
      phase: 'proxy',
      server: this.#address,
      retryable: true,
      remedy: 'Check proxy.type and proxy.port; a slow proxy needs a longer server.timeouts.connectMs.',
    });
  }
}

function dialogueOf(
  type: Exclude<ResolvedProxyServer['type'], 'http-connect'>,
  target: TunnelTarget,
  credentials: HttpCredentials | undefined,
): ProxyDialogue<void> {
  switch (type) {
    case 'socks4':
    case 'socks4a':
      return socks4(target, credentials?.username);
    case 'socks5':
      return socks5(target, credentials);
  }
}
