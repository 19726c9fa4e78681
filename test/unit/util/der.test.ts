import { describe, expect, it } from 'vitest';
import { contentOf, oid, oidText, readElement } from '../../../src/util/der.js';

describe('an object identifier', () => {
  it.each([
    '1.2.840.113549.1.1.1',
    '2.25.329800735698586629295641978511506172918',
    '0.9.2342.19200300.100.1.25',
    '2.999.3',
  ])('comes back: %s', (dotted) => {
    const der = oid(dotted);
    expect(oidText(contentOf(der, readElement(der, 0)))).toBe(dotted);
  });

  // Its decimal text takes time quadratic in its octets. A certificate from a stranger could contain one that takes
  // minutes.
  it('of half a million octets is refused', () => {
    expect(() => oidText(Buffer.alloc(500_000, 0xff))).toThrow(RangeError);
  });
});
