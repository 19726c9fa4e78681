import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { wrap } from '../../../src/kerberos/gss/wrap.js';
import { unwrapRc4, wrapRc4 } from '../../../src/kerberos/gss/wrap-rc4.js';
import { frame } from '../../../src/kerberos/gss/token.js';
import { KerberosTickets } from '../../../src/kerberos/tickets.js';
import type { KerberosAuthentication } from '../../../src/model/settings/authentication.js';
import type { SaslContext, SaslMechanism } from '../../../src/model/sasl.js';
import type { FakeKdc } from './fake-kdc.js';
import { krbError } from './fake-kdc.js';
import { FakeService } from './fake-service.js';
import { aliceKdc, context, failureOf, mechanismFor, password, quietConf, Scratch } from './harness.js';

const scratch = new Scratch();
const conf = scratch.write('krb5.conf', quietConf);
afterAll(() => scratch.remove());

let kdc: FakeKdc;
let tickets: KerberosTickets;
beforeEach(async () => {
  kdc = await aliceKdc();
  tickets = new KerberosTickets();
});
afterEach(() => kdc.close());

const make = (more: Partial<KerberosAuthentication> = {}): SaslMechanism =>
  mechanismFor(
    { principal: 'alice@FAKE.TEST', password, kdc: [`127.0.0.1:${kdc.port}`], krb5ConfFile: conf, ...more },
    { tickets },
  ).mechanism;
const serviceWith = (options: ConstructorParameters<typeof FakeService>[1] = {}): FakeService =>
  new FakeService(kdc.key('smtp/mail.fake.test'), options);
const begin = async (mechanism: SaslMechanism, surroundings: SaslContext = context): Promise<Uint8Array> =>
  (await mechanism.start(surroundings)) ?? Buffer.alloc(0);
/** The message of the ERR_KERBEROS error that this challenge causes. */
const failing = async (mechanism: SaslMechanism, challenge: Uint8Array): Promise<string> => {
  const error = await failureOf((async () => mechanism.next(challenge))());
  expect(error.code).toBe('ERR_KERBEROS');
  expect(mechanism.complete).toBe(false);
  return error.message;
};

describe('AUTH GSSAPI (RFC 4752)', () => {
  it.each([
    [17, false],
    [18, false],
    [19, false],
    [20, false],
    [17, true],
    [18, true],
    [19, true],
    [20, true],
  ])("signs in with a session key of type %i, the acceptor's subkey: %s", async (type, subkey) => {
    kdc.types = [type];
    const mechanism = make();
    const service = serviceWith({ subkey, rotation: 28 });
    const proof = service.accept(await begin(mechanism));
    expect(await mechanism.next(proof)).toHaveLength(0);
    expect(mechanism.complete).toBe(false);
    service.finish(Buffer.from(await mechanism.next(service.offer())));
    expect(mechanism.complete).toBe(true);
    expect([...service.answer]).toEqual([1, 0, 0, 0]);
  });

  it('sends the authorization id', async () => {
    const mechanism = make({ authorizationId: 'jürgen@example.test' });
    const service = serviceWith();
    await mechanism.next(service.accept(await begin(mechanism)));
    service.finish(Buffer.from(await mechanism.next(service.offer())));
    expect(service.answer.subarray(4).toString('utf8')).toBe('jürgen@example.test');
  });

  it('asks for mutual authentication, replay and sequence detection, integrity, and binds to no channel without one', async () => {
    const service = serviceWith();
    service.accept(await begin(make()));
    expect(service.checksum.toString('hex')).toBe(`10000000${'00'.repeat(16)}2e000000`);
  });

  it('binds to the channel by tls-server-end-point (RFC 5929, RFC 4121 section 4.1.1.2)', async () => {
    const data = Buffer.from('0123456789abcdef0123456789abcdef');
    const service = serviceWith();
    service.accept(await begin(make(), { ...context, channelBinding: { type: 'tls-server-end-point', data } }));
    const text = Buffer.concat([Buffer.from('tls-server-end-point:'), data]);
    const bindings = Buffer.concat([Buffer.alloc(16), Buffer.from([text.length, 0, 0, 0]), text]);
    expect(service.checksum.subarray(4, 20)).toEqual(createHash('md5').update(bindings).digest());
    service.accept(await begin(make(), { ...context, channelBinding: { type: 'tls-exporter', data } }));
    expect(service.checksum.subarray(4, 20)).toEqual(Buffer.alloc(16));
  });

  it.each([
    [1, true],
    [7, true],
    [2, false],
    [4, false],
    [6, false],
    [0, false],
  ])('takes the offer of layers %i: %s', async (layers, taken) => {
    const mechanism = make();
    const service = serviceWith({ layers });
    await mechanism.next(service.accept(await begin(mechanism)));
    if (taken) {
      service.finish(Buffer.from(await mechanism.next(service.offer())));
      expect(service.answer[0]).toBe(1);
    } else expect(await failing(mechanism, service.offer())).toContain('requires a SASL security layer');
  });

  it('refuses an offer that has not four bytes, is changed anywhere, is cut, or comes from us', async () => {
    const mechanism = make();
    const service = serviceWith();
    await mechanism.next(service.accept(await begin(mechanism)));
    const offers = [
      service.offer(Buffer.of(1, 0, 0)),
      service.offer(Buffer.of(1, 0, 0, 0, 0)),
      Buffer.alloc(0),
      Buffer.alloc(16),
      Buffer.alloc(70_000),
    ];
    const good = service.offer();
    for (let at = 0; at < good.length; at++) {
      // The checksum does not cover the rotation count (RFC 4121 section 4.2.5), but it covers the rotated data.
      const changed = Buffer.from(good);
      changed[at] = (changed[at] ?? 0) ^ 1;
      offers.push(changed, good.subarray(0, at));
    }
    const key = { type: 18, value: Buffer.alloc(32) };
    offers.push(wrap({ key, acceptorSubkey: false }, 4711, Buffer.of(1, 0, 0, 0)));
    for (const offer of offers) {
      const other = make();
      const peer = serviceWith();
      await other.next(peer.accept(await begin(other)));
      await failing(other, offer);
    }
  });

  it('takes the largest sequence number', async () => {
    const mechanism = make();
    const service = serviceWith({ sequence: 4294967295 });
    await mechanism.next(service.accept(await begin(mechanism)));
    service.finish(Buffer.from(await mechanism.next(service.offer())));
  });

  it.each([
    [
      'has another sequence number than the one that is due',
      { offerAhead: 1 },
      'its sequence number is not the expected one',
    ],
    ['was sent by an initiator', { offerFlags: 0x00 }, 'it was not sent by the server'],
    ['is encrypted', { offerFlags: 0x03 }, 'it is encrypted, but RFC 4752 requires a readable message'],
    ['is under another key than agreed', { offerFlags: 0x05 }, 'it uses another key than the agreed one'],
  ] as const)('refuses an offer that %s, although its checksum is right', async (_, options, words) => {
    const mechanism = make();
    const service = serviceWith(options);
    await mechanism.next(service.accept(await begin(mechanism)));
    expect(await failing(mechanism, service.offer())).toContain(words);
  });

  it.each([
    ['a proof for another request', { wrongTime: true }, 'it answers another request'],
    ['a key of a type that is not permitted', { subkey: true, subkeyType: 23 }, 'krb5.conf does not permit'],
  ] as const)('refuses %s (mutual authentication)', async (_, options, words) => {
    const mechanism = make();
    expect(await failing(mechanism, serviceWith(options).accept(await begin(mechanism)))).toContain(words);
  });

  it('refuses a server that does not know the key of the service, and any changed or cut proof', async () => {
    const proofFor = async (mechanism: SaslMechanism): Promise<Buffer> => serviceWith().accept(await begin(mechanism));
    const length = (await proofFor(make())).length;
    for (let at = 0; at < length; at++) {
      const [one, two] = [make(), make()];
      const changed = await proofFor(one);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      await failing(one, changed);
      await failing(two, (await proofFor(two)).subarray(0, at));
    }
    const wrongKey = make();
    const token = await begin(wrongKey);
    const stranger = new FakeService({ type: 18, value: Buffer.alloc(32, 1) });
    expect(() => stranger.accept(token)).toThrow('does not decrypt');
    expect(await failing(make(), Buffer.alloc(0))).toContain('sent an unexpected challenge');
  });

  it("puts the server's KRB-ERROR in words, and gets a new ticket next time", async () => {
    for (const [code, words] of [
      [37, 'the clock of this machine differs too much'],
      [41, 'the request was changed in transit, or the ticket is for another key'],
      [32, 'the ticket has expired'],
    ] as const) {
      const mechanism = make();
      await begin(mechanism);
      const message = await failing(mechanism, frame(0x0300, krbError(code)));
      expect(message).toContain(`The mail server mail.fake.test refused the ticket of alice@FAKE.TEST: ${words}`);
    }
    expect(kdc.seen.map((request) => request.type)).toEqual([10, 10, 12, 12, 12]);
  });

  it('answers nothing after a failure, nor after the end', async () => {
    const mechanism = make();
    const service = serviceWith();
    const proof = service.accept(await begin(mechanism));
    await failing(mechanism, Buffer.from('junk'));
    expect(await failing(mechanism, proof)).toContain('sent an unexpected challenge');
    const other = make();
    await other.next(service.accept(await begin(other)));
    await other.next(service.offer());
    expect((await failureOf((async () => other.next(service.offer()))())).message).toContain(
      'sent an unexpected challenge',
    );
  });
});

describe('wrap tokens of RC4 (RFC 4757 section 7.3)', () => {
  const key = Buffer.from('0123456789abcdef');
  /** The token that the acceptor would make: the same, except for the direction in the sequence field. */
  it("are readable, and refuse the initiator's own direction, changes and cuts", () => {
    const token = wrapRc4(key, 7, Buffer.of(1, 0, 0, 0));
    expect(token.includes(Buffer.of(1, 0, 0, 0, 1))).toBe(true);
    expect(() => unwrapRc4(key, 7, token)).toThrow('its sequence number is not the expected one');
    for (let at = 0; at < token.length; at++) {
      const changed = Buffer.from(token);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => unwrapRc4(key, 7, changed)).toThrow();
      expect(() => unwrapRc4(key, 7, token.subarray(0, at))).toThrow();
    }
  });
});
