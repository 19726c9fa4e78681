/**
 * The state of the queue on the terminal, once a second: `npm run progress`. In a file or a pipe it writes lines.
 * @module
 */
import { pathToFileURL } from 'node:url';
import { connect, openQueue } from './queue.mjs';

/** The numbers of the queue. Failed messages were refused for good. Held messages that arrived count as sent. */
export async function countJobs(queue) {
  const { completed, active, failed, ...waiting } = await queue.getJobCounts();
  const ended = failed === 0 ? [] : await queue.getFailed();
  const among = (state) => ended.filter(({ progress }) => progress === state).length;
  const held = among('sending');
  const arrived = among('delivered');
  return {
    sent: completed + arrived,
    active,
    waiting: Object.values(waiting).reduce((sum, count) => sum + count, 0),
    failed: ended.length - held - arrived,
    held,
  };
}

/** For example `[######....] 1 204 of 2 000 sent, 24 under way, 768 waiting, 3 failed, 5 held, 410/s`. */
export function showProgress({ sent, active, waiting, failed, held }, perSecond) {
  const all = sent + active + waiting + failed + held;
  const filled = all === 0 ? 0 : Math.floor((sent / all) * 20);
  const bar = '#'.repeat(filled).padEnd(20, '.');
  return `[${bar}] ${sent} of ${all} sent, ${active} under way, ${waiting} waiting, ${failed} failed, ${held} held, ${perSecond}/s`;
}

/** Writes the state until `signal` aborts, and once more after that. */
export async function watchProgress(queue, { output = process.stdout, signal, intervalMs = 1000 } = {}) {
  let before;
  for (;;) {
    const now = { ...(await countJobs(queue)), at: performance.now() };
    const perSecond = before ? Math.round((1000 * (now.sent - before.sent)) / (now.at - before.at)) : 0;
    before = now;
    const line = showProgress(now, perSecond);
    output.write(output.isTTY ? `\r\x1b[2K${line}` : `${line}\n`);
    if (signal?.aborted) break;
    await pause(intervalMs, signal);
  }
  if (output.isTTY) output.write('\n');
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const redis = connect();
  const queue = openQueue(redis);
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  await watchProgress(queue, { signal: stop.signal });
  await queue.close();
  redis.disconnect();
}
