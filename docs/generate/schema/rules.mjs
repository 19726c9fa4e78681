/**
 * Rules between fields, by the name of the type. The generator fails if the schema of a type has such rules and there is
 * no entry here.
 */
import { customFieldName } from './leaves.mjs';

const has = (...required) => ({ required });
const hasNot = (...required) => ({ not: { required } });
const is = (key, ...words) => ({
  properties: { [key]: words.length === 1 ? { const: words[0] } : { enum: words } },
  required: [key],
});

const passwordNeedsName = { dependentRequired: { password: ['username'] } };

export const rules = {
  EmailProfile: [
    {
      if: {
        properties: { authentication: { ...is('method', 'xoauth2', 'oauthbearer'), ...hasNot('token') } },
        required: ['authentication'],
      },
      then: has('oauth2'),
    },
    {
      if: { properties: { authentication: is('method', 'external') }, required: ['authentication'] },
      then: {
        properties: {
          server: {
            properties: { tls: has('clientCertificate'), security: { not: { const: 'none' } } },
            required: ['tls'],
          },
        },
      },
    },
    {
      if: {
        properties: { authentication: { ...is('method', 'kerberos'), ...hasNot('servicePrincipal') } },
        required: ['authentication'],
      },
      then: { properties: { server: { properties: { host: { not: { pattern: '^[0-9.]+$|:' } } } } } },
    },
  ],
  TlsSettings: [{ if: is('dangerouslyAcceptAnyCertificate', true), then: hasNot('pinnedFingerprints') }],
  KerberosAuthentication: [
    hasNot('password', 'keytabFile'),
    { dependentRequired: { password: ['principal'], keytabFile: ['principal'] } },
  ],
  TokenAuthentication: [{ if: is('method', 'xoauth2'), then: hasNot('authorizationId') }],
  CertificateSource: [
    { oneOf: [has('file'), has('data'), has('store')] },
    { dependentRequired: { keyFile: ['file'], key: ['data'], select: ['store'], store: ['select'] } },
  ],
  CertificateSelector: [{ minProperties: 1, maxProperties: 1 }],
  ProxyServerSettings: [
    { properties: { type: { not: { const: 'auto' } } } },
    passwordNeedsName,
    {
      if: is('type', 'socks4', 'socks4a', 'socks5'),
      then: { properties: { tls: { const: false } } },
    },
    { if: is('type', 'socks4', 'socks4a'), then: hasNot('password') },
    { if: is('type', 'socks4'), then: { properties: { resolve: { const: 'local' } } } },
    {
      if: is('type', 'http-connect'),
      then: {
        properties: {
          username: { pattern: '^[^:]*$' },
          password: { if: { type: 'string' }, then: { pattern: '^[^\\u0000-\\u001f\\u007f]*$' } },
        },
      },
    },
    {
      if: is('type', 'socks5'),
      then: {
        properties: { username: { maxLength: 255 }, password: { if: { type: 'string' }, then: { maxLength: 255 } } },
      },
    },
  ],
  AutomaticProxySettings: [passwordNeedsName],
  LdapCertificates: [{ dependentRequired: { password: ['bindDn'], bindDn: ['password'] } }],
  // A signer has no JSON form, and algorithm and publicKey are only allowed together with one.
  DkimSettings: [
    { properties: { headers: { contains: { pattern: '^[Ff][Rr][Oo][Mm]$' } } } },
    { ...has('privateKey'), allOf: [hasNot('algorithm'), hasNot('publicKey')] },
  ],
  HeaderField: [
    {
      properties: {
        name: { minLength: 1, pattern: customFieldName, maxLength: 76 },
        value: { maxLength: 64 * 1024, pattern: '^[^\\u0000-\\u0008\\u000a-\\u001f\\u007f]*$' },
      },
    },
  ],
  LogFileSettings: [
    { dependentRequired: { maxFiles: ['maxBytes'] } },
    { if: has('maxFiles'), then: { properties: { maxBytes: { minimum: 1 } } } },
  ],
  SyslogSettings: [{ if: has('tls'), then: is('protocol', 'tls') }],
  OAuth2Settings: [
    { anyOf: [has('authenticationValue'), has('tokenUrl'), has('issuer')] },
    { if: { ...is('grant', 'jwt-bearer'), ...hasNot('authenticationValue') }, then: has('privateKey') },
    {
      if: { ...is('grant', 'client-credentials'), ...hasNot('authenticationValue') },
      then: { anyOf: [has('clientSecret'), has('privateKey'), has('clientCertificate')] },
    },
    { if: is('clientAuthentication', 'certificate'), then: { ...has('clientCertificate'), ...hasNot('clientSecret') } },
    { if: has('clientCertificate'), then: is('clientAuthentication', 'certificate') },
    { if: is('clientAuthentication', 'basic'), then: has('clientSecret') },
    {
      if: { ...has('privateKey'), not: is('grant', 'jwt-bearer') },
      then: { allOf: [hasNot('clientSecret'), hasNot('clientAuthentication')] },
    },
  ],
};

/** Rules for the names in an object whose keys are free, by the `expected` text of its schema. */
const setByLibrary = [
  'client_id', 'client_secret', 'client_assertion', 'client_assertion_type', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state',
  'code', 'code_challenge', 'code_challenge_method', 'code_verifier', 'grant_type', 'refresh_token', 'device_code', 'assertion', 'request',
  'request_uri',
]; // prettier-ignore
const prototypeKeys = { enum: ['__proto__', 'constructor', 'prototype'] };
export const keyRules = {
  'header fields by name': { not: prototypeKeys, pattern: customFieldName, maxLength: 76 },
  'parameters: an object of names and texts': {
    not: { enum: [...setByLibrary, ...prototypeKeys.enum] },
    pattern: '^[\\w.\\-]{1,100}$',
  },
};
