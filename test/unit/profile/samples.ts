/**
 * Profiles for tests.
 * @module
 */
import type { EmailProfile } from '../../../src/model/settings/profile.js';

export const minimal = {
  name: 'office',
  sender: { email: 'ann@example.com' },
  server: { host: 'mail.example.com' },
} as const satisfies EmailProfile;

export const fingerprint = 'a1'.repeat(32);

const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const key = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n';

/** Secrets that no output may contain; each occurs in `complete`. */
export const secrets = [
  'pw-auth',
  'pw-p12',
  'pw-key',
  'pw-ldap',
  'pw-proxy',
  'pw-client',
  'pw-access',
  'pw-refresh',
  'MIIE',
  Buffer.from([1, 2, 3, 250]).toString('base64'),
];

/** A profile with nearly every setting and no functions. */
export const complete: EmailProfile = {
  name: 'büro',
  description: 'Two\nlines',
  sender: {
    name: 'Änn Ünder',
    email: 'ann@exämple.com',
    organization: 'Example & Co',
    replyTo: ['Bob <bob@example.com>', { name: 'Carl', email: 'carl@example.com' }],
    readReceiptTo: 'ann@example.com',
    returnReceiptTo: { email: '"a b"@example.com' },
    envelopeFrom: '',
  },
  priority: 'urgent',
  sensitivity: 'company-confidential',
  importance: 'unspecified',
  headers: [
    { name: 'X-Tag', value: 'grün' },
    { name: 'X-Tag', value: '' },
  ],
  server: {
    host: 'mail.exämple.com',
    port: 465,
    security: 'explicit',
    protocol: 'lmtp',
    localName: '[IPv6:2001:db8::1]',
    localAddress: '192.0.2.1',
    maxRecipients: 50,
    ignoreExtensions: ['CHUNKING', 'x-own'],
    timeouts: { connectMs: 0, greetingMs: 1, replyMs: 2, stallMs: 3, acceptanceMs: 2 ** 31 - 1, totalMs: 0 },
    tls: {
      clientCertificate: { data: new Uint8Array([1, 2, 3, 250]), password: 'pw-p12', keyPassword: '', cache: false },
      ca: [pem, { file: '/etc/ca.pem' }, new Uint8Array([48, 130])],
      minVersion: 'TLSv1.3',
      ciphers: 'HIGH:!aNULL',
      pinnedFingerprints: [fingerprint, fingerprint.toUpperCase().replace(/..(?=.)/g, '$&:')],
      serverName: 'mx.example.com',
      dangerouslyAcceptAnyCertificate: false,
      useSystemCa: false,
    },
  },
  authentication: {
    method: 'scram-sha-256',
    username: 'ann',
    password: 'pw-auth',
    authorizationId: 'boss',
    allowPlaintext: false,
  },
  smime: {
    sign: {
      certificate: { data: key + pem, key, keyPassword: { env: 'KEY_PASSWORD' } },
      hashAlgorithm: 'sha512',
      scheme: 'pss',
      includeCertificate: 'chain',
      format: 'opaque',
    },
    encrypt: {
      certificates: [
        { file: '/certs/all.p7b' },
        { directory: '/certs' },
        { store: { type: 'nss', location: 'sql:/nss' }, password: { file: '/run/secrets/nss' } },
        { store: 'user', select: { email: 'bob@example.com' } },
        {
          ldap: 'ldaps://ldap.example.com:1636',
          baseDn: 'o=example',
          bindDn: 'cn=a',
          password: 'pw-ldap',
          filter: '(&(a=b)(mail={address}))',
        },
      ],
      algorithm: 'aes-256-gcm',
      keyTransport: 'oaep',
      onMissingCertificate: 'drop-recipient',
      trustAnchors: [pem],
      encryptToSelf: { file: 'me.p12', keyFile: 'me.key', password: 'pw-p12' },
    },
    headerProtection: 'hide-subject',
  },
  proxy: {
    type: 'http-connect',
    host: 'proxy',
    port: 3128,
    username: 'u',
    password: 'pw-proxy',
    resolve: 'local',
    tls: { minVersion: 'TLSv1.2' },
  },
  oauth2: {
    clientId: 'client',
    clientSecret: 'pw-client',
    authorizationUrl: 'https://login.example.com/authorize?tenant=a',
    tokenUrl: 'https://login.example.com/token',
    issuer: 'https://login.example.com/a',
    deviceAuthorizationUrl: 'http://127.0.0.1:8080/device',
    scope: 'https://mail.example.com/ offline_access',
    authenticationValue: 'Bearer pw-access',
    refreshToken: 'pw-refresh',
    grant: 'jwt-bearer',
    privateKey: { key, keyId: 'k', issuer: 'i', subject: 's', audience: 'a' },
    authorizationParameters: { prompt: 'consent', login_hint: 'ann@example.com' },
    tokenParameters: { resource: 'https://mail.example.com' },
    clientAuthentication: 'basic',
    redirectUri: 'http://localhost/callback',
    hideBrowserResponse: true,
  },
  dkim: [{ domain: 'example.com', selector: 's1.mail', privateKey: 'pw-key', headers: ['From', 'Subject'] }],
};

/** A copy of the minimal profile with some keys replaced. */
export function withKeys(keys: object): Record<string, unknown> {
  return { ...minimal, ...keys };
}

/** A copy of the minimal profile with some of the server's keys replaced. */
export function withServer(keys: object): Record<string, unknown> {
  return withKeys({ server: { ...minimal.server, ...keys } });
}

/** A copy of the minimal profile with some of the sender's keys replaced. */
export function withSender(keys: object): Record<string, unknown> {
  return withKeys({ sender: { ...minimal.sender, ...keys } });
}
