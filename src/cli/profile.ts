/**
 * The profile of a command: from a file, from a URL in the environment, or from options.
 * @module
 */
import {
  parseProfile,
  profileFromUrl,
  type Authentication,
  type EmailProfile,
  type OutgoingServer,
  type Secret,
} from '../index.js';
import { showText } from '../util/show.js';
import { readGiven } from './files.js';
import { askPassword } from './terminal.js';
import { UsageError, type Given, type OptionRules } from './usage.js';

export const passwordOptions: OptionRules = {
  'password-env': { type: 'string', value: 'NAME', help: 'the password is in this environment variable' },
  'password-file': { type: 'string', value: 'FILE', help: 'the password is in this file' },
};

export const profileOptions: OptionRules = {
  profile: { type: 'string', value: 'FILE', help: 'a profile as JSON; - is standard input' },
  'url-env': { type: 'string', value: 'NAME', help: 'a URL such as smtps://user:password@host, in this variable' },
  url: { type: 'string', value: 'URL', help: 'a URL without a password, such as smtp://ann@mail.example.com' },
  server: { type: 'string', value: 'HOST[:PORT]', help: 'the server, without a profile' },
  security: { type: 'string', value: 'WORD', help: 'automatic, explicit (STARTTLS), implicit or none' },
  user: { type: 'string', value: 'NAME', help: 'log in with this name and a password' },
  ...passwordOptions,
  auth: { type: 'string', value: 'METHOD', help: 'password (default), plain, login, cram-md5, scram-sha-256, …' },
  from: { type: 'string', value: 'ADDRESS', help: 'the sender' },
  ca: { type: 'string', value: 'FILE', help: 'trust this certificate authority (PEM)' },
  pin: { type: 'string', multiple: true, value: 'SHA256', help: 'accept the certificate of this fingerprint' },
};

const sources = ['profile', 'url-env', 'url', 'server'] as const;

/** The profile that the options describe. UsageError for none, several, or a wrong one. */
export async function profileOf(given: Given): Promise<EmailProfile> {
  const named = sources.filter((name) => given.has(name));
  if (named.length !== 1)
    throw new UsageError(
      'expected one of --profile, --url-env, --url and --server, ' +
        `got ${named.length === 0 ? 'none' : named.map((name) => `--${name}`).join(' and ')}`,
    );
  const profile = given.has('profile')
    ? parseJson(await readGiven(given.text('profile') ?? ''), given.text('profile') ?? '')
    : given.has('server')
      ? await fromOptions(given)
      : await fromUrl(given);
  return withSender(profile, given);
}

/** UsageError for text that is not JSON; ERR_PROFILE_INVALID with every problem of the profile. */
export function parseJson(bytes: Buffer, name: string): EmailProfile {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8').replace(/^\ufeff/, ''));
  } catch {
    // The message of JSON.parse quotes the text, which may hold a password.
    throw new UsageError(`${showText(name)} is not JSON`);
  }
  return parseProfile(json);
}

async function fromUrl(given: Given): Promise<EmailProfile> {
  const name = given.text('url-env');
  const url = name === undefined ? given.text('url') : process.env[name];
  if (url === undefined || url === '')
    throw new UsageError(`the environment variable ${showText(name ?? '')} is not set`);
  if (name === undefined && /^[a-z]+:\/\/[^/?#]*:[^/?#@]*@/i.test(url))
    throw new UsageError(
      'a password in --url can be read by other users: put the URL into a variable, and use --url-env',
    );
  const profile = profileFromUrl(url);
  return given.has('user') || (name === undefined && /^[a-z]+:\/\/[^/?#@]+@/i.test(url))
    ? { ...profile, authentication: await login(given, given.text('user') ?? userOf(url)) }
    : profile;
}

function userOf(url: string): string {
  return decodeURIComponent(/^[a-z]+:\/\/([^/?#@:]+)@/i.exec(url)?.[1] ?? '');
}

async function fromOptions(given: Given): Promise<EmailProfile> {
  const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(given.text('server') ?? '') ?? [];
  const bare = host.replace(/^\[|\]$/g, '');
  const ca = given.text('ca');
  const pins = given.texts('pin');
  const tls = {
    ...(ca === undefined ? {} : { ca: [{ file: ca }] }),
    ...(pins.length === 0 ? {} : { pinnedFingerprints: pins }),
  };
  const security = given.text('security');
  // The words are checked by parseProfile, which says what is meant.
  const server: Record<keyof OutgoingServer, unknown> | object = {
    host: bare,
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(security === undefined ? {} : { security }),
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
  };
  const user = given.text('user');
  const sender = { email: given.text('from') ?? (user?.includes('@') === true ? user : 'test@localhost.invalid') };
  const authentication = user === undefined ? {} : { authentication: await login(given, user) };
  return parseProfile({ name: 'command line', sender, server, ...authentication });
}

async function login(given: Given, username: string): Promise<Authentication> {
  const method = given.text('auth') ?? 'password';
  const password = await passwordOf(given, `Password of ${showText(username, 100)}`);
  const { authentication } = parseProfile({
    name: 'login',
    sender: { email: 'a@example.com' },
    server: { host: 'localhost' },
    authentication: { method, username, password },
  });
  if (authentication === undefined) throw new UsageError('the authentication is not complete');
  return authentication;
}

/** A password from a variable, from a file, or from the person at the terminal. */
export async function passwordOf(given: Given, question: string): Promise<Secret> {
  const env = given.text('password-env');
  const file = given.text('password-file');
  if (env !== undefined && file !== undefined)
    throw new UsageError('--password-env and --password-file exclude each other');
  if (env !== undefined) return { env };
  if (file !== undefined) return { file };
  return askPassword(question);
}

function withSender(profile: EmailProfile, given: Given): EmailProfile {
  const from = given.text('from');
  return from === undefined || given.has('server')
    ? profile
    : { ...profile, sender: { ...profile.sender, email: from } };
}

/** The host that is tried first, for people. */
export function hostOf({ server }: EmailProfile): string {
  const [first] = isList(server) ? server : [server];
  return first?.host ?? 'the server';
}

function isList(server: EmailProfile['server']): server is readonly OutgoingServer[] {
  return Array.isArray(server);
}
