/**
 * A profile store over PostgreSQL, for programs that run on several machines. Every change is one transaction. Each
 * profile is encrypted as a whole before it leaves the process, so the database's administrator and its backups cannot
 * read it.
 * @module
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { createEmailError, defineProfile, isEmailError, parseProfile, profileToJson } from 'sealpost';

/** The tables. Run it once, for example with your migrations. */
export const schema = `
create table if not exists mail_profiles (
  name text primary key,
  position bigint generated always as identity,
  description text,
  is_active boolean not null default false,
  sealed bytea not null
);
create unique index if not exists mail_profiles_one_active on mail_profiles (is_active) where is_active;
create table if not exists mail_certificates (
  profile text not null,
  slot text not null,
  sealed bytea not null,
  primary key (profile, slot)
);
create table if not exists mail_tokens (
  key text primary key,
  profile text,
  sealed bytea not null
);
create index if not exists mail_tokens_of_profile on mail_tokens (profile);
`;

/**
 * The lock that serializes changes of profiles. It may be any number that is not used elsewhere in the database.
 */
const changesLock = 7_238_511;

/** @implements {import('sealpost').ProfileStore} */
export class PostgresStore {
  #pool;
  #key;

  /**
   * @param {import('pg').Pool} pool
   * @param {Uint8Array} key 32 bytes, from a key service or the environment, not from this database
   */
  constructor(pool, key) {
    if (key.length !== 32) throw new RangeError(`expected a key of 32 bytes, got ${key.length}`);
    this.#pool = pool;
    this.#key = key;
  }

  async list() {
    const rows = await this.#query('select name, description, is_active from mail_profiles order by position');
    return rows.map(({ name, description, is_active: active }) => ({
      name,
      active,
      ...(description === null ? {} : { description }),
    }));
  }

  async get(name) {
    const [row] = await this.#query('select name, sealed from mail_profiles where name = $1', [name]);
    return row && this.#profileOf(row);
  }

  async active() {
    const [row] = await this.#query('select name, sealed from mail_profiles where is_active');
    return row && this.#profileOf(row);
  }

  async save(profile) {
    const checked = defineProfile(profile);
    const { name, description = null } = checked;
    const json = profileToJson(checked, { secrets: 'include' });
    await this.#change(async (query) => {
      const [before] = await query('select sealed from mail_profiles where name = $1', [name]);
      await query(
        `insert into mail_profiles (name, description, sealed) values ($1, $2, $3)
         on conflict (name) do update set description = excluded.description, sealed = excluded.sealed`,
        [name, description, this.#seal(JSON.stringify(json), 'profile', name)],
      );
      if (before) await this.#dropStale(query, name, this.#openJson(before.sealed, 'profile', name), json);
    });
  }

  async delete(name) {
    return await this.#change(async (query) => {
      await query('delete from mail_certificates where profile = $1', [name]);
      await query('delete from mail_tokens where profile = $1', [name]);
      return (await query('delete from mail_profiles where name = $1 returning name', [name])).length > 0;
    });
  }

  async rename(from, to) {
    await this.#change(async (query) => {
      const [row] = await query('select sealed from mail_profiles where name = $1', [from]);
      if (!row) throw unknown(from);
      if (from === to) return;
      const json = { ...this.#openJson(row.sealed, 'profile', from), name: to };
      parseProfile(json);
      if ((await query('select 1 from mail_profiles where name = $1', [to])).length > 0)
        throw storeError(`There is already a profile named ${JSON.stringify(to)}`, 'Choose another name.');
      // Removes tokens and certificates that a deleted profile of that name may have left.
      await query('delete from mail_certificates where profile = $1', [to]);
      await query('delete from mail_tokens where profile = $1', [to]);
      const sealed = this.#seal(JSON.stringify(json), 'profile', to);
      await query('update mail_profiles set name = $2, sealed = $3 where name = $1', [from, to, sealed]);
      for (const { slot, sealed: old } of await query('select * from mail_certificates where profile = $1', [from])) {
        const copy = this.#seal(this.#open(old, 'certificate', from, slot), 'certificate', to, slot);
        const update = 'update mail_certificates set profile = $3, sealed = $4 where profile = $1 and slot = $2';
        await query(update, [from, slot, to, copy]);
      }
      for (const { key, sealed: old } of await query('select * from mail_tokens where profile = $1', [from])) {
        const renamed = JSON.stringify([to, ...JSON.parse(key).slice(1)]);
        const copy = this.#seal(this.#open(old, 'tokens', key), 'tokens', renamed);
        await query('update mail_tokens set key = $2, profile = $3, sealed = $4 where key = $1', [
          key,
          renamed,
          to,
          copy,
        ]);
      }
    });
  }

  async activate(name) {
    await this.#change(async (query) => {
      await query('update mail_profiles set is_active = false where is_active and name <> $1', [name]);
      const found = await query('update mail_profiles set is_active = true where name = $1 returning name', [name]);
      // The error rolls back the first statement too.
      if (found.length === 0) throw unknown(name);
    });
  }

  async loadCached(profile, slot) {
    const select = 'select sealed from mail_certificates where profile = $1 and slot = $2';
    const [row] = await this.#query(select, [profile, slot]);
    return row && new Uint8Array(this.#open(row.sealed, 'certificate', profile, slot));
  }

  async saveCached(profile, slot, data) {
    await this.#change(async (query) => {
      if (data === undefined) {
        await query('delete from mail_certificates where profile = $1 and slot = $2', [profile, slot]);
        return;
      }
      await query(
        `insert into mail_certificates (profile, slot, sealed) values ($1, $2, $3)
         on conflict (profile, slot) do update set sealed = excluded.sealed`,
        [profile, slot, this.#seal(data, 'certificate', profile, slot)],
      );
    });
  }

  async loadTokens(key) {
    const [row] = await this.#query('select sealed from mail_tokens where key = $1', [key]);
    if (!row) return undefined;
    const { expiresAt, ...tokens } = this.#openJson(row.sealed, 'tokens', key);
    return expiresAt === undefined ? tokens : { ...tokens, expiresAt: new Date(expiresAt) };
  }

  async saveTokens(key, tokens) {
    await this.#query(
      `insert into mail_tokens (key, profile, sealed) values ($1, $2, $3)
       on conflict (key) do update set sealed = excluded.sealed`,
      [key, profileOf(key), this.#seal(JSON.stringify(tokens), 'tokens', key)],
    );
  }

  /** An advisory lock of the session. The server frees it when the process dies or the connection ends. */
  async lock(key, work, { signal } = {}) {
    const client = await this.#pool.connect();
    let broken = false;
    let gaveUp = false;
    const giveUp = () => {
      gaveUp = true;
      client.connection.stream.destroy();
    };
    // When the connection ends, it emits 'error' in addition to the error of the statement.
    const onError = () => (broken = true);
    client.on('error', onError);
    try {
      if (signal?.aborted) giveUp();
      signal?.addEventListener('abort', giveUp, { once: true });
      // When the connection ends, the waiting statement fails.
      await client.query('select pg_advisory_lock(hashtextextended($1, 0))', [key]);
      signal?.removeEventListener('abort', giveUp);
      try {
        return await work();
      } finally {
        await client.query('select pg_advisory_unlock(hashtextextended($1, 0))', [key]);
      }
    } catch (cause) {
      if (!gaveUp) throw cause;
      throw createEmailError('ERR_ABORTED', 'The wait for a lock was given up', { cause: signal.reason });
    } finally {
      signal?.removeEventListener('abort', giveUp);
      client.off('error', onError);
      client.release(broken || gaveUp);
    }
  }

  #profileOf({ name, sealed }) {
    return parseProfile(this.#openJson(sealed, 'profile', name));
  }

  /** Removes copies of certificates whose source has changed. */
  async #dropStale(query, name, before, after) {
    const at = (json, slot) => JSON.stringify(slot.split('.').reduce((value, key) => value?.[key], json));
    for (const { slot } of await query('select slot from mail_certificates where profile = $1', [name]))
      if (at(before, slot) !== at(after, slot))
        await query('delete from mail_certificates where profile = $1 and slot = $2', [name, slot]);
  }

  async #query(text, values) {
    try {
      return (await this.#pool.query(text, values)).rows;
    } catch (cause) {
      throw databaseError(cause);
    }
  }

  /** Runs `work` in one transaction. */
  async #change(work) {
    let client;
    let failure;
    try {
      client = await this.#pool.connect();
      await client.query('begin');
      await client.query('select pg_advisory_xact_lock($1)', [changesLock]);
      const result = await work(async (text, values) => (await client.query(text, values)).rows);
      await client.query('commit');
      return result;
    } catch (cause) {
      failure = cause;
      await client?.query('rollback').catch(() => undefined);
      throw isEmailError(cause) ? cause : databaseError(cause);
    } finally {
      // After an error the connection is not used again.
      client?.release(failure !== undefined && !isEmailError(failure));
    }
  }

  #seal(value, ...place) {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(aad(place));
    return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
  }

  #open(sealed, ...place) {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, 12), { authTagLength: 16 });
      decipher.setAAD(aad(place)).setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    } catch {
      throw storeError(
        `The ${place.join(', ')} in the database cannot be opened with this key`,
        'Use the key with which it was saved. If the value was changed or moved, restore a backup.',
      );
    }
  }

  #openJson(sealed, ...place) {
    return JSON.parse(this.#open(sealed, ...place).toString('utf8'));
  }
}

/** The version of the format and the place of the value. A value that is moved to another row cannot be decrypted. */
function aad(place) {
  return Buffer.from(JSON.stringify([1, ...place]));
}

/** The name of the profile, which is the first string in the key of a token. */
function profileOf(key) {
  try {
    const [name] = JSON.parse(key);
    return typeof name === 'string' ? name : null;
  } catch {
    return null;
  }
}

function storeError(message, remedy, cause) {
  return createEmailError('ERR_STORE', message, { remedy, cause });
}

function unknown(name) {
  return storeError(`There is no profile named ${JSON.stringify(name)}`, 'See list() for the names.');
}

function databaseError(cause) {
  return createEmailError(
    'ERR_STORE',
    `The database failed: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      cause,
      retryable: true,
      remedy: 'Check that the database is running and that this user may use its tables.',
    },
  );
}
