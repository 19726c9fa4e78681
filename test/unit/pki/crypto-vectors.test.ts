import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { pkcs12Derive, WorkBudget } from '../../../src/pki/formats/key-derivation.js';
import { bmpString, passwordForms } from '../../../src/pki/formats/password.js';
import { rc2CbcDecrypt } from '../../../src/pki/formats/rc2.js';
import { rc4 } from '../../../src/sasl/ntlm/rc4.js';
import { errorOf } from './fixtures.js';
import { cpuTimer } from '../../support/cpu-time.js';

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

describe('the key derivation of PKCS#12 (RFC 7292 appendix B)', () => {
  // The vectors by which implementations of PKCS#12 are compared since S. Henson published them.
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
    const derived = await pkcs12Derive(
      'sha1',
      purpose,
      bmpString(password),
      hex(salt),
      rounds,
      expected.length / 2,
      new WorkBudget(),
    );
    expect(derived.toString('hex').toUpperCase()).toBe(expected);
  });

  it('derives as OpenSSL does with SHA-256', async () => {
    const derived = await pkcs12Derive(
      'sha256',
      3,
      bmpString('123456'),
      hex('e241f01650dbeae4'),
      2048,
      32,
      new WorkBudget(),
    );
    expect(derived.toString('hex')).toBe('721259f14aad70b58839f71566b433da1b8ad08f650f4d02faaa0b9b095bb51d');
  });

  it('refuses more rounds than a file may ask for before doing any', async () => {
    const elapsed = cpuTimer();
    const error = await errorOf(() =>
      pkcs12Derive('sha1', 1, bmpString('a'), hex('00'), 4_000_000_000, 20, new WorkBudget()),
    );
    expect(error.code).toBe('ERR_CERTIFICATE');
    expect(elapsed()).toBeLessThan(1_000);
  });

  it('ends soon after its signal is aborted', async () => {
    const controller = new AbortController();
    const work = pkcs12Derive('sha1', 1, bmpString('a'), hex('00'), 15_000_000, 20, new WorkBudget(controller.signal));
    setTimeout(() => controller.abort(), 10);
    expect((await errorOf(() => work)).code).toBe('ERR_ABORTED');
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
