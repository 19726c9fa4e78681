/**
 * Measures whether the tests detect faults. `node test/mutation/run.mjs [--count 300] [--seed 1] [--room NAME]` makes
 * small faulty changes in the code of the rooms (see rooms.mjs), runs the tests of each room, and lists the changes that
 * no test detected.
 * @module
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mutantsOf } from './mutants.mjs';
import { rooms } from './rooms.mjs';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
    room: { type: 'string', multiple: true },
  },
});
/** An endless loop counts as detected, because the tests then exceed this time. */
const hangMs = 120_000;
const root = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'sealpost-mutation-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));

/** Gives the same sample for the same seed (mulberry32). */
let state = Number(values.seed) >>> 0;
function next(limit) {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), state | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * limit);
}

const names = values.room ?? Object.keys(rooms);
const all = names.flatMap((room) =>
  rooms[room].files.flatMap((path) =>
    mutantsOf(path, readFileSync(join(root, path), 'utf8')).map((one) => ({ ...one, room })),
  ),
);
const sample = [];
while (sample.length < Number(values.count) && all.length > 0) sample.push(...all.splice(next(all.length), 1));
sample.forEach((mutant, number) => (mutant.number = number));
console.log(`${sample.length} changes of ${sample.length + all.length}`);

/** Runs the worker until it has tested all of `mutants` or hangs. Returns the remaining ones. */
async function judge(room, mutants) {
  const file = join(scratch, 'mutants.json');
  writeFileSync(file, JSON.stringify({ root, tests: rooms[room].tests, mutants }));
  const child = spawn(process.execPath, [fileURLToPath(new URL('worker.mjs', import.meta.url)), file], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const left = [...mutants];
  let timer;
  let begun = false;
  const expectMore = () => {
    clearTimeout(timer);
    timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), hangMs);
  };
  expectMore();
  for await (const line of createInterface(child.stdout)) {
    const [, number, verdict] = /^(\d+) (survived|killed)$/.exec(line) ?? [];
    if (line === 'ready') begun = true;
    if (number !== undefined) {
      left.shift();
      sample[Number(number)].verdict = verdict;
      report(sample[Number(number)]);
    }
    if (line === 'ready' || number !== undefined) expectMore();
  }
  clearTimeout(timer);
  if (left.length === 0) return left;
  if (!begun) throw new Error(`the tests of ${room} do not run`);
  const hung = left.shift();
  hung.verdict = 'killed';
  report(hung);
  return left;
}

function report({ path, line, what, verdict }) {
  if (verdict === 'survived') console.log(`survived ${path}:${line} ${what}`);
}

for (const room of names) {
  let left = sample.filter((mutant) => mutant.room === room);
  const total = left.length;
  while (left.length > 0) left = await judge(room, left);
  const killed = sample.filter((mutant) => mutant.room === room && mutant.verdict === 'killed').length;
  console.log(`${room}: ${killed} of ${total} detected`);
}
const killed = sample.filter(({ verdict }) => verdict === 'killed').length;
console.log(`${killed} of ${sample.length} detected, ${((100 * killed) / Math.max(1, sample.length)).toFixed(1)} %`);
