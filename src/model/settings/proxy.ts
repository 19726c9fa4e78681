/**
 * Settings of proxies, and the seam for connectors.
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
  /** HTTP Basic, Digest, NTLM, or a Kerberos principal for Negotiate; SOCKS5 by RFC 1929 (at most 255 bytes), SOCKS4 user id. */
  readonly username?: string | undefined;
  /** With `username`. Only the proxy gets it. */
  readonly password?: Secret | undefined;
  /** Who resolves the server's name. Default 'proxy', but 'local' for socks4. */
  readonly resolve?: 'proxy' | 'local' | undefined;
  /** TLS to an HTTP proxy; true takes the defaults. */
  readonly tls?: boolean | TlsSettings | undefined;
}

/** Finds the proxy by itself: the environment's (ALL_PROXY, HTTPS_PROXY, NO_PROXY), then the system's. */
export interface AutomaticProxySettings {
  /** Environment (ALL_PROXY, HTTPS_PROXY, NO_PROXY), then the system's settings. */
  readonly type: 'auto';
  /** For the proxy that is found. */
  readonly username?: string | undefined;
  /** With `username`. */
  readonly password?: Secret | undefined;
}

/**
 * The way to the server. The text form is `scheme://user:password@host:port`; http is CONNECT,
 * https is CONNECT over TLS.
 */
export type ProxySettings =
  | 'none'
  | 'auto'
  | `${'http' | 'https' | 'socks4' | 'socks4a' | 'socks5' | 'socks5h'}://${string}`
  | AutomaticProxySettings
  | ProxyServerSettings;

/** Gives a byte stream to host:port. Proxies are connectors; write one for a way of your own. */
export interface Connector {
  /**
   * Resolves with a connected stream, of which not one byte has been consumed. Rejects when `signal` aborts. A plain error is
   * wrapped as `cause` of ERR_CONNECT.
   */
  connect(
    target: { readonly host: string; readonly port: number },
    options: { readonly signal: AbortSignal },
  ): Promise<Duplex>;
}
