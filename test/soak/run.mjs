/**
 * `npm run test:soak` runs a part of the work, for every change; `npm run test:soak -- --full` runs all of it.
 *
 * Leaks: heap, handles and listeners stay where they were over 100 000 sends, 10 000 failed connections, 10 000 mailers
 * and 1 000 token refreshes. Memory: a stream of 24 MiB makes the process 48 MiB larger at most. Exit: a process ends
 * within half a second after close(), with any pending work. Stores: 500 processes are killed in their saves, 8 save
 * for a minute, and files are tampered with. Locks: 500 processes of each kind are killed while
 * they hold one or wait for it.
 * @module
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const full = process.argv.includes('--full');
const work = { sends: 100_000, failures: 10_000, mailers: 10_000, tokens: 1_000 };
/** Another program may occupy the processor for half a second, but not every time. */
const attempts = 3;
/** A process that still runs after this time counts as hanging. */
const hangMs = 20_000;

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const failed = [];

function run(args, options) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', ...options });
  return { ok: status === 0, text: `${stdout}${stderr}`.trim() };
}

for (const [name, count] of Object.entries(work)) {
  // Code that is compiled during the work is no leak, but takes memory.
  const flags = ['--expose-gc', '--no-opt'];
  const { ok, text } = run([...flags, path('leaks.mjs'), name, String(full ? count : Math.max(count / 20, 500))], {});
  console.log(text);
  if (!ok) failed.push(name);
}

const { text: names } = run([path('exit.mjs')], {});
for (const name of names.split('\n')) {
  let outcome;
  for (let attempt = 0; attempt < attempts && !outcome?.ok; attempt++)
    outcome = run([path('exit.mjs'), name], { timeout: hangMs });
  console.log(outcome.ok ? `close() while ${outcome.text}` : `close() while ${name}: WRONG\n${outcome.text}`);
  if (!outcome.ok) failed.push(name);
}

for (const [name, ...args] of [
  ['memory.mjs'],
  ['store-kills.mjs', full ? 500 : 10],
  ['store-writers.mjs', 8, full ? 60 : 5],
  ['store-tampering.mjs'],
]) {
  const { ok, text } = run([path(name), ...args.map(String)], {});
  console.log(text);
  if (!ok) failed.push(name);
}

{
  const kills = full ? 500 : 16;
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/vitest.config.ts'];
  const { ok, text } = run([...vitest, 'test/unit/system/lock.test.ts'], {
    cwd: path('../..'),
    env: { ...process.env, SEALPOST_LOCK_KILLS: String(kills) },
  });
  console.log(ok ? `lock: ${kills} processes killed, of each kind of lock` : text);
  if (!ok) failed.push('lock');
}

console.log(
  failed.length === 0 ? 'nothing leaks, every process ends, no store loses anything' : `WRONG: ${failed.join(', ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
