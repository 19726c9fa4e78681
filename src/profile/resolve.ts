/**
 * Fills in the defaults of all settings. No other file contains defaults. An explicit 0 or false is kept.
 * @module
 */
import { domainToASCII } from 'node:url';
import { profileInvalid } from '../errors/email-error.js';
import type { HashAlgorithm } from '../model/certificate.js';
import type { PoolOptions, RetryOptions } from '../model/mailer.js';
import type { EmailProfile } from '../model/settings/profile.js';
import type { AutomaticProxySettings, ProxyServerSettings, ProxySettings } from '../model/settings/proxy.js';
import type { OutgoingServer, Security, Timeouts, TlsSettings } from '../model/settings/server.js';
import type {
  EncryptionAlgorithm,
  SmimeEncryptSettings,
  SmimeSettings,
  SmimeSignSettings,
} from '../model/settings/smime.js';
import { newSettings } from '../schema/schema.js';
import { isAscii } from '../util/bytes.js';
import { parseProxyText } from './proxy-url.js';
import { isServerList } from './shape/server.js';

/** An empty settings object, which inherits nothing. */
const nothing: Readonly<Record<never, never>> = Object.freeze(newSettings());

/** Settings together with the values of their defaults. */
function filled<T extends object, D extends object>(settings: T, values: D): T & D {
  return Object.assign(newSettings(), settings, values) as T & D;
}

/** `Timeouts` with every value; 0 = no limit. */
export type ResolvedTimeouts = { readonly [K in keyof Timeouts]-?: number };

/** `TlsSettings` with its lowest version. */
export interface ResolvedTls extends TlsSettings {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** `OutgoingServer` with every default. */
export interface ResolvedServer {
  /** For the name service and TLS: an IP address, or A-labels in lower case. */
  readonly host: string;
  readonly port: number;
  readonly security: Security;
  readonly protocol: 'smtp' | 'lmtp';
  /** A-labels, an address literal, or undefined for the machine's own name. */
  readonly localName: string | undefined;
  readonly localAddress: string | undefined;
  readonly timeouts: ResolvedTimeouts;
  readonly tls: ResolvedTls;
  readonly maxRecipients: number | undefined;
  /** In upper case. */
  readonly ignoreExtensions: ReadonlySet<string>;
}

/** `PoolOptions` with every default. */
export interface ResolvedPool {
  readonly maxConnections: number;
  readonly maxMessagesPerConnection: number;
  readonly idleTimeoutMs: number;
  readonly maxAgeMs: number;
  readonly messagesInFlight: number;
  readonly rateLimit: { readonly messages: number; readonly perMs: number } | undefined;
}

/** `RetryOptions` with every default. */
export type ResolvedRetry = { readonly [K in keyof RetryOptions]-?: number };

/** `SmimeSignSettings` with every default. */
export interface ResolvedSign extends SmimeSignSettings {
  readonly hashAlgorithm: HashAlgorithm;
  readonly scheme: 'pkcs1' | 'pss';
  readonly includeCertificate: boolean | 'chain';
  readonly format: 'detached' | 'opaque';
}

/** `SmimeEncryptSettings` with every default. */
export interface ResolvedEncrypt extends SmimeEncryptSettings {
  readonly algorithm: EncryptionAlgorithm;
  readonly keyTransport: 'pkcs1' | 'oaep';
  readonly onMissingCertificate: 'refuse' | 'drop-recipient';
}

/** `SmimeSettings` with every default. */
export interface ResolvedSmime {
  readonly sign: ResolvedSign | undefined;
  readonly encrypt: ResolvedEncrypt | undefined;
  readonly headerProtection: 'none' | 'protect' | 'hide-subject';
}

/** `ProxyServerSettings` with every default. */
export interface ResolvedProxyServer extends ProxyServerSettings {
  readonly port: number;
  readonly resolve: 'proxy' | 'local';
  /** undefined if the connection to the proxy is not encrypted. */
  readonly tls: ResolvedTls | undefined;
}

/** The resolved proxy: undefined is a direct connection; `auto` is determined at each connection. */
export type ResolvedProxy = ResolvedProxyServer | AutomaticProxySettings | undefined;

/** `EmailProfile` with every default, structured for the layers below. */
export interface ResolvedProfile extends Omit<EmailProfile, 'server' | 'smime' | 'proxy'> {
  /** The first server. */
  readonly server: ResolvedServer;
  /** All servers, at least one. */
  readonly servers: readonly ResolvedServer[];
  /** Is `server` of the profile a list? */
  readonly isServerList: boolean;
  /** undefined if the profile neither signs nor encrypts. */
  readonly smime: ResolvedSmime | undefined;
  readonly proxy: ResolvedProxy;
}

/** Fills in all defaults of a checked profile. Called once, when a mailer is made. */
export function resolveProfile(profile: EmailProfile): ResolvedProfile {
  const given = isServerList(profile.server) ? profile.server : [profile.server];
  const [server, ...others] = given.map(resolveServer);
  if (server === undefined) throw profileInvalid('server', 'expected a server, got an empty array');
  return filled(profile, {
    server,
    servers: [server, ...others],
    isServerList: isServerList(profile.server),
    smime: profile.smime === undefined ? undefined : resolveSmime(profile.smime),
    proxy: resolveProxy(profile.proxy),
  });
}

/** A server with every default filled in. */
export function resolveServer(server: OutgoingServer): ResolvedServer {
  const security = server.security ?? 'automatic';
  return {
    host: asciiHost(server.host),
    port: server.port ?? (security === 'implicit' ? 465 : 25),
    security,
    protocol: server.protocol ?? 'smtp',
    localName: server.localName === undefined ? undefined : asciiHost(server.localName),
    localAddress: server.localAddress,
    timeouts: resolveTimeouts(server.timeouts),
    tls: resolveTls(server.tls),
    maxRecipients: server.maxRecipients,
    ignoreExtensions: new Set(server.ignoreExtensions?.map((keyword) => keyword.toUpperCase())),
  };
}

/** Timeouts with every default filled in. */
export function resolveTimeouts(timeouts: Timeouts = nothing): ResolvedTimeouts {
  return {
    connectMs: timeouts.connectMs ?? 30_000,
    greetingMs: timeouts.greetingMs ?? 60_000,
    replyMs: timeouts.replyMs ?? 300_000,
    stallMs: timeouts.stallMs ?? 60_000,
    acceptanceMs: timeouts.acceptanceMs ?? 600_000,
    totalMs: timeouts.totalMs ?? 0,
  };
}

/** TLS settings with every default filled in. */
export function resolveTls(tls: TlsSettings = nothing): ResolvedTls {
  return filled(tls, { minVersion: tls.minVersion ?? 'TLSv1.2' });
}

/** Pool options with every default filled in. */
export function resolvePool(pool: PoolOptions = nothing): ResolvedPool {
  return {
    maxConnections: pool.maxConnections ?? 3,
    maxMessagesPerConnection: pool.maxMessagesPerConnection ?? 0,
    idleTimeoutMs: pool.idleTimeoutMs ?? 30_000,
    maxAgeMs: pool.maxAgeMs ?? 0,
    messagesInFlight: pool.messagesInFlight ?? 1,
    rateLimit: pool.rateLimit,
  };
}

/** Retry options with every default filled in. Without options, each server gets one attempt. */
export function resolveRetry(retry: RetryOptions | undefined): ResolvedRetry {
  return {
    attempts: retry?.attempts ?? (retry === undefined ? 1 : 3),
    delayMs: retry?.delayMs ?? 1_000,
    maxMs: retry?.maxMs ?? 60_000,
  };
}

/** S/MIME settings with every default filled in. */
export function resolveSmime(smime: SmimeSettings = nothing): ResolvedSmime {
  return {
    sign: smime.sign === undefined ? undefined : resolveSign(smime.sign),
    encrypt: smime.encrypt === undefined ? undefined : resolveEncrypt(smime.encrypt),
    headerProtection: smime.headerProtection ?? 'none',
  };
}

/** Settings for signing with every default filled in. */
export function resolveSign(sign: SmimeSignSettings): ResolvedSign {
  return filled(sign, {
    hashAlgorithm: sign.hashAlgorithm ?? 'sha256',
    scheme: sign.scheme ?? 'pkcs1',
    includeCertificate: sign.includeCertificate ?? true,
    format: sign.format ?? 'detached',
  });
}

/** Settings for encryption with every default filled in. */
export function resolveEncrypt(encrypt: SmimeEncryptSettings): ResolvedEncrypt {
  return filled(encrypt, {
    algorithm: encrypt.algorithm ?? 'aes-256-cbc',
    keyTransport: encrypt.keyTransport ?? 'pkcs1',
    onMissingCertificate: encrypt.onMissingCertificate ?? 'refuse',
  });
}

/** A proxy with every default filled in; the text form is parsed. */
export function resolveProxy(proxy: ProxySettings = 'none'): ResolvedProxy {
  if (proxy === 'none') return undefined;
  if (proxy === 'auto') return { type: 'auto' };
  if (typeof proxy !== 'string') return proxy.type === 'auto' ? proxy : resolveProxyServer(proxy);
  const parts = parseProxyText(proxy);
  if (parts.fault !== undefined) throw profileInvalid('proxy', parts.fault);
  return resolveProxyServer(filled(parts.settings, {}));
}

/** A proxy given by its parts, with every default filled in. */
export function resolveProxyServer(proxy: ProxyServerSettings): ResolvedProxyServer {
  const tls = proxy.tls === true ? nothing : proxy.tls === false ? undefined : proxy.tls;
  const port = proxy.type === 'http-connect' ? (tls === undefined ? 80 : 443) : 1080;
  return filled(proxy, {
    host: asciiHost(proxy.host),
    port: proxy.port ?? port,
    resolve: proxy.resolve ?? (proxy.type === 'socks4' ? 'local' : 'proxy'),
    tls: tls === undefined ? undefined : resolveTls(tls),
  });
}

/** Names become A-labels in lower case (UTS 46); IP addresses and address literals are kept. */
function asciiHost(host: string): string {
  return isAscii(host) ? (host.startsWith('[') ? host : host.toLowerCase()) : domainToASCII(host);
}
