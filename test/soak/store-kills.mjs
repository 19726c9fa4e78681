/**
 * Processes that are killed with SIGKILL at random moments of their saves: `node store-kills.mjs COUNT [SEED]`. After
 * each kill the store has the old or the new profile and is not locked, and the next save removes leftover files.
 * @module
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openProfileStore, profileToJson } from 'sealpost';

const kills = Number(process.argv[2] ?? 500);
const seed = Number(process.argv[3] ?? Date.now() % 1e9);
const worker = fileURLToPath(new URL('store-worker.mjs', import.meta.url));
const key = new Uint8Array(32).fill(5);
const directory = mkdtempSync(join(tmpdir(), 'sealpost-kills-'));
const file = join(directory, 'store');

/** Mulberry32: the same numbers for the same seed. */
let state = seed;
function random() {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}

/** The number in a profile, whose password must come from the same save. */
function numberIn(profile) {
  if (profile === undefined) return 0;
  const { description, authentication } = profileToJson(profile, { secrets: 'include' });
  assert.equal(authentication.password, `pw ${description}`);
  return Number(description.split(' ').at(-1));
}

const temporary = (path) => readdirSync(path).filter((name) => name.endsWith('.tmp'));
const revisionIn = (path, pattern) => Number(pattern.exec(readFileSync(path, 'latin1'))?.[1]);

/** The stage that the killed save had reached, known from its files. */
function moment() {
  const [half] = temporary(directory);
  const stateDirectory = `${file}.state`;
  const held = readdirSync(join(stateDirectory, 'write')).includes('held')
    ? readdirSync(join(stateDirectory, 'write', 'held')).length > 0
    : false;
  if (half !== undefined)
    return statSync(join(directory, half)).size < statSync(file).size / 2 ? 'while it wrote' : 'before the rename';
  if (revisionIn(file, /"revision": (\d+)/) > revisionIn(join(stateDirectory, 'revision'), /^(\d+)/))
    return 'between the renames';
  if (temporary(stateDirectory).length > 0) return 'with the revision staged';
  return held ? 'with the lock, otherwise' : 'without the lock';
}

const moments = new Map();
let rounds = 0;
let longestMs = 0;
/** The duration of a round, measured with the last process. */
let roundMs = 20;
const reader = await openProfileStore({ file, key });
await reader.saveCached('shared', 'slot', Buffer.alloc(200_000, 7));
try {
  for (let kill = 1; kill <= kills; kill++) {
    const child = spawn(process.execPath, [worker, file, 'ann', String(rounds + 1), '600000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let begun = rounds;
    let done = rounds;
    let killed = false;
    let since = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, number] = line.split(' ');
      if (word === 'done') done = Number(number);
      else begun = Number(number);
      if (word === 'done') roundMs = Math.min(1000, performance.now() - since);
      since = performance.now();
      if (killed || word !== 'begin' || done === rounds) continue;
      killed = true;
      for (const at = since + random() * roundMs * 1.1; performance.now() < at;)
        await new Promise((turn) => setImmediate(turn));
      child.kill('SIGKILL');
    }
    if (child.signalCode === null) await once(child, 'exit');
    const told = `seed ${seed}, kill ${kill}`;
    assert.equal(child.signalCode, 'SIGKILL', told);
    const where = moment();
    moments.set(where, (moments.get(where) ?? 0) + 1);
    for (const store of [reader, await openProfileStore({ file, key })]) {
      const own = numberIn(await store.get('ann'));
      const shared = numberIn(await store.get('shared'));
      const token = Number((await store.loadTokens('["shared","ann"]')).accessToken);
      assert.ok(own === done || own === begun, `${told}: ${own} is neither ${done} nor ${begun}`);
      assert.ok(shared === own || shared === own - 1, told);
      assert.ok(token === shared || token === shared - 1, told);
      assert.equal((await store.loadCached('shared', 'slot')).length, 200_000, told);
    }
    rounds = begun;
    const start = performance.now();
    const next = await openProfileStore({ file, key });
    await next.delete('no such profile');
    await next.saveCached('shared', 'other', Buffer.of(kill % 256));
    longestMs = Math.max(longestMs, performance.now() - start);
    assert.deepEqual(readdirSync(directory).sort(), ['store', 'store.state'], told);
    assert.deepEqual(temporary(`${file}.state`), [], told);
  }
} finally {
  rmSync(directory, { recursive: true });
}
const where = [...moments].sort((a, b) => b[1] - a[1]).map(([name, count]) => `${count} ${name}`);
console.log(
  `store: ${kills} processes killed (${where.join(', ')}); each time the old or the new profile, and the next ` +
    `save within ${Math.round(longestMs)} ms; seed ${seed}`,
);
