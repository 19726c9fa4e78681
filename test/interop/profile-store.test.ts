/**
 * Profiles from a store, with real servers: their passwords and tokens sign in, and appear in no log and no error
 * (`check-logs.mjs`).
 * @module
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { createMailer, openProfileStore } from '../../src/index.js';
import type { EmailProfile, EmbeddedProfileStore } from '../../src/index.js';
import { readTestbed } from './testbed.js';

const { users, dovecot, oauth2, pki } = readTestbed();
const directory = mkdtempSync(join(tmpdir(), 'sealpost-store-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const file = join(directory, 'profiles', 'store');
const passphrase = join(directory, 'passphrase');
writeFileSync(passphrase, 'the passphrase of a store', { mode: 0o600 });

const profile = (name: string, authentication: EmailProfile['authentication']): EmailProfile => ({
  name,
  sender: { email: users.alice.address },
  server: { host: 'localhost', port: dovecot.submission, security: 'explicit', tls: { ca: { file: pki.ca } } },
  authentication,
  logging: { file: join(directory, 'mail.log'), level: 'debug' },
});
const password = (text: string): EmailProfile['authentication'] => ({
  method: 'password',
  username: 'alice',
  password: text,
});

async function send(store: EmbeddedProfileStore, name: string): Promise<unknown> {
  const stored = await store.get(name);
  if (stored === undefined) throw new Error(`no profile ${name}`);
  await using mailer = createMailer(stored, { profileStore: store });
  return await mailer.send({ to: users.bob.address, subject: 'by a stored profile', text: 'x' }).then(
    ({ accepted }) => accepted,
    (error: unknown) => error,
  );
}

describe('a profile out of a store', () => {
  it('signs in with its password or its token, and shows neither where that is refused', async () => {
    const store = await openProfileStore({ file, key: { file: passphrase } });
    const wrong = 'wrong password of a store';
    await store.save(profile('right', password(users.alice.password)));
    await store.save(profile('token', { method: 'xoauth2', username: users.alice.address, token: oauth2.alice }));
    await store.save(profile('wrong', password(wrong)));
    const expired = oauth2.aliceExpired;
    await store.save(profile('expired', { method: 'xoauth2', username: users.alice.address, token: expired }));

    const again = await openProfileStore({ file, key: { file: passphrase } });
    for (const name of ['right', 'token']) expect(await send(again, name)).toEqual([users.bob.address]);
    const errors = [await send(again, 'wrong'), await send(again, 'expired')];
    expect(errors).toMatchObject([
      { code: 'ERR_AUTH_REJECTED' },
      { code: expect.stringMatching(/^ERR_(AUTH_REJECTED|OAUTH2)$/) as string },
    ]);

    const other = await openProfileStore({ file, key: 'another passphrase' }).catch((error: unknown) => error);
    expect(other).toMatchObject({ code: 'ERR_STORE' });
    const shown = [...errors, other].map((error) => inspect(error, { depth: 10 }) + JSON.stringify(error)).join();
    for (const text of [shown, readFileSync(join(directory, 'mail.log'), 'utf8'), readFileSync(file, 'utf8')])
      for (const secret of [
        users.alice.password,
        oauth2.alice,
        wrong,
        expired,
        'passphrase of a store',
        'another passphrase',
      ])
        expect(text).not.toContain(secret);
  });
});
