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

const values = ['cms', {}, () => 'sha1'];

/** The results with these names on Object.prototype; an error is a result. */
async function polluted(those: readonly string[], value: unknown): Promise<readonly unknown[]> {
  const all = await works;
  const prototype = Object.prototype as Record<string, unknown>;
  for (const name of those) Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  try {
    return await Promise.all(all.map(({ work }) => work().catch((error: unknown) => error)));
  } finally {
    for (const name of those) delete prototype[name];
  }
}

/** Names that change nothing together change nothing alone; a group with an error is tried name by name. */
const groups = Array.from({ length: Math.ceil(names.length / 8) }, (_, i) => names.slice(i * 8, i * 8 + 8));

test.each(groups.map((group) => [group.join(' '), group] as const))(
  '%s on Object.prototype change nothing, or are an EmailError',
  async (_, group) => {
    const all = await works;
    const check = (outcomes: readonly unknown[], what: string): void => {
      for (const [i, outcome] of outcomes.entries())
        if (!isEmailError(outcome)) expect(JSON.stringify(outcome), what).toBe(all[i]?.expected);
    };
    for (const value of values) {
      const together = await polluted(group, value);
      check(together, group.join(' '));
      if (!together.some(isEmailError)) continue;
      for (const name of group) check(await polluted([name], value), name);
    }
  },
);
