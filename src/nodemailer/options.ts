/**
 * The options of a transport, as nodemailer has them. docs/guide/from-nodemailer.md has the table.
 * @module
 */
import type { FileRoot } from '../model/mailer.js';

/** A logger with methods named by level, as bunyan, pino and winston are. */
export interface Logger {
  /** Commands and replies, with `debug` or `transactionLog`. */
  debug?(...args: unknown[]): unknown;
  /** Connections and messages. */
  info?(...args: unknown[]): unknown;
  /** Warnings. */
  warn?(...args: unknown[]): unknown;
  /** Errors. */
  error?(...args: unknown[]): unknown;
}

/** TLS options, by their names in `node:tls`. */
export interface TlsOptions {
  /** false accepts any certificate. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Trust anchors that replace Node's list. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** The client's certificate, in PEM form. */
  readonly cert?: string | Uint8Array | undefined;
  /** The key of `cert`, in PEM form. */
  readonly key?: string | Uint8Array | undefined;
  /** The client's certificate and key as PKCS#12. */
  readonly pfx?: string | Uint8Array | undefined;
  /** Password of `key` or `pfx`. */
  readonly passphrase?: string | undefined;
  /** Name for SNI and for the check of the certificate. */
  readonly servername?: string | undefined;
  /** 'TLSv1.2' or 'TLSv1.3'; older ones are refused. */
  readonly minVersion?: string | undefined;
  /** OpenSSL cipher list. */
  readonly ciphers?: string | undefined;
}

/** How to sign in. */
export interface AuthOptions {
  /** 'login' (default) for a password, 'OAuth2' for a token; in any case. */
  readonly type?: string | undefined;
  /** User name. */
  readonly user?: string | undefined;
  /** Password. */
  readonly pass?: string | undefined;
  /** 'PLAIN', 'LOGIN', 'CRAM-MD5' or 'XOAUTH2'. Default: the strongest that both sides have. */
  readonly method?: string | undefined;
  /** Access token. */
  readonly accessToken?: string | undefined;
  /** Time at which `accessToken` expires, in milliseconds since 1970. */
  readonly expires?: number | undefined;
  /** Client id of OAuth 2.0. */
  readonly clientId?: string | undefined;
  /** Client secret of OAuth 2.0. */
  readonly clientSecret?: string | undefined;
  /** Refresh token of OAuth 2.0. */
  readonly refreshToken?: string | undefined;
  /** Token endpoint. Default: that of Google. */
  readonly accessUrl?: string | undefined;
  /** Client id of a service account, beside `privateKey`. */
  readonly serviceClient?: string | undefined;
  /** Private key of a service account, in PEM form. */
  readonly privateKey?: string | undefined;
  /** Scope for a service account. Default `https://mail.google.com/`. */
  readonly scope?: string | undefined;
  /** Added to each token request. */
  readonly customParams?: Readonly<Record<string, string>> | undefined;
  /** Not in nodemailer: allows a method that shows the password on a connection without TLS. Default false. */
  readonly allowPlaintext?: boolean | undefined;
}

/** A DKIM key. */
export interface DkimKey {
  /** `d=`: the signing domain. */
  readonly domainName?: string | undefined;
  /** `s=`: the selector. */
  readonly keySelector?: string | undefined;
  /** The private key, in PEM form. */
  readonly privateKey?: string | undefined;
}

/** DKIM signatures, by one key or several. */
export interface DkimOptions extends DkimKey {
  /** Several keys, instead of the one above. */
  readonly keys?: DkimKey | readonly DkimKey[] | undefined;
  /** Fields to sign, separated by colons. */
  readonly headerFieldNames?: string | undefined;
  /** Only 'sha256'. */
  readonly hashAlgo?: string | undefined;
}

/** Options of `createTransport`: those of nodemailer's SMTP transport and of its pool that sealpost takes. */
export interface TransportOptions {
  /** `smtp://` or `smtps://`, with options as its query. Its values win. */
  readonly url?: string | undefined;
  /** Name of a provider, see `wellKnownServer`. */
  readonly service?: string | undefined;
  /** Default 'localhost'. */
  readonly host?: string | undefined;
  /** Default 587, or 465 with `secure`. */
  readonly port?: number | string | undefined;
  /** TLS from the start. Default: true on port 465. */
  readonly secure?: boolean | undefined;
  /** STARTTLS or fail. */
  readonly requireTLS?: boolean | undefined;
  /** Never TLS. */
  readonly ignoreTLS?: boolean | undefined;
  /** TLS options. */
  readonly tls?: TlsOptions | undefined;
  /** As `tls.servername`. */
  readonly servername?: string | undefined;
  /** How to sign in. Without it there is no AUTH. */
  readonly auth?: AuthOptions | undefined;
  /** As `auth.method`. */
  readonly authMethod?: string | undefined;
  /** Name sent with EHLO. */
  readonly name?: string | undefined;
  /** Address to connect from. */
  readonly localAddress?: string | undefined;
  /** Milliseconds for look-up, TCP, proxy and TLS. */
  readonly connectionTimeout?: number | undefined;
  /** Milliseconds for the greeting. */
  readonly greetingTimeout?: number | undefined;
  /** Milliseconds for each reply, and for each block of content to be taken. */
  readonly socketTimeout?: number | undefined;
  /** LMTP instead of SMTP. */
  readonly lmtp?: boolean | undefined;
  /** true writes to the console. */
  readonly logger?: Logger | boolean | undefined;
  /** Commands and replies go to the logger too. Message content never does. */
  readonly debug?: boolean | undefined;
  /** As `debug`. */
  readonly transactionLog?: boolean | undefined;
  /** Name in the logger's entries. Default 'smtp-transport'. */
  readonly component?: string | undefined;
  /** URL of a proxy. */
  readonly proxy?: string | undefined;
  /** Keep connections for further messages. Without it each message has a connection of its own. */
  readonly pool?: boolean | undefined;
  /** Connections at once. Default 5 with `pool`, else 3. */
  readonly maxConnections?: number | undefined;
  /** Messages on one connection. Default 100 with `pool`, else 1. */
  readonly maxMessages?: number | undefined;
  /** Milliseconds after which an idle connection is closed. */
  readonly idleTimeout?: number | undefined;
  /** Messages in `rateDelta` milliseconds. */
  readonly rateLimit?: number | undefined;
  /** Default 1000. */
  readonly rateDelta?: number | undefined;
  /** DKIM signatures of every message. */
  readonly dkim?: DkimOptions | undefined;
  /** Recipients of one message; more are refused. Default 100 000; 0 is no limit. */
  readonly maxRecipients?: number | undefined;
  /** true refuses files whatever `allowFiles` says. */
  readonly disableFileAccess?: boolean | undefined;
  /** Taken, and without effect: nothing is fetched. */
  readonly disableUrlAccess?: boolean | undefined;
  /** Images in `data:` URLs of HTML become parts of the message. Default false. */
  readonly attachDataUrls?: boolean | undefined;
  /** Not in nodemailer: may messages name files by `path`? true, or those below a directory. Default false. */
  readonly allowFiles?: boolean | FileRoot | undefined;
}
