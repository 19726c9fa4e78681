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
import { redactProxyText } from '../profile/proxy-url.js';
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
const loginOptions = ['auth', 'password-env', 'password-file'] as const;

/** The profile that the options describe. UsageError for none, several, or a wrong one. */
export async function profileOf(given: Given): Promise<EmailProfile> {
  const named = sources.filter((name) => given.has(name));
  const [source] = named;
  if (source === undefined || named.length !== 1)
    throw new UsageError(
      'expected one of --profile, --url-env, --url and --server, ' +
        `got ${named.length === 0 ? 'none' : named.map((name) => `--${name}`).join(' and ')}`,
    );
  if (source === 'server') return fromOptions(given);
  refuseBeside(given, source, ['security', 'ca', 'pin']);
  if (source !== 'profile') return fromUrl(given);
  refuseBeside(given, source, ['user', ...loginOptions]);
  const path = given.text('profile') ?? '';
  return withSender(parseJson(await readGiven(path), path), given);
}

/** An option that has no effect is refused: a caller who gives `--pin` relies on it. */
function refuseBeside(given: Given, source: string, options: readonly string[]): void {
  const beside = options.find((name) => given.has(name));
  if (beside !== undefined)
    throw new UsageError(`--${beside} has no effect with --${source}: set it there, or describe the server by options`);
}

/** Options of a login are refused if there is no login. */
function refuseWithoutLogin(given: Given, hint: string): void {
  const option = loginOptions.find((name) => given.has(name));
  if (option !== undefined) throw new UsageError(`--${option} has no effect: ${hint}`);
}

/** UsageError for text that is not JSON; ERR_PROFILE_INVALID with every problem of the profile. */
export function parseJson(bytes: Buffer, name: string): EmailProfile {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8').replace(/^\ufeff/, ''));
  } catch {
    // The message of JSON.parse quotes the text, which may contain a password.
    throw new UsageError(`${showText(name)} is not JSON`);
  }
  return parseProfile(json);
}

async function fromUrl(given: Given): Promise<EmailProfile> {
  const name = given.text('url-env');
  const url = name === undefined ? given.text('url') : process.env[name];
  if (url === undefined || url === '')
    throw new UsageError(`the environment variable ${showText(name ?? '')} is not set`);
  const isPublic = name === undefined;
  if (isPublic && /^[a-z]+:\/\/[^/?#]*:[^/?#@]*@/i.test(url)) throw publicPassword();
  const [, scheme = '', user, rest = ''] = /^([a-z]+:\/\/)([^/?#@:]+)(@.*)$/is.exec(url) ?? [];
  const email = given.text('from');
  const sender = email === undefined || /[?&]sender\./.test(url) ? {} : { sender: { email } };
  // profileFromUrl wants a password, and the real one is not known yet.
  const profile = withSender(profileFromUrl(user === undefined ? url : `${scheme}${user}:-${rest}`, sender), given);
  if (isPublic && hasPassword(profile.proxy)) throw publicPassword();
  const username = given.text('user') ?? (user === undefined ? undefined : decodeURIComponent(user));
  if (given.has('user') || (username !== undefined && given.has('auth')))
    return { ...profile, authentication: await login(given, username ?? '') };
  const { authentication } = profile;
  if (username === undefined || authentication === undefined) {
    refuseWithoutLogin(given, authentication === undefined ? 'give --user too' : 'the URL has a password');
    return profile;
  }
  const password = await passwordOf(given, `Password of ${showText(username, 100)}`);
  const field = 'token' in authentication ? 'token' : 'password';
  return parseProfile({ ...profile, authentication: { ...authentication, [field]: password } });
}

function publicPassword(): UsageError {
  return new UsageError(
    'a password in --url can be read by other users: put the URL into a variable, and use --url-env',
  );
}

function hasPassword(proxy: EmailProfile['proxy']): boolean {
  if (typeof proxy === 'string') return redactProxyText(proxy, '') !== proxy;
  return proxy !== undefined && 'password' in proxy && proxy.password !== undefined;
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
  if (user === undefined) refuseWithoutLogin(given, 'give --user too');
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
  return from === undefined ? profile : { ...profile, sender: { ...profile.sender, email: from } };
}

/** The host that is tried first, for people. */
export function hostOf({ server }: EmailProfile): string {
  const [first] = isList(server) ? server : [server];
  return first?.host ?? 'the server';
}

function isList(server: EmailProfile['server']): server is readonly OutgoingServer[] {
  return Array.isArray(server);
}
