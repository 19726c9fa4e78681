/**
 * Reads the options of a transport into a profile and the options of a mailer.
 * @module
 */
import { profileSubject } from '../../schema/check.js';
import type { Subject } from '../../schema/check.js';
import type { MailerOptions } from '../../model/mailer.js';
import type { EmailProfile } from '../../model/settings/profile.js';
import type { ProxySettings } from '../../model/settings/proxy.js';
import type { OutgoingServer, Security, TlsSettings } from '../../model/settings/server.js';
import { wellKnownServer } from '../../profile/well-known.js';
import { own } from '../../schema/schema.js';
import { isBytes } from '../../util/bytes.js';
import { Fields, newFindings, throwIfAny } from './fields.js';
import { loggerOf } from './logger.js';
import { readAuth } from './auth.js';
import type { NewToken } from './auth.js';
import { readDkim } from './dkim.js';
import { refusedOptions, refusedTls } from './refused.js';
import { optionsOfUrl } from './url.js';

export const optionsSubject: Subject = {
  ...profileSubject,
  sentence: 'The options of the transport are not valid',
  root: 'options',
};

/** The options in the terms of sealpost. */
export interface ReadOptions {
  readonly profile: EmailProfile;
  readonly mailerOptions: MailerOptions;
  readonly maxConnections: number;
  readonly pooled: boolean;
  readonly allowsFiles: boolean;
  readonly maxRecipients: number;
  readonly attachesDataUrls: boolean;
}

/** The profile has to name a sender. Every message names its own, so this one never leaves. */
const noSender = { email: 'unset@localhost.invalid' };

/** Reads options or a URL. ERR_PROFILE_INVALID has every problem, by nodemailer's names. */
export function readOptions(options: unknown, onToken: (token: NewToken) => void): ReadOptions {
  const findings = newFindings();
  const given: object = typeof options === 'string' ? { url: options } : Object(options);
  const url = own(given, 'url');
  const fields = new Fields(
    typeof url === 'string' && url !== '' ? merged(given, optionsOfUrl(url, findings)) : given,
    '',
    findings,
  );
  fields.any('url');
  const pooled = fields.flag('pool') ?? false;
  const maxConnections = fields.number('maxConnections') ?? (pooled ? 5 : 3);
  const messages = fields.number('rateLimit');
  const perMs = fields.number('rateDelta') ?? 1000;
  const authMethod = fields.text('authMethod');
  const auth = fields.fields('auth');
  const dkim = fields.fields('dkim');
  const { tokenStore, ...signIn } = auth === undefined ? {} : readAuth(auth, authMethod, onToken);
  const fileAccess = readFileAccess(fields);
  const read: ReadOptions = {
    profile: {
      name: 'nodemailer',
      sender: noSender,
      server: readServer(fields),
      ...signIn,
      proxy: readProxy(fields),
      dkim: dkim && readDkim(dkim),
    },
    mailerOptions: {
      pool: {
        maxConnections,
        maxMessagesPerConnection: fields.number('maxMessages') ?? (pooled ? 100 : 1),
        idleTimeoutMs: fields.number('idleTimeout'),
        rateLimit: messages === undefined ? undefined : { messages, perMs },
      },
      logger: loggerOf(fields),
      tokenStore,
      fileAccess,
    },
    maxConnections,
    pooled,
    allowsFiles: fileAccess !== false,
    maxRecipients: fields.any('maxRecipients') === 0 ? Infinity : (fields.number('maxRecipients') ?? 100_000),
    attachesDataUrls: fields.flag('attachDataUrls') ?? false,
  };
  fields.flag('disableUrlAccess');
  fields.end(refusedOptions);
  throwIfAny(findings, optionsSubject);
  return read;
}

/** Values of the URL win, as in nodemailer; `auth` and `tls` are merged by field. */
function merged(options: object, ofUrl: Readonly<Record<string, unknown>>): object {
  const all: Record<string, unknown> = { ...options };
  for (const [key, value] of Object.entries(ofUrl)) {
    const nested = (key === 'auth' || key === 'tls') && typeof all[key] === 'object';
    all[key] = nested ? { ...Object(all[key]), ...Object(value) } : value;
  }
  return all;
}

function readFileAccess(fields: Fields): MailerOptions['fileAccess'] {
  const disabled = fields.flag('disableFileAccess') ?? false;
  const allowed = fields.any('allowFiles');
  if (allowed === undefined || typeof allowed === 'boolean') return !disabled && allowed === true;
  const within = fields.fields('allowFiles');
  const root = within?.text('root');
  within?.end({});
  if (root === undefined) fields.refuse('allowFiles', 'expected true, false or { root }');
  return disabled || root === undefined ? false : { root };
}

type ProxyUrl = Extract<ProxySettings, `${string}://${string}`>;

function readProxy(fields: Fields): ProxyUrl | undefined {
  const url = fields.text('proxy')?.replace(/^socks:/i, 'socks5:');
  if (url === undefined || isProxyUrl(url)) return url;
  return fields.refuse('proxy', 'expected http://, https://, socks4://, socks4a:// or socks5:// with host and port');
}

function isProxyUrl(url: string): url is ProxyUrl {
  return /^(?:https?|socks4a?|socks5h?):\/\//.test(url);
}

function readServer(fields: Fields): OutgoingServer {
  const service = fields.text('service');
  const known = service === undefined ? undefined : wellKnownServer(service);
  if (service !== undefined && known === undefined)
    fields.refuse('service', 'is not a provider that wellKnownServer has; set host, port and secure');
  const host = fields.text('host') ?? fields.text('servername') ?? known?.host ?? 'localhost';
  if (known !== undefined && host !== known.host)
    fields.refuse('host', `the service is ${known.host}; leave out service or host`);
  const port = fields.number('port');
  const secure = fields.flag('secure') ?? (port === undefined ? known?.security === 'implicit' : port === 465);
  const all = fields.number('socketTimeout');
  return {
    host,
    port: port ?? (secure ? 465 : 587),
    security: readSecurity(fields, secure, known !== undefined),
    protocol: fields.flag('lmtp') ? 'lmtp' : 'smtp',
    localName: fields.text('name'),
    localAddress: fields.text('localAddress'),
    timeouts: {
      connectMs: fields.number('connectionTimeout'),
      greetingMs: fields.number('greetingTimeout'),
      replyMs: all,
      stallMs: all,
      acceptanceMs: all,
    },
    tls: readTls(fields),
  };
}

function readSecurity(fields: Fields, secure: boolean, known: boolean): Security {
  const required = fields.flag('requireTLS') ?? false;
  const ignored = fields.flag('ignoreTLS') ?? false;
  if (secure) return 'implicit';
  if (required || known) return 'explicit';
  return ignored ? 'none' : 'automatic';
}

function readTls(fields: Fields): TlsSettings | undefined {
  const servername = fields.text('servername');
  const tls = fields.fields('tls');
  if (tls === undefined) return servername === undefined ? undefined : { serverName: servername };
  const ca = tls.any('ca');
  const cert = bytesOrText(tls, 'cert');
  const key = bytesOrText(tls, 'key');
  const pfx = bytesOrText(tls, 'pfx');
  const password = tls.text('passphrase');
  const minVersion = tls.text('minVersion');
  if (cert !== undefined && key === undefined) tls.refuse('key', 'is missing; cert needs it');
  if (key !== undefined && cert === undefined) tls.refuse('cert', 'is missing; key needs it');
  if (cert !== undefined && pfx !== undefined) tls.refuse('pfx', 'cannot be combined with cert; set only one of them');
  if (minVersion !== undefined && minVersion !== 'TLSv1.2' && minVersion !== 'TLSv1.3')
    tls.refuse('minVersion', "expected 'TLSv1.2' or 'TLSv1.3': older ones are not secure");
  const read: TlsSettings = {
    ca: ca === undefined ? undefined : readAnchors(tls, ca),
    clientCertificate:
      pfx !== undefined
        ? { data: typeof pfx === 'string' ? Buffer.from(pfx, 'latin1') : pfx, password }
        : cert === undefined
          ? undefined
          : { data: cert, key, password },
    minVersion: minVersion === 'TLSv1.3' ? minVersion : undefined,
    ciphers: tls.text('ciphers'),
    serverName: tls.text('servername') ?? servername,
    dangerouslyAcceptAnyCertificate: tls.flag('rejectUnauthorized') === false,
  };
  tls.end(refusedTls);
  return read;
}

function readAnchors(tls: Fields, value: unknown): readonly (string | Uint8Array)[] {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  return given.flatMap((item) => {
    if (typeof item === 'string') return [item];
    // PEM in a buffer is text.
    if (isBytes(item)) return [Buffer.from(item).includes('-----BEGIN') ? Buffer.from(item).toString('utf8') : item];
    return tls.refuse('ca', 'expected a certificate in PEM or DER form, or an array of these') ?? [];
  });
}

function bytesOrText(tls: Fields, key: string): string | Uint8Array | undefined {
  const value = tls.any(key);
  if (value === undefined || typeof value === 'string') return value;
  if (isBytes(value)) return value;
  return tls.refuse(key, 'expected one, as text or bytes');
}
