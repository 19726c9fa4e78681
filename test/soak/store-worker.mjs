/**
 * A process that saves: `node store-worker.mjs FILE NAME FIRST MILLISECONDS`. It prints `begin N` before and `done N`
 * after its Nth round, and at the end the longest time of a save.
 * @module
 */
import { writeSync } from 'node:fs';
import { openProfileStore } from 'sealpost';

const [file, who, first, lifeMs] = process.argv.slice(2);
const store = await openProfileStore({ file, key: new Uint8Array(32).fill(5) });
const profile = (name, text) => ({
  name,
  description: text,
  sender: { email: 'ann@example.com' },
  server: { host: 'mail.example.com' },
  authentication: { method: 'login', username: 'ann', password: `pw ${text}` },
});
const say = (line) => writeSync(1, `${line}\n`);
const end = performance.now() + Number(lifeMs);
let longest = 0;

async function timed(work) {
  const start = performance.now();
  await work;
  longest = Math.max(longest, performance.now() - start);
}

for (let round = Number(first); performance.now() < end; round++) {
  say(`begin ${round}`);
  await timed(store.save(profile(who, String(round))));
  await timed(store.save(profile('shared', `${who} ${round}`)));
  await timed(store.saveTokens(JSON.stringify(['shared', who]), { accessToken: String(round), tokenType: 'Bearer' }));
  say(`done ${round}`);
}
say(`longest ${Math.round(longest)}`);
