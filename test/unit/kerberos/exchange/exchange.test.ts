import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encryptionType } from '../../../../src/kerberos/crypto/encryption-types.js';
import { KerberosTickets } from '../../../../src/kerberos/tickets.js';
import type { KerberosAuthentication } from '../../../../src/model/settings/authentication.js';
import { turns, until } from '../../../support/clock.js';
import { FakeKdc, krbError, requestedTypes } from '../fake-kdc.js';
import { FakeService } from '../fake-service.js';
import { aliceKdc, context, failureOf, mechanismFor, password, quietConf, Scratch } from '../harness.js';

const scratch = new Scratch();
const conf = scratch.write('krb5.conf', quietConf);
afterAll(() => scratch.remove());

let kdc: FakeKdc;
beforeEach(async () => {
  kdc = await aliceKdc();
});
afterEach(() => kdc.close());

const alice = (more: Partial<KerberosAuthentication> = {}): Omit<KerberosAuthentication, 'method'> => ({
  principal: 'alice@FAKE.TEST',
  password,
  kdc: [`127.0.0.1:${kdc.port}`],
  krb5ConfFile: conf,
  ...more,
});
const start = (more: Partial<KerberosAuthentication> = {}, tickets?: KerberosTickets): Promise<unknown> =>
  Promise.resolve(mechanismFor(alice(more), tickets === undefined ? {} : { tickets }).mechanism.start(context));
/** A krb5.conf with additional lines in libdefaults. */
let files = 0;
const confWith = (...lines: readonly string[]): string =>
  scratch.write(`conf-${files++}`, `${quietConf}${lines.map((line) => ` ${line}\n`).join('')}`);
const kinds = (): number[] => kdc.seen.map((request) => request.type);

/** A keytab of alice with keys of these types, in MIT's format 0x502. */
async function keytabWith(...types: readonly number[]): Promise<string> {
  const counted = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(2);
    length.writeUInt16BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const entries = await Promise.all(
    types.map(async (type) => {
      const algorithm = encryptionType(type);
      const value = await algorithm?.stringToKey(
        password,
        Buffer.from('salt of alice'),
        algorithm.defaultIterations ?? 0,
      );
      const body = Buffer.concat([
        Buffer.of(0, 1),
        counted(Buffer.from('FAKE.TEST')),
        counted(Buffer.from('alice')),
        Buffer.of(0, 0, 0, 1, 0, 0, 0, 0, 1, 0, type),
        counted(value ?? Buffer.alloc(0)),
      ]);
      const size = Buffer.alloc(4);
      size.writeUInt32BE(body.length);
      return Buffer.concat([size, body]);
    }),
  );
  return scratch.write(`keytab-${files++}`, Buffer.concat([Buffer.of(5, 2), ...entries]));
}

describe('AS exchange by keytab', () => {
  const byKeytab = async (types: readonly number[], lines: readonly string[] = []) =>
    start({ password: undefined, keytabFile: await keytabWith(...types), krb5ConfFile: confWith(...lines) });

  it.each([
    [[17], [], [17, 18, 20, 19]],
    [[20, 17], [], [17, 20, 18, 19]],
    [[18, 17, 20, 19], [], [18, 17, 20, 19]],
    [[23], ['allow_rc4 = true'], [23, 18, 17, 20, 19]],
    [[17], ['permitted_enctypes = aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192'], [17, 20]],
    [[19], ['default_tkt_enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha256-128'], [19, 18]],
  ])('of types %j asks for them first, then for the others that %j permits', async (types, lines, asked) => {
    kdc.followsRequest = true;
    kdc.types = [18, 17, 20, 19, 23];
    await byKeytab(types, lines);
    expect(requestedTypes(kdc.seen[0]?.bytes ?? Buffer.alloc(0))).toEqual(asked);
  });

  it.each([
    [17, []],
    [19, []],
    [23, ['allow_rc4 = true']],
  ])(
    'of type %i alone gets a ticket where the realm makes tickets and session keys of type 18 alone',
    async (type, lines) => {
      kdc.followsRequest = true;
      kdc.types = [18, 17, 20, 19, 23];
      kdc.sessionTypes = [18];
      await byKeytab([type], lines);
      expect(kinds()).toEqual([10, 10, 12]);
    },
  );

  it.each([true, false])(
    'names the type that the KDC uses and the keytab lacks (pre-authentication: %s)',
    async (proof) => {
      kdc.types = [18];
      kdc.requirePreAuthentication = proof;
      const error = await failureOf(byKeytab([17]));
      expect(error.message).toMatch(
        /has no key of .*aes256-cts-hmac-sha1-96.*, which the KDC of FAKE\.TEST \(127\.0\.0\.1:\d+\) uses/,
      );
      expect(error.remedy).toContain('Export the keytab again, with all keys of alice@FAKE.TEST');
    },
  );

  it('takes the key that it has where the KDC names several', async () => {
    kdc.followsRequest = true;
    kdc.types = [20, 17];
    await byKeytab([17]);
    expect(kinds()).toEqual([10, 10, 12]);
  });

  it('says which types the keytab has where krb5.conf permits none of them', async () => {
    const error = await failureOf(byKeytab([23]));
    expect(error.message).toContain('has no key of a type that krb5.conf permits, only ');
    expect(error.message).toContain('arcfour-hmac');
    expect(error.remedy).toContain('allow_rc4 = true');
    expect(kinds()).toEqual([]);
  });
});

describe('AS exchange', () => {
  it.each([17, 18, 19, 20])('gets tickets by password with encryption type %i', async (type) => {
    kdc.types = [type];
    const { mechanism } = mechanismFor(alice());
    const token = await mechanism.start(context);
    expect(kinds()).toEqual([10, 10, 12]);
    const service = new FakeService(kdc.key('smtp/mail.fake.test'));
    service.accept(token ?? Buffer.alloc(0));
    expect(service.client).toBe('alice');
  });

  it('takes a ticket from a KDC that wants no pre-authentication', async () => {
    kdc.requirePreAuthentication = false;
    await start();
    expect(kinds()).toEqual([10, 12]);
  });

  it("sends the KDC's cookie back (RFC 6113 section 5.2)", async () => {
    kdc.cookie = Buffer.from('a cookie');
    await start();
    expect(kdc.seen[1]?.data.find((pa) => pa.type === 133)?.value.toString()).toBe('a cookie');
  });

  it('makes the key with the iterations that the KDC names, and refuses too few and too many', async () => {
    kdc.iterations = 5000;
    await start();
    for (const iterations of [0, 1, 4095, 1_000_001, 4_294_967_295]) {
      kdc.iterations = iterations;
      const error = await failureOf(start());
      expect([error.code, error.message]).toEqual([
        'ERR_KERBEROS',
        expect.stringContaining(`${iterations} iterations`),
      ]);
    }
  });

  it.each([
    [1, 'has expired'],
    [6, 'does not know alice@FAKE.TEST'],
    [12, 'its policy forbids'],
    [14, 'supports none of the encryption types'],
    [18, 'disabled, locked'],
    [23, 'the password of alice@FAKE.TEST has expired'],
    [24, 'the password is wrong for alice@FAKE.TEST'],
    [37, 'the clock of this machine differs too much'],
    [68, 'is of another realm'],
    [91, 'in several steps'],
    [99, 'gives an unknown reason'],
  ])('puts KRB-ERROR %i in words', async (code, words) => {
    kdc.script = () => krbError(code, { text: 'KDC\u001b[31m says' });
    const error = await failureOf(start());
    expect(error.code).toBe('ERR_KERBEROS');
    expect(error.phase).toBe('authenticate');
    expect(error.message).toContain(words);
    expect(error.message).toContain(` ${code}, "KDC\\x1b[31m says")`);
    expect(error.message).toContain(`The KDC of FAKE.TEST (127.0.0.1:${kdc.port}) refused`);
    expect(error.remedy).toMatch(/\.$/);
    expect(error.retryable).toBe(false);
  });

  it('says that a wrong password is wrong, once, and holds it in no output', async () => {
    const error = await failureOf(start({ password: 'not the right one' }));
    expect(error.message).toContain('the password is wrong for alice@FAKE.TEST (KDC_ERR_PREAUTH_FAILED 24)');
    expect(kinds()).toEqual([10, 10]);
    expect(JSON.stringify(error) + String(error.stack) + String(error.cause)).not.toContain('not the right');
  });

  it('says so where the KDC wants another proof than a key', async () => {
    kdc.script = () => krbError(25, { data: Buffer.from('3000', 'hex') });
    expect((await failureOf(start())).message).toContain('authenticate by a method that is not supported');
  });

  it('corrects its clock by the KDC, once (RFC 4120 section 3.1.3, kdc_timesync)', async () => {
    kdc.aheadMs = 600_000;
    await start();
    expect(kinds()).toEqual([10, 10, 10, 12]);
    kdc.seen.length = 0;
    kdc.script = (request) =>
      request.type === 10 && request.data.some((pa) => pa.type === 2) ? krbError(37) : undefined;
    expect((await failureOf(start())).message).toContain('KRB_AP_ERR_SKEW');
    expect(kinds()).toEqual([10, 10, 10]);
  });

  it('names the clock where it may not be corrected', async () => {
    kdc.aheadMs = -600_000;
    const file = confWith('kdc_timesync = 0');
    expect((await failureOf(start({ krb5ConfFile: file }))).message).toContain(
      'the clock of this machine differs too much (KRB_AP_ERR_SKEW 37)',
    );
    kdc.requirePreAuthentication = false;
    expect((await failureOf(start({ krb5ConfFile: file }))).message).toMatch(
      /The clock of this machine differs by (599|600|601) s/,
    );
  });

  it.each([
    ['nonce', { nonce: true }, 'it answers another request'],
    ['client', { client: true }, 'is for mallory@FAKE.TEST, not for alice@FAKE.TEST'],
    ['service', { server: true }, 'another service'],
    ['checksum of the request', { encPaRep: 'wrong' }, 'the request was changed before it reached'],
    ['missing checksum of the request', { encPaRep: 'absent' }, 'the checksum of the request is missing'],
  ] as const)('refuses a reply with a wrong %s', async (_, spoil, words) => {
    kdc.spoil = spoil;
    expect((await failureOf(start())).message).toContain(words);
    expect(kinds()).toEqual([10, 10]);
  });

  it('takes a client under another name only where krb5.conf lets the KDC change it (canonicalize)', async () => {
    kdc.script = (request) => {
      kdc.spoil = { client: request.type === 10 };
      return undefined;
    };
    expect((await failureOf(start())).remedy).toContain('canonicalize = true');
    const error = await failureOf(start({ krb5ConfFile: confWith('canonicalize = true') }));
    // The ticket itself is still alice's, so the client rejects the KDC's next reply.
    expect(error.message).toContain('its ticket is for another client');
    expect(kdc.seen.at(-1)?.type).toBe(12);
    expect(kdc.seen.at(-2)?.body.flags(0)).toBe(0x10000);
  });

  it('verifies the checksum of the request where the KDC sends one (RFC 6806 section 11)', async () => {
    kdc.spoil = { encPaRep: 'right' };
    await start();
    expect(kinds()).toEqual([10, 10, 12]);
  });

  it('follows a KDC to the realm of an enterprise name, and not in a circle (RFC 6806 section 6)', async () => {
    kdc.script = (request) =>
      request.type === 10
        ? krbError(68, { clientRealm: request.server.realm === 'A.TEST' ? 'B.TEST' : 'A.TEST' })
        : undefined;
    const file = scratch.write(
      'wrong-realm.conf',
      `${quietConf}[realms]\n A.TEST = {\n kdc = 127.0.0.1:${kdc.port}\n }\n B.TEST = {\n kdc = 127.0.0.1:${kdc.port}\n }\n`,
    );
    const error = await failureOf(start({ principal: 'alice\\@example.com@FAKE.TEST', krb5ConfFile: file }));
    expect(error.message).toContain('did not finish within 8 requests');
    expect(kdc.seen.map((request) => request.server.realm).slice(0, 3)).toEqual(['FAKE.TEST', 'A.TEST', 'B.TEST']);
    expect(kdc.seen[0]?.client?.type).toBe(10);
  });

  it('uses no RC4 unless krb5.conf asks for it, and then warns', async () => {
    kdc.types = [23];
    expect((await failureOf(start())).message).toContain('supports none of the encryption types');
    kdc.keys.set('smtp/mail.fake.test', { type: 23, value: Buffer.alloc(16, 3) });
    for (const line of ['allow_rc4 = true', 'allow_weak_crypto = yes', 'permitted_enctypes = aes rc4-hmac']) {
      const { mechanism, warnings } = mechanismFor(alice({ krb5ConfFile: confWith(line) }));
      await mechanism.start(context);
      expect(warnings).toEqual([{ code: 'WARN_KERBEROS_RC4', message: expect.stringContaining('arcfour-hmac (23)') }]);
    }
    const error = await failureOf(start({ krb5ConfFile: confWith('default_tkt_enctypes = rc4-hmac') }));
    expect(error.message).toContain('allows no supported encryption type');
  });

  it('warns of nothing with AES', async () => {
    const { mechanism, warnings } = mechanismFor(alice());
    await mechanism.start(context);
    expect(warnings).toEqual([]);
  });
});

describe('TGS exchange', () => {
  it.each([
    [7, 'does not know the service smtp/mail.fake.test@FAKE.TEST', 'servicePrincipal'],
    [13, 'cannot grant an option', 'kinit'],
    [14, 'supports none of the encryption types', 'permitted_enctypes'],
    [12, 'its policy forbids a ticket for smtp/mail.fake.test', 'administrator'],
  ])('puts KRB-ERROR %i in words', async (code, words, remedy) => {
    kdc.script = (request) => (request.type === 12 ? krbError(code) : undefined);
    const error = await failureOf(start());
    expect(error.message).toContain(words);
    expect(error.remedy).toContain(remedy);
  });

  it.each([
    ['nonce', { nonce: true }],
    ['client', { client: true }],
  ] as const)('refuses a reply with a wrong %s', async (_, spoil) => {
    kdc.script = (request) => {
      if (request.type === 12) kdc.spoil = spoil;
      return undefined;
    };
    expect((await failureOf(start())).code).toBe('ERR_KERBEROS');
  });

  it('corrects its clock once here too', async () => {
    kdc.script = (request) => {
      if (request.type === 12 && kdc.seen.filter(({ type }) => type === 12).length === 1) kdc.aheadMs = 700_000;
      return undefined;
    };
    await start();
    expect(kinds()).toEqual([10, 10, 12, 12]);
  });

  it('keeps its clock where an error that says another time leads to nothing', async () => {
    const tickets = new KerberosTickets();
    const time = Date.UTC(9999, 11, 31);
    kdc.script = (request) => (request.type === 12 ? krbError(37, { time }) : undefined);
    expect((await failureOf(start({}, tickets))).message).toContain('KRB_AP_ERR_SKEW');
    kdc.script = () => undefined;
    kdc.seen.length = 0;
    await start({}, tickets);
    // If the KDC's wrong time were believed, the ticket-granting ticket would count as expired.
    expect(kinds()).toEqual([12]);
    kdc.script = () => krbError(37, { time });
    expect((await failureOf(start({ principal: 'bob@FAKE.TEST' }, tickets))).message).toContain('KRB_AP_ERR_SKEW');
  });

  it('gets a new ticket-granting ticket, once, where the KDC finds the old one worn out', async () => {
    const tickets = new KerberosTickets();
    kdc.key('smtp/other.fake.test');
    await start({}, tickets);
    kdc.seen.length = 0;
    kdc.keys.set('krbtgt/FAKE.TEST', { type: 18, value: Buffer.alloc(32, 9) });
    await start({ servicePrincipal: 'smtp/other.fake.test' }, tickets);
    expect(kinds()).toEqual([12, 10, 10, 12]);
    kdc.script = (request) => (request.type === 12 ? krbError(32) : undefined);
    expect((await failureOf(start({ servicePrincipal: 'smtp/third.fake.test' }, tickets))).message).toContain(
      'KRB_AP_ERR_TKT_EXPIRED 32',
    );
  });
});

describe('realms', () => {
  let other: FakeKdc;
  beforeEach(async () => {
    other = await new FakeKdc('OTHER.TEST').listen();
    const trust = { type: 18, value: Buffer.alloc(32, 5) };
    kdc.keys.set('krbtgt/OTHER.TEST', trust);
    other.keys.set('krbtgt/OTHER.TEST', trust);
    other.key('smtp/mail.other.test');
  });
  afterEach(() => other.close());
  const realms = (more = ''): string =>
    scratch.write(
      `realms-${files++}`,
      `${quietConf}[realms]\n OTHER.TEST = {\n  kdc = 127.0.0.1:${other.port}\n }\n THIRD.TEST = {\n` +
        `  kdc = 127.0.0.1:${kdc.port}\n }\n${more}`,
    );
  const startAt = (host: string, file: string, more: Partial<KerberosAuthentication> = {}): Promise<unknown> =>
    Promise.resolve(mechanismFor(alice({ krb5ConfFile: file, ...more }), { host }).mechanism.start(context));

  it("follows a referral of the client's KDC (RFC 6806 section 8)", async () => {
    kdc.referrals.set('smtp/mail.other.test', 'OTHER.TEST');
    await startAt('mail.other.test', realms());
    expect(kinds()).toEqual([10, 10, 12]);
    expect(other.seen.map((request) => request.server.components.join('/'))).toEqual(['smtp/mail.other.test']);
  });

  it('asks for the other realm where [domain_realm] or the service name says which', async () => {
    await startAt('mail.other.test', realms('[domain_realm]\n .other.test = OTHER.TEST\n'));
    expect(kdc.seen[2]?.server.components).toEqual(['krbtgt', 'OTHER.TEST']);
    await startAt('10.1.2.3', realms(), { servicePrincipal: 'smtp/mail.other.test@OTHER.TEST' });
    expect(other.seen).toHaveLength(2);
  });

  it('ends a circle of referrals', async () => {
    kdc.referrals.set('smtp/mail.other.test', 'OTHER.TEST');
    other.keys.set('krbtgt/FAKE.TEST', kdc.key('krbtgt/FAKE.TEST'));
    other.referrals.set('smtp/mail.other.test', 'FAKE.TEST');
    const error = await failureOf(startAt('mail.other.test', realms()));
    expect(error.message).toContain(
      'refer in a circle for smtp/mail.other.test@FAKE.TEST: FAKE.TEST, OTHER.TEST, FAKE.TEST',
    );
    expect(kdc.seen.length + other.seen.length).toBeLessThan(6);
  });

  it('says which realm has no trust', async () => {
    const error = await failureOf(startAt('mail.third.test', realms('[domain_realm]\n .third.test = THIRD.TEST\n')));
    expect(error.message).toContain('does not know the service krbtgt/THIRD.TEST@FAKE.TEST');
  });

  it('refuses a service ticket where a ticket for another realm belongs', async () => {
    kdc.script = (request) => {
      if (request.type === 12) kdc.spoil = { server: true };
      return undefined;
    };
    const error = await failureOf(startAt('mail.other.test', realms('[domain_realm]\n .other.test = OTHER.TEST\n')));
    expect(error.message).toContain('its ticket is for another service');
  });
});

describe('tickets in memory', () => {
  it('are shared by connections, and one exchange serves those that come at once', async () => {
    const tickets = new KerberosTickets();
    await Promise.all(Array.from({ length: 20 }, () => start({}, tickets)));
    await start({}, tickets);
    expect(kinds()).toEqual([10, 10, 12]);
    kdc.key('smtp/second.fake.test');
    await start({ servicePrincipal: 'smtp/second.fake.test' }, tickets);
    expect(kinds()).toEqual([10, 10, 12, 12]);
  });

  it('are not shared with another password, principal or krb5.conf', async () => {
    const tickets = new KerberosTickets();
    await start({}, tickets);
    expect((await failureOf(start({ password: 'another' }, tickets))).message).toContain('the password is wrong');
    expect((await failureOf(start({ principal: 'bob@FAKE.TEST' }, tickets))).message).toContain(
      'does not know bob@FAKE.TEST',
    );
    kdc.seen.length = 0;
    await start({ krb5ConfFile: confWith() }, tickets);
    expect(kinds()).toEqual([10, 10, 12]);
  });

  it('are shared by the same function or variable as password', async () => {
    const tickets = new KerberosTickets();
    let asked = 0;
    const secret = (): string => (asked++, password);
    await start({ password: secret }, tickets);
    await start({ password: secret }, tickets);
    expect([asked, kinds().length]).toEqual([1, 3]);
    await start({ password: () => password }, tickets);
    expect(kinds().length).toBe(6);
  });

  it('are got again before they end', async () => {
    let now = Date.now();
    const tickets = new KerberosTickets({ systemTime: () => now, elapsedTime: () => now });
    const { mechanism } = mechanismFor(alice(), { tickets });
    const service = new FakeService(kdc.key('smtp/mail.fake.test'));
    await mechanism.next(service.accept((await mechanism.start(context)) ?? Buffer.alloc(0)));
    now += 9 * 3_600_000;
    kdc.aheadMs = 9 * 3_600_000;
    await start({}, tickets);
    expect(kinds()).toEqual([10, 10, 12]);
    now += 3_600_000 - 30_000;
    kdc.aheadMs = 10 * 3_600_000 - 30_000;
    await start({}, tickets);
    expect(kinds()).toEqual([10, 10, 12, 10, 10, 12]);
  });

  it('are not presented again where the service did not answer to them for a minute', async () => {
    let now = Date.now();
    const tickets = new KerberosTickets({ systemTime: () => now, elapsedTime: () => now });
    await start({}, tickets);
    now += 30_000;
    await start({}, tickets);
    expect(kinds()).toEqual([10, 10, 12]);
    now += 31_000;
    await start({}, tickets);
    expect(kinds()).toEqual([10, 10, 12, 12]);
  });

  it.each([
    ['ahead', 1],
    ['back', -1],
  ])('are presented for that minute, though the time of the machine is set an hour %s', async (_what, hours) => {
    let elapsed = 0;
    let set = 0;
    const began = Date.now();
    const tickets = new KerberosTickets({ systemTime: () => began + elapsed + set, elapsedTime: () => elapsed });
    await start({}, tickets);
    set = hours * 3_600_000;
    elapsed += 30_000;
    await start({}, tickets);
    expect(kinds()).toEqual([10, 10, 12]);
    elapsed += 31_000;
    await start({}, tickets);
    expect(kinds().slice(0, 4)).toEqual([10, 10, 12, 12]);
  });

  it('survive a caller that gives up while others wait, and leave nothing behind where all do', async () => {
    const tickets = new KerberosTickets();
    kdc.script = (request) => (request.type === 10 && kdc.seen.length === 1 ? 'silence' : undefined);
    const [one, two] = [new AbortController(), new AbortController()];
    const first = failureOf(
      Promise.resolve(mechanismFor(alice(), { tickets, signal: one.signal }).mechanism.start(context)),
    );
    const second = failureOf(
      Promise.resolve(mechanismFor(alice(), { tickets, signal: two.signal }).mechanism.start(context)),
    );
    await until(() => kdc.seen.length > 0);
    one.abort(new Error('enough'));
    expect((await first).code).toBe('ERR_ABORTED');
    two.abort();
    expect((await second).code).toBe('ERR_ABORTED');
    await start({}, tickets);
    expect(kinds()).toEqual([10, 10, 10, 12]);
  });

  it('are given up at any moment: got, or the signal, and nothing else', async () => {
    for (let passed = 0; passed < 40; passed += 2) {
      const controller = new AbortController();
      const waiting = Promise.resolve(mechanismFor(alice(), { signal: controller.signal }).mechanism.start(context));
      void turns(passed).then(() => controller.abort());
      const outcome = await waiting.catch((error: unknown) => error);
      expect(outcome instanceof Uint8Array ? 'ERR_ABORTED' : (outcome as { code?: unknown }).code).toBe('ERR_ABORTED');
    }
  });

  it('are not asked for once the signal is aborted', async () => {
    const error = await failureOf(
      Promise.resolve(mechanismFor(alice(), { signal: AbortSignal.abort() }).mechanism.start(context)),
    );
    expect(error.code).toBe('ERR_ABORTED');
    expect(kdc.seen).toEqual([]);
  });
});

describe('settings', () => {
  it.each([
    [{ principal: undefined }, 'authentication.principal is missing beside authentication.password'],
    [
      { principal: undefined, password: undefined, keytabFile: '/x' },
      'authentication.principal is missing beside authentication.keytabFile',
    ],
    [{ principal: 'a@b@c' }, 'two realms'],
    [{ servicePrincipal: 'smtp/' }, 'authentication.servicePrincipal is not a Kerberos name'],
    [{ kdc: ['https://kdc.example/KdcProxy'] }, 'authentication.kdc is not an address'],
    [{ kdc: ['host:99999'] }, 'authentication.kdc is not an address'],
    [{ kdc: undefined }, 'No KDC of the realm FAKE.TEST is known: krb5.conf names none, and dns_lookup_kdc is off'],
  ])('%j is refused in words', async (more, words) => {
    const error = await failureOf(start(more as Partial<KerberosAuthentication>));
    expect([error.code, error.message]).toEqual(['ERR_KERBEROS', expect.stringContaining(words)]);
  });

  it('whose password cannot be read are ERR_SECRET with the path of the field', async () => {
    const error = await failureOf(start({ password: { env: 'SEALPOST_NO_SUCH_VARIABLE' } }));
    expect([error.code, error.message]).toEqual([
      'ERR_SECRET',
      expect.stringMatching(/authentication\.password.*SEALPOST_NO_SUCH_VARIABLE/),
    ]);
  });

  it('wants a service name where the host is an IP address', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const error = await failureOf(Promise.resolve(mechanismFor(alice(), { host }).mechanism.start(context)));
      expect([error.code, error.remedy]).toEqual([
        'ERR_KERBEROS',
        expect.stringContaining('authentication.servicePrincipal'),
      ]);
    }
  });

  it('takes the host in lower case and without its last dot', async () => {
    await mechanismFor(alice(), { host: 'Mail.FAKE.test.' }).mechanism.start(context);
    expect(kdc.seen.at(-1)?.server.components).toEqual(['smtp', 'mail.fake.test']);
  });
});
