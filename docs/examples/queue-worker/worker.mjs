/**
 * A worker. Start as many as you like, on as many machines; each may be killed at any time.
 *
 * The progress of a job is the state of its message: 'sending' from before the first byte leaves until the outcome
 * is known. A job that a worker finds in this state was begun by another one that died: the outcome is unknown, and the
 * job is held.
 * @module
 */
import { readFileSync } from 'node:fs';
import { UnrecoverableError, Worker } from 'bullmq';
import { createMailer, parseProfile } from 'sealpost';
import { outcomeOf } from './outcome.mjs';
import { connect, queueName, toMailMessage } from './queue.mjs';

const root = process.env.ATTACHMENTS ?? 'attachments';
const connections = Number(process.env.CONNECTIONS ?? 3);
/** After so long without a sign of life from a worker, others take over its jobs. */
const lockDuration = Number(process.env.LOCK_MS ?? 30_000);

const profile = parseProfile(JSON.parse(readFileSync(process.env.MAIL_PROFILE ?? 'profile.json', 'utf8')));
const mailer = createMailer(profile, { fileAccess: { root }, pool: { maxConnections: connections } });
const redis = connect();
const worker = new Worker(queueName, deliver, {
  connection: redis,
  // Some more than connections, so that the next message is at hand.
  concurrency: 2 * connections,
  lockDuration,
  stalledInterval: lockDuration,
  // A job that was not begun is safe to start again, but not for ever: its message might be what kills the workers.
  maxStalledCount: 3,
});
worker.on('error', (error) => console.error(`worker: ${error.message}`));
worker.on('failed', (job, error) => console.error(`${job?.id}: ${error.message}`));

async function deliver(job, token) {
  if (job.progress === 'sending')
    throw new UnrecoverableError('held: a worker began to send it, and its outcome is unknown');
  const message = toMailMessage(job.data, root);
  await job.updateProgress('sending');
  // A worker that was stopped for longer than its lock must not begin now: another one has the job.
  if (!(await job.extendLock(token, lockDuration))) throw new Error('another worker has taken over');
  const { next, reason, to, refused } = outcomeOf(await mailer.send(message).catch((error) => error));
  if (next === 'sent') return { refused };
  if (next === 'hold') throw new UnrecoverableError(`held: ${reason}`);
  if (to !== undefined) await job.updateData({ ...job.data, envelope: { ...job.data.envelope, to } });
  await job.updateProgress('not delivered');
  throw next === 'retry' ? new Error(reason) : new UnrecoverableError(reason);
}

process.once('SIGTERM', async () => {
  // Ends once the messages under way have their outcome.
  await worker.close();
  await mailer.close();
  redis.disconnect();
});
