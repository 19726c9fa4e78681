import { webcrypto } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decode, loadPkijs } from '../../../src/pki/library.js';

interface Shared {
  pkijs?: { engine?: unknown };
}
const globals = globalThis as unknown as Record<number, Shared | undefined>;

describe('loading PKI.js', () => {
  it("leaves the application's own engine as it was", async () => {
    const own = { name: 'application', crypto: { of: 'the application' } };
    globals[process.pid] = { pkijs: { engine: own } };
    const { pkijs, asn1js } = await loadPkijs();
    expect(globals[process.pid]?.pkijs?.engine).toBe(own);
    expect(pkijs.getEngine()).toBe(own);
    expect(typeof asn1js.fromBER).toBe('function');
  });

  it('leaves an engine alone that was set after the first load', async () => {
    const { pkijs } = await loadPkijs();
    pkijs.setEngine('later', new pkijs.CryptoEngine({ name: 'later', crypto: webcrypto as never }));
    const later = pkijs.getEngine();
    await loadPkijs();
    expect(pkijs.getEngine()).toBe(later);
  });
});

describe('decode', () => {
  it.each([
    ['no bytes', ''],
    ['a cut element', '30050201'],
    ['bytes after the end', '05000000'],
    ['no end of an indefinite length', '30800201'],
  ])('is a RangeError for %s', async (_, hex) => {
    const { asn1js } = await loadPkijs();
    expect(() => decode(asn1js, Buffer.from(hex, 'hex'))).toThrow(RangeError);
  });

  it('keeps to its limits and no narrower ones', async () => {
    const { asn1js } = await loadPkijs();
    const content = Buffer.from('0500'.repeat(20_000), 'hex');
    const bytes = Buffer.concat([Buffer.from('30839c40'.replace('839c40', '83009c40'), 'hex'), content]);
    expect(() => decode(asn1js, bytes, { maxNodes: 10_000 })).toThrow(RangeError);
    expect(decode(asn1js, bytes).idBlock.tagNumber).toBe(16);
    const large = Buffer.alloc(20 << 20);
    large.set([0x04, 0x84, 0x01, 0x3f, 0xff, 0xfa]);
    expect(decode(asn1js, large).idBlock.tagNumber).toBe(4);
  });

  it('leaves alone what looks like BER in an OCTET STRING', async () => {
    const node = decode((await loadPkijs()).asn1js, Buffer.from('04020500', 'hex'));
    expect(node.valueBlock).toHaveProperty('value', []);
  });
});
