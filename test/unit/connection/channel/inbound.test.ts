/**
 * Which bytes from a server count as replies. Tested without a socket.
 * @module
 */
import { describe, expect, test } from 'vitest';
import { type Arrival, Inbound } from '../../../../src/connection/channel/inbound.js';

const seen = (arrival: Arrival | undefined): unknown => (typeof arrival === 'object' ? arrival.code : arrival);

/** The arrivals that these chunks give: the code of each reply, or the name of the fault. */
function arrivals(inbound: Inbound, ...chunks: readonly string[]): unknown[] {
  const found: unknown[] = [];
  for (const chunk of chunks) {
    inbound.push(Buffer.from(chunk));
    for (let arrival = inbound.next(); arrival !== undefined; arrival = inbound.next()) {
      found.push(seen(arrival));
      if (typeof arrival !== 'object') return found;
    }
  }
  return found;
}

/** After the greeting the server owes no reply. */
function greeted(): Inbound {
  const inbound = new Inbound();
  expect(arrivals(inbound, '220 x\r\n')).toEqual([220]);
  return inbound;
}

describe('what arrives', () => {
  test('is believed as far as it is owed', () => {
    const inbound = greeted();
    inbound.promise(2);
    expect(arrivals(inbound, '250 a\r\n250-b\r\n250 b\r\n')).toEqual([250, 250]);
    inbound.promise(1);
    expect(arrivals(inbound, '354 a\r\n250 b\r\n')).toEqual([354, 'early']);
    expect(inbound.early?.code).toBe(250);
  });

  test('is the same by byte', () => {
    const inbound = greeted();
    inbound.promise(2);
    expect(arrivals(inbound, ...'250 a\r\n250-b\r\n250 b\r\n')).toEqual([250, 250]);
    expect(inbound.pending).toBe(0);
  });

  test.each(['4', '55', '421', '550-', '550 no', '421 b', '550\r', '554-a\r\n554'])(
    'may begin a refusal that is not owed: %j',
    (text) => {
      const inbound = greeted();
      expect(arrivals(inbound, text)).toEqual(['early']);
      expect(inbound.early).toBeUndefined();
      expect(inbound.failure).toMatchObject({ code: 'ERR_SMTP_PROTOCOL' });
    },
  );

  test.each(['2', '250', '3', '6', 'x', '\r\n', '4x', '55x', '5502', ' '])(
    'is no reply where none is owed, and %j begins none',
    (text) => {
      const inbound = greeted();
      expect(arrivals(inbound, text)).toEqual(['not-a-reply']);
      expect(inbound.failure.message).toMatch(/without a command|which is not an SMTP reply/);
    },
  );

  test('is no reply where one is owed, and quoted only as long as nothing secret was sent', () => {
    const inbound = greeted();
    inbound.promise(1);
    expect(arrivals(inbound, 'AUTH what?\r\n')).toEqual(['not-a-reply']);
    expect(inbound.failure.message).toContain('AUTH what?');
    for (const text of ['c2VjcmV0\r\n', 'c2Vj']) {
      const other = greeted();
      if (text.endsWith('\n')) other.promise(1);
      other.hide('secret');
      expect(arrivals(other, text)).toEqual(['not-a-reply']);
      expect(other.failure.message).not.toContain('c2Vj');
    }
  });

  test('is shown without its text where it repeats a secret, also one that was added later', () => {
    const inbound = greeted();
    inbound.secrets.add('a secret');
    inbound.promise(2);
    inbound.push(Buffer.from('250 a secret\r\n250 another one\r\n'));
    const replies = [inbound.next(), inbound.next()].flatMap((arrival) =>
      typeof arrival === 'object' ? [arrival] : [],
    );
    inbound.secrets.add('another');
    expect(replies.map((reply) => reply.read().lines)).toEqual([['<hidden>'], ['<hidden>']]);
  });

  test('at the end of the stream is a refusal, owed or not, if only its line end is missing', () => {
    for (const owed of [0, 1]) {
      const inbound = greeted();
      inbound.promise(owed);
      arrivals(inbound, '550 no');
      expect(seen(inbound.end())).toBe(owed === 1 ? 550 : 'early');
      if (owed === 0) expect(inbound.early?.code).toBe(550);
    }
    for (const text of ['550-no', '55', '250 ok', '']) {
      const inbound = greeted();
      inbound.promise(1);
      arrivals(inbound, text);
      expect(inbound.end()).toBeUndefined();
    }
  });
});
