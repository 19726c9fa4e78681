/**
 * Kerberos with MIT's KDC and libraries: Dovecot, Cyrus SASL and Exim accept the tickets and tokens of the project's
 * client.
 * @module
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGssapiMechanism } from '../../src/kerberos/gssapi-mechanism.js';
import { parseCredentialCache } from '../../src/kerberos/credentials/ccache.js';
import { KerberosTickets } from '../../src/kerberos/tickets.js';
import type { KerberosTicketsOptions } from '../../src/kerberos/tickets.js';
import { isEmailError } from '../../src/errors/email-error.js';
import type { KerberosAuthentication } from '../../src/model/settings/authentication.js';
import type { EmailError } from '../../src/model/error.js';
import type { SaslMechanism } from '../../src/model/sasl.js';
import { startKdc } from './kerberos-realm.js';
import type { PrivateKdc } from './kerberos-realm.js';
import { exchangeWithSampleServer } from './sasl-server.js';
import { signIn as signInByMailer } from './sign-in.js';
import { authenticate } from './smtp-script.js';
import { readTestbed } from './testbed.js';

const testbed = readTestbed();
const { realm, krb5Config } = testbed.kerberos;
const principal = `alice@${realm}`;
const password = testbed.users.alice.password;
const servers = [
  ['Postfix with Dovecot', testbed.postfix.authClear],
  ['Postfix with Cyrus SASL', testbed.postfix.authCyrus],
  ['Dovecot submission', testbed.dovecot.submission],
  ['Exim', testbed.exim.submission],
] as const;
const types = [
  [17, 'aes128-cts-hmac-sha1-96'],
  [18, 'aes256-cts-hmac-sha1-96'],
  [19, 'aes128-cts-hmac-sha256-128'],
  [20, 'aes256-cts-hmac-sha384-192'],
] as const;

const mechanismFor = (
  authentication: Omit<KerberosAuthentication, 'method'>,
  options: KerberosTicketsOptions & { readonly host?: string; readonly tickets?: KerberosTickets } = {},
): SaslMechanism =>
  createGssapiMechanism(
    { method: 'kerberos', ...authentication },
    {
      host: options.host ?? 'localhost',
      signal: AbortSignal.timeout(30_000),
      tickets: options.tickets ?? new KerberosTickets(options),
    },
  );
const signIn = async (port: number, mechanism: SaslMechanism): Promise<void> => {
  const { reply, lines } = await authenticate(port, mechanism);
  expect(reply, lines.join('\n')).toMatch(/^235/);
  expect(mechanism.complete).toBe(true);
};
const failure = async (mechanism: SaslMechanism): Promise<EmailError> => {
  const error = await authenticate(testbed.postfix.authClear, mechanism).then(
    ({ lines }) => lines.join('\n'),
    (thrown: unknown) => thrown,
  );
  if (!isEmailError(error)) throw new Error(`no EmailError: ${String(error)}`);
  expect(error.code).toBe('ERR_KERBEROS');
  expect(error.remedy).toMatch(/\.$/);
  expect(JSON.stringify(error) + String(error.stack)).not.toContain(password);
  return error;
};

/** The test bed's realm with keys and session keys of every type. The test bed's servers accept its tickets. */
let copy: PrivateKdc;
/** A realm of another name, with trust to and from the copy. */
let other: PrivateKdc;
beforeAll(async () => {
  [copy, other] = await Promise.all([startKdc(realm, testbed), startKdc('OTHER.TEST')]);
  const keys = types.map(([, name]) => `${name}:normal`).join(',');
  const names = types.map(([, name]) => name).join(' ');
  copy.administer(
    `cpw -e ${keys} -pw ${password} alice`,
    `modprinc +requires_preauth alice`,
    `modprinc -maxrenewlife 7d alice`,
    `modprinc -maxrenewlife 7d krbtgt/${realm}`,
    `addprinc -e ${keys} -pw ${password} +requires_preauth expired`,
    `modprinc -pwexpire yesterday expired`,
    `addprinc -e ${keys} -pw ${password} -allow_tix locked`,
    `addprinc -e ${keys} -pw ${password} +requires_preauth careful`,
    `ktadd -norandkey -k ${join(copy.directory, 'alice.keytab')} alice`,
    ...['smtp/localhost', `krbtgt/${realm}`].map((name) => `setstr ${name}@${realm} session_enctypes "${names}"`),
    `addprinc -pw trust krbtgt/OTHER.TEST@${realm}`,
    `addprinc -pw trust krbtgt/${realm}@OTHER.TEST`,
  );
  other.administer(
    `addprinc -pw ${password} alice`,
    `addprinc -randkey smtp/mail.other.test`,
    `addprinc -pw trust krbtgt/${realm}@OTHER.TEST`,
    `addprinc -pw trust krbtgt/OTHER.TEST@${realm}`,
  );
});
afterAll(() => Promise.all([copy.stop(), other.stop()]));

describe.each(types)('Kerberos with encryption type %i', (type, name) => {
  let conf: string;
  let environment: NodeJS.ProcessEnv;
  const cacheOf = (file: string): string => join(copy.directory, `${file}-${type}.cc`);
  const mit = (command: string, args: readonly string[], input = ''): string =>
    execFileSync(command, args, { env: environment, input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  beforeAll(() => {
    conf = copy.clientConf(`client-${type}.conf`, [
      `default_tkt_enctypes = ${name}`,
      `default_tgs_enctypes = ${name}`,
      `permitted_enctypes = ${name}`,
      'dns_canonicalize_hostname = false',
    ]);
    environment = { ...process.env, KRB5_CONFIG: conf, LANG: 'C' };
    for (const file of ['tgt', 'service']) mit('kinit', ['-c', cacheOf(file), 'alice'], `${password}\n`);
    mit('kvno', ['-c', cacheOf('service'), 'smtp/localhost']);
    expect(mit('klist', ['-e', '-c', cacheOf('service')])).toMatch(
      new RegExp(`smtp/localhost@[^]*Etype \\(skey, tkt\\): ${name}`),
    );
  });

  describe.each(servers)('on %s', (_, port) => {
    it('signs in by password', () => signIn(port, mechanismFor({ principal, password, krb5ConfFile: conf })));
    it('signs in by keytab', () =>
      signIn(port, mechanismFor({ principal, keytabFile: join(copy.directory, 'alice.keytab'), krb5ConfFile: conf })));
    it('signs in by the ticket-granting ticket of kinit', () =>
      signIn(port, mechanismFor({ credentialCache: cacheOf('tgt'), krb5ConfFile: conf })));
    it('signs in by the service ticket of kvno, without a KDC', () =>
      signIn(
        port,
        mechanismFor({ credentialCache: `FILE:${cacheOf('service')}`, kdc: ['127.0.0.1:1'], krb5ConfFile: conf }),
      ));
  });
});

describe('Kerberos with the files of MIT', () => {
  it.each(types)(
    'signs in by a keytab that holds a key of type %i alone, where others are preferred',
    async (type, name) => {
      const keytab = join(copy.directory, `alone-${type}.keytab`);
      // The KDC has the principal's keys of every type, and uses the strongest one that the client requests.
      const who = `alone-${type}@${realm}`;
      const keys = types.map(([, each]) => `${each}:normal`).join(',');
      copy.administer(`addprinc -e ${keys} -pw ${password} +requires_preauth ${who}`);
      copy.run('ktutil', [], `addent -password -p ${who} -k 1 -e ${name}\n${password}\nwkt ${keytab}\n`);
      await new KerberosTickets().present(
        { method: 'kerberos', principal: who, keytabFile: keytab, krb5ConfFile: copy.clientConf('alone.conf') },
        'localhost',
        AbortSignal.timeout(10_000),
      );
    },
  );

  it('signs in by a collection of caches (DIR:), by its primary cache', async () => {
    const folder = join(copy.directory, 'caches');
    mkdirSync(folder, { mode: 0o700 });
    const conf = copy.clientConf('collection.conf', ['dns_canonicalize_hostname = false']);
    const environment = { ...process.env, KRB5_CONFIG: conf, KRB5CCNAME: `DIR:${folder}`, LANG: 'C' };
    const kinit = (name: string): string =>
      execFileSync('kinit', [name], { env: environment, input: `${password}\n`, encoding: 'utf8' });
    copy.administer(`addprinc -pw ${password} second`);
    for (const name of ['alice', 'second']) kinit(name);
    for (const name of ['second', 'alice']) {
      execFileSync('kswitch', ['-p', `${name}@${realm}`], { env: environment });
      const { ticket } = await new KerberosTickets().present(
        { method: 'kerberos', credentialCache: `DIR:${folder}`, krb5ConfFile: conf },
        'localhost',
        AbortSignal.timeout(10_000),
      );
      expect(ticket.client.components).toEqual([name]);
    }
  });
});

describe("Kerberos with the test bed's own KDC", () => {
  it.each(servers)('signs in on %s by password, keytab, and with an authorization id', async (_, port) => {
    const tickets = new KerberosTickets();
    await signIn(port, mechanismFor({ principal, password, krb5ConfFile: krb5Config }, { tickets }));
    await signIn(
      port,
      mechanismFor({ principal, keytabFile: testbed.kerberos.keytabs.alice, krb5ConfFile: krb5Config }, { tickets }),
    );
    await signIn(
      port,
      mechanismFor({ principal, password, krb5ConfFile: krb5Config, authorizationId: 'alice' }, { tickets }),
    );
  });

  it('asks by UDP where krb5.conf prefers it', () =>
    signIn(
      testbed.postfix.authClear,
      mechanismFor({ principal, password, krb5ConfFile: copy.clientConf('udp.conf', ['udp_preference_limit = 1465']) }),
    ));

  it.each([10, -10])('signs in with a clock that is %i minutes off, which it corrects', async (minutes) => {
    const systemTime = (): number => Date.now() + minutes * 60_000;
    for (const [, port] of servers)
      await signIn(port, mechanismFor({ principal, password, krb5ConfFile: krb5Config }, { systemTime }));
  });
});

describe.each(servers)('a profile with Kerberos on %s', (_, port) => {
  const bytesOf = (file: string): string => readFileSync(file).toString('latin1');
  const server = {
    port,
    security:
      port === testbed.postfix.authClear || port === testbed.postfix.authCyrus
        ? ('none' as const)
        : ('explicit' as const),
  };

  it('signs in by password and by keytab, and nothing shows the password or a ticket', async () => {
    for (const proof of [{ password }, { keytabFile: testbed.kerberos.keytabs.alice }]) {
      const { report } = await signInByMailer(
        server,
        { method: 'kerberos', principal, krb5ConfFile: krb5Config, ...proof },
        [password],
      );
      expect(String(report)).toContain('GSSAPI');
      expect([report.ok, report.mechanism]).toEqual([true, 'GSSAPI']);
      // The beginning of an AP-REQ in base64.
      expect(JSON.stringify(report)).not.toMatch(/YII[A-Za-z0-9+/]{40}/);
    }
  });

  it('says that the password is wrong', async () => {
    const { code, message } = await signInByMailer(
      server,
      { method: 'kerberos', principal, krb5ConfFile: krb5Config, password: 'not-the-Secret1' },
      ['not-the-Secret1'],
    );
    expect([code, message]).toEqual([
      'ERR_KERBEROS',
      expect.stringContaining(`the password is wrong for ${principal}`),
    ]);
  });

  it('signs in by a ticket cache, whose session keys are seen nowhere', async () => {
    const cache = join(copy.directory, `mailer-${port}.cc`);
    execFileSync('kinit', ['-c', cache, 'alice'], {
      env: { ...process.env, KRB5_CONFIG: krb5Config },
      input: `${password}\n`,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const keys = parseCredentialCache(Buffer.from(bytesOf(cache), 'latin1')).tickets.map((ticket) =>
      Buffer.from(ticket.key.value).toString('latin1'),
    );
    const { code, message } = await signInByMailer(
      server,
      { method: 'kerberos', credentialCache: cache, krb5ConfFile: krb5Config },
      keys,
    );
    expect([code, message]).toEqual([undefined, '']);
  });
});

describe('Kerberos with a password that has a colon, a quote and letters beyond ASCII', () => {
  it.each(servers)('signs in on %s as carol', async (_, port) => {
    // kadmin's command line cannot quote a quotation mark, so the entry is typed twice.
    const secret = testbed.users.carol.password;
    if (!copy.administer('listprincs').includes('carol@'))
      copy.run('kadmin.local', ['-r', realm, 'addprinc', 'carol'], `${secret}\n${secret}\n`);
    await signIn(
      port,
      mechanismFor({ principal: `carol@${realm}`, password: secret, krb5ConfFile: copy.clientConf('carol.conf') }),
    );
    const error = await failure(
      mechanismFor({
        principal: `carol@${realm}`,
        password: secret.replace('€', 'E'),
        krb5ConfFile: copy.clientConf('carol.conf'),
      }),
    );
    expect(error.message).toContain('the password is wrong for carol@');
  });
});

describe('Kerberos says in its own words', () => {
  it('that the password is wrong', async () => {
    const error = await failure(mechanismFor({ principal, password: 'wrong', krb5ConfFile: krb5Config }));
    expect(error.message).toContain(`the password is wrong for ${principal}: The reply of the KDC of ${realm} (`);
    const demanding = await failure(
      mechanismFor({ principal: `careful@${realm}`, password: 'wrong', krb5ConfFile: copy.clientConf('careful.conf') }),
    );
    expect(demanding.message).toContain(`the password is wrong for careful@${realm} (KDC_ERR_PREAUTH_FAILED 24`);
  });

  it('that the principal is unknown', async () => {
    const error = await failure(
      mechanismFor({ principal: `nobody@${realm}`, password: 'x', krb5ConfFile: krb5Config }),
    );
    expect(error.message).toContain(`it does not know nobody@${realm} (KDC_ERR_C_PRINCIPAL_UNKNOWN 6`);
  });

  it('that the service is unknown', async () => {
    const error = await failure(
      mechanismFor({ principal, password, krb5ConfFile: krb5Config, servicePrincipal: 'smtp/nowhere.example.test' }),
    );
    expect(error.message).toContain(
      `it does not know the service smtp/nowhere.example.test@${realm} (KDC_ERR_S_PRINCIPAL_UNKNOWN 7`,
    );
  });

  it('that the ticket has expired', async () => {
    const cache = join(copy.directory, 'short.cc');
    execFileSync('kinit', ['-l', '1s', '-c', cache, 'alice'], {
      env: { ...process.env, KRB5_CONFIG: krb5Config },
      input: `${password}\n`,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // klist -s succeeds while the ticket is good.
    const env = { ...process.env, KRB5_CONFIG: krb5Config };
    while (spawnSync('klist', ['-s', '-c', cache], { env }).status === 0);
    const error = await failure(mechanismFor({ credentialCache: cache, krb5ConfFile: krb5Config }));
    expect(error.message).toContain(`The ticket of ${principal} in the ticket cache ${cache} expired at 20`);
  });

  it('that the clock is 10 minutes off, where it may not correct it', async () => {
    const conf = copy.clientConf('strict.conf', ['kdc_timesync = 0']);
    const error = await failure(
      mechanismFor({ principal, password, krb5ConfFile: conf }, { systemTime: () => Date.now() + 600_000 }),
    );
    expect(error.message).toMatch(
      /the clock of this machine differs too much \(KRB_AP_ERR_SKEW 37|The clock of this machine differs by (599|600|601) s from that of the KDC/,
    );
  });

  it('that the KDC is down', async () => {
    const error = await failure(
      mechanismFor({ principal, password, krb5ConfFile: krb5Config, kdc: ['127.0.0.1:1', '127.0.0.1:2'] }),
    );
    expect(error.message).toBe(
      `No KDC of the realm ${realm} answered: 127.0.0.1:1 (TCP): ECONNREFUSED; 127.0.0.1:2 (TCP): ECONNREFUSED`,
    );
    expect(error.retryable).toBe(true);
  });

  it('that the password has expired, and that the account is locked', async () => {
    const conf = copy.clientConf('plain.conf');
    expect(
      (await failure(mechanismFor({ principal: `expired@${realm}`, password, krb5ConfFile: conf }))).message,
    ).toContain(`the password of expired@${realm} has expired (KDC_ERR_KEY_EXPIRED 23`);
    expect(
      (await failure(mechanismFor({ principal: `locked@${realm}`, password, krb5ConfFile: conf }))).message,
    ).toContain('is disabled, locked, or outside its hours (KDC_ERR_CLIENT_REVOKED 18');
  });

  it('that no encryption type is common', async () => {
    const conf = copy.clientConf('sha2.conf', ['permitted_enctypes = aes256-sha2']);
    const error = await failure(
      mechanismFor({ principal: `bob@${realm}`, password: testbed.users.bob.password, krb5ConfFile: conf }),
    );
    expect(error.message).toContain('(KDC_ERR_ETYPE_NOSUPP 14');
  });

  it("that a keytab's key is an old one", async () => {
    const keytab = join(copy.directory, 'stale.keytab');
    copy.administer(`addprinc -pw one stale`, `ktadd -norandkey -k ${keytab} stale`, `cpw -pw two stale`);
    const error = await failure(
      mechanismFor({ principal: `stale@${realm}`, keytabFile: keytab, krb5ConfFile: copy.clientConf('stale.conf') }),
    );
    expect(error.message).toContain(`the keytab ${keytab} is wrong for stale@${realm}`);
  });
});

describe('Kerberos across realms', () => {
  const both = (): string =>
    copy.clientConf(
      'both.conf',
      [],
      `  OTHER.TEST = {\n    kdc = 127.0.0.1:${other.port}\n  }\n[domain_realm]\n  .other.test = OTHER.TEST\n`,
    );

  it('gets a ticket of another realm that [domain_realm] names', async () => {
    const presented = await new KerberosTickets().present(
      { method: 'kerberos', principal, password, krb5ConfFile: both() },
      'mail.other.test',
      AbortSignal.timeout(10_000),
    );
    expect([presented.ticket.server.realm, presented.ticket.server.components, presented.ticket.client.realm]).toEqual([
      'OTHER.TEST',
      ['smtp', 'mail.other.test'],
      realm,
    ]);
  });

  it("follows the KDC's referral where nothing names the realm", async () => {
    const referring = await startKdc('REFER.TEST');
    try {
      referring.administer(`addprinc -pw ${password} alice`, `addprinc -pw trust krbtgt/OTHER.TEST@REFER.TEST`);
      other.administer(`addprinc -pw trust krbtgt/OTHER.TEST@REFER.TEST`);
      await referring.restartWith('[domain_realm]\n  .other.test = OTHER.TEST\n');
      const conf = referring.clientConf(
        'referred.conf',
        [],
        `  OTHER.TEST = {\n    kdc = 127.0.0.1:${other.port}\n  }\n`,
      );
      const presented = await new KerberosTickets().present(
        { method: 'kerberos', principal: 'alice@REFER.TEST', password, krb5ConfFile: conf },
        'mail.other.test',
        AbortSignal.timeout(10_000),
      );
      expect([presented.ticket.server.realm, presented.ticket.client.realm]).toEqual(['OTHER.TEST', 'REFER.TEST']);
    } finally {
      await referring.stop();
    }
  });

  it('signs in on a server of another realm than the client', async () => {
    const conf = other.clientConf(
      'from-other.conf',
      [],
      `  ${realm} = {\n    kdc = 127.0.0.1:${copy.port}\n  }\n[domain_realm]\n  localhost = ${realm}\n`,
    );
    await signIn(
      testbed.postfix.authCyrus,
      mechanismFor({ principal: 'alice@OTHER.TEST', password, krb5ConfFile: conf }),
    );
  });
});

describe("Cyrus SASL's sample server", () => {
  let conf: string;
  let environment: NodeJS.ProcessEnv;
  const service = `smtp/${hostname()}`;
  beforeAll(() => {
    const keytab = join(other.directory, 'sample.keytab');
    other.administer(
      'addprinc -e ' +
        'aes256-cts:normal,aes128-cts:normal,aes256-sha2:normal,aes128-sha2:normal,arcfour-hmac:normal ' +
        `-randkey ${service}`,
      `setstr ${service} session_enctypes "aes256-cts aes128-cts aes256-sha2 aes128-sha2 arcfour-hmac"`,
      `addprinc -e arcfour-hmac:normal -pw ${password} old`,
      `ktadd -k ${keytab} ${service}`,
    );
    conf = other.clientConf('sample.conf', [
      'dns_canonicalize_hostname = false',
      'allow_weak_crypto = true',
      'allow_rc4 = true',
    ]);
    environment = { ...other.environment, KRB5_CONFIG: conf, KRB5_KTNAME: `FILE:${keytab}` };
  });
  const alice = (more: Partial<KerberosAuthentication> = {}): SaslMechanism =>
    mechanismFor({
      principal: 'alice@OTHER.TEST',
      password,
      krb5ConfFile: conf,
      servicePrincipal: `${service}@OTHER.TEST`,
      ...more,
    });

  it('accepts a client that wants no security layer', async () => {
    const { accepted, output } = await exchangeWithSampleServer(alice(), [], environment);
    expect(accepted, output).toBe(true);
  });

  it('accepts RC4 where both sides allow it (RFC 4757)', async () => {
    const rc4 = other.clientConf('rc4.conf', ['permitted_enctypes = rc4-hmac']);
    const { accepted, output } = await exchangeWithSampleServer(
      alice({ principal: 'old@OTHER.TEST', krb5ConfFile: rc4 }),
      [],
      environment,
    );
    expect(accepted, output).toBe(true);
  });

  it('is left in words where it insists on a security layer (RFC 4752 section 3.3)', async () => {
    const error = await exchangeWithSampleServer(alice(), ['-b', 'min=1,max=256'], environment).then(
      ({ output }) => output,
      (thrown: unknown) => thrown,
    );
    expect(isEmailError(error) && error.message).toContain('requires a SASL security layer');
  });

  it('does not accept a ticket for another key', async () => {
    const empty = { ...environment, KRB5_KTNAME: `FILE:${join(copy.directory, 'alice.keytab')}` };
    const outcome = await exchangeWithSampleServer(alice(), [], empty).then(
      ({ accepted }) => accepted,
      () => false,
    );
    expect(outcome).toBe(false);
  });
});

describe("MIT's GSS-API with channel bindings", () => {
  const data = Buffer.from('5ca1ab1e'.repeat(8), 'hex');
  const expected = Buffer.concat([Buffer.from('tls-server-end-point:'), data]);
  let conf: string;
  let environment: NodeJS.ProcessEnv;
  beforeAll(() => {
    const keytab = join(other.directory, 'acceptor.keytab');
    other.administer('addprinc -randkey smtp/bound.test', `ktadd -k ${keytab} smtp/bound.test`);
    conf = other.clientConf('bound.conf');
    environment = { ...other.environment, KRB5_KTNAME: `FILE:${keytab}` };
  });

  /** Runs the exchange. Returns the acceptor's outcome. */
  async function accept(applicationData: Buffer): Promise<Record<string, unknown>> {
    const script = new URL('gss-acceptor.py', import.meta.url).pathname;
    const child = spawn('/usr/bin/python3', [script, applicationData.toString('hex')], {
      env: environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const hear = async (): Promise<string> => {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('the acceptor ended');
      return String(value);
    };
    const say = (token: Uint8Array): boolean => child.stdin.write(`${Buffer.from(token).toString('base64')}\n`);
    try {
      const mechanism = mechanismFor({
        principal: 'alice@OTHER.TEST',
        password,
        krb5ConfFile: conf,
        servicePrincipal: 'smtp/bound.test@OTHER.TEST',
      });
      const channelBinding = { type: 'tls-server-end-point', data } as const;
      say((await mechanism.start({ host: 'localhost', port: 25, secure: true, channelBinding })) ?? Buffer.alloc(0));
      for (let line = await hear(); ; line = await hear()) {
        if (line.startsWith('{')) return JSON.parse(line) as Record<string, unknown>;
        say(await mechanism.next(Buffer.from(line, 'base64')));
      }
    } finally {
      child.kill();
    }
  }

  it('finds the context bound to the channel (RFC 5929), and the answer readable', async () => {
    const outcome = await accept(expected);
    expect(outcome).toEqual({
      client: 'alice@OTHER.TEST',
      flags: expect.any(Number),
      encrypted: false,
      answer: '01000000',
    });
    // GSS_C_CHANNEL_BOUND_FLAG, and mutual, replay, sequence and integrity.
    expect(Number(outcome['flags']) & (2048 | 2 | 4 | 8 | 32)).toBe(2048 | 2 | 4 | 8 | 32);
  });

  it('refuses a context that is bound to another channel', async () => {
    const outcome = await accept(Buffer.from('tls-server-end-point:another')).catch((error: unknown) => error);
    expect(isEmailError(outcome) && outcome.message).toContain(
      'The mail server localhost refused the ticket of alice@OTHER.TEST',
    );
  });
});
