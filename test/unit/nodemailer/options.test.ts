/**
 * Options of nodemailer's transports: how they are converted, and which keys are refused by name.
 * @module
 */
import { serverOf } from '../../support/server-of.js';
import { expect, test } from 'vitest';
import { createTransport, sealpostTransport } from '../../../src/nodemailer.js';
import type { NodemailerError, TransportOptions } from '../../../src/nodemailer.js';
import { readOptions } from '../../../src/nodemailer/read/options.js';
import type { LogEvent } from '../../../src/index.js';
import { isEmailError } from '../../../src/index.js';

const read = (options: unknown) => readOptions(options, () => undefined);
const server = (options: unknown) => serverOf(read(options).profile);

/** The problems of an error of createTransport, as `path: message`. */
function problemsOf(options: unknown): readonly string[] {
  try {
    void createTransport(Object(options)).close();
  } catch (error) {
    const { code, cause } = error as NodemailerError;
    expect(code).toBe('ECONFIG');
    if (isEmailError(cause)) return (cause.problems ?? []).map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
}

test.each([
  [{}, { host: 'localhost', port: 587, security: 'automatic' }],
  [{ port: 25 }, { port: 25, security: 'automatic' }],
  [{ port: 465 }, { port: 465, security: 'implicit' }],
  [{ port: '465' }, { port: 465, security: 'implicit' }],
  [
    { port: 465, secure: false },
    { port: 465, security: 'automatic' },
  ],
  [{ secure: true }, { port: 465, security: 'implicit' }],
  [
    { secure: true, requireTLS: true, port: 2465 },
    { port: 2465, security: 'implicit' },
  ],
  [{ requireTLS: true, ignoreTLS: true }, { security: 'explicit' }],
  [{ ignoreTLS: true }, { security: 'none' }],
  [{ opportunisticTLS: false }, { security: 'automatic' }],
  [{ service: 'gmail' }, { host: 'smtp.gmail.com', port: 465, security: 'implicit' }],
  [
    { service: 'Outlook365', host: 'smtp.office365.com' },
    { port: 587, security: 'explicit' },
  ],
  [
    { service: 'gmail', port: 587, secure: false },
    { port: 587, security: 'explicit' },
  ],
  [{ lmtp: true }, { protocol: 'lmtp' }],
  [
    { name: 'me.example.com', localAddress: '192.0.2.1' },
    { localName: 'me.example.com', localAddress: '192.0.2.1' },
  ],
])('%j leads to %j', (options, expected) => {
  expect(server(options)).toMatchObject(expected);
});

test('timeouts: 0 is the default, and socketTimeout holds for replies and content', () => {
  const given = { connectionTimeout: 1, greetingTimeout: 2, socketTimeout: 3 };
  expect(server(given).timeouts).toEqual({ connectMs: 1, greetingMs: 2, replyMs: 3, stallMs: 3, acceptanceMs: 3 });
  expect(server({ socketTimeout: 0 }).timeouts?.replyMs).toBeUndefined();
});

test('tls', () => {
  const tls = {
    rejectUnauthorized: false,
    ca: [Buffer.from('-----BEGIN x'), 'pem'],
    cert: 'c',
    key: 'k',
    passphrase: 'p',
  };
  expect(server({ tls: { ...tls, servername: 'a.example', minVersion: 'TLSv1.3', ciphers: 'x' } }).tls).toEqual({
    dangerouslyAcceptAnyCertificate: true,
    ca: ['-----BEGIN x', 'pem'],
    clientCertificate: { data: 'c', key: 'k', password: 'p' },
    serverName: 'a.example',
    minVersion: 'TLSv1.3',
    ciphers: 'x',
  });
  const pfx = Buffer.from([1]);
  expect(server({ tls: { pfx, passphrase: 'p' } }).tls?.clientCertificate).toEqual({ data: pfx, password: 'p' });
  expect(server({ servername: 'b.example' })).toMatchObject({ host: 'b.example', tls: { serverName: 'b.example' } });
});

test.each([
  [
    { user: 'u', pass: 'p' },
    { method: 'password', username: 'u', password: 'p', allowPlaintext: false },
  ],
  [{ user: 'u', pass: 'p', method: 'plain' }, { method: 'plain' }],
  [{ type: 'login', user: 'u', pass: 'p', method: 'CRAM-MD5' }, { method: 'cram-md5' }],
  [{ user: 'u', pass: 'p', allowPlaintext: true }, { allowPlaintext: true }],
  [
    { type: 'OAuth2', user: 'u', accessToken: 't' },
    { method: 'xoauth2', username: 'u', token: 't' },
  ],
  [
    { method: 'XOAUTH2', user: 'u', accessToken: 't' },
    { method: 'xoauth2', token: 't' },
  ],
])('auth %j leads to %j', (auth, expected) => {
  expect(read({ auth }).profile.authentication).toMatchObject(expected);
});

test('OAuth 2.0 by refresh token starts with the access token, and tells of a new one', async () => {
  const told: object[] = [];
  const auth = {
    type: 'OAuth2',
    user: 'u',
    clientId: 'i',
    clientSecret: 's',
    refreshToken: 'r',
    accessToken: 'a',
    expires: 5,
  };
  const { profile, mailerOptions } = readOptions({ auth }, (token) => told.push(token));
  expect(profile.authentication).toEqual({ method: 'xoauth2', username: 'u', allowPlaintext: false });
  expect(profile.oauth2).toMatchObject({
    clientId: 'i',
    clientSecret: 's',
    refreshToken: 'r',
    tokenUrl: 'https://accounts.google.com/o/oauth2/token',
  });
  const store = mailerOptions.tokenStore;
  expect(await store?.loadTokens('k')).toMatchObject({ accessToken: 'a', expiresAt: new Date(5) });
  await store?.saveTokens('k', { accessToken: 'b', tokenType: 'Bearer', expiresAt: new Date(9) });
  expect(told).toEqual([{ user: 'u', accessToken: 'b', expires: 9 }]);
  expect(await store?.loadTokens('k')).toMatchObject({ accessToken: 'b' });
});

test('OAuth 2.0 by service account', () => {
  const auth = {
    type: 'oauth2',
    user: 'u@example.com',
    serviceClient: 'c',
    privateKey: 'k',
    accessUrl: 'https://t.example/',
  };
  expect(read({ auth: { ...auth, customParams: { a: 'b' } } }).profile.oauth2).toMatchObject({
    clientId: 'c',
    grant: 'jwt-bearer',
    scope: 'https://mail.google.com/',
    tokenUrl: 'https://t.example/',
    privateKey: { key: 'k', subject: 'u@example.com', audience: 'https://t.example/' },
    tokenParameters: { a: 'b' },
  });
});

test('a pool, and one message a connection without it', () => {
  expect(read({ pool: true, rateLimit: 5 }).mailerOptions.pool).toEqual({
    maxConnections: 5,
    maxMessagesPerConnection: 100,
    idleTimeoutMs: undefined,
    rateLimit: { messages: 5, perMs: 1000 },
  });
  expect(read({}).mailerOptions.pool).toMatchObject({ maxConnections: 3, maxMessagesPerConnection: 1 });
});

test('proxy, dkim and files', () => {
  expect(read({ proxy: 'socks://p:1080' }).profile.proxy).toBe('socks5://p:1080');
  const dkim = { keys: [{ domainName: 'd', keySelector: 's', privateKey: 'k' }], headerFieldNames: 'from:to' };
  expect(read({ dkim }).profile.dkim).toEqual([
    { domain: 'd', selector: 's', privateKey: 'k', headers: ['from', 'to'] },
  ]);
  expect(read({}).mailerOptions.fileAccess).toBe(false);
  expect(read({ allowFiles: { root: '/x' } }).mailerOptions.fileAccess).toEqual({ root: '/x' });
  expect(read({ allowFiles: true, disableFileAccess: true }).allowsFiles).toBe(false);
});

test('a URL, whose values win', () => {
  const url = 'smtps://a%40b:p%3Aw@[::1]:4465/?pool=true&maxMessages=7&tls.servername=x.example&name=me.example';
  const { profile, mailerOptions } = read({ url, host: 'other', tls: { rejectUnauthorized: false } });
  expect(profile.server).toMatchObject({ host: '::1', port: 4465, security: 'implicit', localName: 'me.example' });
  expect(serverOf(profile).tls).toMatchObject({ serverName: 'x.example', dangerouslyAcceptAnyCertificate: true });
  expect(profile.authentication).toMatchObject({ username: 'a@b', password: 'p:w' });
  expect(mailerOptions.pool).toMatchObject({ maxMessagesPerConnection: 7 });
});

test.each([
  [{ opportunisticTLS: true }, 'opportunisticTLS: is not supported'],
  [{ dnsTimeout: 5 }, 'dnsTimeout: is not supported: connectionTimeout covers the look-up'],
  [{ getSocket: () => undefined }, 'getSocket: is not supported'],
  [{ sendmail: true }, 'sendmail: is not supported'],
  [{ jsonTransport: true }, 'jsonTransport: is not supported'],
  [{ attachDataUrls: 'yes' }, 'attachDataUrls: expected true or false, got a string'],
  [{ normalizeHeaderKey: String }, 'normalizeHeaderKey: is not supported'],
  [{ maxRequeues: 5 }, 'maxRequeues: is not supported'],
  [{ hots: 'x' }, 'hots: is not a known key; did you mean host?'],
  [{ secure: 'false' }, 'secure: expected true or false, got a string'],
  [{ port: 'smtp' }, 'port: expected a number, got a string'],
  [{ port: 70_000 }, 'port: '],
  [{ host: 'a b' }, 'host: '],
  [{ service: 'no such' }, 'service: is not a provider'],
  [{ service: 'gmail', host: 'other.example' }, 'host: the service is smtp.gmail.com'],
  [{ tls: { minVersion: 'TLSv1' } }, "tls.minVersion: expected 'TLSv1.2'"],
  [{ tls: { maxVersion: 'TLSv1.2' } }, 'tls.maxVersion: is not supported'],
  [{ tls: { cert: 'x' } }, 'tls.key: is missing; cert needs it'],
  [{ tls: { checkServerIdentity: () => undefined } }, 'tls.checkServerIdentity: is not supported'],
  [{ auth: { user: 'u' } }, 'auth.pass: is missing'],
  [{ auth: { pass: 'p' } }, 'auth.user: is missing'],
  [{ auth: { type: 'custom', user: 'u', pass: 'p' } }, "auth.type: expected 'login' or 'OAuth2'"],
  [{ auth: { user: 'u', pass: 'p', method: 'X-Y' } }, 'auth.method: expected PLAIN'],
  [{ auth: { username: 'u', pass: 'p' } }, 'auth.username: is called user here'],
  [{ auth: { type: 'oauth2', user: 'u' } }, 'auth.accessToken: is missing'],
  [
    { dkim: { domainName: 'd', keySelector: 's', privateKey: 'k', skipFields: 'a' } },
    'dkim.skipFields: is not supported',
  ],
  [{ proxy: 'ftp://x' }, 'proxy: expected http://'],
  [{ url: 'http://x' }, 'url: expected smtp:// or smtps://'],
  [{ logger: 'yes' }, 'logger: expected true, false'],
  [{ allowFiles: 'yes' }, 'allowFiles: expected'],
])('%j is refused', (options, expected) => {
  expect(problemsOf(options)).toContainEqual(expect.stringContaining(expected));
});

test('every problem is told at once, and no secret', () => {
  const options = { auth: { user: 'u', pass: 'hunter2hunter2', oauth: 1 }, tls: { maxVersion: 'x' }, socket: {} };
  expect(problemsOf(options)).toHaveLength(3);
  expect(problemsOf(options).join()).not.toContain('hunter2');
});

test('use() throws, and names the way', () => {
  const transporter = createTransport({ host: 'mail.example.com' });
  expect(() => transporter.use('compile', () => undefined)).toThrow(/plug-ins need nodemailer/);
});

test('events go to a logger by level, commands and replies with debug alone', () => {
  const lines: unknown[][] = [];
  const logger = {
    info: (...args: unknown[]) => lines.push(['info', ...args]),
    warn: (...args: unknown[]) => lines.push(['warn', ...args]),
  };
  const base = { time: new Date(0), connection: 1 };
  const command: LogEvent = { ...base, type: 'command', level: 'debug', display: 'EHLO me' };
  const warning: LogEvent = { ...base, type: 'warning', level: 'warning', warning: { code: 'WARN_X', message: 'm' } };
  const quiet = read({ logger, component: 'mine' }).mailerOptions.logger;
  for (const event of [command, warning]) quiet?.(event);
  expect(lines).toEqual([['warn', { component: 'mine', tnx: 'warning', cid: 1 }, '#1 WARN_X: m']]);
  read({ logger, debug: true }).mailerOptions.logger?.(command);
  expect(lines[1]).toEqual(['info', { component: 'smtp-transport', tnx: 'command', cid: 1 }, '#1 > EHLO me']);
  expect(read({ logger: false }).mailerOptions.logger).toBeUndefined();
});

test.each(['priority', 'headers', 'smime', 'dkim'])('the plug-in refuses %s of the profile', (key) => {
  const profile = { name: 'p', sender: { email: 'a@example.com' }, server: { host: 'mail.example.com' }, [key]: {} };
  expect(() => sealpostTransport(profile)).toThrow(new RegExp(`profile\\.${key}: has no effect`));
});

test('the plug-in refuses fields of the sender', () => {
  const sender = { email: 'a@example.com', replyTo: 'b@example.com' };
  expect(() => sealpostTransport({ name: 'p', sender, server: { host: 'mail.example.com' } })).toThrow(
    /profile\.sender\.replyTo/,
  );
});

test('the type of the options has no name that the reader refuses', () => {
  const all: Required<TransportOptions> = {
    url: 'smtp://x',
    service: 'gmail',
    host: 'x',
    port: 1,
    secure: false,
    requireTLS: false,
    ignoreTLS: false,
    tls: {},
    servername: 'x',
    auth: { user: 'u', pass: 'p' },
    authMethod: 'PLAIN',
    name: 'x',
    localAddress: '127.0.0.1',
    connectionTimeout: 1,
    greetingTimeout: 1,
    socketTimeout: 1,
    lmtp: false,
    logger: false,
    debug: true,
    transactionLog: true,
    component: 'x',
    proxy: 'http://x',
    pool: true,
    maxConnections: 1,
    maxMessages: 1,
    idleTimeout: 1,
    rateLimit: 1,
    rateDelta: 1,
    dkim: { domainName: 'd', keySelector: 's', privateKey: 'k' },
    maxRecipients: 1,
    disableFileAccess: true,
    disableUrlAccess: true,
    attachDataUrls: true,
    allowFiles: true,
  };
  const known = problemsOf(all).filter((text) => /not a known key|is not supported/.test(text));
  expect(known).toEqual([]);
});
