import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KerberosTickets } from '../../../src/kerberos/tickets.js';
import type { KerberosTicketsOptions } from '../../../src/kerberos/tickets.js';
import type { KerberosAuthentication } from '../../../src/model/settings/authentication.js';
import { lookUpKdcs } from '../../../src/net/kdc.js';
import { until } from '../../support/clock.js';
import { FakeDns } from '../../support/fake-dns.js';
import { FakeKdc, krbError } from './fake-kdc.js';
import { aliceKdc, context, failureOf, mechanismFor, password, quietConf, Scratch } from './harness.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());
let files = 0;
const confWith = (text: string): string => scratch.write(`conf-${files++}`, text);

let kdc: FakeKdc;
/** A port on which nothing listens. */
let deadPort: number;
beforeEach(async () => {
  kdc = await aliceKdc(true);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  deadPort = (server.address() as AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
});
afterEach(() => kdc.close());

const start = (
  kdcs: readonly string[] | undefined,
  conf: string,
  options: KerberosTicketsOptions = {},
  more: Partial<KerberosAuthentication> = {},
): Promise<unknown> =>
  Promise.resolve(
    mechanismFor(
      { principal: 'alice@FAKE.TEST', password, kdc: kdcs, krb5ConfFile: conf, ...more },
      { tickets: new KerberosTickets({ exchangeTimeoutMs: 10_000, ...options }) },
    ).mechanism.start(context),
  );
const local = (port: number): string => `127.0.0.1:${port}`;
const transports = (): string[] => kdc.seen.map((request) => `${request.transport} ${request.type}`);

describe('a KDC', () => {
  it('is asked by TCP unless krb5.conf says otherwise', async () => {
    await start([local(kdc.port)], confWith(quietConf));
    expect(transports()).toEqual(['tcp 10', 'tcp 10', 'tcp 12']);
  });

  it('is asked by UDP first for what is no longer than udp_preference_limit', async () => {
    await start([local(kdc.port)], confWith(`${quietConf} udp_preference_limit = 400\n`));
    expect(transports()).toEqual(['udp 10', 'udp 10', 'tcp 12']);
  });

  it('is asked by TCP where its answer is too long for UDP (RFC 4120 section 7.2.1)', async () => {
    kdc.script = (request) => (request.transport === 'udp' ? krbError(52) : undefined);
    await start([local(kdc.port)], confWith(`${quietConf} udp_preference_limit = 1465\n`));
    expect(transports().slice(0, 2)).toEqual(['udp 10', 'tcp 10']);
  });

  it('is asked by TCP where it is silent by UDP', async () => {
    kdc.script = (request) => (request.transport === 'udp' ? 'silence' : undefined);
    await start([local(kdc.port)], confWith(`${quietConf} udp_preference_limit = 1465\n`), {
      exchangeTimeoutMs: 10_000,
      udpTimeoutMs: 50,
    });
    expect(transports().filter((text) => text.startsWith('tcp'))).toEqual(['tcp 10', 'tcp 10', 'tcp 12']);
  });

  it('is asked again by UDP after a second, in case a datagram was lost', async () => {
    kdc.script = (_, count) => (count === 1 ? 'silence' : undefined);
    await start([local(kdc.port)], confWith(`${quietConf} udp_preference_limit = 400\n`));
    expect(transports()).toEqual(['udp 10', 'udp 10', 'udp 10', 'tcp 12']);
  });

  it('that is down is passed over', async () => {
    await start([local(deadPort), local(kdc.port)], confWith(quietConf));
    expect(kdc.seen).toHaveLength(3);
  });

  it.each([
    ['closes the connection', 'close'],
    ['sends garbage', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['sends nothing but a length', Buffer.alloc(0)],
    ['cannot work now (KDC_ERR_SVC_UNAVAILABLE)', krbError(29)],
  ] as const)('that %s is passed over, and named where it is alone', async (_, deed) => {
    const bad = await new FakeKdc().listen();
    bad.script = () => deed;
    try {
      await start([local(bad.port), local(kdc.port)], confWith(quietConf));
      expect([bad.seen.length, kdc.seen.length]).toEqual([3, 3]);
      const error = await failureOf(start([local(bad.port)], confWith(quietConf)));
      expect(error.message).toContain(`No KDC of the realm FAKE.TEST answered: `);
      expect(error.message).toContain(local(bad.port));
      expect([error.code, error.retryable, error.remedy]).toEqual([
        'ERR_KERBEROS',
        true,
        expect.stringContaining('authentication.kdc'),
      ]);
    } finally {
      await bad.close();
    }
  });

  it('that is silent has company after a second', async () => {
    const silent = await new FakeKdc().listen();
    silent.script = () => 'silence';
    try {
      kdc.requirePreAuthentication = false;
      await start([local(silent.port), local(kdc.port)], confWith(quietConf), { exchangeTimeoutMs: 30_000 });
    } finally {
      await silent.close();
    }
  });

  it.each([
    ['is silent', 'silence'],
    ['drips a byte at a time', { drip: Buffer.alloc(10_000) }],
  ] as const)('that %s does not hold us beyond the deadline, nor beyond the signal', async (_, deed) => {
    kdc.script = () => deed;
    expect(
      (await failureOf(start([local(kdc.port)], confWith(quietConf), { exchangeTimeoutMs: 200 }))).message,
    ).toContain('within 200 ms');
    const controller = new AbortController();
    kdc.script = () => {
      setImmediate(() => controller.abort());
      return deed;
    };
    const options = { signal: controller.signal, tickets: new KerberosTickets({ exchangeTimeoutMs: 60_000 }) };
    const mechanism = mechanismFor(
      { principal: 'alice@FAKE.TEST', password, kdc: [local(kdc.port)], krb5ConfFile: confWith(quietConf) },
      options,
    ).mechanism;
    expect((await failureOf(Promise.resolve(mechanism.start(context)))).code).toBe('ERR_ABORTED');
  });

  it('that announces too long a reply is not listened to', async () => {
    const server = createServer((socket) =>
      socket
        .on('error', () => socket.destroy())
        .resume()
        .write(Buffer.from('7fffffff00', 'hex')),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const error = await failureOf(start([local((server.address() as AddressInfo).port)], confWith(quietConf)));
      expect(error.message).toContain('announces a reply of 2147483647 bytes');
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('may be named with a name, with an IPv6 address, and in krb5.conf', async () => {
    await start(
      undefined,
      confWith(`${quietConf}[realms]\nFAKE.TEST = {\n kdc = 127.0.0.1:${deadPort}\n kdc = localhost:${kdc.port}\n}\n`),
    );
    const error = await failureOf(start([`[::1]:${deadPort}`, '::1'], confWith(quietConf)));
    expect(error.message).toContain(`::1:${deadPort} (TCP)`);
    expect(error.message).toContain('::1:88 (TCP)');
  });
});

describe('DNS', () => {
  let dns: FakeDns;
  beforeEach(async () => {
    dns = await new FakeDns().listen();
  });
  afterEach(() => dns.close());
  const bare = '[libdefaults]\n default_realm = FAKE.TEST\n';

  it('names the KDCs of a realm (RFC 4120 section 7.2.3.2), the best first', async () => {
    dns.srv.set('_kerberos._tcp.fake.test', [
      { priority: 2, weight: 0, port: 3, target: 'c.test' },
      { priority: 1, weight: 0, port: 1, target: 'a.test' },
      { priority: 3, weight: 0, port: 4, target: '.' },
    ]);
    const signal = new AbortController().signal;
    expect(await lookUpKdcs('FAKE.TEST', { signal, timeoutMs: 10_000, dnsServers: [dns.address] })).toEqual([
      { host: 'a.test', port: 1 },
      { host: 'c.test', port: 3 },
    ]);
  });

  it('is asked for _udp where it has no _tcp, and then used', async () => {
    dns.srv.set('_kerberos._udp.fake.test', [{ priority: 0, weight: 0, port: kdc.port, target: 'localhost' }]);
    await start(undefined, confWith(bare), { dnsServers: [dns.address] });
    expect(kdc.seen).toHaveLength(3);
    expect(dns.asked.slice(0, 2)).toEqual(['33 _kerberos._tcp.fake.test', '33 _kerberos._udp.fake.test']);
  });

  it('says so where there is none, and where DNS fails', async () => {
    const none = await failureOf(start(undefined, confWith(bare), { dnsServers: [dns.address] }));
    expect([none.message, none.retryable]).toEqual([
      expect.stringContaining('neither krb5.conf nor DNS (_kerberos._tcp.FAKE.TEST) names one'),
      false,
    ]);
    dns.broken = true;
    const broken = await failureOf(start(undefined, confWith(bare), { dnsServers: [dns.address] }));
    expect([broken.code, broken.message, broken.retryable]).toEqual([
      'ERR_KERBEROS',
      expect.stringContaining('DNS SRV _kerberos._tcp.FAKE.TEST: ESERVFAIL'),
      true,
    ]);
  });

  it('names the realm of a host only where krb5.conf allows it (dns_lookup_realm)', async () => {
    dns.txt.set('_kerberos.fake.test', ['OTHER.TEST']);
    kdc.key('krbtgt/OTHER.TEST');
    await start([local(kdc.port)], confWith(quietConf), { dnsServers: [dns.address] });
    expect(dns.asked).toEqual([]);
    const error = await failureOf(
      start([local(kdc.port)], confWith(`${quietConf} dns_lookup_realm = true\n`), { dnsServers: [dns.address] }),
    );
    expect(dns.asked).toEqual(['16 _kerberos.mail.fake.test', '16 _kerberos.fake.test']);
    expect(kdc.seen.at(-1)?.server.components).toEqual(['krbtgt', 'OTHER.TEST']);
    expect(error.message).toContain('No KDC of the realm OTHER.TEST is known');
  });

  it('is not waited for beyond the deadline or the signal', async () => {
    dns.silent = true;
    const error = await failureOf(
      start(undefined, confWith(bare), { dnsServers: [dns.address], exchangeTimeoutMs: 100 }),
    );
    expect([error.code, error.message]).toEqual([
      'ERR_KERBEROS',
      expect.stringContaining('no answer from DNS SRV _kerberos._tcp.FAKE.TEST within 100 ms'),
    ]);
    const controller = new AbortController();
    const asked = dns.asked.length;
    void until(() => dns.asked.length > asked).then(() => controller.abort());
    const options = { signal: controller.signal, tickets: new KerberosTickets({ dnsServers: [dns.address] }) };
    const mechanism = mechanismFor(
      { principal: 'alice@FAKE.TEST', password, krb5ConfFile: confWith(bare) },
      options,
    ).mechanism;
    expect((await failureOf(Promise.resolve(mechanism.start(context)))).code).toBe('ERR_ABORTED');
  });
});
