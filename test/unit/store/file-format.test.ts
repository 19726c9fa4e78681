/**
 * Versions of a store's file, and sealed values that were moved. The test makes the content with the keys, which an
 * attacker does not have.
 * @module
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isEmailError } from '../../../src/index.js';
import { emptyContent, secretContext, tokensContext } from '../../../src/store/content.js';
import type { Content } from '../../../src/store/content.js';
import { currentFormat, fileBytes, headerOf, parseFile, Sealer } from '../../../src/store/file-format.js';
import type { Format } from '../../../src/store/file-format.js';
import { openFileStore } from '../../../src/store/file-profile-store.js';
import { StoreFile } from '../../../src/store/store-file.js';
import { deriveKeys, newDerivation, StoreKeys } from '../../../src/store/store-key.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-format-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let files = 0;
const freshFile = (): string => {
  const directory = join(scratch, String(++files));
  mkdirSync(directory, { mode: 0o700 });
  return join(directory, 'store');
};
const key = new Uint8Array(32).fill(3);

/** A file that this library did not write, with a correct MAC. */
async function forge(make: (sealer: Sealer) => Partial<Content>, format = currentFormat): Promise<string> {
  const file = freshFile();
  const derivation = newDerivation(key);
  const keys = await deriveKeys(derivation, key);
  if (!(keys instanceof StoreKeys)) throw new Error(keys);
  const content = { ...emptyContent, ...make(new Sealer(keys, format.version)), revision: 1 };
  writeFileSync(file, fileBytes(headerOf(keys, derivation, format), content, keys), { mode: 0o600 });
  return file;
}

const profile = (name: string): Content['profiles'][number]['profile'] => ({
  name,
  sender: { email: 'ann@example.com' },
  server: { host: 'mail.example.com' },
  authentication: { method: 'login', username: 'ann', password: '[sealed]' },
});
const path = ['authentication', 'password'];

describe('a sealed value', () => {
  it('opens in its place', async () => {
    const file = await forge((sealer) => ({
      profiles: [
        {
          name: 'a',
          profile: profile('a'),
          secrets: [{ path, sealed: sealer.seal('"pw"', secretContext('a', path)) }],
        },
      ],
    }));
    const store = await openFileStore({ file, key });
    expect((await store.get('a'))?.authentication).toMatchObject({ password: 'pw' });
  });

  it.each([
    ['of another profile', secretContext('b', path)],
    ['of another field', secretContext('a', ['authentication', 'username'])],
    ['of tokens', tokensContext('a')],
    ['of a path that reads the same', secretContext('a', ['authentication.password'])],
  ])('%s is refused', async (_what, context) => {
    const file = await forge((sealer) => ({
      profiles: [{ name: 'a', profile: profile('a'), secrets: [{ path, sealed: sealer.seal('"pw"', context) }] }],
      tokens: [{ key: 'k', sealed: sealer.seal('{}', tokensContext('k')) }],
    }));
    const store = await openFileStore({ file, key });
    const before = readFileSync(file);
    for (const call of [
      () => store.get('a'),
      () => store.rename('a', 'b'),
      () => store.changeKey(new Uint8Array(32)),
    ]) {
      const error: unknown = await call().catch((cause: unknown) => cause);
      if (!isEmailError(error)) throw new Error('not refused');
      expect([error.code, error.message]).toEqual(['ERR_STORE', expect.stringContaining('moved from another place')]);
      expect(error.message).toContain('authentication, password');
    }
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(await store.list()).toHaveLength(1);
  });
});

describe('the version of the format', () => {
  const next: Format = {
    version: currentFormat.version + 1,
    upgrades: new Map([
      [
        currentFormat.version,
        (content) => {
          const { active, ...rest } = content as Content & { active: string | null };
          return { ...rest, active: active === null ? null : `${active}!` };
        },
      ],
    ]),
  };

  it('is upgraded in memory by a read, and in the file by a write, with its secrets', async () => {
    const file = await forge((sealer) => ({
      active: 'a',
      tokens: [{ key: 'k', sealed: sealer.seal('secret', tokensContext('k')) }],
    }));
    const before = readFileSync(file);
    const store = await StoreFile.open(file, () => Promise.resolve(key), next);
    const opened = await store.read();
    expect(opened.content.active).toBe('a!');
    expect(readFileSync(file).equals(before)).toBe(true);
    await store.change(({ content }) => ({ content, result: undefined }));
    expect(parseFile(readFileSync(file))?.header.version).toBe(next.version);
    const after = await store.read();
    expect(after.content.active).toBe('a!');
    const [tokens] = after.content.tokens;
    expect(store.open(after, tokens?.sealed ?? '', tokensContext('k')).toString()).toBe('secret');
  });

  it('is refused where it is newer', async () => {
    const file = await forge(() => ({}), next);
    const error: unknown = await openFileStore({ file, key }).catch((cause: unknown) => cause);
    if (!isEmailError(error)) throw new Error('not refused');
    expect([error.code, error.message]).toEqual(['ERR_STORE', expect.stringContaining('newer version')]);
  });
});

describe('a file', () => {
  const header = { format: 'sealpost profile store', version: 1, key: { kdf: 'raw', salt: 'AAAA' }, check: 'AAAA' };
  const bytes = (first: unknown, mac = 'AAAA'): Buffer => Buffer.from(`${JSON.stringify(first)}\n${mac}\n{}\n`);

  it('has a header, a MAC and the content', () => {
    expect(parseFile(bytes(header))).toMatchObject({ header, mac: Buffer.alloc(3), content: Buffer.from('{}\n') });
    const cost = { kdf: 'scrypt', salt: 'AAAA', cost: 131072 };
    expect(parseFile(bytes({ ...header, key: cost }))?.header.key).toEqual(cost);
    expect(parseFile(bytes({ ...header, key: { ...cost, cost: '5' } }))?.header.key.cost).toBeUndefined();
  });

  it.each<[string, Buffer]>([
    ['without lines', Buffer.from('{}')],
    ['of one line', Buffer.from(`${JSON.stringify(header)}\n`)],
    ['that is not JSON', Buffer.from('{\nAAAA\n{}')],
    ['of null', bytes(null)],
    ['of another format', bytes({ ...header, format: 'other' })],
    ['of a version that is text', bytes({ ...header, version: '1' })],
    ['of half a version', bytes({ ...header, version: 1.5 })],
    ['of version 0', bytes({ ...header, version: 0 })],
    ['without a key', bytes({ ...header, key: undefined })],
    ['of another derivation', bytes({ ...header, key: { kdf: 'none', salt: 'AAAA' } })],
    ['without a salt', bytes({ ...header, key: { kdf: 'raw' } })],
    ['without a check', bytes({ ...header, check: 5 })],
    ['with a space in its MAC', bytes(header, 'AA AA')],
    ['with a MAC that has bits too many', bytes(header, 'AAB=')],
  ])('%s is none', async (_, content) => {
    expect(parseFile(content)).toBeUndefined();
    const file = freshFile();
    writeFileSync(file, content, { mode: 0o600 });
    await expect(openFileStore({ file, key })).rejects.toMatchObject({
      code: 'ERR_STORE',
      message: expect.stringContaining('is not the file of a profile store') as string,
    });
  });
});
