import { describe, expect, test } from 'vitest';
import { keyWraps } from '../../../../src/smime/cms/algorithms.js';
import {
  hkdf,
  peerPublicKey,
  sharedInfo,
  tripleDesKey,
  unwrapKey,
  wrapKey,
  x963Kdf,
} from '../../../../src/smime/cms/key-agreement.js';
import { pkcs1KeyOrRandom } from '../../../../src/smime/decrypt/rsa-decoding.js';
import { bitString, integer, octetString, oid, sequence } from '../../../../src/util/der.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

describe('AES key wrap (RFC 3394 section 4)', () => {
  const kek = '000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F';
  const key = '00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F';
  test.each([
    ['4.1', keyWraps.aes128, 16, 16, '1FA68B0A8112B447 AEF34BD8FB5A7B82 9D3E862371D2CFE5'],
    ['4.2', keyWraps.aes192, 24, 16, '96778B25AE6CA435 F92B5B97C050AED2 468AB8A17AD84E5D'],
    ['4.3', keyWraps.aes256, 32, 16, '64E8C3F9CE0F5BA2 63E9777905818A2A 93C8191E7D6E8AE7'],
    ['4.4', keyWraps.aes192, 24, 24, '031D33264E15D332 68F24EC260743EDC E1C6C7DDEE725A93 6BA814915C6762D2'],
    ['4.5', keyWraps.aes256, 32, 24, 'A8F9BC1612C68B3F F6E6F4FBE30E71E4 769C8B80A32CB895 8CD5D17D6B254DA1'],
    [
      '4.6',
      keyWraps.aes256,
      32,
      32,
      '28C9F404C4B810F4 CBCCB35CFB87F826 3F5786E2D80ED326 CBC7F0E71A99F43B FB988B9B7A02DD21',
    ],
  ] as const)('%s', (_, wrap, kekBytes, keyBytes, wrapped) => {
    const [k, plain] = [hex(kek).subarray(0, kekBytes), hex(key).subarray(0, keyBytes)];
    expect(wrapKey(wrap, k, plain)).toEqual(hex(wrapped));
    expect(unwrapKey(wrap, k, hex(wrapped))).toEqual(plain);
    const broken = hex(wrapped);
    broken[3] = (broken[3] ?? 0) ^ 1;
    expect(() => unwrapKey(wrap, k, broken)).toThrow();
    expect(() => unwrapKey(wrap, k, hex(wrapped).subarray(8, 16))).toThrow();
  });
});

test('3DES key wrap (RFC 3217 section 3.4) unwraps the example', () => {
  const kek = hex('255e0d1c07b646df b3134cc843ba8aa7 1f025b7c0838251f');
  const key = hex('2923bf85e06dd6ae 529149f1f1bae9ea b3a7da3d860d3e98');
  const wrapped = hex('690107618ef092b3 b48ca1796b234ae9 fa33ebb4159604037db5d6a84eb3aac2 768c632775a467d4');
  expect(unwrapKey(keyWraps.tripleDes, kek, wrapped)).toEqual(key);
  expect(unwrapKey(keyWraps.tripleDes, kek, wrapKey(keyWraps.tripleDes, kek, key))).toEqual(key);
});

test('3DES keys have odd parity in every octet', () => {
  for (const octet of tripleDesKey()) expect([...octet.toString(2)].filter((bit) => bit === '1').length % 2).toBe(1);
});

describe('X9.63 KDF (NIST CAVS, ANSI X9.63-2001)', () => {
  test.each([
    ['sha1', '1c7d7b5f0597b03d06a018466ed1a93e30ed4b04dc64ccdd', '', 'bf71dffd8f4d99223936beb46fee8ccc'],
    ['sha256', '96c05619d56c328ab95fe84b18264b08725b85e33fd34f08', '', '443024c3dae66b95e6f5670601558f71'],
    [
      'sha512',
      '00aa5bb79b33e389fa58ceadc047197f14e73712f452caa9fc4c9adb369348b81507392f1a86ddfdb7c4ff8231c4bd0f44e44a1b55b1404747a9e2e753f55ef05a2d',
      'e3b5b4c1b0d5cf1d2b3a2f9937895d31',
      '4463f869f3cc18769b52264b0112b5858f7ad32a5a2d96d8cffabf7fa733633d6e4dd2a599acceb3ea54a6217ce0b50eef4f6b40a5c30250a5a8eeee208002267089dbf351f3f5022aa9638bf1ee419dea9c4ff745a25ac27bda33ca08bd56dd1a59b4106cf2dbbc0ab2aa8e2efa7b17902d34276951ceccab87f9661c3e8816',
    ],
  ] as const)('%s', (digest, secret, info, key) => {
    expect(x963Kdf(digest, hex(secret), hex(info), key.length / 2)).toEqual(hex(key));
  });
});

describe('HKDF with SHA-256 (RFC 5869 appendix A)', () => {
  const range = (from: number, to: number): Buffer =>
    Buffer.from(Array.from({ length: to - from + 1 }, (_, i) => from + i));
  test.each([
    [
      'A.1',
      Buffer.alloc(22, 0x0b),
      range(0, 0x0c),
      range(0xf0, 0xf9),
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    ],
    [
      'A.2',
      range(0, 0x4f),
      range(0x60, 0xaf),
      range(0xb0, 0xff),
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    ],
    [
      'A.3',
      Buffer.alloc(22, 0x0b),
      Buffer.alloc(0),
      Buffer.alloc(0),
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    ],
  ] as const)('%s', (_, secret, salt, info, key) => {
    expect(hkdf('sha256', secret, salt, info, key.length / 2).toString('hex')).toBe(key);
  });
});

test('ECC-CMS-SharedInfo has the wrap algorithm, the keying material and the length in bits (RFC 5753 section 7.2)', () => {
  const wrap = sequence(oid('2.16.840.1.101.3.4.1.45'));
  expect(sharedInfo(wrap, undefined, 32).toString('hex')).toBe(`3015${wrap.toString('hex')}a206040400000100`);
  expect(sharedInfo(wrap, Buffer.of(1, 2), 16).toString('hex')).toBe(
    `301b${wrap.toString('hex')}a00404020102a206040400000080`,
  );
});

test('a curve that is given by its parameters is refused: it could be made to give a private key away', () => {
  const explicit = sequence(integer(1), sequence(oid('1.2.840.10045.1.1'), integer(7)), octetString(Buffer.of(4)));
  const spki = sequence(sequence(oid('1.2.840.10045.2.1'), explicit), bitString(Buffer.of(4, 1, 2)));
  expect(() => peerPublicKey(spki)).toThrow('no name');
});

describe('RSAES-PKCS1-v1_5 with implicit rejection (RFC 3218 section 2.3.2)', () => {
  const key = hex('000102030405060708090a0b0c0d0e0f');
  const block = (head: string, padding: number, separator = 0): Buffer =>
    Buffer.concat([hex(head), Buffer.alloc(padding, 0xaa), Buffer.of(separator), key]);

  test('a right block gives its key', () => {
    expect(pkcs1KeyOrRandom(block('0002', 109), 16)).toEqual(key);
  });

  test('any other gives random octets of the expected length', () => {
    const zeroInPadding = block('0002', 109);
    zeroInPadding[50] = 0;
    const wrong = [
      block('0102', 109),
      block('0001', 109),
      block('0002', 109, 1),
      zeroInPadding,
      undefined,
      Buffer.alloc(3),
    ];
    for (const one of wrong) {
      const first = pkcs1KeyOrRandom(one, 16);
      expect(first).toHaveLength(16);
      expect(first.equals(key)).toBe(false);
      expect(pkcs1KeyOrRandom(one, 16).equals(first)).toBe(false);
    }
    expect(pkcs1KeyOrRandom(block('0002', 7), 16).equals(key)).toBe(false); // PKCS #1 requires at least eight octets of padding
  });
});
