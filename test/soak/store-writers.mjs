/**
 * Processes that save different profiles and the same one, while another reads: `node store-writers.mjs PROCESSES
 * SECONDS`. Nothing is lost, and a reader never sees half a save or an older one.
 * @module
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openProfileStore, profileToJson } from 'sealpost';

const [processes = 8, seconds = 60] = process.argv.slice(2).map(Number);
const worker = fileURLToPath(new URL('store-worker.mjs', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'sealpost-writers-'));
const file = join(directory, 'store');
const reader = await openProfileStore({ file, key: new Uint8Array(32).fill(5) });

function textOf(profile) {
  const { description, authentication } = profileToJson(profile, { secrets: 'include' });
  assert.equal(authentication.password, `pw ${description}`);
  return description;
}

/** Runs one process to its end. Returns its number of rounds and the longest time of a save. */
async function run(who) {
  const child = spawn(process.execPath, [worker, file, who, '1', String(seconds * 1000)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const last = {};
  for await (const line of createInterface({ input: child.stdout })) {
    const [word, number] = line.split(' ');
    last[word] = Number(number);
  }
  const [code] = await ended;
  assert.equal(code, 0);
  return { who, rounds: last.done, longestMs: last.longest };
}

let reads = 0;
try {
  let running = true;
  const all = Promise.all(Array.from({ length: processes }, (_, index) => run(`process ${index}`)));
  const stopped = all.finally(() => (running = false));
  stopped.catch(() => {});
  const newest = new Map();
  let profiles = 0;
  while (running) {
    const list = await reader.list();
    assert.ok(list.length >= profiles);
    profiles = list.length;
    for (const { name } of list) {
      const text = textOf(await reader.get(name));
      const [, who, round] = /^(?:(process \d+) )?(\d+)$/.exec(text);
      const writer = who === undefined ? name : `shared by ${who}`;
      assert.ok(Number(round) >= (newest.get(writer) ?? 0), `${writer} went back to ${round}`);
      newest.set(writer, Number(round));
      reads++;
    }
  }
  const results = await all;
  let rounds = 0;
  for (const result of results) {
    assert.equal(textOf(await reader.get(result.who)), String(result.rounds));
    const { accessToken } = await reader.loadTokens(JSON.stringify(['shared', result.who]));
    assert.equal(accessToken, String(result.rounds));
    rounds += result.rounds;
  }
  // Each write raised the number by one: no process wrote over what it had not read.
  const revision = Number(/"revision": (\d+)/.exec(readFileSync(file, 'utf8'))[1]);
  assert.equal(revision, 1 + 3 * rounds);
  const each = results.map((result) => 3 * result.rounds);
  console.log(
    `store: ${processes} processes saved ${3 * rounds} times in ${seconds} s (${Math.min(...each)} ` +
      `to ${Math.max(...each)} each, the longest wait ${Math.max(...results.map(({ longestMs }) => longestMs))} ` +
      `ms), none was lost; ${reads} reads beside them`,
  );
} finally {
  rmSync(directory, { recursive: true });
}
