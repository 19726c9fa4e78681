/**
 * A worker. Any number of workers may run, on any number of machines, and each may be killed at any time.
 *
 * The progress of a job is the state of its message. It is 'sending' from before the first byte is sent until the
 * outcome is known. If a worker finds a job in this state, the worker that began it died. Its outcome is unknown, so
 * the job is held.
 * @module
 */
import { readFileSync } from 'node:fs';
import { UnrecoverableError, Worker } from 'bullmq';
import { createMailer, parseProfile } from 'sealpost';
import { outcomeOf } from './outcome.mjs';
import { connect, queueName, toMailMessage } from './queue.mjs';

const root = process.env.ATTACHMENTS ?? 'attachments';
const connections = Number(process.env.CONNECTIONS ?? 3);
/** If a worker does not renew its locks for this time, other workers take over its jobs. */
const lockDuration = Number(process.env.LOCK_MS ?? 30_000);

const profile = parseProfile(JSON.parse(readFileSync(process.env.MAIL_PROFILE ?? 'profile.json', 'utf8')));
const mailer = createMailer(profile, { fileAccess: { root }, pool: { maxConnections: connections } });
const redis = connect();
const worker = new Worker(queueName, deliver, {
  connection: redis,
  // More jobs than connections, so that a next message is always ready.
  concurrency: 2 * connections,
  lockDuration,
  stalledInterval: lockDuration,
  // A job that was not begun can be started again. The number is limited, because its message might kill the workers.
  maxStalledCount: 3,
});
worker.on('error', (error) => console.error(`worker: ${error.message}`));
worker.on('failed', (job, error) => console.error(`${job?.id}: ${error.message}`));

async function deliver(job, token) {
  if (job.progress === 'sending')
    throw new UnrecoverableError('held: a worker began to send it, and its outcome is unknown');
  const message = toMailMessage(job.data, root);
  await job.updateProgress('sending');
  // A worker that was stopped for longer than its lock lasts must not begin, because another one has the job.
  if (!(await job.extendLock(token, lockDuration))) throw new Error('another worker has taken over');
  const { next, reason, to, refused } = outcomeOf(await mailer.send(message).catch((error) => error));
  if (next === 'sent') return { refused };
  if (next === 'hold') throw new UnrecoverableError(`held: ${reason}`);
  if (to !== undefined) await job.updateData({ ...job.data, envelope: { ...job.data.envelope, to } });
  await job.updateProgress('not delivered');
  throw next === 'retry' ? new Error(reason) : new UnrecoverableError(reason);
}

process.once('SIGTERM', async () => {
  // Resolves when the messages in progress have their outcome.
  await worker.close();
  await mailer.close();
  redis.disconnect();
});
