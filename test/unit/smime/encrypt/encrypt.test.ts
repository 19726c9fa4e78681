import {
  constants,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  privateDecrypt,
  randomBytes,
  webcrypto,
} from 'node:crypto';
import { Crypto } from '@peculiar/webcrypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { EncryptionAlgorithm } from '../../../../src/model/settings/smime.js';
import { loadPkijs } from '../../../../src/pki/library.js';
import { parseCertificate } from '../../../../src/pki/x509/certificate.js';
import type { Certificate } from '../../../../src/pki/x509/certificate.js';
import { readEncrypted } from '../../../../src/smime/cms/enveloped-data-reader.js';
import { readContentInfo } from '../../../../src/smime/cms/signed-data-reader.js';
import { decryptContent } from '../../../../src/smime/decrypt/content-decryption.js';
import { recipientKey } from '../../../../src/smime/decrypt/decrypt-message.js';
import { prepareEncrypter } from '../../../../src/smime/encrypt/encrypter.js';
import { decrypt } from '../../../../src/smime/operations.js';
import {
  bitString,
  children,
  contextPrimitive,
  integer,
  nullElement,
  oid,
  readElement,
  sequence,
  wholeOf,
} from '../../../../src/util/der.js';
import { cmsOids, keyOids } from '../../../../src/util/oids.js';
import { agreement, encryptCbc, envelopedData, indefinite, nameOf, skiOf, transport } from '../forge.js';
import { authority, certificatePem, issue, keyPem, loaded } from '../issue.js';
import type { Issued, KeyKind } from '../issue.js';
import { withTypedErrors } from '../../../../src/smime/cms/smime-error.js';
import { cmsMessage, cmsOf, collect, entityOf, messageOf, never, plainText, streamed, textOf } from '../support.js';

const root = authority();
const kinds = ['rsa', 'P-256', 'P-384', 'P-521', 'x25519', 'x448'] as const;
const people = new Map<KeyKind, { readonly issued: Issued; readonly certificate: Certificate }>();
beforeAll(async () => {
  for (const kind of kinds) {
    const issued = issue({ kind, issuer: root, name: `Bob ${kind}` });
    people.set(kind, { issued, certificate: await parseCertificate(issued.der) });
  }
});
const person = (kind: KeyKind) => people.get(kind) as { readonly issued: Issued; readonly certificate: Certificate };
const source = (issued: Issued) => ({ data: certificatePem(issued), key: keyPem(issued) });
const algorithms: readonly EncryptionAlgorithm[] = [
  'aes-128-cbc',
  'aes-192-cbc',
  'aes-256-cbc',
  'aes-128-gcm',
  'aes-256-gcm',
  'des-ede3-cbc',
];

describe('encryption (RFC 5652, 5083, 5753, 8418)', () => {
  for (const algorithm of algorithms) {
    test(`${algorithm}: every kind of key decrypts one message for all of them`, async () => {
      const encrypter = prepareEncrypter({ algorithm });
      const entity = await encrypter.encrypt(
        entityOf(),
        kinds.map((kind) => person(kind).certificate),
        never,
      );
      const type = algorithm.endsWith('gcm') ? 'authEnveloped-data' : 'enveloped-data';
      expect(entity.fields).toContain(`smime-type=${type};`);
      for (const kind of kinds) {
        const { content, algorithm: used } = await decrypt(await messageOf(entity), source(person(kind).issued));
        expect(used).toBe(algorithm);
        expect(Buffer.from(content).toString('latin1')).toBe(textOf(entityOf()));
      }
    });
  }

  test('a stream is the same at each pass, decrypts, and has its size where the content has', async () => {
    for (const algorithm of ['aes-256-cbc', 'aes-128-gcm', 'des-ede3-cbc'] as const) {
      for (const size of [undefined, plainText.length]) {
        const entity = await prepareEncrypter({ algorithm }).encrypt(
          entityOf(streamed(plainText), size),
          [person('rsa').certificate],
          never,
        );
        const first = await collect(entity.body);
        expect((await collect(entity.body)).equals(first)).toBe(true);
        expect(entity.size).toBe(size === undefined ? undefined : first.length);
        const { content } = await decrypt(await messageOf(entity), source(person('rsa').issued));
        expect(Buffer.from(content).toString('latin1')).toBe(textOf(entityOf()));
      }
    }
  });

  test('contents of every length around the block size, and none, come back', async () => {
    const encrypter = prepareEncrypter({});
    for (let length = 0; length <= 40; length++) {
      const body = Buffer.alloc(length, 65);
      const { content } = await decrypt(
        await messageOf(await encrypter.encrypt(entityOf(body), [person('P-256').certificate], never)),
        source(person('P-256').issued),
      );
      expect(Buffer.from(content).toString('latin1')).toBe(textOf(entityOf(body), body));
    }
  });

  test('a stream whose content changes between two passes is ERR_CONTENT', async () => {
    let pass = 0;
    const changing = {
      async *[Symbol.asyncIterator]() {
        yield Buffer.from(`pass ${pass++}\r\n`);
      },
    };
    const entity = await prepareEncrypter({}).encrypt(entityOf(changing), [person('rsa').certificate], never);
    await collect(entity.body);
    await expect(collect(entity.body)).rejects.toMatchObject({ code: 'ERR_CONTENT' });
  });

  test('recipient infos are in DER order, one for each certificate', async () => {
    const certificates = [...kinds, 'rsa' as const].map((kind) => person(kind).certificate);
    const cms = cmsOf(await messageOf(await prepareEncrypter({}).encrypt(entityOf(), certificates, never)));
    const [, set] = [...children(cms, { ...readElement(cms, 0), ...innerOf(cms) })];
    if (set === undefined) throw new Error('no recipient infos');
    const infos = [...children(cms, set)].map((info) => wholeOf(cms, info));
    expect(infos).toHaveLength(kinds.length);
    expect(infos).toEqual([...infos].sort((a, b) => Buffer.compare(a, b)));
  });

  test('weak keys cause a warning or a refusal; an empty list, and keys that cannot receive, are refused', async () => {
    const encrypter = prepareEncrypter({ algorithm: 'des-ede3-cbc' });
    const make = async (options: Parameters<typeof issue>[0]): Promise<Certificate> =>
      parseCertificate(issue({ issuer: root, ...options }).der);
    expect(encrypter.warnings([await make({ kind: 'rsa1024' })]).map(({ code }) => code)).toEqual([
      'WARN_WEAK_CIPHER',
      'WARN_WEAK_KEY',
    ]);
    await encrypter.encrypt(entityOf(), [await make({ kind: 'rsa1024' })], never);
    const modulus = Buffer.concat([Buffer.of(0xf0), randomBytes(254), Buffer.of(1)]);
    const ofExponent = (exponent: bigint): Buffer =>
      sequence(sequence(oid(keyOids.rsa), nullElement()), bitString(sequence(integer(modulus), integer(exponent))));
    const [e1, e2, e65bits] = [1n, 2n, (1n << 64n) + 1n].map((exponent) => ({ spki: ofExponent(exponent) }));
    await encrypter.encrypt(entityOf(), [await make({ spki: ofExponent(3n) })], never);
    const refused = [
      e1,
      e2,
      e65bits,
      { kind: 'rsa512' },
      { kind: 'ed25519' },
      { kind: 'rsa-pss' },
      { keyUsage: 0x80 },
      { to: new Date(0), from: new Date(0) },
    ] as const;
    for (const options of refused) {
      await expect(encrypter.encrypt(entityOf(), [await make(options)], never)).rejects.toMatchObject({
        code: 'ERR_CERTIFICATE',
      });
    }
    await expect(encrypter.encrypt(entityOf(), [], never)).rejects.toMatchObject({ code: 'ERR_SMIME' });
    await expect(encrypter.encrypt(entityOf(), [person('rsa').certificate], AbortSignal.abort())).rejects.toMatchObject(
      { code: 'ERR_ABORTED' },
    );
  });

  test('a second engine (stock pkijs on @peculiar/webcrypto) decrypts OAEP and AES-CBC', async () => {
    const { pkijs } = await loadPkijs();
    const engine = new pkijs.CryptoEngine({ name: 'second', crypto: new Crypto() as unknown as typeof webcrypto });
    const { issued, certificate } = person('rsa');
    const entity = await prepareEncrypter({ keyTransport: 'oaep' }).encrypt(entityOf(), [certificate], never);
    const info = pkijs.ContentInfo.fromBER(new Uint8Array(cmsOf(await messageOf(entity))));
    const data = new pkijs.EnvelopedData({ schema: info.content });
    const recipientPrivateKey = new Uint8Array(issued.key.privateKey.export({ format: 'der', type: 'pkcs8' })).buffer;
    const recipientCertificate = pkijs.Certificate.fromBER(new Uint8Array(issued.der));
    const plain = await data.decrypt(0, { recipientCertificate, recipientPrivateKey }, engine);
    expect(Buffer.from(plain).toString('latin1')).toBe(textOf(entityOf()));
  });
});

/** The offsets of the EnvelopedData in a ContentInfo. */
function innerOf(cms: Buffer): { start: number; end: number } {
  const { content } = readContentInfo(cms);
  return { start: content.start, end: content.end };
}

const undecryptable = { code: 'ERR_SMIME', message: 'The message cannot be decrypted with this certificate and key.' };

describe('decryption of what others made', () => {
  // Long enough that decryption with a wrong key never gives plausible text.
  const body = Buffer.from(`Content-Type: text/plain\r\n\r\n${'Hello '.repeat(60)}\r\n`);
  const read = async (cms: Buffer, kind: KeyKind = 'rsa') =>
    (await decrypt(cmsMessage(cms), source(person(kind).issued))).content;

  test('BER with indefinite lengths and ciphertext in pieces is read', async () => {
    const { issued } = person('rsa');
    const envelope = encryptCbc(body);
    for (const size of [1, 16, 1000])
      expect(
        await read(indefinite(envelopedData([transport(issued, envelope.key)], envelope), size, [nameOf(issued)])),
      ).toEqual(body);
  });

  test('key agreement: SHA-1 KDF, cofactor schemes, user keying material, with and without the curve (RFC 5753)', async () => {
    const { issued } = person('P-256');
    const envelope = encryptCbc(body);
    for (const scheme of [
      '1.3.133.16.840.63.0.2',
      '1.3.132.1.11.0',
      '1.3.132.1.11.1',
      '1.3.132.1.11.3',
      '1.3.133.16.840.63.0.3',
      '1.3.132.1.14.1',
    ]) {
      for (const ukm of [undefined, randomBytes(16)]) {
        for (const withCurve of [true, false]) {
          expect(
            await read(envelopedData([agreement(issued, envelope.key, scheme, ukm, withCurve)], envelope), 'P-256'),
          ).toEqual(body);
        }
      }
    }
  });

  test('a recipient named by subject key identifier is found, and a second info is tried where the first does not open', async () => {
    const { issued } = person('rsa');
    const envelope = encryptCbc(body);
    expect(await read(envelopedData([transport(issued, envelope.key, skiOf(issued))], envelope))).toEqual(body);
    expect(
      await read(envelopedData([transport(issued, randomBytes(16)), transport(issued, envelope.key)], envelope)),
    ).toEqual(body);
  });

  test('a body may be anything: binary from its first octet on, and without any header fields', async () => {
    const { issued } = person('rsa');
    for (const head of [
      'Content-Type: application/octet-stream\r\n\r\n',
      'Content-Type: text/plain; charset=iso-2022-jp\n\n',
      '\r\n',
      '\n',
    ]) {
      const binary = Buffer.concat([Buffer.from(head), Buffer.alloc(200, 1)]);
      const envelope = encryptCbc(binary);
      expect(await read(envelopedData([transport(issued, envelope.key)], envelope))).toEqual(binary);
    }
  });

  test('binary content without header fields is given out where more than one octet of padding shows that the key is right', async () => {
    const { issued } = person('rsa');
    for (const length of [1000, 1007]) {
      const binary = Buffer.alloc(length, 1);
      const envelope = encryptCbc(binary);
      const content = read(envelopedData([transport(issued, envelope.key)], envelope));
      if (length % 16 === 15) await expect(content).rejects.toMatchObject(undecryptable);
      else expect(await content).toEqual(binary);
    }
  });

  test('a message for somebody else says so', async () => {
    const envelope = encryptCbc(body);
    const other = issue({ kind: 'rsa1024', issuer: root });
    await expect(read(envelopedData([transport(other, envelope.key)], envelope))).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringContaining('not encrypted for this certificate') as string,
    });
  });

  test('every failure that depends on a secret has one text: padding of the key, its length, padding of the content, tag (RFC 3218)', async () => {
    const { issued } = person('rsa');
    const envelope = encryptCbc(body);
    const good = transport(issued, envelope.key);
    const flip = (bytes: Buffer, at: number): Buffer => {
      const copy = Buffer.from(bytes);
      copy[at < 0 ? copy.length + at : at] = (copy.at(at) ?? 0) ^ 1;
      return copy;
    };
    const bodyBlocks = Buffer.alloc(320, 65);
    const cases = [
      envelopedData([flip(good, -1)], envelope),
      envelopedData([flip(good, -200)], envelope),
      envelopedData([transport(issued, randomBytes(24))], envelope),
      envelopedData([transport(issued, randomBytes(16))], envelope),
      envelopedData([good], encryptedWith(encryptCbc(bodyBlocks, Buffer.alloc(16, 0)), envelope.key)),
      envelopedData([transport(issued, encryptCbc(bodyBlocks).key)], encryptCbc(bodyBlocks, Buffer.alloc(16, 17))),
      envelopedData([good], { ...envelope, ciphertext: Buffer.alloc(0) }),
      envelopedData([good], { ...envelope, ciphertext: envelope.ciphertext.subarray(1) }),
    ];
    for (const cms of cases) await expect(read(cms)).rejects.toMatchObject(undecryptable);
    for (const padding of [
      Buffer.alloc(16, 0),
      Buffer.alloc(16, 17),
      Buffer.from('0f0f0f0f0f0f0f0f0f0f0f0f0f0f0e10', 'hex'),
    ]) {
      const broken = encryptCbc(bodyBlocks, padding);
      await expect(read(envelopedData([transport(issued, broken.key)], broken))).rejects.toMatchObject(undecryptable);
    }
    const gcm = cmsOf(
      await messageOf(
        await prepareEncrypter({ algorithm: 'aes-256-gcm' }).encrypt(entityOf(), [person('rsa').certificate], never),
      ),
    );
    for (const at of [-1, -30]) await expect(read(flip(gcm, at))).rejects.toMatchObject(undecryptable);
  });

  test('a wrong PKCS#1 block never shows: a random key of the expected length takes its place', async () => {
    const { issued, certificate } = person('rsa');
    const envelope = encryptCbc(body);
    const cms = envelopedData([transport(issued, envelope.key)], envelope);
    const other = issue({ kind: 'rsa', issuer: root });
    for (let round = 0; round < 20; round++) {
      await expect(
        decryptContent(cms, () => [{ certificate, key: other.key.privateKey }], never),
      ).rejects.toMatchObject(undecryptable);
    }
  });

  test('an external key decrypts RSA and agrees on EC; where it fails the error is the same', async () => {
    for (const kind of ['rsa', 'P-256'] as const) {
      const { issued, certificate } = person(kind);
      const cms = cmsOf(
        await messageOf(await prepareEncrypter({ keyTransport: 'oaep' }).encrypt(entityOf(), [certificate], never)),
      );
      const key = createPrivateKey(keyPem(issued));
      const external = {
        rsaDecrypt: async ({
          ciphertext,
          scheme,
          hash = 'sha1',
        }: {
          ciphertext: Uint8Array;
          scheme: string;
          hash?: string | undefined;
        }) => {
          expect(scheme).toBe('oaep');
          return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: hash }, ciphertext);
        },
        agree: async ({ peer }: { peer: Uint8Array }) =>
          diffieHellman({
            privateKey: key,
            publicKey: createPublicKey({ key: Buffer.from(peer), format: 'der', type: 'spki' }),
          }),
      };
      expect(
        (await decryptContent(cms, () => [{ certificate, key: external }], never)).content.toString('latin1'),
      ).toBe(textOf(entityOf()));
      const failing = {
        rsaDecrypt: () => Promise.reject(new Error('padding')),
        agree: () => Promise.reject(new Error('no')),
      };
      await expect(decryptContent(cms, () => [{ certificate, key: failing }], never)).rejects.toMatchObject(
        undecryptable,
      );
      await expect(decryptContent(cms, () => [{ certificate, key: {} }], never)).rejects.toMatchObject(undecryptable);
    }
  });

  test('a certificate without its key is ERR_CERTIFICATE, and a message that is not encrypted ERR_SMIME', async () => {
    const { privateKey: _, ...keyless } = await loaded(person('rsa').issued);
    await expect(recipientKey(keyless)).rejects.toMatchObject({ code: 'ERR_CERTIFICATE' });
    await expect(
      decrypt(Buffer.from('Content-Type: text/plain\r\n\r\nHello'), source(person('rsa').issued)),
    ).rejects.toMatchObject({ code: 'ERR_SMIME' });
  });

  test.each([
    ['truncated at every byte', (cms: Buffer, at: number) => cms.subarray(0, at)],
    [
      'with every byte changed',
      (cms: Buffer, at: number) => {
        const changed = Buffer.from(cms);
        changed[at] = (changed[at] ?? 0) ^ 0x81;
        return changed;
      },
    ],
  ])('%s: ERR_SMIME or the content, never another error', async (way, damaged) => {
    const { issued, certificate } = person('P-256');
    const envelope = encryptCbc(body);
    const cms = envelopedData([agreement(issued, envelope.key, '1.3.132.1.11.1', undefined, true)], envelope);
    const own = { certificate, key: createPrivateKey(keyPem(issued)) };
    const decrypted = (bytes: Uint8Array) =>
      withTypedErrors('It cannot be decrypted', () => decryptContent(bytes, () => [own], never));
    for (let at = 0; at < cms.length; at++) {
      const result = await decrypted(damaged(cms, at)).catch((error: unknown) => error as { code: string });
      if (way.startsWith('truncated') || 'code' in result) expect(result).toMatchObject({ code: 'ERR_SMIME' });
    }
  });

  test('an unknown content cipher, a GCM nonce of no length and a short tag are refused by name', async () => {
    const { issued } = person('rsa');
    const envelope = encryptCbc(body);
    const cms = envelopedData([transport(issued, envelope.key)], envelope);
    const at = cms.indexOf(Buffer.from('0609608648016503040102', 'hex'));
    const unknown = Buffer.from(cms);
    unknown[at + 10] = 0x7f;
    await expect(read(unknown)).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringContaining('2.16.840.1.101.3.4.1.127') as string,
    });
    const element = readContentInfo(envelopedData([], envelope, contextPrimitive(0, Buffer.alloc(16)))).content;
    expect(() => readEncrypted(cmsOids.authEnvelopedData, element)).toThrow(
      expect.objectContaining({ code: 'ERR_SMIME', remedy: expect.stringContaining('EnvelopedData') as string }),
    );
    const gcm = Buffer.from(cms);
    gcm[at + 10] = 0x06;
    await expect(read(gcm)).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringContaining('aes-128-gcm in EnvelopedData') as string,
      remedy: expect.stringMatching(/AuthEnvelopedData.*CBC/) as string,
    });
  });
});

/** The same ciphertext announced with another key: the key is well-formed but wrong. */
function encryptedWith(envelope: ReturnType<typeof encryptCbc>, key: Buffer): ReturnType<typeof encryptCbc> {
  return { ...envelope, key };
}
