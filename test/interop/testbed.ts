import { readFileSync } from 'node:fs';

/** A user of the test bed. */
export interface TestbedUser {
  readonly password: string;
  readonly address: string;
  readonly postfixMaildir: string;
  readonly eximMaildir: string;
}
type Ports<K extends string> = Readonly<Record<K, number>>;
interface KeyPairFiles {
  readonly cert: string;
  readonly key: string;
}

/** The file in which testbed.sh describes its servers. */
export interface Testbed {
  readonly state: string;
  readonly host: string;
  readonly domain: string;
  readonly users: Readonly<Record<'alice' | 'bob' | 'carol', TestbedUser>>;
  readonly postfix: Ports<
    | 'plain'
    | 'starttls'
    | 'smallSize'
    | 'bare'
    | 'xclient'
    | 'strict'
    | 'authClear'
    | 'authCyrus'
    | 'submission'
    | 'submissions'
  > & {
    readonly mechanisms: readonly string[];
    readonly mail: string;
    readonly log: string;
    readonly recipients: {
      readonly catchallDomain: string;
      readonly catchallMaildir: string;
      readonly list: string;
      readonly reject550: string;
      readonly defer451: string;
      readonly full552: string;
      readonly gone521: string;
      readonly utf8: readonly string[];
      readonly utf8Maildirs: readonly string[];
      readonly idnDomain: string;
      readonly idnMaildir: string;
    };
  };
  readonly dovecot: Ports<'submission' | 'submissions' | 'lmtp'> & { readonly log: string };
  readonly exim: Ports<'plain' | 'submission' | 'submissions'> & {
    readonly mail: string;
    readonly log: string;
    readonly prdrRejects: string;
  };
  readonly oauth2: Readonly<
    Record<'alice' | 'bob' | 'aliceRs256' | 'aliceExpired' | 'aliceWrongScope' | 'issuer' | 'signingKey', string>
  > & {
    readonly providerPort: number;
  };
  readonly kerberos: {
    readonly realm: string;
    readonly kdc: number;
    readonly krb5Config: string;
    readonly keytabs: Readonly<Record<'alice' | 'bob' | 'smtp', string>>;
    readonly services: readonly string[];
  };
  readonly socks: Ports<'danteAuth5' | 'danteOpen4and5' | 'microsocksAuth5' | 'microsocksOpen5' | 'perlOpen4a'> & {
    readonly user: string;
    readonly password: string;
  };
  readonly httpProxy: Ports<'tinyproxy' | 'squid' | 'tinyproxyOverTls'> & {
    readonly user: string;
    readonly password: string;
  };
  readonly ldap: Ports<'ldap' | 'ldaps'> & {
    readonly base: string;
    readonly people: string;
    readonly private: string;
    readonly adminDn: string;
    readonly adminPassword: string;
    readonly userDn: string;
  };
  readonly tls: Readonly<
    Record<
      | 'expired'
      | 'future'
      | 'wronghost'
      | 'selfsigned'
      | 'intermediate'
      | 'nochain'
      | 'mtls'
      | 'tls10'
      | 'tls12'
      | 'tls13',
      Ports<'implicit' | 'starttls'>
    >
  >;
  readonly pki: {
    readonly dir: string;
    readonly ca: string;
    readonly intermediateCa: string;
    readonly server: KeyPairFiles;
    readonly client: Readonly<Record<'alice' | 'bob' | 'aliceExpired' | 'aliceUntrusted', KeyPairFiles>>;
    readonly smime: { readonly dir: string; readonly p12Password: string };
    readonly nssdb: { readonly dir: string; readonly passwordFile: string; readonly password: string };
  };
}

/** The test bed that testbed.sh described. Fails if it is not running: interop tests never skip. */
export function readTestbed(): Testbed {
  const file = process.env['TESTBED_JSON'];
  if (!file)
    throw new Error('TESTBED_JSON is not set: run npm run test:interop, or testbed.sh up and name its testbed.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Testbed;
}
