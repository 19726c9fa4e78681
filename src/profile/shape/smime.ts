/**
 * The schema of S/MIME settings.
 * @module
 */
import type { CertificateStoreReference } from '../../model/certificate.js';
import type { Secret } from '../../model/settings/secret.js';
import type {
  LdapCertificates,
  RecipientCertificates,
  SmimeEncryptSettings,
  SmimeSettings,
  SmimeSignSettings,
} from '../../model/settings/smime.js';
import { choice, choiceAmong, func, list, oneOrMany, plain, variant } from '../../schema/combine.js';
import { object, optional, required } from '../../schema/object.js';
import type { Fields } from '../../schema/object.js';
import { isPlainObject, mayRefer, problem, unexpected } from '../../schema/schema.js';
import type { Schema } from '../../schema/schema.js';
import { secret } from '../../schema/secret.js';
import { hostFault, path, splitHostPort, text } from '../../schema/text.js';
import { certificateData, certificateSource, filePassword, storeReference } from './certificate.js';
import { otherKeys, otherValues } from './other-words/certificate.js';
import { tlsSettings } from './server.js';

const ldapExpected = 'ldap://host[:port] or ldaps://host[:port]';

const ldapText = text({
  expected: ldapExpected,
  fault(value) {
    const authority = /^ldaps?:\/\/([^/?#@\\]+)\/?$/i.exec(value)?.[1];
    const parts = authority === undefined ? undefined : splitHostPort(authority);
    return parts === undefined ? `expected ${ldapExpected}, got other text` : hostFault(parts.host);
  },
});

const ldapUrl: Schema<string> = plain(ldapExpected, (value, at, report) =>
  mayRefer(report, at, 'names a directory server') ? ldapText.check(value, at, report) : undefined,
);

const ldap: Schema<LdapCertificates> = object<LdapCertificates>(
  {
    ldap: required(ldapUrl),
    baseDn: required(text({ expected: 'a distinguished name', min: 0 })),
    bindDn: optional(text({ expected: 'a distinguished name' })),
    password: optional(secret({ what: 'password' })),
    filter: optional(
      text({
        expected: 'an LDAP filter (RFC 4515) with {address}',
        max: 4096,
        fault(value) {
          if (!value.includes('{address}')) return 'expected an LDAP filter with {address} in it, got one without';
          return value.startsWith('(') && value.endsWith(')')
            ? undefined
            : 'expected an LDAP filter in parentheses (RFC 4515), got other text';
        },
      }),
    ),
    tls: optional(tlsSettings),
  },
  {
    others: otherKeys.ldap,
    verify(_value, given, at, report) {
      if (given('password') && !given('bindDn'))
        problem(report, `${at}.password`, 'is only allowed together with bindDn');
      // A name without a password is an unauthenticated bind: the server answers as to an anonymous user (RFC 4513
      // section 5.1.2).
      if (given('bindDn') && !given('password'))
        unexpected(report, `${at}.password`, 'a password together with bindDn', undefined);
    },
  },
);

const directory: Schema<{ directory: string }> = object<{ directory: string }>({
  directory: required(path('a directory of certificates')),
});

const wholeStore: Schema<StoreCertificates> = object<StoreCertificates>({
  store: required(storeReference),
  password: optional(filePassword),
});

interface StoreCertificates {
  readonly store: CertificateStoreReference;
  readonly password?: Secret | undefined;
}

const lookUp = func<Extract<RecipientCertificates, (address: string) => unknown>>();

/** `RecipientCertificates`. */
const recipientCertificates: Schema<RecipientCertificates> = variant<RecipientCertificates>(
  'a certificate source, { store }, { directory }, { ldap, baseDn } or a function',
  (value) => {
    if (typeof value === 'function') return lookUp;
    if (!isPlainObject(value)) return undefined;
    const has = (key: string): boolean => Object.hasOwn(value, key);
    if (has('ldap')) return ldap;
    if (has('directory')) return directory;
    return has('store') && !has('select') ? wholeStore : certificateSource;
  },
);

/** `SmimeSignSettings`. */
export const signSettings: Schema<SmimeSignSettings> = object<SmimeSignSettings>(
  {
    certificate: required(certificateSource),
    hashAlgorithm: optional(choiceAmong(['sha1', 'sha256', 'sha384', 'sha512'], otherValues.hash)),
    scheme: optional(choice('pkcs1', 'pss')),
    includeCertificate: optional(choiceAmong([true, false, 'chain'], otherValues.includeCertificate)),
    format: optional(choiceAmong(['detached', 'opaque'], otherValues.format)),
  },
  { others: otherKeys.sign },
);

const encryptFields: Fields<Omit<SmimeEncryptSettings, 'certificates'>> = {
  algorithm: optional(
    choiceAmong(
      ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'aes-128-gcm', 'aes-256-gcm', 'des-ede3-cbc'],
      otherValues.encryption,
    ),
  ),
  keyTransport: optional(choice('pkcs1', 'oaep')),
  onMissingCertificate: optional(choice('refuse', 'drop-recipient')),
  trustAnchors: optional(list(certificateData)),
  encryptToSelf: optional(certificateSource),
};

/** `SmimeEncryptSettings`. */
export const encryptSettings: Schema<SmimeEncryptSettings> = object<SmimeEncryptSettings>(
  {
    certificates: required(oneOrMany(recipientCertificates)),
    ...encryptFields,
  },
  { others: otherKeys.encrypt },
);

/** The same, without the certificates. */
export const encryptOptions: Schema<Omit<SmimeEncryptSettings, 'certificates'>> =
  object<Omit<SmimeEncryptSettings, 'certificates'>>(encryptFields);

/** `SmimeSettings`. */
export const smimeSettings: Schema<SmimeSettings> = object<SmimeSettings>(
  {
    sign: optional(signSettings),
    encrypt: optional(encryptSettings),
    headerProtection: optional(choice('none', 'protect', 'hide-subject')),
  },
  { others: otherKeys.smime },
);
