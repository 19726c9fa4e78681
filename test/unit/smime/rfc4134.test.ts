import { expect, test } from 'vitest';
import { decrypt, verify } from '../../../src/smime/operations.js';
import { bob, bobKey, carl, rc2Encrypted, twoSigners } from './rfc4134.js';
import { cmsMessage } from './support.js';

const sample = 'This is some sample content.';

test('two signers, one of whose DSA keys takes its parameters from its issuer, are valid and trusted (RFC 4134 section 4.6)', async () => {
  const { content, signatures } = await verify(cmsMessage(twoSigners), {
    trustAnchors: [carl],
    at: new Date('2005-01-01'),
  });
  expect(Buffer.from(content).toString()).toBe(sample);
  expect(signatures).toMatchObject(
    ['CN=AliceDSS', 'CN=DianeDSS'].map((subject) => ({
      valid: true,
      trusted: true,
      hashAlgorithm: 'sha1',
      signer: { subject },
    })),
  );
});

test('RC2 is read (RFC 4134 section 5.2)', async () => {
  const { content, algorithm } = await decrypt(cmsMessage(rc2Encrypted), { data: bob, key: bobKey });
  expect(Buffer.from(content).toString()).toBe(sample);
  expect(algorithm).toBe('rc2-cbc');
});
