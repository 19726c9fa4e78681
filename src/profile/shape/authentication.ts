/**
 * The schema of `authentication`. Each method has its own fields.
 * @module
 */
import type {
  Authentication,
  CustomAuthentication,
  ExternalAuthentication,
  KerberosAuthentication,
  NtlmAuthentication,
  PasswordAuthentication,
  SimplePasswordAuthentication,
  TokenAuthentication,
} from '../../model/settings/authentication.js';
import { choiceAmong, flag, func, list, variant } from '../../schema/combine.js';
import { object, optional, required, unknownKey } from '../../schema/object.js';
import { isPlainObject, join, mayRefer, own, problem, unexpected } from '../../schema/schema.js';
import type { Report, Schema } from '../../schema/schema.js';
import { secret } from '../../schema/secret.js';
import { hostAndPort, path, text } from '../../schema/text.js';
import { otherWord, plainWord } from '../../schema/suggest.js';
import { otherKeys, otherValues } from './other-words/authentication.js';

const username = text({ expected: 'a user name' });
const password = secret({ what: 'password' });
const authorizationId = optional(text({ expected: 'an identity to act as' }));
const allowPlaintext = optional(flag);

/** One of these methods. */
function method<const M extends readonly Authentication['method'][]>(...methods: M): Schema<M[number]> {
  return choiceAmong(methods, otherValues.method);
}

const others = otherKeys.authentication;

const byPassword: Schema<PasswordAuthentication> = object<PasswordAuthentication>(
  {
    method: required(method('password', 'plain', 'scram-sha-1', 'scram-sha-256', 'scram-sha-512')),
    username: required(username),
    password: required(password),
    authorizationId,
    allowPlaintext,
  },
  { others },
);

const bySimplePassword: Schema<SimplePasswordAuthentication> = object<SimplePasswordAuthentication>(
  {
    method: required(method('login', 'cram-md5')),
    username: required(username),
    password: required(password),
    allowPlaintext,
  },
  { others },
);

const byNtlm: Schema<NtlmAuthentication> = object<NtlmAuthentication>(
  {
    method: required(method('ntlm')),
    username: required(username),
    password: required(password),
    domain: optional(text({ expected: 'a Windows domain' })),
    workstation: optional(text({ expected: 'the name of this machine' })),
    allowPlaintext,
  },
  { others },
);

const principal = text({
  expected: 'a Kerberos principal such as user@REALM',
  fault: (value) =>
    /[^@]@[^@]+$/.test(value)
      ? undefined
      : 'expected a Kerberos principal such as user@REALM, got text without a realm',
});

const servicePrincipal = text({
  expected: 'a service principal such as smtp/mail.example.com',
  fault: (value) =>
    /^[^/]+\/[^/]/.test(value)
      ? undefined
      : 'expected a service principal such as smtp/mail.example.com, got other text',
});

const byKerberos: Schema<KerberosAuthentication> = object<KerberosAuthentication>(
  {
    method: required(method('kerberos')),
    principal: optional(principal),
    password: optional(password),
    keytabFile: optional(path('a keytab file')),
    credentialCache: optional(path('a ticket cache')),
    authorizationId,
    servicePrincipal: optional(servicePrincipal),
    kdc: optional(list(hostAndPort, { max: 100 })),
    krb5ConfFile: optional(path('a Kerberos configuration file')),
    allowPlaintext,
  },
  { others: { ...others, username: 'is called principal here, such as user@REALM' }, verify: verifyKerberos },
);

function verifyKerberos(
  _value: object,
  given: (key: keyof KerberosAuthentication) => boolean,
  at: string,
  report: Report,
): void {
  if (given('password') && given('keytabFile'))
    problem(report, `${at}.keytabFile`, 'cannot be combined with password: set only one of them');
  if ((given('password') || given('keytabFile')) && !given('principal'))
    unexpected(report, `${at}.principal`, principal.expected, undefined);
  // Without credentials, the profile would use the tickets of the user who runs this process.
  if (!given('password') && !given('keytabFile') && !given('credentialCache'))
    mayRefer(report, at, "has no password, so it would use this machine's ticket cache");
}

const byToken: Schema<TokenAuthentication> = object<TokenAuthentication>(
  {
    method: required(method('xoauth2', 'oauthbearer')),
    username: required(username),
    token: optional(
      secret({
        what: 'token',
        fault: (value) =>
          /^[\x21-\x7e]+$/.test(value)
            ? undefined
            : 'expected an access token without "Bearer", got text with a space, a control or a non-ASCII character',
      }),
    ),
    authorizationId,
    allowPlaintext,
  },
  {
    others: { ...others, password: 'is called token here: a mailbox password is not sent by this method' },
    verify(value, given, at, report) {
      if (given('authorizationId') && value.method === 'xoauth2') {
        problem(
          report,
          `${at}.authorizationId`,
          "XOAUTH2 has no such field: the mailbox is username; or use method 'oauthbearer'",
        );
      }
    },
  },
);

const byCertificate: Schema<ExternalAuthentication> = object<ExternalAuthentication>(
  {
    method: required(method('external')),
    authorizationId,
    allowPlaintext,
  },
  { others },
);

const byMechanism: Schema<CustomAuthentication> = object<CustomAuthentication>(
  {
    method: required(method('custom')),
    createMechanism: required(func<CustomAuthentication['createMechanism']>()),
    allowPlaintext,
  },
  { others },
);

/** The schema of each method, in the order in which an error lists them. A method without a schema does not compile. */
const byMethod: Readonly<Record<Authentication['method'], Schema<Authentication>>> = {
  password: byPassword,
  plain: byPassword,
  login: bySimplePassword,
  'cram-md5': bySimplePassword,
  'scram-sha-1': byPassword,
  'scram-sha-256': byPassword,
  'scram-sha-512': byPassword,
  ntlm: byNtlm,
  kerberos: byKerberos,
  xoauth2: byToken,
  oauthbearer: byToken,
  external: byCertificate,
  custom: byMechanism,
};
const methods = Object.keys(byMethod) as Authentication['method'][];
const anyMethod = method(...methods);

type KeyOf<T> = T extends unknown ? keyof T : never;

/** The keys of all methods. */
const keys: Readonly<Record<KeyOf<Authentication>, true>> = {
  method: true,
  username: true,
  password: true,
  authorizationId: true,
  domain: true,
  workstation: true,
  principal: true,
  keytabFile: true,
  credentialCache: true,
  servicePrincipal: true,
  kdc: true,
  krb5ConfFile: true,
  token: true,
  createMechanism: true,
  allowPlaintext: true,
};

/** The method that a word in any spelling means. The schema of that method then reports the correct spelling. */
function methodOf(word: unknown): Authentication['method'] | undefined {
  if (typeof word !== 'string') return undefined;
  const written = plainWord(word);
  const sentence = otherWord(otherValues.method, word);
  return methods.find((name) => plainWord(name) === written || sentence?.includes(`'${name}'`));
}

/** `Authentication`. If the method is missing, keys that belong to no method are reported too. */
export const authentication: Schema<Authentication> = variant<Authentication>(
  'an object with a method',
  (value, at, report) => {
    if (!isPlainObject(value)) return undefined;
    const named = own(value, 'method');
    const meant = methodOf(named);
    if (meant !== undefined) return byMethod[meant];
    if (report === undefined) return undefined;
    const path = join(at, 'method');
    if (named === undefined)
      problem(report, path, `expected ${anyMethod.expected}, got nothing; 'password' is right for most servers`);
    else anyMethod.check(named, path, report);
    for (const key of Object.keys(value))
      if (!Object.hasOwn(keys, key)) unknownKey(key, at, report, { known: Object.keys(keys), others });
    return undefined;
  },
);
