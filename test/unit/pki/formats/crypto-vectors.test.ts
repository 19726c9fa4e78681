import { createHash, hash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pkcs12Derive } from '../../../../src/pki/formats/key-derivation.js';
import { bmpString, passwordForms } from '../../../../src/pki/formats/password.js';
import { rc2CbcDecrypt } from '../../../../src/pki/formats/rc2.js';
import { sha1Rounds } from '../../../../src/pki/formats/sha1-rounds.js';
import { sha256Rounds } from '../../../../src/pki/formats/sha256-rounds.js';
import { WorkBudget } from '../../../../src/pki/formats/work-budget.js';
import { rc4, rc4Stream } from '../../../../src/util/crypto/rc4.js';
import { errorOf } from '../fixtures.js';
import { cpuTimer } from '../../../support/cpu-time.js';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

describe('RC2', () => {
  it.each([
    ['0000000000000000', 63, '0000000000000000', 'ebb773f993278eff'],
    ['ffffffffffffffff', 64, 'ffffffffffffffff', '278b27e42e2f0d49'],
    ['3000000000000000', 64, '1000000000000001', '30649edf9be7d2c2'],
    ['88', 64, '0000000000000000', '61a8a244adacccf0'],
    ['88bca90e90875a', 64, '0000000000000000', '6ccf4308974c267f'],
    ['88bca90e90875a7f0f79c384627bafb2', 64, '0000000000000000', '1a807d272bbe5db1'],
    ['88bca90e90875a7f0f79c384627bafb2', 128, '0000000000000000', '2269552ab0f85ca6'],
    ['88bca90e90875a7f0f79c384627bafb216f80a6f85920584c42fceb0be255daf1e', 129, '0000000000000000', '5b78d3a43dfff1f1'],
  ])('decrypts the vector of RFC 2268 section 5 with key %s and %i bits', (key, bits, plain, cipher) => {
    expect(rc2CbcDecrypt(hex(key), bits, Buffer.alloc(8), hex(cipher)).toString('hex')).toBe(plain);
  });

  it('chains blocks as OpenSSL does', () => {
    // openssl enc -rc2-cbc -nopad -K 000102…0f -iv 0011223344556677 over SHA-512 of "sealpost"
    const plain = createHash('sha512').update('sealpost').digest();
    const cipher = hex(chained);
    expect(
      rc2CbcDecrypt(hex('000102030405060708090a0b0c0d0e0f'), 128, hex('0011223344556677'), cipher).equals(plain),
    ).toBe(true);
  });
});

const chained =
  '5f9d94d01f56f3254d49c2a7e89b37d08067bb147150f715428ed5adec8f9b72e5206426e7f90b30ce0dff81feff4337f3b7ee6dd13529d8788030b7394c814e';

describe('RC4', () => {
  it.each([
    ['0102030405', 'b2396305f03dc027ccc3524a0a1118a8'],
    ['0102030405060708090a0b0c0d0e0f10', '9ac7cc9a609d1ef7b2932899cde41b97'],
  ])('gives the key stream of RFC 6229 section 2 for key %s', (key, stream) => {
    expect(rc4(hex(key), Buffer.alloc(16)).toString('hex')).toBe(stream);
  });
});

describe('RC4 in pieces', () => {
  it('goes on where the piece before ended', () => {
    const [key, data] = [randomBytes(16), randomBytes(1_000)];
    const stream = rc4Stream(key);
    const pieces = [0, 1, 17, 256, 1_000].map((start, i, all) => stream(data.subarray(start, all[i + 1])));
    expect(Buffer.concat(pieces).equals(rc4(key, data))).toBe(true);
  });
});

describe('rounds of a hash', () => {
  it.each([
    ['sha1', 5, sha1Rounds],
    ['sha256', 8, sha256Rounds],
  ] as const)('of %s are those of node:crypto', (name, words, run) => {
    for (let i = 0; i < 20; i++) {
      const start = hash(name, randomBytes(i), 'buffer');
      const digest = Int32Array.from({ length: words }, (_, at) => start.readInt32BE(4 * at));
      const rounds = 1 + 7 * i;
      run(digest, rounds);
      let expected = start;
      for (let round = 0; round < rounds; round++) expected = hash(name, expected, 'buffer');
      const actual = Buffer.alloc(4 * words);
      digest.forEach((word, at) => actual.writeInt32BE(word, 4 * at));
      expect(actual.toString('hex')).toBe(expected.toString('hex'));
    }
  });

  it.each(['sha1', 'sha256', 'sha384', 'md5'])('of %s derive the same in one slice and in many', async (name) => {
    // The expected key, computed round by round with node:crypto alone (RFC 7292 appendix B.2 for one block).
    const [password, salt] = [bmpString('p'), randomBytes(8)];
    const size = hash(name, '', 'buffer').length;
    const block = size > 32 ? 128 : 64;
    let expected = Buffer.concat([Buffer.alloc(block, 3), Buffer.alloc(block, salt), Buffer.alloc(block, password)]);
    const rounds = 3_000;
    for (let round = 0; round < rounds; round++) expected = hash(name, expected, 'buffer');
    const wanted = { hash: name, purpose: 3, length: size };
    const derived = await pkcs12Derive(wanted, password, { salt, rounds }, new WorkBudget());
    expect(derived.toString('hex')).toBe(expected.toString('hex'));
  });
});

describe('the key derivation of PKCS#12 (RFC 7292 appendix B)', () => {
  // Well-known vectors for PKCS#12 key derivation, published by S. Henson.
  it.each([
    ['smeg', 1, '0A58CF64530D823F', 1, '8AAAE6297B6CB04642AB5B077851284EB7128F1A2A7FBCA3'],
    ['smeg', 2, '0A58CF64530D823F', 1, '79993DFE048D3B76'],
    ['smeg', 1, '642B99AB44FB4B1F', 1, 'F3A95FEC48D7711E985CFE67908C5AB79FA3D7C5CAA5D966'],
    ['smeg', 2, '642B99AB44FB4B1F', 1, 'C0A38D64A79BEA1D'],
    ['smeg', 3, '3D83C0E4546AC140', 1, '8D967D88F6CAA9D714800AB3D48051D63F73A312'],
    ['queeg', 1, '05DEC959ACFF72F7', 1000, 'ED2034E36328830FF09DF1E1A07DD357185DAC0D4F9EB3D4'],
    ['queeg', 2, '05DEC959ACFF72F7', 1000, '11DEDAD7758D4860'],
    ['queeg', 1, '1682C0FC5B3F7EC5', 1000, '483DD6E919D7DE2E8E648BA8F862F3FBFBDC2BCB2C02957F'],
    ['queeg', 2, '1682C0FC5B3F7EC5', 1000, '9D461D1B00355C50'],
    ['queeg', 3, '263216FCC2FAB31C', 1000, '5EC4C7A80DF652294C3925B6489A7AB857C83476'],
  ])('derives from %s with purpose %i, salt %s and %i rounds', async (password, purpose, salt, rounds, expected) => {
    const wanted = { hash: 'sha1', purpose, length: expected.length / 2 };
    const derived = await pkcs12Derive(wanted, bmpString(password), { salt: hex(salt), rounds }, new WorkBudget());
    expect(derived.toString('hex').toUpperCase()).toBe(expected);
  });

  it('derives as OpenSSL does with SHA-256', async () => {
    const hardening = { salt: hex('e241f01650dbeae4'), rounds: 2048 };
    const wanted = { hash: 'sha256', purpose: 3, length: 32 };
    const derived = await pkcs12Derive(wanted, bmpString('123456'), hardening, new WorkBudget());
    expect(derived.toString('hex')).toBe('721259f14aad70b58839f71566b433da1b8ad08f650f4d02faaa0b9b095bb51d');
  });

  const oneBlock = { hash: 'sha1', purpose: 1, length: 20 };

  it('refuses more rounds than a file may ask for before doing any', async () => {
    const elapsed = cpuTimer();
    const hardening = { salt: hex('00'), rounds: 4_000_000_000 };
    const error = await errorOf(() => pkcs12Derive(oneBlock, bmpString('a'), hardening, new WorkBudget()));
    expect(error.code).toBe('ERR_CERTIFICATE');
    expect(elapsed()).toBeLessThan(1_000);
  });

  it('ends soon after its signal is aborted', async () => {
    const controller = new AbortController();
    const hardening = { salt: hex('00'), rounds: 15_000_000 };
    const work = pkcs12Derive(oneBlock, bmpString('a'), hardening, new WorkBudget(controller.signal));
    setImmediate(() => controller.abort());
    const elapsed = cpuTimer();
    expect((await errorOf(() => work)).code).toBe('ERR_ABORTED');
    expect(elapsed()).toBeLessThan(500);
  });
});

describe('forms of a password', () => {
  it('tries the empty password in both encodings', () => {
    expect(passwordForms('').map(({ bmp }) => bmp.toString('hex'))).toEqual(['0000', '']);
    expect(passwordForms(undefined)).toEqual(passwordForms(''));
  });

  it('encodes characters outside the BMP as surrogates', () => {
    expect(bmpString('🐢').toString('hex')).toBe('d83ddc220000');
  });
});
