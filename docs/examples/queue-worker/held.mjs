/**
 * Messages of unknown outcome, for a person or a program that can see whether they arrived (by their Message-ID: in the
 * log of the server, in a Sent folder, at the recipient).
 *
 *     node held.mjs                  lists them
 *     node held.mjs resend ID        it did not arrive: it is sent again
 *     node held.mjs delivered ID     it arrived: nothing more is done
 * @module
 */
import { pathToFileURL } from 'node:url';
import { connect, openQueue } from './queue.mjs';

/** A job is held if it failed and its last known state is 'sending'. */
export async function heldJobs(queue) {
  return (await queue.getFailed()).filter(({ progress }) => progress === 'sending');
}

export async function resend(job) {
  await job.updateProgress('not delivered');
  await job.retry('failed', { resetAttemptsMade: true });
}

export async function markDelivered(job) {
  await job.updateProgress('delivered');
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [, , command, id] = process.argv;
  const redis = connect();
  const queue = openQueue(redis);
  const held = await heldJobs(queue);
  if (command === undefined) {
    for (const job of held) console.log(job.id, job.data.to, job.failedReason);
  } else {
    const job = held.find((one) => one.id === id);
    const action = { resend, delivered: markDelivered }[command];
    if (job === undefined || action === undefined) {
      console.error(job ? `unknown command: ${command}` : `no message is held as ${id}`);
      process.exitCode = 1;
    } else await action(job);
  }
  await queue.close();
  redis.disconnect();
}
