import { createHash, createPrivateKey, sign as signData, webcrypto } from 'node:crypto';
import { Crypto } from '@peculiar/webcrypto';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { LoadedCertificate, PrivateKeySigner } from '../../../../src/model/certificate.js';
import type { SmimeSignSettings } from '../../../../src/model/settings/smime.js';
import { loadPkijs } from '../../../../src/pki/library.js';
import { readBer, BerFields, berChildren, berWhole } from '../../../../src/util/ber.js';
import { findSmime } from '../../../../src/smime/entity/find-smime.js';
import { verify } from '../../../../src/smime/operations.js';
import { readContentInfo, readSignedData } from '../../../../src/smime/cms/signed-data-reader.js';
import { prepareSigner } from '../../../../src/smime/sign/signer.js';
import { authority, issue, loaded, makeKey } from '../issue.js';
import type { KeyKind } from '../issue.js';
import { collect, entityOf, messageOf, never, plainText, streamed, textOf } from '../support.js';

const root = authority();
const identities = new Map<KeyKind, LoadedCertificate>();
beforeAll(async () => {
  for (const kind of ['rsa', 'rsa-pss', 'P-256', 'P-384', 'P-521', 'ed25519'] as const) {
    identities.set(kind, await loaded(issue({ kind, issuer: root, name: `Alice ${kind}` }), [root]));
  }
});
const identity = (kind: KeyKind): LoadedCertificate => identities.get(kind) as LoadedCertificate;
const settings = (more: Partial<SmimeSignSettings> = {}): SmimeSignSettings => ({ certificate: { data: '' }, ...more });

async function signedMessage(
  kind: KeyKind,
  more: Partial<SmimeSignSettings> = {},
  entity = entityOf(),
): Promise<Buffer> {
  const signer = await prepareSigner(identity(kind), settings(more));
  return messageOf(await signer.sign(entity, never));
}

function dataOf(message: Buffer): ReturnType<typeof readSignedData> {
  const found = findSmime(message);
  if (found === undefined) throw new Error('not S/MIME');
  return readSignedData(readContentInfo(found.kind === 'detached' ? found.signature : found.cms).content);
}

describe('signing (RFC 8551)', () => {
  const rows: readonly (readonly [KeyKind, Partial<SmimeSignSettings>, string])[] = [
    ['rsa', {}, 'sha256'],
    ['rsa', { hashAlgorithm: 'sha1' }, 'sha1'],
    ['rsa', { hashAlgorithm: 'sha384' }, 'sha384'],
    ['rsa', { hashAlgorithm: 'sha512' }, 'sha512'],
    ['rsa', { scheme: 'pss' }, 'sha256'],
    ['rsa', { scheme: 'pss', hashAlgorithm: 'sha512' }, 'sha512'],
    ['rsa-pss', { hashAlgorithm: 'sha512' }, 'sha256'],
    ['P-256', {}, 'sha256'],
    ['P-384', { hashAlgorithm: 'sha384' }, 'sha384'],
    ['P-521', { hashAlgorithm: 'sha512' }, 'sha512'],
    ['ed25519', { hashAlgorithm: 'sha256' }, 'sha512'],
  ];
  for (const [kind, more, hash] of rows) {
    for (const format of ['detached', 'opaque'] as const) {
      test(`${kind} ${JSON.stringify(more)} ${format} is valid and trusted`, async () => {
        // The date stands still, whether or not the time of the machine is set meanwhile.
        vi.useFakeTimers({ toFake: ['Date'] });
        onTestFinished(() => void vi.useRealTimers());
        const message = await signedMessage(kind, { ...more, format });
        const { content, signatures } = await verify(message, { trustAnchors: [root.der] });
        expect(Buffer.from(content).toString('latin1')).toBe(textOf(entityOf()));
        expect(signatures).toMatchObject([
          { valid: true, trusted: true, hashAlgorithm: hash, signer: { subject: `CN=Alice ${kind}` } },
        ]);
        expect(signatures[0]?.signedAt?.getTime()).toBe(Math.floor(Date.now() / 1000) * 1000);
        if (format === 'detached')
          expect(message.toString('latin1')).toContain(`micalg=${hash.replace('sha', 'sha-')};`);
      });
    }
  }

  test('the same content as a stream gives a valid signature, the same octets at each pass, and its size where lengths are known', async () => {
    for (const kind of ['rsa', 'P-256', 'ed25519'] as const) {
      for (const format of ['detached', 'opaque'] as const) {
        for (const size of [undefined, plainText.length]) {
          const signer = await prepareSigner(identity(kind), settings({ format }));
          const entity = await signer.sign(entityOf(streamed(plainText), size), never);
          const first = await collect(entity.body);
          expect((await collect(entity.body)).equals(first)).toBe(true);
          if (size === undefined || kind === 'P-256') expect(entity.size).toBeUndefined();
          else expect(entity.size).toBe(first.length);
          const { content, signatures } = await verify(await messageOf(entity), { trustAnchors: [root.der] });
          expect(signatures).toMatchObject([{ valid: true, trusted: true }]);
          expect(Buffer.from(content).toString('latin1')).toBe(textOf(entityOf()));
        }
      }
    }
  });

  test('a stream that changes between two passes, or is longer or shorter than was said, is ERR_CONTENT', async () => {
    const signer = await prepareSigner(identity('P-256'), settings());
    let pass = 0;
    const changing = {
      async *[Symbol.asyncIterator]() {
        yield Buffer.from(`pass ${pass++}\r\n`);
      },
    };
    const entity = await signer.sign(entityOf(changing), never);
    await collect(entity.body);
    await expect(collect(entity.body)).rejects.toMatchObject({ code: 'ERR_CONTENT' });
    for (const size of [plainText.length - 1, plainText.length + 1]) {
      const wrong = await signer.sign(entityOf(streamed(plainText), size), never);
      await expect(collect(wrong.body)).rejects.toMatchObject({ code: 'ERR_CONTENT' });
    }
  });

  test('signed attributes stand in DER order, each once (RFC 5652 section 5.3)', async () => {
    const found = findSmime(await signedMessage('rsa'));
    if (found?.kind !== 'detached') throw new Error('not detached');
    const data = readSignedData(readContentInfo(found.signature).content);
    const { attributes, forms } = data.signers[0]?.signed ?? { attributes: [], forms: [] };
    expect(attributes.map(({ type }) => type).sort()).toEqual(
      [
        '1.2.840.113549.1.9.3',
        '1.2.840.113549.1.9.4',
        '1.2.840.113549.1.9.5',
        '1.2.840.113549.1.9.15',
        '1.2.840.113549.1.9.16.2.47',
      ].sort(),
    );
    expect(forms).toHaveLength(1); // the received order equals the sorted order
    const elements = [...berChildren(readBer(forms[0] as Buffer), 10)].map(berWhole);
    expect(elements).toEqual([...elements].sort((a, b) => Buffer.compare(a, b)));
  });

  test('signingCertificateV2 holds the SHA-256 of the certificate (RFC 5035)', async () => {
    const { signers } = dataOf(await signedMessage('P-256'));
    const value = signers[0]?.signed?.attributes.find(({ type }) => type.endsWith('.16.2.47'))?.values[0];
    const digest = createHash('sha256').update(identity('P-256').certificate).digest();
    expect(value && berWhole(value).includes(digest)).toBe(true);
  });

  test('certificates: none, the signer\u2019s, or the chain without its root', async () => {
    const middle = issue({ name: 'Middle', ca: true, issuer: root });
    const own = await loaded(issue({ issuer: middle, name: 'Leaf' }), [middle, root]);
    const count = async (includeCertificate: boolean | 'chain'): Promise<number> => {
      const signer = await prepareSigner(own, settings({ includeCertificate }));
      return dataOf(await messageOf(await signer.sign(entityOf(), never))).certificates.length;
    };
    expect([await count(false), await count(true), await count('chain')]).toEqual([0, 1, 2]);
  });

  test('an entity that is not 7-bit is refused for detached signing, and can be signed opaque', async () => {
    const body = Buffer.from('Grüße\r\n');
    const entity = { ...entityOf(body), encoding: '8bit' } as const;
    await expect(signedMessage('P-256', {}, entity)).rejects.toMatchObject({
      code: 'ERR_SMIME',
      remedy: expect.stringContaining('opaque') as string,
    });
    const { content, signatures } = await verify(await signedMessage('P-256', { format: 'opaque' }, entity));
    expect(signatures[0]?.valid).toBe(true);
    expect(Buffer.from(content).includes(body)).toBe(true);
  });

  test('SHA-1 and an RSA key of 1024 bits are warned about, 512 bits are refused', async () => {
    const weak = await loaded(issue({ kind: 'rsa1024', issuer: root }));
    const signer = await prepareSigner(weak, settings({ hashAlgorithm: 'sha1' }));
    expect(signer.warnings.map(({ code }) => code).sort()).toEqual(['WARN_WEAK_HASH', 'WARN_WEAK_KEY']);
    const weaker = await loaded(issue({ kind: 'rsa512', issuer: root }));
    await expect(prepareSigner(weaker, settings())).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE',
      message: expect.stringContaining('512 bits') as string,
    });
  });

  test('a certificate that is expired, not yet valid, of wrong usage or purpose, or without its key is ERR_CERTIFICATE', async () => {
    const day = 86_400_000;
    const cases = [
      [{ to: new Date(Date.now() - day / 2) }, 'expired'],
      [{ from: new Date(Date.now() + day) }, 'valid only from'],
      [{ keyUsage: 0x20 }, 'digitalSignature'],
      [{ purposes: ['1.3.6.1.5.5.7.3.2'] }, 'emailProtection'],
      [{ kind: 'x25519' }, 'kind x25519'],
    ] as const;
    for (const [options, words] of cases) {
      await expect(prepareSigner(await loaded(issue({ issuer: root, ...options })), settings())).rejects.toMatchObject({
        code: 'ERR_CERTIFICATE',
        message: expect.stringContaining(words) as string,
      });
    }
    const { privateKey: _, ...keyless } = identity('rsa');
    await expect(prepareSigner(keyless, settings())).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE',
      message: expect.stringContaining('no private key') as string,
    });
    const other = {
      ...identity('rsa'),
      privateKey: makeKey('rsa').privateKey.export({ format: 'der', type: 'pkcs8' }),
    };
    await expect(prepareSigner(other, settings())).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE',
      message: expect.stringContaining('does not belong to') as string,
    });
  });
});

describe('external keys', () => {
  const external = (kind: KeyKind, sign: PrivateKeySigner['sign']): LoadedCertificate => ({
    ...identity(kind),
    privateKey: { sign },
  });
  const keyOf = (kind: KeyKind) =>
    createPrivateKey({ key: Buffer.from(identity(kind).privateKey as Uint8Array), format: 'der', type: 'pkcs8' });

  test('are offered data and digest, and ECDSA in the form of IEEE P1363 becomes DER', async () => {
    for (const dsaEncoding of ['der', 'ieee-p1363'] as const) {
      const seen: unknown[] = [];
      const own = external('P-256', async ({ algorithm, data, digest }) => {
        seen.push(algorithm);
        expect(digest && Buffer.from(digest).equals(createHash('sha256').update(data).digest())).toBe(true);
        return signData('sha256', data, { key: keyOf('P-256'), dsaEncoding });
      });
      const signer = await prepareSigner(own, settings());
      const { signatures } = await verify(await messageOf(await signer.sign(entityOf(), never)));
      expect(signatures[0]?.valid).toBe(true);
      expect(seen).toEqual([{ name: 'ECDSA', hash: 'sha256' }]);
    }
    const ed = await prepareSigner(
      external('ed25519', async ({ data, digest }) => {
        expect(digest).toBeUndefined();
        return signData(null, data, keyOf('ed25519'));
      }),
      settings(),
    );
    expect((await verify(await messageOf(await ed.sign(entityOf(), never)))).signatures[0]?.valid).toBe(true);
  });

  test('a signature by another key, garbage, nothing, and a failure are ERR_SMIME', async () => {
    const answers: PrivateKeySigner['sign'][] = [
      async ({ data }) => signData('sha256', data, makeKey('P-256').privateKey),
      async () => new Uint8Array(64),
      async () => new Uint8Array(0),
      async () => undefined as unknown as Uint8Array,
      () => Promise.reject(new Error('the card was pulled out')),
    ];
    for (const answer of answers) {
      const signer = await prepareSigner(external('P-256', answer), settings());
      await expect(signer.sign(entityOf(), never)).rejects.toMatchObject({ code: 'ERR_SMIME' });
    }
  });

  test('an abort ends the wait for a key that never answers', async () => {
    const signer = await prepareSigner(
      external('P-256', () => new Promise<Uint8Array>(() => undefined)),
      settings(),
    );
    const controller = new AbortController();
    const pending = signer.sign(entityOf(), controller.signal);
    setImmediate(() => controller.abort());
    await expect(pending).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await expect(signer.sign(entityOf(), controller.signal)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });

  test('an abort ends a stream at its next chunk', async () => {
    const signer = await prepareSigner(identity('rsa'), settings());
    const controller = new AbortController();
    const entity = await signer.sign(entityOf(streamed(plainText)), controller.signal);
    const iterator = (entity.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.next();
    controller.abort();
    await expect(iterator.next()).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  });
});

describe('a second engine (stock pkijs on @peculiar/webcrypto)', () => {
  const rows: readonly (readonly [KeyKind, Partial<SmimeSignSettings>])[] = [
    ['rsa', {}],
    ['rsa', { hashAlgorithm: 'sha512' }],
    ['rsa', { scheme: 'pss' }],
    ['P-256', {}],
    ['P-384', { hashAlgorithm: 'sha384' }],
    ['P-521', { hashAlgorithm: 'sha512' }],
  ];
  for (const [kind, more] of rows) {
    test(`verifies ${kind} ${JSON.stringify(more)}, and refuses another content`, async () => {
      const { pkijs } = await loadPkijs();
      const engine = new pkijs.CryptoEngine({ name: 'second', crypto: new Crypto() as unknown as typeof webcrypto });
      const found = findSmime(await signedMessage(kind, more));
      if (found?.kind !== 'detached') throw new Error('not detached');
      const info = pkijs.ContentInfo.fromBER(new Uint8Array(found.signature));
      const data = new pkijs.SignedData({ schema: info.content });
      const check = (content: Buffer): Promise<boolean> =>
        data.verify({ signer: 0, data: new Uint8Array(content).buffer }, engine);
      expect(await check(found.contents[0] as Buffer)).toBe(true);
      expect(await check(Buffer.from('something else')).catch(() => false)).toBe(false);
    });
  }
});

test('the outer structure is DER where the content is in memory: gpgsm reads no constructed octet strings', async () => {
  const found = findSmime(await signedMessage('rsa', { format: 'opaque' }));
  if (found?.kind !== 'cms') throw new Error('not opaque');
  expect(found.cms[1]).not.toBe(0x80);
  const fields = new BerFields(readContentInfo(found.cms).content);
  fields.any();
  fields.any();
  const encapsulated = new BerFields(fields.required(0x30));
  encapsulated.oid();
  expect(new BerFields(encapsulated.required(0xa0), 0xa0).required(0x04, 0x24).tag).toBe(0x04);
});
