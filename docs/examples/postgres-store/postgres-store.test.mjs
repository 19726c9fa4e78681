/**
 * Runs the tests of the embedded store on the store over PostgreSQL, then tests for the database only.
 * @module
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import { createMailer, openProfileStore, profileToJson } from 'sealpost';
import { createTestIdentities, MemoryTransport } from 'sealpost/testing';
import { startPostgres } from './postgres-server.mjs';
import { PostgresStore, schema } from './postgres-store.mjs';

const key = new Uint8Array(32).fill(4);
const scratch = mkdtempSync(join(tmpdir(), 'sealpost-example-'));
let server;
let pool;
/**
 * Promises that resolve when the connections have ended, which is after pool.end(). If the server stops earlier, its
 * last message is an error without a listener.
 */
const ends = [];
before(async () => {
  server = await startPostgres();
  pool = new pg.Pool(server.connection);
  pool.on('connect', (client) => ends.push(new Promise((resolve) => client.once('end', resolve))));
  await pool.query(schema);
});
after(async () => {
  await pool.end();
  await Promise.all(ends);
  await server.stop();
  rmSync(scratch, { recursive: true, force: true });
});

let stores = 0;
const kinds = {
  openProfileStore: () => openProfileStore({ file: join(scratch, String(++stores), 'store'), key }),
  PostgresStore: async () => {
    await pool.query('truncate mail_profiles, mail_certificates, mail_tokens');
    return new PostgresStore(pool, key);
  },
};
const profile = (name, more = {}) => ({
  name,
  sender: { email: 'ann@example.com' },
  server: { host: 'mail.example.com' },
  authentication: { method: 'login', username: 'ann', password: 'correct horse' },
  ...more,
});
const json = (value) => value && profileToJson(value, { secrets: 'include' });
const isStoreError = (error) => error.code === 'ERR_STORE' && typeof error.remedy === 'string';

for (const [kind, open] of Object.entries(kinds)) {
  describe(kind, () => {
    it('keeps profiles in order, one of them active', async () => {
      const store = await open();
      assert.deepEqual(await store.list(), []);
      assert.equal(await store.active(), undefined);
      await store.save(profile('office', { description: 'of the office' }));
      await store.save(profile('home'));
      await store.activate('home');
      await store.activate('office');
      assert.deepEqual(await store.list(), [
        { name: 'office', active: true, description: 'of the office' },
        { name: 'home', active: false },
      ]);
      assert.deepEqual(json(await store.active()), profile('office', { description: 'of the office' }));
      await store.save(profile('office'));
      assert.deepEqual(
        (await store.list()).map(({ name }) => name),
        ['office', 'home'],
      );
      assert.deepEqual(json(await store.active()), profile('office'));
    });

    it('deletes and renames with certificates and tokens', async () => {
      const store = await open();
      for (const name of ['office', 'home']) {
        await store.save(profile(name));
        await store.saveCached(name, 'slot', Buffer.from(name));
        await store.saveTokens(JSON.stringify([name, 'client']), { accessToken: name, tokenType: 'Bearer' });
      }
      await store.activate('office');
      await store.rename('office', 'bureau');
      assert.equal((await store.active())?.name, 'bureau');
      assert.equal(Buffer.from(await store.loadCached('bureau', 'slot')).toString(), 'office');
      assert.equal((await store.loadTokens('["bureau","client"]')).accessToken, 'office');
      assert.equal(await store.loadTokens('["office","client"]'), undefined);
      await assert.rejects(store.rename('bureau', 'home'), isStoreError);
      await assert.rejects(store.rename('office', 'x'), isStoreError);
      await assert.rejects(store.activate('office'), isStoreError);
      assert.equal((await store.active())?.name, 'bureau');
      assert.equal(await store.delete('bureau'), true);
      assert.equal(await store.delete('bureau'), false);
      assert.equal(await store.active(), undefined);
      assert.equal(await store.loadCached('bureau', 'slot'), undefined);
      assert.equal(await store.loadTokens('["bureau","client"]'), undefined);
      assert.equal(Buffer.from(await store.loadCached('home', 'slot')).toString(), 'home');
    });

    it('keeps tokens with their date, and references as references', async () => {
      const store = await open();
      const tokens = { accessToken: 'a', refreshToken: 'r', tokenType: 'Bearer', expiresAt: new Date(1e12) };
      await store.saveTokens('["office"]', tokens);
      assert.deepEqual(await store.loadTokens('["office"]'), tokens);
      const authentication = { method: 'login', username: 'ann', password: { env: 'MAIL_PASSWORD' } };
      await store.save(profile('office', { authentication }));
      assert.deepEqual(json(await store.get('office')), profile('office', { authentication }));
    });

    it('takes any name, and drops copies of certificates whose source changed', async () => {
      const store = await open();
      for (const name of ['__proto__', '../x', "'; drop table mail_profiles; --"]) {
        await store.save(profile(name));
        assert.deepEqual(json(await store.get(name)), profile(name));
      }
      const sign = (file) => ({ smime: { sign: { certificate: { file, cache: true } } } });
      await store.save(profile('office', sign('a.p12')));
      await store.saveCached('office', 'smime.sign.certificate', Buffer.from('a'));
      await store.save(profile('office', { ...sign('a.p12'), description: 'x' }));
      assert.ok(await store.loadCached('office', 'smime.sign.certificate'));
      await store.save(profile('office', sign('b.p12')));
      assert.equal(await store.loadCached('office', 'smime.sign.certificate'), undefined);
    });

    it('runs the work of one lock after the other, and frees it where a wait is given up', async () => {
      const store = await open();
      let inside = 0;
      const work = async () => {
        assert.equal(++inside, 1);
        await new Promise((turn) => setImmediate(turn));
        inside--;
      };
      await Promise.all([1, 2, 3].map(() => store.lock('["office"]', work)));
      const controller = new AbortController();
      await store.lock('["office"]', async () => {
        const waits = store.lock('["office"]', work, { signal: controller.signal });
        await store.lock('["home"]', () => Promise.resolve());
        controller.abort();
        await assert.rejects(waits, { code: 'ERR_ABORTED' });
      });
      await store.lock('["office"]', work);
    });

    it('serves a mailer: a certificate signs once its source is gone', async () => {
      const store = await open();
      const { identities } = createTestIdentities('ann@example.com');
      const { certificate, key: privateKey } = identities.get('ann@example.com');
      const source = (data) => ({ smime: { sign: { certificate: { ...data, cache: true } } } });
      const signed = async (data) => {
        const transport = new MemoryTransport();
        const mailer = createMailer(profile('office', source(data)), { transport, profileStore: store });
        await mailer.send({ to: 'bob@example.org', text: 'hello' });
        await mailer.close();
        return Buffer.from(transport.sent[0].content).toString();
      };
      assert.match(await signed({ data: certificate, key: privateKey }), /multipart\/signed/);
      assert.match(await signed({ file: join(scratch, 'gone.p12') }), /multipart\/signed/);
    });
  });
}

describe('PostgresStore with several processes', () => {
  const worker = `
    import pg from 'pg';
    import { PostgresStore } from './postgres-store.mjs';
    const pool = new pg.Pool(JSON.parse(process.argv[1]));
    const store = new PostgresStore(pool, new Uint8Array(32).fill(4));
    const profile = (name, text) => ({ name, description: text, sender: { email: 'a@example.com' }, server: { host: 'h' },
      authentication: { method: 'login', username: 'ann', password: text } });
    for (let n = 1; n <= Number(process.argv[3]); n++) {
      await store.save(profile(process.argv[2], String(n)));
      await store.save(profile('shared', String(n)));
      await store.activate(process.argv[2]);
      console.log(n);
    }
    await pool.end();
  `;
  const start = (name, count) =>
    spawn(
      process.execPath,
      ['--input-type=module', '-e', worker, JSON.stringify(server.connection), name, String(count)],
      {
        cwd: import.meta.dirname,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );

  it('loses nothing, and has one active profile', async () => {
    const store = await kinds.PostgresStore();
    const names = ['a', 'b', 'c', 'd'];
    const codes = await Promise.all(names.map(async (name) => (await once(start(name, 20), 'exit'))[0]));
    assert.deepEqual(codes, [0, 0, 0, 0]);
    for (const name of names) assert.equal(json(await store.get(name)).authentication.password, '20');
    assert.equal(json(await store.get('shared')).authentication.password, '20');
    assert.equal((await store.list()).filter(({ active }) => active).length, 1);
  });

  it('holds the old or the new profile where a process is killed, and no lock', async () => {
    const store = await kinds.PostgresStore();
    for (let round = 0; round < 5; round++) {
      const child = start('killed', 1_000_000);
      let last = 0;
      for await (const chunk of child.stdout) {
        last = Number(String(chunk).trim().split('\n').at(-1));
        if (last > 2 + round) break;
      }
      child.kill('SIGKILL');
      if (child.signalCode === null) await once(child, 'exit');
      const { description, authentication } = json(await store.get('killed'));
      assert.equal(authentication.password, description);
      assert.ok(Number(description) >= last);
      await store.save(profile('after'));
    }
  });

  it('keeps no secret in the database, and opens no row that was changed or moved', async () => {
    const store = await kinds.PostgresStore();
    await store.save(profile('office'));
    await store.save(profile('home'));
    const { rows } = await pool.query('select * from mail_profiles');
    assert.ok(!JSON.stringify(rows).includes(Buffer.from('correct horse').toString('hex')));
    assert.ok(rows.every(({ sealed }) => !sealed.includes('correct horse')));
    await assert.rejects(new PostgresStore(pool, new Uint8Array(32)).get('office'), isStoreError);
    await pool.query(
      "update mail_profiles set sealed = (select sealed from mail_profiles where name = 'home') where name = 'office'",
    );
    await assert.rejects(store.get('office'), isStoreError);
    await pool.query(
      "update mail_profiles set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) where name = 'home'",
    );
    await assert.rejects(store.get('home'), isStoreError);
  });

  it('says ERR_STORE where the database is gone', async () => {
    const away = new pg.Pool({ ...server.connection, host: scratch });
    const error = await new PostgresStore(away, key).save(profile('x')).catch((cause) => cause);
    assert.ok(isStoreError(error) && error.retryable);
    await away.end();
  });
});
