/**
 * `openProfileStore`: what it stores, what it refuses, and the content of its file.
 * @module
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineProfile, isEmailError, openProfileStore, profileToJson } from '../../../src/index.js';
import type { EmailError, EmailProfile, EmbeddedProfileStore } from '../../../src/index.js';
import { complete, minimal } from '../profile/samples.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-store-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let directories = 0;
const freshFile = (): string => join(scratch, String(++directories), 'profiles.store');
const key = new Uint8Array(32).fill(7);

const office = defineProfile({
  name: 'office',
  description: 'of the office',
  sender: { email: 'ann@example.com' },
  server: { host: 'mail.example.com' },
  authentication: { method: 'password', username: 'ann', password: 'correct horse' },
});
const named = (name: string, password = 'secret'): EmailProfile => ({
  ...office,
  name,
  authentication: { method: 'password', username: 'ann', password },
});
const open = (file = freshFile()): Promise<EmbeddedProfileStore> => openProfileStore({ file, key });

async function errorOf(promise: Promise<unknown>): Promise<EmailError> {
  const error: unknown = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!isEmailError(error)) throw new Error(`expected an EmailError, got ${String(error)}`);
  return error;
}

const include = (profile: EmailProfile | undefined): unknown =>
  profile && profileToJson(profile, { secrets: 'include' });

describe('a profile store', () => {
  it('keeps profiles in order, one of them active, for another opening too', async () => {
    const file = freshFile();
    const store = await open(file);
    expect(await store.list()).toEqual([]);
    expect(await store.active()).toBeUndefined();
    expect(await store.get('office')).toBeUndefined();
    await store.save(office);
    await store.save(named('home'));
    await store.activate('office');
    const again = await open(file);
    expect(await again.list()).toEqual([
      { name: 'office', description: 'of the office', active: true },
      { name: 'home', description: 'of the office', active: false },
    ]);
    expect(include(await again.get('office'))).toEqual(include(office));
    expect(include(await again.active())).toEqual(include(office));
    await again.save({ ...office, description: 'changed' });
    expect((await store.list()).map(({ name, description }) => [name, description])).toEqual([
      ['office', 'changed'],
      ['home', 'of the office'],
    ]);
  });

  it('gives back every profile as it was', async () => {
    const store = await open();
    for (const profile of [minimal, complete, office]) {
      await store.save(profile);
      expect(include(await store.get(profile.name))).toEqual(include(profile));
    }
  });

  it('deletes a profile with all that is its own, and leaves none active if it was', async () => {
    const store = await open();
    await store.save(office);
    await store.save(named('home'));
    await store.activate('office');
    for (const profile of ['office', 'home']) {
      await store.saveCached(profile, 'smime.sign.certificate', Buffer.from(profile));
      await store.saveTokens(JSON.stringify([profile, 'client']), { accessToken: profile, tokenType: 'Bearer' });
    }
    expect(await store.delete('office')).toBe(true);
    expect(await store.delete('office')).toBe(false);
    expect(await store.active()).toBeUndefined();
    expect((await store.list()).map(({ name }) => name)).toEqual(['home']);
    expect(await store.loadCached('office', 'smime.sign.certificate')).toBeUndefined();
    expect(await store.loadTokens('["office","client"]')).toBeUndefined();
    expect((await store.loadTokens('["home","client"]'))?.accessToken).toBe('home');
    expect(await store.loadCached('home', 'smime.sign.certificate')).toEqual(new Uint8Array(Buffer.from('home')));
  });

  it('renames a profile with all that is its own', async () => {
    const store = await open();
    await store.save(office);
    await store.save(named('home'));
    await store.activate('office');
    await store.saveCached('office', 'smime.sign.certificate', Buffer.from('copy'));
    await store.saveTokens('["office","client","scope"]', { accessToken: 'abc', tokenType: 'Bearer' });
    await store.saveTokens('another form', { accessToken: 'def', tokenType: 'Bearer' });
    await store.rename('office', 'bureau');
    expect((await store.list()).map(({ name, active }) => [name, active])).toEqual([
      ['bureau', true],
      ['home', false],
    ]);
    expect(include(await store.active())).toEqual({ ...Object(include(office)), name: 'bureau' });
    expect(Buffer.from((await store.loadCached('bureau', 'smime.sign.certificate')) ?? []).toString()).toBe('copy');
    expect((await store.loadTokens('["bureau","client","scope"]'))?.accessToken).toBe('abc');
    expect(await store.loadTokens('["office","client","scope"]')).toBeUndefined();
    expect((await store.loadTokens('another form'))?.accessToken).toBe('def');
    await store.rename('bureau', 'bureau');
    expect((await errorOf(store.rename('bureau', 'home'))).code).toBe('ERR_STORE');
    expect((await errorOf(store.rename('missing', 'new'))).code).toBe('ERR_STORE');
    expect((await errorOf(store.rename('bureau', ''))).code).toBe('ERR_PROFILE_INVALID');
    expect((await errorOf(store.activate('missing'))).message).toContain('no profile named missing');
    expect((await store.list()).map(({ name }) => name)).toEqual(['bureau', 'home']);
  });

  it('keeps tokens with their date, and certificates of profiles that are not in it', async () => {
    const store = await open();
    const tokens = {
      accessToken: 'a',
      refreshToken: 'r',
      scope: 's t',
      tokenType: 'Bearer',
      expiresAt: new Date(1e12),
    };
    await store.saveTokens('["gone","x"]', tokens);
    expect(await store.loadTokens('["gone","x"]')).toEqual(tokens);
    await store.saveTokens('["gone","x"]', { accessToken: 'b', tokenType: 'Bearer' });
    expect(await store.loadTokens('["gone","x"]')).toEqual({ accessToken: 'b', tokenType: 'Bearer' });
    await store.saveCached('gone', 'slot', new Uint8Array([1]));
    expect(await store.loadCached('gone', 'slot')).toEqual(new Uint8Array([1]));
    await store.saveCached('gone', 'slot', undefined);
    expect(await store.loadCached('gone', 'slot')).toBeUndefined();
  });

  it('drops the copy of a certificate whose source is another, and keeps the others', async () => {
    const store = await open();
    const signing = (file: string): EmailProfile => ({
      ...office,
      smime: {
        sign: { certificate: { file, password: 'p', cache: true } },
        encrypt: { certificates: [{ file: 'all.pem', cache: true }] },
      },
    });
    await store.save(signing('old.p12'));
    await store.saveCached('office', 'smime.sign.certificate', Buffer.from('old'));
    await store.saveCached('office', 'smime.encrypt.certificates.0', Buffer.from('all'));
    await store.save({ ...signing('old.p12'), description: 'other' });
    expect(await store.loadCached('office', 'smime.sign.certificate')).toBeDefined();
    await store.save(signing('new.p12'));
    expect(await store.loadCached('office', 'smime.sign.certificate')).toBeUndefined();
    expect(await store.loadCached('office', 'smime.encrypt.certificates.0')).toBeDefined();
  });

  it('keeps references as references', async () => {
    const file = freshFile();
    const store = await open(file);
    const profile = {
      ...office,
      authentication: { method: 'login', username: 'a', password: { env: 'MAIL_PW' } },
    } as const;
    await store.save(profile);
    expect(readFileSync(file, 'utf8')).toContain('"MAIL_PW"');
    expect(include(await store.get('office'))).toEqual(include(profile));
  });

  it.each(['__proto__', 'constructor', '../x', '/etc/passwd', 'a\\b', 'ä ß', '.', "'; drop"])(
    'takes %s as a name like any other',
    async (name) => {
      const file = freshFile();
      const store = await open(file);
      await store.save(named(name));
      await store.saveCached(name, '__proto__', Buffer.from('x'));
      await store.saveTokens(JSON.stringify([name, '..']), { accessToken: 't', tokenType: 'Bearer' });
      await store.lock(JSON.stringify([name, '../..']), () => Promise.resolve());
      await store.activate(name);
      expect(include(await store.active())).toEqual(include(named(name)));
      expect(await store.list()).toEqual([{ name, description: 'of the office', active: true }]);
      await store.rename(name, 'plain');
      expect(Buffer.from((await store.loadCached('plain', '__proto__')) ?? []).toString()).toBe('x');
      expect(readdirSync(join(file, '..')).sort()).toEqual(['profiles.store', 'profiles.store.state']);
    },
  );

  it('refuses what it cannot keep', async () => {
    const store = await open();
    const live = { ...office, authentication: { method: 'login', username: 'a', password: () => 'x' } } as const;
    expect((await errorOf(store.save(live))).problems?.[0]?.path).toBe('authentication.password');
    expect((await errorOf(store.save({ ...office, name: '' }))).code).toBe('ERR_PROFILE_INVALID');
    const badDate = { accessToken: 'a', tokenType: 'Bearer', expiresAt: new Date(NaN) };
    expect((await errorOf(store.saveTokens('k', badDate))).problems?.[0]?.path).toBe('expiresAt');
    expect((await errorOf(store.saveTokens('', { accessToken: 'a', tokenType: 'b' }))).problems?.[0]?.path).toBe('key');
    expect((await errorOf(store.saveCached('p', 's', 'text' as never))).problems?.[0]?.path).toBe('data');
    expect(await store.list()).toEqual([]);
  });

  it('makes the directory of its locks again', async () => {
    const file = freshFile();
    const store = await open(file);
    rmSync(`${file}.state`, { recursive: true });
    await store.lock('["p"]', () => Promise.resolve());
    rmSync(`${file}.state`, { recursive: true });
    await store.save(office);
    expect(await (await open(file)).list()).toHaveLength(1);
    await expect(store.lock('["p"]', () => Promise.reject(new TypeError('of the work')))).rejects.toThrow(TypeError);
  });

  it('runs the work of one lock after the other', async () => {
    const file = freshFile();
    const [a, b] = [await open(file), await open(file)];
    let inside = 0;
    const work = async (): Promise<number> => {
      expect(++inside).toBe(1);
      await new Promise((turn) => setImmediate(turn));
      return inside--;
    };
    await Promise.all([a, b, a, b].map((store) => store.lock('["p"]', work)));
    const controller = new AbortController();
    await a.lock('["p"]', async () => {
      const waits = b.lock('["p"]', work, { signal: controller.signal });
      controller.abort();
      expect((await errorOf(waits)).code).toBe('ERR_ABORTED');
      // Tokens can be saved while their lock is held.
      await a.saveTokens('["p"]', { accessToken: 'x', tokenType: 'Bearer' });
      await b.lock('["q"]', work);
    });
  });
});

describe('the file of a profile store', () => {
  const secrets = ['correct horse', 'the token', 'the refresh token', 'copy of a certificate'];
  const fill = async (store: EmbeddedProfileStore): Promise<void> => {
    await store.save(office);
    await store.saveTokens('["office"]', {
      accessToken: 'the token',
      refreshToken: 'the refresh token',
      tokenType: 'Bearer',
    });
    await store.saveCached('office', 'slot', Buffer.from('copy of a certificate'));
  };

  it('holds no secret, and has mode 0600 in a directory of mode 0700', async () => {
    const file = freshFile();
    await fill(await open(file));
    const text = readFileSync(file, 'utf8');
    for (const secret of secrets) {
      const forms = [0, 1, 2].map((shift) =>
        Buffer.from('_'.repeat(shift) + secret)
          .toString('base64')
          .slice(shift === 0 ? 0 : 4, -4),
      );
      for (const form of [secret, Buffer.from(secret).toString('hex'), ...forms]) expect(text).not.toContain(form);
    }
    expect(text).toContain('mail.example.com');
    if (process.platform === 'win32') return;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    for (const directory of [join(file, '..'), `${file}.state`]) expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('is refused with any bit of it flipped', async () => {
    const file = freshFile();
    await fill(await open(file));
    const good = readFileSync(file);
    const untouched = JSON.stringify(await (await open(file)).list());
    const lines = good.indexOf('\n', good.indexOf('\n') + 1);
    for (let at = 0; at < good.length; at += at < lines ? 1 : 7) {
      const bad = Buffer.from(good);
      bad[at] = (bad[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(file, bad);
      const error = await errorOf(open(file));
      expect(error.code, `byte ${at}`).toBe('ERR_STORE');
      expect(error.remedy).toBeTruthy();
    }
    for (const bad of [good.subarray(0, -1), good.subarray(0, 40), Buffer.alloc(0), Buffer.concat([good, good])]) {
      writeFileSync(file, bad);
      expect((await errorOf(open(file))).code).toBe('ERR_STORE');
    }
    writeFileSync(file, good);
    expect(JSON.stringify(await (await open(file)).list())).toBe(untouched);
  });

  it('is refused by a store that has it open, which then writes nothing', async () => {
    const file = freshFile();
    const store = await open(file);
    await fill(store);
    const bad = readFileSync(file);
    bad[bad.length - 20] = (bad[bad.length - 20] ?? 0) ^ 1;
    writeFileSync(file, bad);
    const calls = [
      () => store.list(),
      () => store.get('office'),
      () => store.save(named('x')),
      () => store.delete('office'),
    ];
    for (const call of calls) expect((await errorOf(call())).message).toContain('changed or damaged');
    expect(readFileSync(file).equals(bad)).toBe(true);
  });

  it('is refused with another key, and is not written', async () => {
    const file = freshFile();
    await fill(await open(file));
    const before = readFileSync(file);
    const others = [new Uint8Array(32).fill(8), 'a passphrase'];
    for (const other of others) {
      const error = await errorOf(openProfileStore({ file, key: other }));
      expect([error.code, error.retryable]).toEqual(['ERR_STORE', false]);
      expect(error.message + String(error.remedy)).toMatch(/key/);
    }
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it('is refused where it is older than it was', async () => {
    const file = freshFile();
    const store = await open(file);
    await store.save(office);
    copyFileSync(file, join(scratch, 'old'));
    await store.save(named('home'));
    writeFileSync(file, readFileSync(join(scratch, 'old')));
    for (const call of [() => store.list(), () => store.save(named('x')), () => open(file)]) {
      const error = await errorOf(call());
      expect([error.code, error.message]).toEqual(['ERR_STORE', expect.stringContaining('older than before')]);
      expect(error.remedy).toContain('revision');
    }
    rmSync(file);
    for (const call of [() => store.list(), () => open(file)])
      expect((await errorOf(call())).message).toContain('is missing, but existed before');
    // The repair that the remedy describes.
    copyFileSync(join(scratch, 'old'), file);
    chmodSync(file, 0o600);
    rmSync(join(`${file}.state`, 'revision'));
    expect(await (await open(file)).list()).toHaveLength(1);
    expect((await errorOf(store.list())).code).toBe('ERR_STORE');
  });

  it.runIf(process.platform !== 'win32')(
    'is refused as a link, open to others, or in a directory that others write to',
    async () => {
      const file = freshFile();
      await fill(await open(file));
      for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610]) {
        chmodSync(file, mode);
        const error = await errorOf(open(file));
        expect(error.message).toContain(`mode 0${mode.toString(8)}`);
        expect(error.remedy).toContain('0600');
      }
      chmodSync(file, 0o400);
      expect(await (await open(file)).list()).toHaveLength(1);
      renameSync(file, `${file}.real`);
      symlinkSync(`${file}.real`, file);
      expect((await errorOf(open(file))).message).toContain('symbolic link');
      rmSync(file);
      symlinkSync(join(scratch, 'nowhere'), file);
      expect((await errorOf(open(file))).message).toContain('symbolic link');
      expect(existsSync(join(scratch, 'nowhere'))).toBe(false);
      rmSync(file);
      mkdirSync(file);
      expect((await errorOf(open(file))).message).toContain('not a regular file');
      const shared = freshFile();
      mkdirSync(join(shared, '..'));
      chmodSync(join(shared, '..'), 0o777);
      expect((await errorOf(open(shared))).message).toContain('other users can write to (mode 0777)');
      expect(readdirSync(join(shared, '..'))).toEqual([]);
    },
  );

  it('is cleared of the temporary files of killed processes, and its notes too', async () => {
    const file = freshFile();
    await fill(await open(file));
    const left = [`${file}.0123456789ab.tmp`, join(`${file}.state`, 'revision.0123456789ab.tmp')];
    for (const path of left) writeFileSync(path, 'half a file');
    await (await open(file)).save(named('other'));
    expect(left.filter((path) => existsSync(path))).toEqual([]);
  });

  it('is named in errors of the file system', async () => {
    const file = freshFile();
    writeFileSync(join(scratch, 'a file'), '');
    expect((await errorOf(open(join(scratch, 'a file', 'x')))).code).toBe('ERR_STORE');
    const store = await open(file);
    rmSync(join(file, '..'), { recursive: true });
    const error = await errorOf(store.save(office));
    expect([error.code, error.message]).toEqual(['ERR_STORE', expect.stringContaining('profiles.store')]);
  });
});

describe('the key of a profile store', () => {
  it.each([
    ['too short bytes', new Uint8Array(16)],
    ['too long bytes', new Uint8Array(33)],
    ['an empty passphrase', ''],
    ['nothing', undefined as never],
  ])('is not %s', async (_what, bad) => {
    const file = freshFile();
    const error = await errorOf(openProfileStore({ file, key: bad }));
    expect([error.code, error.problems?.[0]?.path]).toEqual(['ERR_PROFILE_INVALID', 'key']);
    expect(existsSync(join(file, '..'))).toBe(false);
  });

  it('is a copy of the bytes that were given', async () => {
    const file = freshFile();
    const mine = new Uint8Array(32).fill(9);
    const store = await openProfileStore({ file, key: mine });
    await store.save(office);
    mine.fill(0);
    await openProfileStore({ file, key: new Uint8Array(32).fill(9) });
  });

  describe('as a passphrase', () => {
    const file = freshFile();
    let store: EmbeddedProfileStore;
    beforeAll(async () => {
      store = await openProfileStore({ file, key: 'correct horse battery' });
      await store.save(office);
    });

    it('goes through scrypt with N = 2^17 at least', async () => {
      const text = readFileSync(file, 'utf8');
      const header = JSON.parse(text.split('\n')[0] ?? '') as { key: Record<string, unknown> };
      expect(header.key).toMatchObject({ kdf: 'scrypt', cost: 131072 });
      const weak = freshFile();
      mkdirSync(join(weak, '..'));
      writeFileSync(weak, text.replace('"cost":131072', '"cost":1024'), { mode: 0o600 });
      expect((await errorOf(openProfileStore({ file: weak, key: 'correct horse battery' }))).message).toContain('weak');
    });

    it('may be a reference, and a wrong one is refused', async () => {
      const passphrase = join(scratch, 'passphrase');
      writeFileSync(passphrase, 'correct horse battery\n');
      expect(await (await openProfileStore({ file, key: { file: passphrase } })).list()).toHaveLength(1);
      expect((await errorOf(openProfileStore({ file, key: 'correct horse' }))).message).toContain('with this key');
      const missing = await errorOf(openProfileStore({ file, key: { file: join(scratch, 'missing') } }));
      expect(missing.code).toBe('ERR_SECRET');
      expect((await errorOf(open(file))).message).toContain('passphrase');
    });
  });

  it('can be changed, after which the old one is refused and all is as it was', async () => {
    const file = freshFile();
    const store = await open(file);
    await store.save(office);
    await store.saveTokens('["office"]', { accessToken: 't', tokenType: 'Bearer' });
    await store.saveCached('office', 'slot', Buffer.from('c'));
    const other = await open(file);
    const sealed = readFileSync(file, 'utf8').match(/"sealed": "[^"]+"/g) ?? [];
    const next = new Uint8Array(32).fill(1);
    const reads = Array.from({ length: 20 }, () => store.get('office'));
    await store.changeKey(next);
    for (const read of reads) expect(include(await read)).toEqual(include(office));
    for (const one of sealed) expect(readFileSync(file, 'utf8')).not.toContain(one);
    for (const reader of [store, await openProfileStore({ file, key: next })]) {
      expect(include(await reader.get('office'))).toEqual(include(office));
      expect((await reader.loadTokens('["office"]'))?.accessToken).toBe('t');
      expect(await reader.loadCached('office', 'slot')).toEqual(new Uint8Array(Buffer.from('c')));
    }
    expect((await errorOf(other.list())).remedy).toContain('changeKey');
    expect((await errorOf(other.save(named('x')))).code).toBe('ERR_STORE');
    await store.save(named('y'));
    expect((await errorOf(store.changeKey(new Uint8Array(3)))).code).toBe('ERR_PROFILE_INVALID');
  });
});
