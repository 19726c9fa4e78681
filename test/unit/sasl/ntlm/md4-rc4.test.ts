import { describe, expect, test } from 'vitest';
import { md4 } from '../../../../src/sasl/ntlm/md4.js';
import { rc4 } from '../../../../src/util/crypto/rc4.js';
import { rfc6229 } from './rfc6229.js';

describe('MD4', () => {
  test.each([
    ['', '31d6cfe0d16ae931b73c59d7e0c089c0'],
    ['a', 'bde52cb31de33e46245e05fbdbd6fb24'],
    ['abc', 'a448017aaf21d8525fc10ae87aa6729d'],
    ['message digest', 'd9130a8164549fe818874806e1c7014b'],
    ['abcdefghijklmnopqrstuvwxyz', 'd79e1c308aa5bbcdeea8ed63df412da9'],
    ['ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', '043f8582f241db351ce627e153e7f0e4'],
    [
      '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
      'e33b4ddc9c38f2199c3e7b164fcc0536',
    ],
  ])('of %j is as RFC 1320 section A.5 says', (text, digest) => {
    expect(md4(Buffer.from(text)).toString('hex')).toBe(digest);
  });

  // From `openssl dgst -md4 -provider legacy` over this many bytes "x".
  test.each([
    [55, '92f32bb82c95ad10e8f87ae58ab06807'],
    [56, '374d5f08103b7092c83b4626ebceffab'],
    [63, '2870452596e98fffd48332289b3472b9'],
    [64, 'b1abf956a5ae6f3221e5fe85e300fbb0'],
    [65, 'afc1a3308fc176a53238a09aeddec2e6'],
    [1000, '4b4cacfefc79bf951c60620df38532dc'],
  ])('pads %i bytes', (length, digest) => {
    expect(md4(Buffer.alloc(length, 'x')).toString('hex')).toBe(digest);
  });
});

/**
 * The vectors of MS-NLMP sections 4.2.2 and 4.2.3 belong to NTLMv1, which is not implemented. They are used for MD4 and
 * RC4 only.
 */
describe('the examples of MS-NLMP for NTLMv1', () => {
  const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');
  const randomSessionKey = Buffer.alloc(16, 0x55);

  test('NTOWFv1 (4.2.2.1.2) and the session base key (4.2.2.1.3) by MD4', () => {
    expect(md4(utf16('Password')).toString('hex')).toBe('a4f49c406510bdcab6824ee7c30fd852');
    expect(md4(md4(utf16('Password'))).toString('hex')).toBe('d87262b0cde4b1cb7499becccdf10784');
  });

  test('the encrypted session key (4.2.2.2.3) and the sealed message (4.2.2.4) by RC4', () => {
    expect(rc4(md4(md4(utf16('Password'))), randomSessionKey).toString('hex')).toBe('518822b1b3f350c8958682ecbb3e3cb7');
    expect(rc4(randomSessionKey, utf16('Plaintext')).toString('hex')).toBe('56fe04d861f9319af0d7238a2e3b4d457fb8');
  });
});

describe('RC4', () => {
  test.each(rfc6229)('makes the key stream of RFC 6229 for $key', ({ key, stream }) => {
    const made = rc4(Buffer.from(key, 'hex'), Buffer.alloc(4112));
    const seen = Object.keys(stream).map((offset) => [
      offset,
      made.subarray(Number(offset), Number(offset) + 16).toString('hex'),
    ]);
    expect(Object.fromEntries(seen)).toEqual(stream);
  });
});
