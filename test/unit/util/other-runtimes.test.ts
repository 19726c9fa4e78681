/**
 * A runtime whose crypto library lacks parts of OpenSSL: no AES key wrap, no 3DES, no MD5, no SHA-512/256.
 * @module
 */
import type * as Crypto from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMailer } from '../../../src/mailer/create-mailer.js';
import { channelBinding, exportedKey } from '../../../src/net/tls/channel-binding.js';
import { parseChallenges } from '../../../src/net/proxy/http-challenges.js';
import { digestChallenge, whyNot } from '../../../src/net/proxy/http-digest.js';
import { pbkdf2Derive } from '../../../src/pki/formats/key-derivation.js';
import { WorkBudget } from '../../../src/pki/formats/work-budget.js';
import { loadCertificate } from '../../../src/pki/load-certificate.js';
import { keyWraps } from '../../../src/smime/cms/algorithms.js';
import { unwrapKey, wrapKey } from '../../../src/smime/cms/key-agreement.js';
import { TestSmtpServer } from '../../../src/testing/server/test-smtp-server.js';
import { createTestIdentities } from '../../../src/testing/test-identities.js';
import { hasKeyWrapCipher } from '../../../src/util/crypto/aes-key-wrap.js';
import { errorOf, fixture } from '../pki/fixtures.js';

const lacking = vi.hoisted(() => ({ names: /wrap|des-ede3|^md5$|sha512-256/ }));

vi.mock('node:crypto', async (importOriginal) => {
  const crypto = await importOriginal<typeof Crypto>();
  const refusing =
    <A extends readonly unknown[], R>(work: (name: string, ...rest: A) => R) =>
    (name: string, ...rest: A): R => {
      if (lacking.names.test(name)) throw new Error('error:0308010C:digital envelope routines::unsupported');
      return work(name, ...rest);
    };
  const lists = (all: readonly string[]): string[] => all.filter((name) => !lacking.names.test(name));
  return {
    ...crypto,
    createCipheriv: refusing(crypto.createCipheriv as never),
    createDecipheriv: refusing(crypto.createDecipheriv as never),
    createHash: refusing(crypto.createHash),
    hash: refusing(crypto.hash as never),
    getHashes: () => lists(crypto.getHashes()),
    getCiphers: () => lists(crypto.getCiphers()),
  };
});

describe('where the runtime lacks an algorithm', () => {
  it('AES key wrap is done by AES', () => {
    expect(hasKeyWrapCipher()).toBe(false);
    const kek = Buffer.from('000102030405060708090A0B0C0D0E0F', 'hex');
    const key = Buffer.from('00112233445566778899AABBCCDDEEFF', 'hex');
    const wrapped = wrapKey(keyWraps.aes128, kek, key);
    expect(wrapped.toString('hex')).toBe('1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5');
    expect(unwrapKey(keyWraps.aes128, kek, wrapped).equals(key)).toBe(true);
  });

  it.each([
    ['openssl-legacy.p12', 'no cipher des-ede3-cbc'],
    ['pkcs12-3des.key', 'no cipher des-ede3-cbc'],
    ['pbes2-3des.key', 'no cipher des-ede3-cbc'],
    ['pbes1-md5-des.key', 'no hash md5'],
  ])('a file that needs it is refused by its name: %s', async (name, words) => {
    const { code, message, remedy } = await errorOf(() =>
      loadCertificate({ data: fixture('ann.der'), key: fixture(name), password: 'secret1' }, { purpose: 'sign' }).catch(
        async (error: unknown) => {
          // A PKCS#12 file contains its own key.
          if (!name.endsWith('.p12')) throw error;
          return loadCertificate({ data: fixture(name), password: 'secret1' }, { purpose: 'sign' });
        },
      ),
    );
    expect(code).toBe('ERR_CERTIFICATE');
    expect(message).toContain(`this runtime has ${words}`);
    expect(remedy).toContain('another runtime');
  });

  describe('S/MIME is refused by the name of the cipher', () => {
    const { identities } = createTestIdentities('ann@example.com');
    const { certificate, key } = identities.get('ann@example.com') ?? { certificate: '', key: '' };
    const entity = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
    const all = lacking.names;
    const smime = async (names: RegExp): Promise<typeof import('../../../src/smime.js')> => {
      lacking.names = names;
      vi.resetModules();
      return import('../../../src/smime.js');
    };
    afterEach(() => {
      lacking.names = all;
    });

    it.each([
      ['that the content needs', /des-ede3/, 'no cipher des-ede3-cbc, which `algorithm` names'],
      [
        'that the key needs',
        /des3-wrap/,
        'no cipher des3-wrap, which des-ede3-cbc needs for the certificate of CN=ann',
      ],
    ])('encrypt(): one %s', async (_, names, words) => {
      const { encrypt } = await smime(names);
      const error = await errorOf(() => encrypt(entity, [certificate], { algorithm: 'des-ede3-cbc' }));
      expect(error.code).toBe('ERR_SMIME');
      expect(error.message).toContain(words);
      expect(error.remedy).toContain('aes-256-cbc');
    });

    it.each([
      ['that the content needs', /des-ede3/, 'no cipher des-ede3-cbc, which the message is encrypted with'],
      ['that the key needs', /des3-wrap/, 'no cipher des3-wrap, which protects the key of the message'],
    ])('decrypt(): one %s', async (_, names, words) => {
      const { encrypt } = await smime(/^$/);
      const sealed = await encrypt(entity, [certificate], { algorithm: 'des-ede3-cbc' });
      const { decrypt } = await smime(names);
      const error = await errorOf(() => decrypt(sealed, { data: certificate, key }));
      expect(error.code).toBe('ERR_SMIME');
      expect(error.message).toContain(words);
    });
  });

  it('a PRF of PBKDF2 is refused by its name', async () => {
    const hardening = { salt: Buffer.alloc(8), rounds: 1 };
    const derive = () => pbkdf2Derive({ prf: 'sha512-256', length: 16 }, Buffer.from('p'), hardening, new WorkBudget());
    expect((await errorOf(derive)).message).toContain('no hash sha512-256');
  });

  it('Digest of a proxy takes the next algorithm, or says which one is lacking', () => {
    const challenges = parseChallenges(
      ['SHA-512-256', 'MD5', 'SHA-256'].map((name) => `Digest nonce="n", algorithm=${name}`),
    );
    expect(digestChallenge(challenges)?.parameters.get('algorithm')).toBe('SHA-256');
    expect(challenges.map(whyNot)).toEqual([
      'algorithm SHA-512-256, which this runtime does not support',
      'algorithm MD5, which this runtime does not support',
      undefined,
    ]);
  });
});

describe('where TLS sockets export no keys', () => {
  const socket = { getProtocol: () => 'TLSv1.3' } as unknown as TLSSocket;

  it('there is no tls-exporter, and nothing is thrown', () => {
    expect(exportedKey(socket)).toBeUndefined();
    expect(channelBinding(socket, fixture('ann.der'), 'tls-exporter')).toBeUndefined();
    expect(channelBinding(socket, fixture('ann.der'), 'tls-server-end-point')?.data).toHaveLength(32);
  });

  it.each(['scram-sha-256', 'password'] as const)('one signs in by %s without -PLUS, on both sides', async (method) => {
    const { exportKeyingMaterial } = TLSSocket.prototype;
    Object.defineProperty(TLSSocket.prototype, 'exportKeyingMaterial', { value: undefined, configurable: true });
    try {
      await using server = await TestSmtpServer.start({ security: 'implicit', users: { ann: 'secret' } });
      await using mailer = createMailer({
        name: 'x',
        sender: { email: 'ann@example.com' },
        server: server.settings,
        authentication: { method, username: 'ann', password: 'secret' },
      });
      expect((await mailer.send({ to: 'bob@example.com', text: 'x' })).accepted).toEqual(['bob@example.com']);
      const auth = server.transcript.find((line) => line.startsWith('C: AUTH')) ?? '';
      expect(auth).toMatch(/AUTH SCRAM-SHA-(?:256|512) /);
    } finally {
      Object.defineProperty(TLSSocket.prototype, 'exportKeyingMaterial', {
        value: exportKeyingMaterial,
        configurable: true,
        writable: true,
      });
    }
  });
});
