import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hasKeyWrapCipher, unwrapAesKey, wrapAesKey } from '../../../../src/util/crypto/aes-key-wrap.js';

const kek = '000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F';
const data = '00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F';
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('AES key wrap (RFC 3394)', () => {
  it.each([
    ['4.1', 16, 16, '1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5'],
    ['4.2', 24, 16, '96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D'],
    ['4.3', 32, 16, '64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7'],
    ['4.4', 24, 24, '031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2'],
    ['4.5', 32, 24, 'A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1'],
    ['4.6', 32, 32, '28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21'],
  ])('gives the vector of section %s', (_, kekOctets, keyOctets, wrapped) => {
    const [under, key] = [hex(kek).subarray(0, kekOctets), hex(data).subarray(0, keyOctets)];
    expect(wrapAesKey(under, key).toString('hex').toUpperCase()).toBe(wrapped);
    expect(unwrapAesKey(under, hex(wrapped)).equals(key)).toBe(true);
  });

  it('is the same as the cipher of the runtime, where there is one', () => {
    expect(hasKeyWrapCipher()).toBe(true);
    for (const kekOctets of [16, 24, 32])
      for (const keyOctets of [16, 24, 32, 40, 64, 1_024]) {
        const [under, key] = [randomBytes(kekOctets), randomBytes(keyOctets)];
        const iv = Buffer.alloc(8, 0xa6);
        const cipher = createCipheriv(`id-aes${kekOctets * 8}-wrap`, under, iv);
        const wrapped = Buffer.concat([cipher.update(key), cipher.final()]);
        expect(wrapAesKey(under, key).equals(wrapped)).toBe(true);
        const decipher = createDecipheriv(`id-aes${kekOctets * 8}-wrap`, under, iv);
        expect(unwrapAesKey(under, wrapped).equals(Buffer.concat([decipher.update(wrapped), decipher.final()]))).toBe(
          true,
        );
      }
  });

  it('refuses what was changed in any octet, and other lengths', () => {
    const under = randomBytes(16);
    const wrapped = wrapAesKey(under, randomBytes(32));
    for (let at = 0; at < wrapped.length; at++) {
      const changed = Buffer.from(wrapped);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => unwrapAesKey(under, changed)).toThrow(RangeError);
    }
    for (const length of [0, 8, 16, 25]) expect(() => unwrapAesKey(under, Buffer.alloc(length))).toThrow(RangeError);
    for (const length of [0, 8, 17]) expect(() => wrapAesKey(under, Buffer.alloc(length))).toThrow(RangeError);
  });
});
