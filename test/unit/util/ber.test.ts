import { describe, expect, test } from 'vitest';
import { berChildren, BerError, BerFields, berInteger, berOctets, berOid, readBer } from '../../../src/util/ber.js';
import { octetString, oid, sequence } from '../../../src/util/der.js';
import { cpuTimer } from '../../support/cpu-time.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const refused = (reason: string) =>
  expect.objectContaining({ constructor: BerError, message: expect.stringContaining(reason) as string }) as Error;

describe('the BER reader (X.690 section 8)', () => {
  test('finds the end of indefinite lengths at any depth', () => {
    const outer = readBer(hex('3080 2480 0401aa 2480 0402bbcc 0000 0000 020105 0000 ff'));
    expect(outer.next).toBe(22);
    const fields = new BerFields(outer);
    expect(berOctets(fields.required(0x24))).toEqual(hex('aabbcc'));
    expect(berInteger(fields.required(0x02))).toBe(5);
    expect(fields.any()).toBeUndefined();
  });

  test.each([
    ['', 'ends early'],
    ['30', 'ends early'],
    ['1f8101', 'tag above 30'],
    ['0480 0000', 'indefinite length of a primitive'],
    ['3003 0201', 'runs past'],
    ['3087 01000000000000', 'too long'],
    ['3080 0201', 'runs past'],
    ['3080 020101', 'ends early'],
    ['3080 0001 00', 'end-of-contents octets with content'],
  ])('%s is refused: %s', (bytes, reason) => {
    expect(() => readBer(hex(bytes))).toThrow(refused(reason));
  });

  test('nesting over the limit is refused, however it is written', () => {
    expect(() => readBer(Buffer.alloc(200_000, hex('3080')))).toThrow(refused('too deep'));
    const strings = Buffer.concat([Buffer.alloc(20, hex('2480')), Buffer.alloc(20)]);
    expect(() => berOctets(readBer(strings))).toThrow(refused('too deep'));
  });

  test('counts, types and sizes are checked where they are used', () => {
    const many = sequence(...Array.from({ length: 5 }, () => octetString(Buffer.of(1))));
    expect([...berChildren(readBer(many), 5)]).toHaveLength(5);
    expect(() => [...berChildren(readBer(many), 4)]).toThrow(refused('more than 4'));
    expect(() => [...berChildren(readBer(hex('0400')), 4)]).toThrow(refused('primitive'));
    expect(() => berOid(readBer(hex('0600')))).toThrow(refused('object identifier'));
    expect(() => berInteger(readBer(hex('0201ff')))).toThrow(refused('small integer'));
    expect(() => berOctets(readBer(hex('2403020101')))).toThrow(refused('piece of an octet string'));
    expect(() => new BerFields(readBer(hex('3100')))).toThrow(refused('tag 0x31 instead of 0x30'));
    expect(() => new BerFields(readBer(hex('3000'))).oid()).toThrow(refused('nothing instead of tag 0x06'));
    expect(berOid(readBer(oid('2.16.840.1.101')))).toBe('2.16.840.1.101');
  });

  test('time grows with the bytes, not with the number of pieces: 8 MB in pieces of one octet', () => {
    const piece = hex('0401aa');
    const time = (count: number): number => {
      const source = Buffer.concat([hex('2480'), Buffer.alloc(count * piece.length, piece), hex('0000')]);
      const elapsed = cpuTimer();
      expect(berOctets(readBer(source))).toHaveLength(count);
      return elapsed();
    };
    time(100_000);
    expect(time(2_700_000)).toBeLessThan(3000);
  });
});
