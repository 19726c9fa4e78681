import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  privateEncrypt,
  randomBytes,
  sign,
} from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { verify } from '../../../../src/smime/operations.js';
import type { SignatureResult } from '../../../../src/smime/verify/signature-check.js';
import { mgf1 } from '../../../../src/pki/x509/pss.js';
import { prepareSigner } from '../../../../src/smime/sign/signer.js';
import {
  bitString,
  children,
  context,
  element,
  integer,
  nullElement,
  octetString,
  oid,
  readElement,
  sequence,
  tag,
  time,
  wholeOf,
} from '../../../../src/util/der.js';
import {
  attribute,
  contentType,
  dataOid,
  indefinite,
  messageDigest,
  nameOf,
  signedData,
  signerInfo,
  signingTime,
  skiOf,
} from '../forge.js';
import { authority, issue, loaded } from '../issue.js';
import { cmsMessage, cmsOf, entityOf, messageOf, never } from '../support.js';
import { cpuTimer } from '../../../support/cpu-time.js';
import { storedKey } from '../../../support/keys.js';

const root = authority();
const alice = issue({ issuer: root, name: 'Alice' });
const content = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
const goodAttributes = [contentType(), messageDigest(content)];

/** The attribute that binds a signature to a certificate. */
function boundTo(certificate: Buffer, hash: 'sha1' | 'sha256' | 'sha512'): Buffer {
  const value = octetString(createHash(hash).update(certificate).digest());
  if (hash === 'sha1') return attribute('1.2.840.113549.1.9.16.2.12', sequence(sequence(sequence(value))));
  const algorithm = hash === 'sha512' ? [sequence(oid('2.16.840.1.101.3.4.2.3'))] : [];
  return attribute('1.2.840.113549.1.9.16.2.47', sequence(sequence(sequence(...algorithm, value))));
}

async function check(cms: Buffer, anchors: readonly Buffer[] = [root.der]): Promise<readonly SignatureResult[]> {
  return (await verify(cmsMessage(cms), { trustAnchors: anchors })).signatures;
}
const forged = (attributes: readonly Buffer[], type = dataOid): Buffer =>
  signedData(content, [signerInfo({ signer: alice, attributes })], [alice.der], type);

describe('verification (RFC 5652 sections 5.4, 5.6, 11)', () => {
  test('a signature that is right is valid and trusted', async () => {
    expect(await check(forged(goodAttributes))).toMatchObject([
      { valid: true, trusted: true, signer: { subject: 'CN=Alice' } },
    ]);
  });

  test('a flipped bit anywhere in a detached message is never valid: content, attributes, signature, structure', async () => {
    const signer = await prepareSigner(await loaded(alice), {
      certificate: { data: '' },
      format: 'opaque',
      includeCertificate: false,
    });
    const cms = cmsOf(await messageOf(await signer.sign(entityOf(), never)));
    const good = (await verify(cmsMessage(cms), { trustAnchors: [alice.der] })).signatures;
    expect(good[0]?.valid).toBe(true);
    const unnoticed: number[] = [];
    for (let at = 0; at < cms.length; at++) {
      const changed = Buffer.from(cms);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const result = await verify(cmsMessage(changed), { trustAnchors: [alice.der] }).catch(
        (error: unknown) => error as { code: string },
      );
      if ('code' in result) expect(result.code).toBe('ERR_SMIME');
      else if (result.signatures.some((one) => one.valid)) unnoticed.push(at);
    }
    // No signature covers the two versions and the list of digests at the beginning.
    const head = Buffer.from('020101310d300b0609608648016503040201', 'hex');
    const start = cms.indexOf(head);
    const signerVersion = cms.indexOf(Buffer.of(2, 1, 1), start + head.length) + 2;
    expect(unnoticed.filter((at) => (at < start || at >= start + head.length) && at !== signerVersion)).toEqual([]);
  });

  test.each([
    ['sha1', 'dsa-1024-160', '1.3.14.3.2.26', '1.2.840.10040.4.3'],
    ['sha224', 'dsa-2048-224', '2.16.840.1.101.3.4.2.4', '2.16.840.1.101.3.4.3.1'],
    ['sha256', 'dsa-2048-256', '2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.3.2'],
  ] as const)(
    'DSA with %s is read, and a flipped bit seen (RFC 3370 section 3.1, RFC 5754 section 3.1)',
    async (hash, kind, digestOid, signatureOid) => {
      const carl = issue({
        issuer: root,
        name: 'Carl',
        key: storedKey(kind),
      });
      const attributes = [
        contentType(),
        attribute('1.2.840.113549.1.9.4', octetString(createHash(hash).update(content).digest())),
      ];
      const signature = sign(hash, element(tag.set, ...attributes), carl.key.privateKey);
      const message = (octets: Buffer): Buffer => {
        const info = signerInfo({
          signer: carl,
          attributes,
          signature: octets,
          digestAlgorithm: sequence(oid(digestOid)),
          algorithm: sequence(oid(signatureOid)),
        });
        return signedData(content, [info], [carl.der]);
      };
      expect(await check(message(signature))).toMatchObject([{ valid: true, trusted: true, hashAlgorithm: hash }]);
      const changed = Buffer.from(signature);
      changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
      expect(await check(message(changed))).toMatchObject([{ valid: false, trusted: false }]);
    },
  );

  test.each([
    ['sha512-224', '2.16.840.1.101.3.4.2.5', '1.2.840.113549.1.1.15'],
    ['sha512-256', '2.16.840.1.101.3.4.2.6', '1.2.840.113549.1.1.16'],
  ])(
    'RSA with %s is read, PKCS#1 and PSS, but PSS with another trailer is not (RFC 8017)',
    async (hash, digestOid, signatureOid) => {
      const dora = issue({ issuer: root, name: 'Dora', kind: 'rsa' });
      const attributes = [
        contentType(),
        attribute('1.2.840.113549.1.9.4', octetString(createHash(hash).update(content).digest())),
      ];
      const digestAlgorithm = sequence(oid(digestOid));
      const pss = (trailer: number): Buffer => {
        const mgf = sequence(oid('1.2.840.113549.1.1.8'), digestAlgorithm);
        const fields = [
          context(0, digestAlgorithm),
          context(1, mgf),
          context(2, integer(28)),
          context(3, integer(trailer)),
        ];
        return sequence(oid('1.2.840.113549.1.1.10'), sequence(...fields));
      };
      const cases = [
        [sequence(oid(signatureOid), nullElement()), { padding: constants.RSA_PKCS1_PADDING }, true],
        [pss(1), { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 28 }, true],
        [pss(2), { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 28 }, false],
      ] as const;
      for (const [algorithm, options, valid] of cases) {
        const signature = sign(hash, element(tag.set, ...attributes), { key: dora.key.privateKey, ...options });
        const info = signerInfo({ signer: dora, attributes, signature, digestAlgorithm, algorithm });
        expect(await check(signedData(content, [info], [dora.der]))).toMatchObject([{ valid, hashAlgorithm: hash }]);
      }
    },
  );

  test('a flipped byte of a multipart/signed content is named', async () => {
    const signer = await prepareSigner(await loaded(alice), { certificate: { data: '' } });
    const message = (await messageOf(await signer.sign(entityOf(), never))).toString('latin1');
    const { signatures } = await verify(Buffer.from(message.replace('Dear Bob', 'Dear Rob'), 'latin1'));
    expect(signatures).toMatchObject([
      { valid: false, trusted: false, problem: expect.stringContaining('digest differs') as string },
    ]);
  });

  test.each([
    ['a message digest that is missing', [contentType()], 'message-digest'],
    ['two message digests', [contentType(), messageDigest(content), messageDigest(content)], 'message-digest'],
    [
      'a message digest with two values',
      [
        contentType(),
        attribute(
          '1.2.840.113549.1.9.4',
          octetString(createHash('sha256').update(content).digest()),
          octetString(Buffer.alloc(32)),
        ),
      ],
      'message-digest',
    ],
    ['a content type that is missing', [messageDigest(content)], 'content-type'],
    ['two content types', [contentType(), contentType(), messageDigest(content)], 'content-type'],
    ['a content type that differs', [contentType(oid('1.2.840.113549.1.7.3')), messageDigest(content)], 'content-type'],
    [
      'two signing times',
      [contentType(), messageDigest(content), signingTime(new Date()), signingTime(new Date(0))],
      'signing-time',
    ],
    [
      'a signing time with two values',
      [contentType(), messageDigest(content), attribute('1.2.840.113549.1.9.5', time(new Date()), time(new Date(0)))],
      'signing-time',
    ],
    [
      'a signing time without a value',
      [contentType(), messageDigest(content), attribute('1.2.840.113549.1.9.5')],
      'signing-time',
    ],
    [
      'another certificate in signingCertificate',
      [contentType(), messageDigest(content), boundTo(root.der, 'sha1')],
      'signing-certificate',
    ],
    [
      'another certificate in signingCertificateV2',
      [contentType(), messageDigest(content), boundTo(root.der, 'sha256')],
      'signing-certificate',
    ],
    [
      'another certificate in signingCertificateV2 by SHA-512',
      [contentType(), messageDigest(content), boundTo(root.der, 'sha512')],
      'signing-certificate',
    ],
    [
      'a signingCertificateV2 that cannot be read',
      [contentType(), messageDigest(content), attribute('1.2.840.113549.1.9.16.2.47', octetString(Buffer.of(1)))],
      'signing-certificate',
    ],
    ['the digest of another content', [contentType(), messageDigest(Buffer.from('other'))], 'digest differs'],
  ])('%s is not valid', async (_, attributes, words) => {
    expect(await check(forged(attributes))).toMatchObject([
      { valid: false, trusted: false, problem: expect.stringContaining(words) as string },
    ]);
  });

  test('the signer’s own certificate in signingCertificate and its second version is right (RFC 2634, RFC 5035)', async () => {
    for (const hash of ['sha1', 'sha256', 'sha512'] as const)
      expect(await check(forged([...goodAttributes, boundTo(alice.der, hash)]))).toMatchObject([{ valid: true }]);
  });

  test('to the exponent 1 everything is a signature, and none is valid', async () => {
    const modulus = Buffer.concat([Buffer.of(0xf0), randomBytes(254), Buffer.of(1)]);
    const publicKey = createPublicKey({
      key: sequence(
        sequence(oid('1.2.840.113549.1.1.1'), nullElement()),
        bitString(sequence(integer(modulus), integer(1))),
      ),
      format: 'der',
      type: 'spki',
    });
    const nobody = issue({ issuer: root, name: 'Nobody', key: { ...alice.key, publicKey } });
    const digestInfo = sequence(
      sequence(oid('2.16.840.1.101.3.4.2.1'), nullElement()),
      octetString(
        createHash('sha256')
          .update(element(tag.set, ...goodAttributes))
          .digest(),
      ),
    );
    const signature = Buffer.concat([
      Buffer.of(0, 1),
      Buffer.alloc(253 - digestInfo.length, 0xff),
      Buffer.of(0),
      digestInfo,
    ]);
    const info = signerInfo({
      signer: nobody,
      attributes: goodAttributes,
      signature,
      algorithm: sequence(oid('1.2.840.113549.1.1.1'), nullElement()),
    });
    expect(await check(signedData(content, [info], [nobody.der]))).toMatchObject([
      { valid: false, problem: expect.stringContaining('does not fit') as string },
    ]);
  });

  test('a DSA key without parameters has those of its issuer, where a path to an anchor says which (RFC 5280 section 6.1.4)', async () => {
    const key = storedKey('dsa-2048-256');
    const whole = key.publicKey.export({ format: 'der', type: 'spki' });
    const [algorithm, bits] = [...children(whole, readElement(whole, 0))].map((part) => wholeOf(whole, part)) as [
      Buffer,
      Buffer,
    ];
    const [name] = [...children(algorithm, readElement(algorithm, 0))].map((part) => wholeOf(algorithm, part)) as [
      Buffer,
    ];
    const spki = sequence(sequence(name), bits);
    const top = issue({ key, name: 'Top', ca: true });
    const middle = issue({ key, name: 'Middle', ca: true, issuer: top, spki });
    const carl = issue({ key, name: 'Carl', issuer: middle, spki });
    const info = signerInfo({
      signer: carl,
      attributes: goodAttributes,
      algorithm: sequence(oid('2.16.840.1.101.3.4.3.2')),
    });
    const cms = signedData(content, [info], [carl.der, middle.der, top.der]);
    expect(await check(cms, [top.der])).toMatchObject([{ valid: true, trusted: true }]);
    expect(await check(cms, [])).toMatchObject([{ valid: false, trusted: false }]);
    expect(await check(cms)).toMatchObject([{ valid: false, trusted: false }]);
    const changed = Buffer.from(cms);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(await check(changed, [top.der])).toMatchObject([{ valid: false, trusted: false }]);
    const stranger = issue({
      key,
      name: 'Carl',
      issuer: { ...middle, key: storedKey('dsa-2048-256') },
      spki,
    });
    const forgedInfo = signerInfo({
      signer: stranger,
      attributes: goodAttributes,
      algorithm: sequence(oid('2.16.840.1.101.3.4.3.2')),
    });
    expect(await check(signedData(content, [forgedInfo], [stranger.der, middle.der]), [top.der])).toMatchObject([
      { valid: false, trusted: false },
    ]);
  });

  test('attributes in another order than DER are verified as received, and in DER order where that was signed', async () => {
    const unsorted = [messageDigest(content), contentType()];
    const sorted = element(tag.set, ...[...unsorted].sort((a, b) => Buffer.compare(a, b)));
    expect(await check(forged(unsorted))).toMatchObject([{ valid: true }]);
    expect(
      await check(
        signedData(content, [signerInfo({ signer: alice, attributes: unsorted, signedBytes: sorted })], [alice.der]),
      ),
    ).toMatchObject([{ valid: true }]);
  });

  test('without signed attributes the content itself is signed, which is allowed for plain data only', async () => {
    const bare = signerInfo({ signer: alice, attributes: [], signedBytes: content });
    expect(await check(signedData(content, [bare], [alice.der]))).toMatchObject([{ valid: true }]);
    expect(await check(signedData(content, [bare], [alice.der], oid('1.2.840.113549.1.9.16.1.4')))).toMatchObject([
      { valid: false },
    ]);
  });

  test('the signed attributes of one message do not pass as the content of another', async () => {
    const attributes = element(tag.set, ...goodAttributes);
    const stolen = signerInfo({
      signer: alice,
      attributes: [],
      signature: sign('sha256', attributes, alice.key.privateKey),
    });
    expect(await check(signedData(attributes, [stolen], [alice.der]))).toMatchObject([
      { valid: false, problem: expect.stringContaining('attributes') as string },
    ]);
  });

  test('the signer may be named by subject key identifier', async () => {
    expect(
      await check(
        signedData(content, [signerInfo({ signer: alice, attributes: goodAttributes, id: skiOf(alice) })], [alice.der]),
      ),
    ).toMatchObject([{ valid: true }]);
  });

  test('each of several signers has a result of its own', async () => {
    const bob = issue({ issuer: root, name: 'Bob' });
    const infos = [
      signerInfo({ signer: alice, attributes: goodAttributes }),
      signerInfo({ signer: bob, attributes: [contentType(), messageDigest(Buffer.from('other'))] }),
      signerInfo({ signer: issue({ name: 'Nobody' }), attributes: goodAttributes }),
    ];
    expect(await check(signedData(content, infos, [alice.der, bob.der]))).toMatchObject([
      { valid: true, trusted: true },
      { valid: false, signer: { subject: 'CN=Bob' } },
      { valid: false, problem: expect.stringContaining('neither in the message') as string },
    ]);
  });

  test('the signature of one key with the certificate of another is not valid', async () => {
    const other = issue({ issuer: root, name: 'Mallory' });
    const info = signerInfo({
      signer: alice,
      attributes: goodAttributes,
      signature: sign('sha256', element(tag.set, ...goodAttributes), other.key.privateKey),
    });
    expect(await check(signedData(content, [info], [alice.der]))).toMatchObject([{ valid: false }]);
  });

  test('hash algorithms that differ between digest and signature, and those that are unknown, are refused', async () => {
    const sha512 = sequence(oid('2.16.840.1.101.3.4.2.3'));
    const mixed = signerInfo({ signer: alice, attributes: goodAttributes, digestAlgorithm: sha512 });
    expect(await check(signedData(content, [mixed], [alice.der]))).toMatchObject([
      { valid: false, hashAlgorithm: 'sha512' },
    ]);
    const md5 = signerInfo({
      signer: alice,
      attributes: goodAttributes,
      digestAlgorithm: sequence(oid('1.2.840.113549.2.5')),
    });
    expect(await check(signedData(content, [md5], [alice.der]))).toMatchObject([
      { valid: false, hashAlgorithm: '1.2.840.113549.2.5' },
    ]);
  });

  test('BER with indefinite lengths and octet strings in pieces is read (X.690 section 8.7)', async () => {
    const kept = [alice.der, nameOf(alice), element(0xa0, ...goodAttributes)];
    for (const size of [1, 5, 1000])
      expect(await check(indefinite(forged(goodAttributes), size, kept))).toMatchObject([{ valid: true }]);
  });

  test('PSS with an MGF1 hash that differs from the digest is verified (RFC 4055)', async () => {
    const pair = storedKey('rsa1024');
    const signer = issue({ issuer: root, key: pair, name: 'Pss' });
    const set = element(tag.set, ...goodAttributes);
    const signature = signPss(pair.privateKey.export({ format: 'der', type: 'pkcs8' }), set);
    const hash = (id: string): Buffer => sequence(oid(id), nullElement());
    const parameters = sequence(
      context(0, hash('2.16.840.1.101.3.4.2.1')),
      context(1, sequence(oid('1.2.840.113549.1.1.8'), hash('1.3.14.3.2.26'))),
      context(2, integer(20)),
    );
    const algorithm = sequence(oid('1.2.840.113549.1.1.10'), parameters);
    const info = signerInfo({ signer, attributes: goodAttributes, signature, algorithm });
    expect(await check(signedData(content, [info], [signer.der]))).toMatchObject([{ valid: true }]);
    const broken = Buffer.from(signature);
    broken[40] = (broken[40] ?? 0) ^ 1;
    const bad = signerInfo({ signer, attributes: goodAttributes, signature: broken, algorithm });
    expect(await check(signedData(content, [bad], [signer.der]))).toMatchObject([{ valid: false }]);
  });
});

/** EMSA-PSS with SHA-256, MGF1 with SHA-1 and a salt of 20 octets, which node:crypto cannot make. */
function signPss(pkcs8: Buffer, data: Buffer): Buffer {
  const salt = randomBytes(20);
  const digest = createHash('sha256').update(data).digest();
  const hash = createHash('sha256').update(Buffer.alloc(8)).update(digest).update(salt).digest();
  const block = Buffer.concat([Buffer.alloc(128 - 32 - 1 - 21), Buffer.of(1), salt]);
  const mask = mgf1('sha1', hash, block.length);
  const masked = block.map((octet, i) => octet ^ (mask[i] ?? 0));
  masked[0] = (masked[0] ?? 0) & 0x7f;
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, Buffer.concat([masked, hash, Buffer.of(0xbc)]));
}

describe('trust is apart from validity', () => {
  test('no anchors, another anchor, an expired certificate and a wrong purpose are valid and not trusted, with the reason', async () => {
    const cms = forged(goodAttributes);
    expect(await check(cms, [])).toMatchObject([
      { valid: true, trusted: false, problem: 'no trust anchors were given' },
    ]);
    expect(await check(cms, [authority('Other').der])).toMatchObject([
      { valid: true, trusted: false, problem: expect.any(String) as string },
    ]);
    const tls = issue({ issuer: root, purposes: ['1.3.6.1.5.5.7.3.1'] });
    expect(
      await check(signedData(content, [signerInfo({ signer: tls, attributes: goodAttributes })], [tls.der])),
    ).toMatchObject([{ valid: true, trusted: false }]);
    const at = new Date(Date.now() + 500 * 86_400_000);
    const { signatures } = await verify(cmsMessage(cms), { trustAnchors: [root.der], at });
    expect(signatures).toMatchObject([{ valid: true, trusted: false }]);
  });

  test('a path through an RSA key that can be factored is not trusted', async () => {
    for (const [kind, trusted] of [
      ['rsa512', false],
      ['rsa1024', true],
    ] as const) {
      const middle = issue({ issuer: root, name: 'Middle', ca: true, kind });
      const leaf = issue({ issuer: middle, name: 'Leaf' });
      expect(
        await check(
          signedData(content, [signerInfo({ signer: leaf, attributes: goodAttributes })], [leaf.der, middle.der]),
        ),
      ).toMatchObject([{ valid: true, trusted }]);
    }
  });

  test('the time that a signature says is not believed: default is now', async () => {
    const expired = issue({ issuer: root, from: new Date(Date.now() - 2e9), to: new Date(Date.now() - 1e9) });
    const info = signerInfo({
      signer: expired,
      attributes: [...goodAttributes, signingTime(new Date(Date.now() - 15e8))],
    });
    expect(await check(signedData(content, [info], [expired.der]))).toMatchObject([{ valid: true, trusted: false }]);
  });

  test('two authorities that certify each other end quickly', async () => {
    const a = authority('A');
    const b = authority('B');
    const aByB = issue({ name: 'A', key: a.key, ca: true, issuer: b });
    const bByA = issue({ name: 'B', key: b.key, ca: true, issuer: a });
    const leaf = issue({ issuer: a, name: 'Leaf' });
    const elapsed = cpuTimer();
    const cms = signedData(
      content,
      [signerInfo({ signer: leaf, attributes: goodAttributes })],
      [leaf.der, aByB.der, bByA.der],
    );
    expect(await check(cms)).toMatchObject([{ valid: true, trusted: false }]);
    expect(elapsed()).toBeLessThan(1000);
  });
});

describe('what strangers send is bounded', () => {
  test('a bundle of 10 MB of certificates is refused before it is read', async () => {
    const many = Array.from({ length: Math.ceil(10e6 / alice.der.length) }, () => alice.der);
    const message = cmsMessage(signedData(content, [signerInfo({ signer: alice, attributes: goodAttributes })], many));
    const elapsed = cpuTimer();
    await expect(verify(message)).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringContaining('bytes of certificates') as string,
    });
    expect(elapsed()).toBeLessThan(1000);
  });

  test('more than 100 certificates, 32 signers or 64 attributes are refused', async () => {
    const info = signerInfo({ signer: alice, attributes: goodAttributes });
    const small = sequence(integer(1));
    const cases = [
      signedData(
        content,
        [info],
        Array.from({ length: 101 }, () => small),
      ),
      signedData(
        content,
        Array.from({ length: 33 }, () => info),
        [alice.der],
      ),
      forged(Array.from({ length: 65 }, () => contentType())),
    ];
    for (const cms of cases)
      await expect(check(cms)).rejects.toMatchObject({
        code: 'ERR_SMIME',
        message: expect.stringContaining('more than') as string,
      });
  });

  test('truncated at every byte: ERR_SMIME, never valid, never another error', async () => {
    const cms = forged(goodAttributes);
    for (let length = 0; length < cms.length; length++) {
      await expect(check(cms.subarray(0, length))).rejects.toMatchObject({ code: 'ERR_SMIME' });
    }
  });

  test('a message that is not signed, encrypted only, or holds certificates only is ERR_SMIME', async () => {
    await expect(verify(Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n'))).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: 'The message is not signed.',
    });
    await expect(check(signedData(content, [], [alice.der]))).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringContaining('no signature') as string,
    });
    await expect(verify(Buffer.alloc(0))).rejects.toMatchObject({ code: 'ERR_SMIME' });
  });

  test('a multipart/signed with another number of parts than two is ERR_SMIME', async () => {
    const signer = await prepareSigner(await loaded(alice), { certificate: { data: '' } });
    const message = (await messageOf(await signer.sign(entityOf(), never))).toString('latin1');
    const boundary = /boundary="([^"]+)"/.exec(message)?.[1] ?? '';
    const added = message.replace(`\r\n--${boundary}--`, `\r\n--${boundary}\r\n\r\nappended\r\n--${boundary}--`);
    await expect(verify(Buffer.from(added, 'latin1'))).rejects.toMatchObject({
      code: 'ERR_SMIME',
      message: expect.stringContaining('3 parts') as string,
    });
  });

  test('line ends that became LF on the way are valid, and the content is given with CRLF, as it was signed', async () => {
    const signer = await prepareSigner(await loaded(alice), { certificate: { data: '' } });
    const message = (await messageOf(await signer.sign(entityOf(), never))).toString('latin1').replaceAll('\r\n', '\n');
    const result = await verify(Buffer.from(message, 'latin1'), { trustAnchors: [root.der] });
    expect(result.signatures).toMatchObject([{ valid: true, trusted: true }]);
    expect(Buffer.from(result.content).includes('\r\n')).toBe(true);
  });
});
