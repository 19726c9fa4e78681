/**
 * A polluted Object.prototype reached the options of Node's crypto and those that a caller left out. sign(), verify(),
 * encrypt() and decrypt() read own fields only: with any of these names on the prototype the outcome is the same, or an
 * error.
 * @module
 */
import { expect, test } from 'vitest';
import { isEmailError } from '../../src/errors/email-error.js';
import { decrypt, encrypt, sign, verify } from '../../src/smime/operations.js';
import { authority, certificatePem, issue, keyPem } from '../unit/smime/issue.js';

const root = authority();
const alice = issue({ issuer: root, name: 'Alice', kind: 'rsa' });
const bob = issue({ issuer: root, name: 'Bob', kind: 'rsa' });
const carol = issue({ issuer: root, name: 'Carol', kind: 'P-256' });
const texts = new Map([alice, bob, carol].map((who) => [who, { data: certificatePem(who), key: keyPem(who) }]));
/** Returns a new object each time, because opened sources are cached by object. */
const source = (who: typeof alice) => ({ data: '', ...texts.get(who) });
const message = Buffer.from('From: a@example.com\r\nContent-Type: text/plain\r\n\r\nHello\r\n');

/** Options of these functions, fields of objects inside them, and options of Node's crypto. */
const names = [
  ...[
    'trustAnchors',
    'certificates',
    'at',
    'format',
    'content',
    'hashAlgorithm',
    'scheme',
    'includeCertificate',
    'algorithm',
  ],
  ...[
    'keyTransport',
    'encryptToSelf',
    'file',
    'keyFile',
    'store',
    'select',
    'password',
    'keyPassword',
    'env',
    'cache',
    'purpose',
  ],
  ...[
    'form',
    'problem',
    'digest',
    'pss',
    'keyIdentifier',
    'kind',
    'covers',
    'contents',
    'cms',
    'signed',
    'tag',
    'label',
    'curve',
  ],
  ...[
    'signer',
    'signedAt',
    'revocationLists',
    'anchors',
    'asymmetricKeyType',
    'saltLength',
    'mgfDigest',
    'publicExponent',
  ],
  ...[
    'padding',
    'dsaEncoding',
    'oaepHash',
    'oaepLabel',
    'passphrase',
    'authTagLength',
    'outputLength',
    'mgf1HashAlgorithm',
  ],
  ...['publicKeyEncoding', 'privateKeyEncoding', 'encoding', 'type', 'maxDepth', 'maxParts', 'maxHeaderBytes'],
];

const trustAnchors = [root.der];
const withoutRandom = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('latin1')
    .replaceAll(/=_[0-9a-f-]{36}/g, 'boundary')
    .replaceAll(/[A-Za-z0-9+/=]{50,}[\s\S]*/g, '');

/** Each operation with its result without pollution. */
const works: Promise<readonly { readonly work: () => Promise<unknown>; readonly expected: string }[]> = prepare();

async function prepare(): ReturnType<() => typeof works> {
  const signed = await sign(message, { certificate: source(alice) });
  const pss = await sign(message, { certificate: source(alice), scheme: 'pss', format: 'opaque' });
  const elliptic = await sign(message, { certificate: source(carol) });
  const sealed = await encrypt(message, [bob.der, carol.der]);
  const gcm = await encrypt(message, [bob.der], { algorithm: 'aes-256-gcm', keyTransport: 'oaep' });
  const all: readonly (() => Promise<unknown>)[] = [
    () => verify(signed),
    () => verify(signed, { trustAnchors }),
    () => verify(pss, { trustAnchors }),
    () => verify(elliptic, { trustAnchors }),
    () => decrypt(sealed, source(bob)),
    () => decrypt(sealed, source(carol)),
    () => decrypt(gcm, source(bob)),
    async () => withoutRandom(await sign(message, { certificate: source(alice) })),
    async () => withoutRandom(await encrypt(message, [bob.der])),
  ];
  return Promise.all(all.map(async (work) => ({ work, expected: JSON.stringify(await work()) })));
}

test.each(names)('%s on Object.prototype changes nothing, or is an EmailError', async (name) => {
  const all = await works;
  for (const value of ['cms', {}, () => 'sha1']) {
    Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
    let outcomes: readonly unknown[];
    try {
      outcomes = await Promise.all(all.map(({ work }) => work().catch((error: unknown) => error)));
    } finally {
      delete (Object.prototype as Record<string, unknown>)[name];
    }
    for (const [i, outcome] of outcomes.entries())
      if (!isEmailError(outcome)) expect(JSON.stringify(outcome)).toBe(all[i]?.expected);
  }
});
