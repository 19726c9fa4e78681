/**
 * A profile from a URL, such as an environment variable contains: `smtps://user:password@mail.example.com`.
 * @module
 */
import type { EmailProfile, Sender } from '../model/settings/profile.js';
import { checked, invalid } from '../schema/check.js';
import type { Subject } from '../schema/check.js';
import { isPlainObject, kindOf, newSettings, own, problem } from '../schema/schema.js';
import type { Report } from '../schema/schema.js';
import { nearest } from '../schema/suggest.js';
import { splitHostPort } from '../schema/text.js';
import { isIpv4, isIpv6 } from '../util/ip.js';
import { profileSchema } from './shape/profile.js';

/** Settings of a profile in addition to the URL: all but `server` and `authentication`, which the URL sets. */
export interface ProfileUrlSettings extends Omit<EmailProfile, 'name' | 'sender' | 'server' | 'authentication'> {
  /** Name of the profile. Default: the host of the URL. */
  readonly name?: string | undefined;
  /** The sender. Default: the address in the URL, as `profileFromUrl` describes. */
  readonly sender?: Sender | undefined;
}

const urlSubject: Subject = { sentence: 'The URL of the profile is not valid', root: 'url' };
/** Tokens may be long; a URL of an environment is not longer. */
const maxUrl = 128 * 1024;

/** The settings that a query may contain, by their paths in the profile, and how their text is read. */
const parameters: Readonly<Record<string, 'text' | 'number' | 'flag' | 'list'>> = {
  name: 'text',
  'sender.name': 'text',
  'sender.email': 'text',
  'sender.organization': 'text',
  'sender.replyTo': 'text',
  'sender.envelopeFrom': 'text',
  'server.security': 'text',
  'server.protocol': 'text',
  'server.localName': 'text',
  'server.localAddress': 'text',
  'server.maxRecipients': 'number',
  'server.ignoreExtensions': 'list',
  'server.timeouts.connectMs': 'number',
  'server.timeouts.greetingMs': 'number',
  'server.timeouts.replyMs': 'number',
  'server.timeouts.stallMs': 'number',
  'server.timeouts.acceptanceMs': 'number',
  'server.timeouts.totalMs': 'number',
  'server.tls.useSystemCa': 'flag',
  'server.tls.minVersion': 'text',
  'server.tls.ciphers': 'text',
  'server.tls.serverName': 'text',
  'server.tls.pinnedFingerprints': 'list',
  'server.tls.dangerouslyAcceptAnyCertificate': 'flag',
  'authentication.method': 'text',
  'authentication.authorizationId': 'text',
  'authentication.allowPlaintext': 'flag',
  'authentication.domain': 'text',
  'authentication.workstation': 'text',
  'authentication.servicePrincipal': 'text',
  'authentication.kdc': 'list',
  proxy: 'text',
  'logging.level': 'text',
};

type Settings = Record<string, unknown>;

/**
 * A profile from a URL, for programs that get their mail server from one variable of the environment.
 *
 * `smtps://` is implicit TLS, port 465. `smtp://` is STARTTLS, port 587: a server without it gets neither password nor
 * message, unless the query says `server.security=none` or `automatic`. User name and password are percent-encoded:
 * an `@` is `%40`, a `/` is `%2F`. They make `authentication` by 'password'; with `authentication.method` 'xoauth2' or
 * 'oauthbearer' the password is the token, with 'kerberos' the user name is the principal.
 *
 * The query contains settings by their paths, such as `sender.email`, `server.timeouts.connectMs` or `proxy`; lists have
 * commas. docs/reference/profile.md lists them. A `+` is a plus. Other parameters are refused, as is one that occurs
 * twice.
 *
 * The profile's name is the host. The sender is `sender.email`, else the user name if it is an address, else
 * `user@host`. `settings` gives these and all other settings of a profile.
 *
 * ERR_PROFILE_INVALID has every problem in `problems`, and never repeats the password.
 *
 * @example
 * ```ts
 * // MAIL_URL=smtps://app%40example.com:secret@mail.example.com?sender.name=Shop
 * const profile = profileFromUrl(process.env.MAIL_URL ?? '');
 * ```
 */
export function profileFromUrl(url: string, settings: ProfileUrlSettings = {}): EmailProfile {
  const report: Report = { problems: [], allowReferences: true };
  const profile = newSettings();
  const parts = partsOf(url, report);
  if (parts !== undefined) {
    readQuery(parts, profile, report);
    readServer(parts, profile, report);
    readUser(parts, profile, report);
  }
  addSettings(settings, profile, report);
  if (report.problems.length > 0) throw invalid(urlSubject, report.problems);
  return checked(profileSchema, profile, urlSubject);
}

interface Parts {
  readonly implicit: boolean;
  readonly user: string | undefined;
  readonly place: string;
  readonly query: string;
}

/** Divides the text. A wrong URL may have its password anywhere, so no part of it is quoted. */
function partsOf(url: unknown, report: Report): Parts | undefined {
  if (typeof url !== 'string' || url === '')
    return problem(report, '', `expected smtps://user:password@host, or smtp:// for STARTTLS, got ${kindOf(url)}`);
  if (url.length > maxUrl) return problem(report, '', `is too long: expected at most ${maxUrl} characters`);
  if (/[\u0000-\u0020\u007f]/.test(url))
    return problem(
      report,
      '',
      'contains a space or a control character: write a space as %20, and leave none around the URL',
    );
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#\\]*)\/?(?:\?([^#]*))?$/i.exec(url);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme !== 'smtp' && scheme !== 'smtps')
    return problem(report, '', 'expected smtps:// (implicit TLS) or smtp:// (STARTTLS), got another scheme');
  if (match === null)
    return problem(
      report,
      '',
      'expected smtps://user:password@host:port?name=value, got other text; in user name and password a / is ' +
        'written %2F, a ? %3F, a # %23 and a \\ %5C',
    );
  const [, , authority = '', query = ''] = match;
  const at = authority.lastIndexOf('@');
  const user = at < 0 ? undefined : authority.slice(0, at);
  return { implicit: scheme === 'smtps', user, place: authority.slice(at + 1), query };
}

/** undefined if the text is not percent-encoded UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const badEncoding = 'is not percent-encoded UTF-8: write a % as %25';

/** undefined for text that cannot be a host, which may be a part of a password. */
function hostOf(place: string): ReturnType<typeof splitHostPort> {
  const text = decoded(place);
  const found = text === undefined ? undefined : splitHostPort(text);
  return found === undefined || found.host === '' || /[\s@/?#\\]/.test(found.host) ? undefined : found;
}

function readServer({ implicit, place }: Parts, profile: Settings, report: Report): void {
  const server = within(profile, 'server');
  const found = hostOf(place);
  if (found === undefined) {
    problem(report, 'server.host', 'expected host or host:port after the user, an IPv6 address in brackets');
    return;
  }
  const security = own(server, 'security');
  if (implicit && security !== undefined && security !== 'implicit')
    problem(report, 'server.security', 'contradicts smtps://, which is implicit TLS; write smtp:// instead');
  if (!implicit && security === 'implicit')
    problem(report, 'server.security', 'contradicts smtp://, which is STARTTLS; write smtps:// instead');
  server['host'] = found.host;
  server['port'] = found.port ?? (implicit ? 465 : 587);
  server['security'] = implicit ? 'implicit' : (security ?? 'explicit');
}

/** User name and password, in the fields of the method. */
function readUser({ user: userInfo }: Parts, profile: Settings, report: Report): void {
  const proof = own(profile, 'authentication');
  if (userInfo === undefined) {
    if (proof !== undefined)
      problem(report, 'authentication', 'needs a user name and a password before the @ of the URL');
    return;
  }
  const colon = userInfo.indexOf(':');
  const user = decoded(colon < 0 ? userInfo : userInfo.slice(0, colon));
  const password = colon < 0 ? '' : decoded(userInfo.slice(colon + 1));
  if (user === undefined) problem(report, 'authentication.username', badEncoding);
  if (password === undefined) problem(report, 'authentication.password', badEncoding);
  if (user === '') problem(report, 'authentication.username', 'expected a user name before the : of the URL');
  if (password === '')
    problem(report, 'authentication.password', 'expected a password after the user name, such as user:password@host');
  const fields = within(profile, 'authentication');
  fields['method'] ??= 'password';
  const method = own(fields, 'method');
  fields[method === 'kerberos' ? 'principal' : 'username'] = user;
  fields[method === 'xoauth2' || method === 'oauthbearer' ? 'token' : 'password'] = password;
}

function readQuery({ place, query }: Parts, profile: Settings, report: Report): void {
  if (query === '') return;
  const entries = query.split('&').map((entry) => {
    const equals = entry.indexOf('=');
    return equals < 0 ? ([entry, ''] as const) : ([entry.slice(0, equals), entry.slice(equals + 1)] as const);
  });
  // An @ there may end a password with a ? in it, as may text without a host before it. Then nothing of it is quoted.
  const isQuotable =
    hostOf(place) !== undefined &&
    entries.every(([name, text]) => Object.hasOwn(parameters, name) || !/@|%40/.test(`${name}${text}`));
  const seen = new Set<string>();
  for (const [name, text] of entries) {
    if (!Object.hasOwn(parameters, name)) refuseParameter(name, isQuotable, report);
    else if (seen.has(name)) problem(report, name, 'is given twice in the URL');
    else readParameter(name, text, profile, report);
    seen.add(name);
  }
}

function refuseParameter(name: string, isQuotable: boolean, report: Report): void {
  if (!isQuotable || !/^[a-z][a-z0-9.]{0,59}$/i.test(name)) {
    problem(
      report,
      'url',
      'contains an unknown parameter, which is not shown here; write a ? in user name or password as %3F',
    );
    return;
  }
  const elsewhere = inUrl.get(name);
  const near = nearest(name, Object.keys(parameters));
  const hint = near === undefined ? `known are ${Object.keys(parameters).join(', ')}` : `did you mean ${near}?`;
  problem(report, name, elsewhere ?? `is not a known parameter of the URL; ${hint}`);
}

/** Settings that have a place of their own in the URL. */
const inUrl: ReadonlyMap<string, string> = new Map([
  ['server.host', 'belongs after the @ of the URL'],
  ['server.port', 'belongs after the host of the URL, such as host:587'],
  ['authentication.username', 'belongs before the @ of the URL'],
  ['authentication.password', 'belongs before the @ of the URL, after the user name and a colon'],
  ['authentication.token', 'belongs before the @ of the URL, after the user name and a colon'],
]);

function readParameter(name: string, encoded: string, profile: Settings, report: Report): void {
  const text = decoded(encoded);
  if (text === undefined) return void problem(report, name, badEncoding);
  if (text === '') return void problem(report, name, 'has no value');
  const path = name.split('.');
  const key = path.pop() ?? '';
  const holder = path.reduce<Settings>(within, profile);
  switch (parameters[name]) {
    case 'number':
      if (!/^\d{1,16}$/.test(text)) return void problem(report, name, 'expected a whole number');
      holder[key] = Number(text);
      break;
    case 'flag':
      if (text !== 'true' && text !== 'false') return void problem(report, name, 'expected true or false');
      holder[key] = text === 'true';
      break;
    case 'list':
      holder[key] = text.split(',');
      break;
    default:
      holder[key] = text;
  }
}

/** The object below a key, made if it is missing. */
function within(holder: Settings, key: string): Settings {
  const found = own(holder, key);
  if (isPlainObject(found)) return found;
  const made = newSettings();
  holder[key] = made;
  return made;
}

/** Adds the caller's settings, then the defaults of name and sender. */
function addSettings(settings: unknown, profile: Settings, report: Report): void {
  if (!isPlainObject(settings))
    return void problem(report, 'settings', `expected an object with settings of a profile, got ${kindOf(settings)}`);
  for (const key of Object.keys(settings)) {
    const value = own(settings, key);
    if (value === undefined) continue;
    if (key === 'server' || key === 'authentication') problem(report, key, 'is set by the URL: leave it out here');
    else if (own(profile, key) !== undefined)
      problem(report, key, 'is set in the URL and in the settings: leave one out');
    else Object.defineProperty(profile, key, { value, enumerable: true, configurable: true, writable: true });
  }
  const host = own(within(profile, 'server'), 'host');
  if (typeof host !== 'string') return;
  if (own(profile, 'name') === undefined) profile['name'] = host;
  const proof = own(profile, 'authentication');
  const user = isPlainObject(proof) ? (own(proof, 'username') ?? own(proof, 'principal')) : undefined;
  if (typeof user !== 'string' || user === '') return;
  const sender = own(profile, 'sender');
  // A sender outside the URL is complete; one in the query may lack its address.
  if (isPlainObject(settings) && own(settings, 'sender') !== undefined) return;
  if (sender === undefined || (isPlainObject(sender) && own(sender, 'email') === undefined))
    within(profile, 'sender')['email'] = user.includes('@') ? user : `${user}@${domainOf(host)}`;
}

/** An address with an IP address has it in brackets (RFC 5321 section 4.1.3). */
function domainOf(host: string): string {
  if (isIpv4(host)) return `[${host}]`;
  return isIpv6(host) ? `[IPv6:${host}]` : host;
}
