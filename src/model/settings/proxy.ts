/**
 * Settings of proxies, and the interface of connectors.
 * @module
 */
import type { Duplex } from 'node:stream';
import type { Secret } from './secret.js';
import type { TlsSettings } from './server.js';

/** A proxy with its settings. */
export interface ProxyServerSettings {
  /** 'http-connect' is a tunnel (RFC 9110 section 9.3.6); 'socks5' is RFC 1928. */
  readonly type: 'http-connect' | 'socks4' | 'socks4a' | 'socks5';
  /** DNS name or IP address of the proxy. */
  readonly host: string;
  /** Default 80 for 'http-connect' (443 with `tls`), 1080 for SOCKS. */
  readonly port?: number | undefined;
  /**
   * User name: HTTP Basic, Digest, NTLM, or a Kerberos principal for Negotiate; SOCKS5 by RFC 1929 (at most 255 bytes);
   * SOCKS4 user id.
   */
  readonly username?: string | undefined;
  /** Password, with `username`. It is sent to the proxy only. */
  readonly password?: Secret | undefined;
  /** Which side resolves the server's name. Default 'proxy', but 'local' for socks4. */
  readonly resolve?: 'proxy' | 'local' | undefined;
  /** TLS to an HTTP proxy; true uses the defaults. */
  readonly tls?: boolean | TlsSettings | undefined;
}

/**
 * Automatic choice of the proxy: from the environment (ALL_PROXY, HTTPS_PROXY, NO_PROXY), then from the system's
 * settings.
 */
export interface AutomaticProxySettings {
  /** Looks in the environment (ALL_PROXY, HTTPS_PROXY, NO_PROXY), then in the system's settings. */
  readonly type: 'auto';
  /** User name for the proxy that is found. */
  readonly username?: string | undefined;
  /** Password, with `username`. */
  readonly password?: Secret | undefined;
}

/**
 * The proxy to the server. The text form is `scheme://user:password@host:port`; http is CONNECT, https is CONNECT over
 * TLS.
 */
export type ProxySettings =
  | 'none'
  | 'auto'
  | `${'http' | 'https' | 'socks4' | 'socks4a' | 'socks5' | 'socks5h'}://${string}`
  | AutomaticProxySettings
  | ProxyServerSettings;

/** Opens a byte stream to host:port. Proxies are connectors; write one for a connection of your own kind. */
export interface Connector {
  /**
   * Resolves with a connected stream from which no byte has been read. Rejects when `signal` aborts. An error that is
   * not an EmailError becomes the `cause` of ERR_CONNECT.
   */
  connect(
    target: { readonly host: string; readonly port: number },
    options: { readonly signal: AbortSignal },
  ): Promise<Duplex>;
}
