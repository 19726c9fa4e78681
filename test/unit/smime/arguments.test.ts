import { describe, expect, it } from 'vitest';
import { decrypt, encrypt, sign, verify } from '../../../src/smime.js';
import { errorOf } from '../pki/fixtures.js';

const bytes = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
const wrong = (value: unknown): never => value as never;

describe('the arguments of sealpost/smime', () => {
  it.each<[string, () => Promise<unknown>, string]>([
    ['sign', () => sign(wrong('text'), wrong({})), 'entity: expected a Uint8Array, got a string'],
    [
      'sign',
      () => sign(bytes, wrong({ certficate: {}, hashAlgorithm: 'md5' })),
      'settings.certficate: is not a known key; did you mean certificate?; settings.hashAlgorithm: expected ' +
        "'sha1', 'sha256', 'sha384' or 'sha512', got 'md5'; settings.certificate: expected a certificate source: " +
        '{ file }, { data } or { store, select }, got nothing',
    ],
    [
      'encrypt',
      () => encrypt(wrong(5), wrong([5, 'x']), wrong({ algorithm: 'rot13' })),
      'entity: expected a Uint8Array, got the number 5; certificates.0: expected PEM text or DER bytes, got ' +
        "the number 5; settings.algorithm: expected 'aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'aes-128-gcm', " +
        "'aes-256-gcm' or 'des-ede3-cbc', got 'rot13'",
    ],
    [
      'verify',
      () => verify(bytes, wrong({ trustAnchor: [], at: new Date(NaN), format: 'der', content: bytes })),
      'trustAnchor: is not a known key; did you mean trustAnchors?; at: expected a valid Date, got an invalid ' +
        "Date; format: expected 'message' or 'cms', got 'der'; content: is only allowed together with format: 'cms'",
    ],
    [
      'verify',
      () => verify(bytes, wrong({ message: bytes, trustAnchors: 'x' })),
      'trustAnchors: expected an array, each PEM text, DER bytes, { file } or { base64 }, got a string',
    ],
    [
      'decrypt',
      () => decrypt(wrong(undefined), wrong('x')),
      'recipient: expected a certificate source: { file }, { data } or { store, select }, got a string; ' +
        'message: expected a Uint8Array, got nothing',
    ],
  ])('of %s are all checked at once, in the words of profiles', async (_, call, problems) => {
    const error = await errorOf(call);
    expect([error.code, error.message]).toEqual(['ERR_PROFILE_INVALID', `The arguments are not valid: ${problems}`]);
  });
});
