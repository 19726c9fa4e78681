/**
 * The schema of `authentication`: each method has fields of its own.
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
import { choice, flag, func, list, variant } from '../../schema/combine.js';
import { object, optional, required } from '../../schema/object.js';
import { isPlainObject, join, mayRefer, own, problem, unexpected } from '../../schema/schema.js';
import type { Report, Schema } from '../../schema/schema.js';
import { secret } from '../../schema/secret.js';
import { hostAndPort, path, text } from '../../schema/text.js';

const username = text({ expected: 'a user name' });
const password = secret({ what: 'password' });
const authorizationId = optional(text({ expected: 'an identity to act as' }));
const allowPlaintext = optional(flag);

const byPassword: Schema<PasswordAuthentication> = object<PasswordAuthentication>({
  method: required(choice('password', 'plain', 'scram-sha-1', 'scram-sha-256', 'scram-sha-512')),
  username: required(username),
  password: required(password),
  authorizationId,
  allowPlaintext,
});

const bySimplePassword: Schema<SimplePasswordAuthentication> = object<SimplePasswordAuthentication>({
  method: required(choice('login', 'cram-md5')),
  username: required(username),
  password: required(password),
  allowPlaintext,
});

const byNtlm: Schema<NtlmAuthentication> = object<NtlmAuthentication>({
  method: required(choice('ntlm')),
  username: required(username),
  password: required(password),
  domain: optional(text({ expected: 'a Windows domain' })),
  workstation: optional(text({ expected: 'the name of this machine' })),
  allowPlaintext,
});

const principal = text({
  expected: 'a Kerberos principal, as user@REALM',
  fault: (value) =>
    /[^@]@[^@]+$/.test(value) ? undefined : 'expected a Kerberos principal, as user@REALM, got text without a realm',
});

const servicePrincipal = text({
  expected: 'a service principal, as smtp/mail.example.com',
  fault: (value) =>
    /^[^/]+\/[^/]/.test(value) ? undefined : 'expected a service principal, as smtp/mail.example.com, got other text',
});

const byKerberos: Schema<KerberosAuthentication> = object<KerberosAuthentication>(
  {
    method: required(choice('kerberos')),
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
  { verify: verifyKerberos },
);

function verifyKerberos(
  _value: object,
  given: (key: keyof KerberosAuthentication) => boolean,
  at: string,
  report: Report,
): void {
  if (given('password') && given('keytabFile'))
    problem(report, `${at}.keytabFile`, 'stands beside password: give one of them');
  if ((given('password') || given('keytabFile')) && !given('principal'))
    unexpected(report, `${at}.principal`, principal.expected, undefined);
  // Without credentials of its own the profile would sign in with the tickets of the user of this process.
  if (!given('password') && !given('keytabFile') && !given('credentialCache'))
    mayRefer(report, at, "has no password and so takes this machine's ticket cache");
}

const byToken: Schema<TokenAuthentication> = object<TokenAuthentication>(
  {
    method: required(choice('xoauth2', 'oauthbearer')),
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
    verify(value, given, at, report) {
      if (given('authorizationId') && value.method === 'xoauth2') {
        problem(
          report,
          `${at}.authorizationId`,
          "XOAUTH2 has no such field: the mailbox is username; or take method 'oauthbearer'",
        );
      }
    },
  },
);

const byCertificate: Schema<ExternalAuthentication> = object<ExternalAuthentication>({
  method: required(choice('external')),
  authorizationId,
  allowPlaintext,
});

const byMechanism: Schema<CustomAuthentication> = object<CustomAuthentication>({
  method: required(choice('custom')),
  createMechanism: required(func<CustomAuthentication['createMechanism']>()),
  allowPlaintext,
});

/** The schema of each method; a method without one does not compile. In the order in which an error lists the methods. */
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
const schemas = new Map<unknown, Schema<Authentication>>(Object.entries(byMethod));
const anyMethod = choice(...(Object.keys(byMethod) as Authentication['method'][]));

/** `Authentication`. */
export const authentication: Schema<Authentication> = variant<Authentication>(
  'an object with a method',
  (value, at, report) => {
    if (!isPlainObject(value)) return undefined;
    const named = own(value, 'method');
    const schema = schemas.get(named);
    if (schema === undefined && report !== undefined) anyMethod.check(named, join(at, 'method'), report);
    return schema;
  },
);
