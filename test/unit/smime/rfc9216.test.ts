import { describe, expect, test } from 'vitest';
import { decrypt, encrypt, sign, verify } from '../../../src/smime/operations.js';
import { alice, bob, carlos, dana } from './rfc9216.js';

const message = Buffer.from('Content-Type: text/plain\r\n\r\nThis is some sample content.\r\n');

describe('keys and certificates of RFC 9216', () => {
  test.each([
    ['Alice (RSA)', alice, 'CN=Alice Lovelace,OU=LAMPS WG,O=IETF', 'sha256'],
    ['Carlos (Ed25519)', carlos, 'CN=Carlos Turing,OU=LAMPS WG,O=IETF', 'sha512'],
  ] as const)('%s signs', async (_, certificate, subject, hashAlgorithm) => {
    const { signatures } = await verify(await sign(message, { certificate }), { trustAnchors: [certificate.data] });
    expect(signatures).toMatchObject([{ valid: true, trusted: true, hashAlgorithm, signer: { subject } }]);
  });

  test('Bob (RSA) and Dana (X25519) read one message', async () => {
    for (const algorithm of ['aes-256-cbc', 'aes-128-gcm'] as const) {
      const sealed = await encrypt(message, [bob.data, dana.data], { algorithm, keyTransport: 'oaep' });
      for (const who of [bob, dana]) expect(Buffer.from((await decrypt(sealed, who)).content)).toEqual(message);
      await expect(decrypt(sealed, alice)).rejects.toMatchObject({ code: 'ERR_SMIME' });
    }
  });
});
