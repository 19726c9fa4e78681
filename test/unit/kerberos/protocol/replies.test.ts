import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MalformedError } from '../../../../src/kerberos/errors.js';
import { applicationOf, readApplication, readSequenceOf } from '../../../../src/kerberos/protocol/asn1.js';
import {
  readChecksum,
  readKdcReply,
  readKdcReplyPart,
  readKeyInfo,
  readKrbError,
  readMethodData,
  readTicket,
} from '../../../../src/kerberos/protocol/replies.js';
import {
  boolean,
  context as field,
  element,
  generalizedTime,
  integer,
  octetString,
  sequence,
  text,
} from '../../../../src/util/der.js';
import type { FakeKdc } from '../fake-kdc.js';
import { krbError } from '../fake-kdc.js';
import { aliceKdc, context, failureOf, mechanismFor, password, quietConf, Scratch } from '../harness.js';

const scratch = new Scratch();
const conf = scratch.write('krb5.conf', quietConf);
afterAll(() => scratch.remove());
let kdc: FakeKdc;
beforeEach(async () => {
  kdc = await aliceKdc();
});
afterEach(() => kdc.close());

const app = (number: number, ...fields: readonly Buffer[]): Buffer => element(0x60 | number, sequence(...fields));
const string = (value: string): Buffer => text(27, value);

describe('ASN.1 of Kerberos', () => {
  it.each([
    ['nothing', Buffer.alloc(0), 'DER ends at byte 0'],
    ['an indefinite length', Buffer.from('7e803000', 'hex'), 'indefinite length at byte 0'],
    ['a length beyond the end', Buffer.from('7e0530', 'hex'), 'runs past byte 3'],
    ['data behind the message', Buffer.concat([app(30), Buffer.of(0)]), 'data follows the message at byte 4'],
    ['another message', app(11), 'message 11 instead of 30'],
    ['a universal tag', sequence(), 'is not the start of a Kerberos message'],
    ['a missing field', app(30, field(0, integer(5)), field(1, integer(30))), 'field 4 is missing|field 6 is missing'],
    ['a field twice', app(30, field(0, integer(5)), field(0, integer(5))), 'field 0 occurs twice'],
    ['two values in a field', app(30, field(0, integer(5), integer(5))), 'that does not contain exactly one element'],
    ['an empty field', app(30, field(0)), 'that does not contain exactly one element'],
    ['a field of another class', app(30, integer(5)), 'a field has tag 0x2'],
    ['another version', app(30, field(0, integer(4)), field(1, integer(30))), 'its version or its type is wrong'],
    ['a boolean where an integer belongs', app(30, field(0, boolean(true))), 'field 0 has tag 0x1 instead of 0x2'],
    ['a long integer', app(30, field(0, integer(2n ** 64n))), 'field 0 is an integer of 9 bytes'],
    ['an empty integer', app(30, field(0, element(2))), 'field 0 is an integer of 0 bytes'],
    ['a string that is no time', krbErrorWith(text(24, '2026')), 'field 4 is not a time'],
    ['a time with a fraction', krbErrorWith(text(24, '20261122111007.5Z')), 'field 4 is not a time'],
  ])('refuses %s', (_, bytes, words) => {
    expect(() => readKrbError(bytes)).toThrow(MalformedError);
    expect(() => readKrbError(bytes)).toThrow(new RegExp(words));
  });

  it('refuses a sequence of more than 1000 elements', () => {
    const entry = sequence(field(1, integer(2)), field(2, octetString(Buffer.alloc(0))));
    expect(readMethodData(sequence(...Array.from({ length: 1000 }, () => entry)))).toHaveLength(1000);
    expect(() => readMethodData(sequence(...Array.from({ length: 1001 }, () => entry)))).toThrow(
      'more than 1000 elements',
    );
  });

  it('reads KRB-ERROR with its optional fields', () => {
    expect(
      readKrbError(krbError(68, { time: 1_700_000_000_000, text: 'why', clientRealm: 'A.TEST', data: Buffer.of(1) })),
    ).toEqual({
      code: 68,
      serverTime: 1_700_000_000_000,
      text: 'why',
      clientRealm: 'A.TEST',
      data: Buffer.of(1),
    });
  });

  it('reads ETYPE-INFO where there is no ETYPE-INFO2 (RFC 4120 section 5.2.7.4)', () => {
    const info = sequence(
      sequence(field(0, integer(23))),
      sequence(field(0, integer(18)), field(1, octetString(Buffer.from('salt')))),
    );
    expect(readKeyInfo([{ type: 11, value: info }])).toEqual([
      { type: 23, salt: undefined, parameters: undefined },
      { type: 18, salt: Buffer.from('salt'), parameters: undefined },
    ]);
    const info2 = sequence(
      sequence(field(0, integer(17)), field(1, string('other')), field(2, octetString(Buffer.of(0, 0, 16, 0)))),
    );
    expect(
      readKeyInfo([
        { type: 11, value: info },
        { type: 19, value: info2 },
      ]),
    ).toEqual([{ type: 17, salt: Buffer.from('other'), parameters: Buffer.of(0, 0, 16, 0) }]);
    expect(readKeyInfo([])).toEqual([]);
  });

  it('takes EncTGSRepPart where EncASRepPart belongs, as clients do (RFC 4120 section 5.4.2)', () => {
    const part = (number: number): Buffer =>
      app(
        number,
        field(0, sequence(field(0, integer(17)), field(1, octetString(Buffer.alloc(16))))),
        field(2, integer(1)),
        field(4, element(3, Buffer.of(0, 0, 0, 0, 0))),
        ...[5, 7].map((at) => field(at, generalizedTime(new Date(0)))),
        field(9, string('R')),
        field(10, sequence(field(0, integer(2)), field(1, sequence(string('krbtgt'), string('R'))))),
      );
    expect(readKdcReplyPart(part(25))).toEqual(readKdcReplyPart(part(26)));
    expect(() => readKdcReplyPart(part(27))).toThrow(MalformedError);
  });
});

/** A KRB-ERROR with another element in place of the server time. */
function krbErrorWith(time: Buffer): Buffer {
  return app(30, field(0, integer(5)), field(1, integer(30)), field(4, time), field(6, integer(1)));
}

describe("a KDC's reply", () => {
  const readers = [
    (bytes: Buffer) => applicationOf(bytes),
    (bytes: Buffer) => readKrbError(bytes),
    (bytes: Buffer) => readKdcReply(bytes, 11),
    (bytes: Buffer) => readTicket(bytes),
    (bytes: Buffer) => readMethodData(bytes),
    (bytes: Buffer) => readChecksum(bytes),
    (bytes: Buffer) => readSequenceOf(bytes),
    (bytes: Buffer) => readApplication(bytes, 11).application(5, 1),
  ];

  it('of random bytes is refused as malformed by every reader, and nothing else is thrown', () => {
    let seed = 4120;
    const next = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) >> 8;
    const tags = [
      0x30, 0x60, 0x61, 0x6b, 0x7e, 0x7b, 0xa0, 0xa1, 0xa5, 0x02, 0x04, 0x1b, 0x18, 0x03, 0x80, 0x84, 0xff, 0x00,
    ];
    let refused = 0;
    for (let round = 0; round < 1500; round++) {
      const bytes = Buffer.from(
        Array.from({ length: next() % 60 }, () => (next() % 2 === 0 ? (tags[next() % tags.length] ?? 0) : next() % 64)),
      );
      for (const reader of readers) {
        try {
          reader(bytes);
        } catch (error) {
          if (!(error instanceof MalformedError))
            throw new Error(`seed 4120, round ${round}, ${bytes.toString('hex')}: ${String(error)}`, { cause: error });
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(9000);
  });

  it('that is cut or changed at any byte ends in a ticket or in ERR_KERBEROS', async () => {
    kdc.requirePreAuthentication = false;
    const refused = { cut: 0, changed: 0 };
    for (let round = 0; round < 60; round++) {
      const kind = round % 2 === 0 ? 'cut' : 'changed';
      kdc.mutate = (reply) => {
        const at = Math.floor((reply.length * round) / 60);
        if (kind === 'cut') return reply.subarray(0, at);
        const changed = Buffer.from(reply);
        changed[at] = (changed[at] ?? 0) ^ 0x21;
        return changed;
      };
      const { mechanism } = mechanismFor({
        principal: 'alice@FAKE.TEST',
        password,
        kdc: [`127.0.0.1:${kdc.port}`],
        krb5ConfFile: conf,
      });
      const outcome = await Promise.resolve(mechanism.start(context)).catch((error: unknown) => error);
      if (outcome instanceof Uint8Array) continue;
      expect((await failureOf(Promise.reject(outcome))).code).toBe('ERR_KERBEROS');
      refused[kind]++;
    }
    // The client cannot check the parts of its ticket that are encrypted for the service.
    expect(refused.cut).toBe(30);
    expect(refused.changed).toBeGreaterThan(15);
  });
});
