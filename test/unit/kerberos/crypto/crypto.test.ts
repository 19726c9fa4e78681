import { describe, expect, it } from 'vitest';
import { deriveKey } from '../../../../src/kerberos/crypto/aes-sha1.js';
import { kdfHmacSha2 } from '../../../../src/kerberos/crypto/aes-sha2.js';
import { ctsDecrypt, ctsEncrypt } from '../../../../src/kerberos/crypto/cts.js';
import {
  describeType,
  encryptionType,
  parseTypeList,
  typeOfKey,
} from '../../../../src/kerberos/crypto/encryption-types.js';
import { nFold } from '../../../../src/kerberos/crypto/n-fold.js';
import { MalformedError } from '../../../../src/kerberos/errors.js';
import { checksumVectors, derivedKeyVectors, encryptionVectors, stringToKeyVectors } from './vectors-table.js';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');
const type = (id: number): NonNullable<ReturnType<typeof encryptionType>> => {
  const found = encryptionType(id);
  if (found === undefined) throw new Error(`no type ${id}`);
  return found;
};

describe('n-fold', () => {
  it.each([
    ['012345', 64, 'be072631276b1955'],
    ['password', 56, '78a07b6caf85fa'],
    ['Rough Consensus, and Running Code', 64, 'bb6ed30870b7f0e0'],
    ['password', 168, '59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e'],
    ['MASSACHVSETTS INSTITVTE OF TECHNOLOGY', 192, 'db3b0d8f0b061e603282b308a50841229ad798fab9540c1b'],
    ['Q', 168, '518a54a215a8452a518a54a215a8452a518a54a215'],
    ['ba', 168, 'fb25d531ae8974499f52fd92ea9857c4ba24cf297e'],
    ['kerberos', 64, '6b65726265726f73'],
    ['kerberos', 128, '6b65726265726f737b9b5b2b93132b93'],
    ['kerberos', 168, '8372c236344e5f1550cd0747e15d62ca7a5a3bcea4'],
    ['kerberos', 256, '6b65726265726f737b9b5b2b93132b935c9bdcdad95c9899c4cae4dee6d6cae4'],
  ])('folds "%s" to %i bits (RFC 3961 appendix A.1)', (input, bits, output) => {
    expect(nFold(Buffer.from(input), bits / 8).toString('hex')).toBe(output);
  });

  it.each([
    ['basch', '1aab6b42964b98b21f8cde2d2448ba3455d7862c9731643f'],
    ['eichin', '65696368696e4b732b4b1b43da1a5b995a58d2c6d0d2dcca'],
    ['sommerfeld', '2f7a98557c6ee4abadf4e71192dd442bd4ff5325a5def75c'],
  ])('folds "%s" as MIT krb5 does', (input, output) => {
    expect(nFold(Buffer.from(input), 24).toString('hex')).toBe(output);
  });
});

describe('AES with ciphertext stealing', () => {
  const key = hex('636869636b656e207465726979616b69');
  const plain = "I would like the General Gau's Chicken, please, and wonton soup.";
  it.each([
    [17, 'c6353568f2bf8cb4d8a580362da7ff7f97'],
    [31, 'fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5'],
    [32, '39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584'],
    [47, '97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5'],
    [48, '97687268d6ecccc0c07b25e25ecfe5849dad8bbb96c4cdc03bc103e1a194bbd839312523a78662d5be7fcbcc98ebf5a8'],
    [
      64,
      '97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a84807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8',
    ],
  ])('encrypts and decrypts %i bytes (RFC 3962 appendix B)', (length, cipher) => {
    const input = Buffer.from(plain.slice(0, length));
    expect(ctsEncrypt(key, input).toString('hex')).toBe(cipher);
    expect(ctsDecrypt(key, hex(cipher))).toEqual(input);
  });

  it('decrypts what it encrypted, at every length from one block on', () => {
    for (let length = 16; length <= 80; length++) {
      const input = Buffer.from(Array.from({ length }, (_, i) => (i * 7 + length) & 0xff));
      expect(ctsDecrypt(key, ctsEncrypt(key, input))).toEqual(input);
    }
  });

  it('refuses less than a block', () => {
    expect(() => ctsDecrypt(key, Buffer.alloc(15))).toThrow(MalformedError);
  });
});

describe('string-to-key', () => {
  it('has every vector', () => expect(stringToKeyVectors).toHaveLength(16));

  it.each(stringToKeyVectors)(
    'type %i, %s, %s, %i iterations (RFC 3962 appendix B, RFC 8009 appendix A)',
    async (id, password, salt, iterations, key) => {
      expect((await type(id).stringToKey(hex(password).toString('utf8'), hex(salt), iterations)).toString('hex')).toBe(
        key,
      );
    },
  );

  it('makes the NT hash for RC4 (RFC 4757 section 2), without a salt', async () => {
    expect((await type(23).stringToKey('foo', Buffer.from('anything'), 0)).toString('hex')).toBe(
      'ac8e657f83df82beea5d43bdaf7800cc',
    );
  });
});

describe('derived keys', () => {
  it.each(derivedKeyVectors)('type %i from %s with %s', (id, key, constant, derived) => {
    const size = derived.length / 2;
    const hash = id === 19 ? 'sha256' : 'sha384';
    const found = id < 19 ? deriveKey(hex(key), hex(constant)) : kdfHmacSha2(hash, hex(key), hex(constant), size);
    expect(found.toString('hex')).toBe(derived);
  });
});

describe('encryption', () => {
  it.each(encryptionVectors)('type %i decrypts its vector: %s, usage %i', (id, plain, usage, key, cipher) => {
    expect(type(id).decrypt(hex(key), usage, hex(cipher)).toString('hex')).toBe(plain);
  });

  it.each([
    [
      19,
      '',
      '7e5895eaf2672435bad817f545a37148',
      '3705d96080c17728a0e800eab6e0d23c',
      'ef85fb890bb8472f4dab20394dca781dad877eda39d50c870c0d5a0a8e48c718',
    ],
    [
      19,
      '000102030405',
      '7bca285e2fd4130fb55b1a5c83bc5b24',
      '3705d96080c17728a0e800eab6e0d23c',
      '84d7f30754ed987bab0bf3506beb09cfb55402cef7e6877ce99e247e52d16ed4421dfdf8976c',
    ],
    [
      19,
      '000102030405060708090a0b0c0d0e0f',
      '56ab21713ff62c0a1457200f6fa9948f',
      '3705d96080c17728a0e800eab6e0d23c',
      '3517d640f50ddc8ad3628722b3569d2ae07493fa8263254080ea65c1008e8fc295fb4852e7d83e1e7c48c37eebe6b0d3',
    ],
    [
      19,
      '000102030405060708090a0b0c0d0e0f1011121314',
      'a7a4e29a4728ce10664fb64e49ad3fac',
      '3705d96080c17728a0e800eab6e0d23c',
      '720f73b18d9859cd6ccb4346115cd336c70f58edc0c4437c5573544c31c813bce1e6d072c186b39a413c2f92ca9b8334a287ffcbfc',
    ],
    [
      20,
      '',
      'f764e9fa15c276478b2c7d0c4e5f58e4',
      '6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52',
      '41f53fa5bfe7026d91faf9be959195a058707273a96a40f0a01960621ac612748b9bbfbe7eb4ce3c',
    ],
    [
      20,
      '000102030405',
      'b80d3251c1f6471494256ffe712d0b9a',
      '6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52',
      '4ed7b37c2bcac8f74f23c1cf07e62bc7b75fb3f637b9f559c7f664f69eab7b6092237526ea0d1f61cb20d69d10f2',
    ],
    [
      20,
      '000102030405060708090a0b0c0d0e0f',
      '53bf8a0d105265d4e276428624ce5e63',
      '6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52',
      'bc47ffec7998eb91e8115cf8d19dac4bbbe2e163e87dd37f49beca92027764f68cf51f14d798c2273f35df574d1f932e40c4ff255b36a266',
    ],
    [
      20,
      '000102030405060708090a0b0c0d0e0f1011121314',
      '763e65367e864f02f55153c7e3b58af1',
      '6d404d37faf79f9df0d33568d320669800eb4836472ea8a026d16b7182460c52',
      '40013e2df58e8751957d2878bcd2d6fe101ccfd556cb1eae79db3c3ee86429f2b2a602ac86fef6ecb647d6295fae077a1feb517508d2c16b4192e01f62',
    ],
  ])('type %i encrypts %s with the RFC 8009 confounder', (id, plain, confounder, key, cipher) => {
    expect(type(id).encrypt(hex(key), 2, hex(plain), hex(confounder)).toString('hex')).toBe(cipher);
  });

  describe.each([17, 18, 19, 20, 23])('type %i', (id) => {
    const algorithm = type(id);
    const key = Buffer.alloc(algorithm.keyBytes, 7);
    it('encrypts the same text differently each time, and decrypts it', () => {
      const [one, two] = [
        algorithm.encrypt(key, 3, Buffer.from('text')),
        algorithm.encrypt(key, 3, Buffer.from('text')),
      ];
      expect(one.equals(two)).toBe(false);
      expect(algorithm.decrypt(key, 3, one).toString()).toBe('text');
    });

    it('refuses each changed byte, another usage, another key, and every shorter ciphertext', () => {
      const cipher = algorithm.encrypt(key, 11, Buffer.from('some plain text'));
      for (let at = 0; at < cipher.length; at++) {
        const changed = Buffer.from(cipher);
        changed[at] = (changed[at] ?? 0) ^ 1;
        expect(() => algorithm.decrypt(key, 11, changed)).toThrow(MalformedError);
        expect(() => algorithm.decrypt(key, 11, cipher.subarray(0, at))).toThrow(MalformedError);
      }
      expect(() => algorithm.decrypt(key, 12, cipher)).toThrow(MalformedError);
      expect(() => algorithm.decrypt(Buffer.alloc(algorithm.keyBytes, 8), 11, cipher)).toThrow(MalformedError);
    });
  });
});

describe('checksums', () => {
  it.each(checksumVectors)('type %i of %s, usage %i', (id, data, usage, key, checksum) => {
    expect(type(id).checksum(hex(key), usage, hex(data)).toString('hex')).toBe(checksum);
  });

  it("uses Microsoft's numbers for RC4 usages 3, 9 and 23 (RFC 4757 section 3)", () => {
    const key = Buffer.alloc(16, 1);
    const cipher = type(23).encrypt(key, 3, Buffer.from('x'));
    expect(type(23).decrypt(key, 8, cipher).toString()).toBe('x');
    expect(type(23).checksum(key, 23, Buffer.from('x'))).toEqual(type(23).checksum(key, 13, Buffer.from('x')));
  });
});

describe('lists of encryption types in krb5.conf', () => {
  it.each([
    ['aes256-cts aes128-cts', [18, 17]],
    ['aes256-cts-hmac-sha1-96,aes128-cts-hmac-sha256-128', [18, 19]],
    ['AES', [18, 17, 20, 19]],
    ['DEFAULT +rc4-hmac', [18, 17, 20, 19, 23]],
    ['DEFAULT -aes128-cts', [18, 20, 19]],
    ['arcfour-hmac-md5', [23]],
    ['des3-cbc-sha1 camellia256-cts constructor __proto__ toString', []],
    ['', []],
  ])('reads %j', (text, types) => {
    expect(parseTypeList(text)).toEqual(types);
  });

  it('names a type, known or not', () => {
    expect([describeType(18), describeType(3)]).toEqual(['aes256-cts-hmac-sha1-96 (18)', 'encryption type 3']);
  });

  it('refuses a key of an unknown type or of another length', () => {
    expect(() => typeOfKey({ type: 3, value: Buffer.alloc(8) })).toThrow('encryption type 3 is not supported');
    expect(() => typeOfKey({ type: 18, value: Buffer.alloc(16) })).toThrow(
      'a key of aes256-cts-hmac-sha1-96 has 16 bytes',
    );
  });
});
