import { constants, publicEncrypt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { storedKey } from '../../../support/keys.js';
import { oaepDecode, pkcs1KeyOrRandom, rsaRawDecrypt } from '../../../../src/smime/decrypt/rsa-decoding.js';

const { publicKey, privateKey } = storedKey('rsa1024');
const contentKey = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

describe('what OpenSSL encrypts', () => {
  it.each<['sha1' | 'sha256', string]>([
    ['sha1', ''],
    ['sha256', ''],
    ['sha1', 'a label'],
  ])(
    'by OAEP with %s and the label %j is decoded, and nothing that was changed (RFC 8017 section 7.1.2)',
    (digest, text) => {
      const label = Buffer.from(text);
      for (const message of [contentKey, Buffer.alloc(0), Buffer.alloc(20)]) {
        const sealed = publicEncrypt({ key: publicKey, oaepHash: digest, oaepLabel: label }, message);
        const block = rsaRawDecrypt(privateKey, sealed);
        if (block === undefined) throw new Error('no block');
        const parameters = { digest, mgfDigest: digest, label } as const;
        expect(oaepDecode(block, parameters)).toEqual(message);
        for (const at of [0, 1, 30, 60, 100, block.length - 1]) {
          const changed = Buffer.from(block);
          changed[at] = (changed[at] ?? 0) ^ 1;
          const decoded = oaepDecode(changed, parameters);
          // Without its last octet the block decodes to another message.
          if (at === block.length - 1 && message.length > 0) expect(decoded).not.toEqual(message);
          else expect(decoded, `octet ${at}`).toBeUndefined();
        }
        expect(oaepDecode(block, { ...parameters, label: Buffer.from('another') })).toBeUndefined();
        expect(oaepDecode(block, { ...parameters, mgfDigest: 'sha512' })).toBeUndefined();
        expect(oaepDecode(block.subarray(0, 40), parameters)).toBeUndefined();
      }
    },
  );

  it('by PKCS #1 v1.5 is decoded; another length of key gives random octets', () => {
    const sealed = publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, contentKey);
    const block = rsaRawDecrypt(privateKey, sealed);
    expect(pkcs1KeyOrRandom(block, contentKey.length)).toEqual(contentKey);
    const other = pkcs1KeyOrRandom(block, 24);
    expect(other).toHaveLength(24);
    expect(other).not.toEqual(pkcs1KeyOrRandom(block, 24));
    expect(pkcs1KeyOrRandom(undefined, 16)).toHaveLength(16);
  });

  it('is refused where it does not fit the key', () => {
    expect(rsaRawDecrypt(privateKey, Buffer.alloc(127))).toBeUndefined();
    expect(rsaRawDecrypt(privateKey, Buffer.alloc(128, 0xff))).toBeUndefined();
  });
});
