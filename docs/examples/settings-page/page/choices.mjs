/**
 * The choices of the page: values of the profile, and their labels.
 * @module
 */
export const hashes = {
  sha256: 'SHA-256',
  sha384: 'SHA-384',
  sha512: 'SHA-512',
  sha1: 'SHA-1, for old receivers only',
};
export const ciphers = {
  'aes-256-cbc': 'AES-256-CBC',
  'aes-192-cbc': 'AES-192-CBC',
  'aes-128-cbc': 'AES-128-CBC',
  'aes-256-gcm': 'AES-256-GCM',
  'aes-128-gcm': 'AES-128-GCM',
  'des-ede3-cbc': '3DES, for old receivers only',
};
export const priorities = {
  unspecified: 'Unspecified',
  normal: 'Normal',
  urgent: 'Urgent',
  'non-urgent': 'Non_Urgent',
};
export const sensitivities = {
  unspecified: 'Unspecified',
  personal: 'Personal',
  private: 'Private',
  'company-confidential': 'Company_Confidential',
};
export const importances = { unspecified: 'Unspecified', high: 'High', normal: 'Normal', low: 'Low' };
export const methods = {
  password: 'USER_PASSWORD: the strongest that both sides have',
  'cram-md5': 'CRAMMD5',
  ntlm: 'NTLM',
  plain: 'SASLPLAIN',
  kerberos: 'KERBEROS',
  xoauth2: 'XOAUTH2: by the OAUTH2 Authentication tab',
  oauthbearer: 'OAUTHBEARER: by the OAUTH2 Authentication tab',
  login: 'LOGIN',
  'scram-sha-1': 'SCRAM-SHA-1',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
  external: 'EXTERNAL: by the client certificate',
};
export const securities = {
  automatic: 'AUTOMATIC: what the server speaks',
  implicit: 'IMPLICIT: TLS from the first byte',
  explicit: 'EXPLICIT: STARTTLS, or nothing is sent',
  none: 'NONE: no encryption',
};
export const providers = { google: 'Google', microsoft: 'Microsoft 365' };
export const proxies = {
  none: 'None: connect directly',
  'http-connect': 'Tunnel (HTTP CONNECT)',
  socks4: 'SOCKS4',
  socks4a: 'SOCKS4A',
  socks5: 'SOCKS5',
};
export const stores = {
  user: 'Of the signed-in user',
  machine: 'Of this machine',
  directory: 'Directory',
  pkcs12: 'PKCS#12 file',
  jks: 'Java keystore (JKS)',
  nss: 'NSS database',
  windows: 'Windows store',
  keychain: 'macOS keychain',
};
