/**
 * The queue, and the producers' side of it: messages as JSON, each under a key that makes its Message-ID.
 * @module
 */
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

export const queueName = 'mail';

/** `url` as `redis://host:6379`, or the path of a socket. Workers wait for Redis as long as it is away. */
export function connect(url = process.env.REDIS_URL ?? 'redis://localhost:6379') {
  return new Redis(url, { maxRetriesPerRequest: null });
}

/** `backoffMs` is the first wait before a message is tried again; each further one is twice as long. */
export function openQueue(connection, { backoffMs = 60_000 } = {}) {
  return new Queue(queueName, {
    connection,
    defaultJobOptions: {
      attempts: 8,
      backoff: { type: 'exponential', delay: backoffMs, jitter: 0.5 },
      // While a job is there, the same key is not enqueued again.
      removeOnComplete: { age: 7 * 24 * 3600 },
    },
  });
}

/**
 * A message as JSON. The fields are those of sealpost's MailMessage, but for three: `text` and `html` are text, `date`
 * is ISO 8601 text, and an attachment has in place of content a `reference`: a path below the directory that the
 * workers share.
 *
 * @typedef {{ reference: string, filename?: string, contentType?: string, cid?: string }} QueuedAttachment
 * @typedef {Omit<import('sealpost').MailMessage, 'text' | 'html' | 'date' | 'attachments' | 'alternatives' | 'raw'> & {
 *   messageId: string, date: string, text?: string, html?: string, attachments?: QueuedAttachment[],
 * }} QueuedMessage
 */

/**
 * A job for `queue.add` or `queue.addBulk`. The key names the occasion of the message, as `invoice-2026-0815`: a second
 * job with the same key is ignored, and the Message-ID is the same however often the message is tried.
 */
export function mailJob(key, domain, message) {
  if (!/^[\w.-]+$/.test(key)) throw new TypeError(`key: expected letters, digits, '.', '-' and '_', not '${key}'`);
  const messageId = `${key}@${domain}`;
  const data = { date: new Date().toISOString(), ...message, messageId };
  checkJson(data, 'message');
  return { name: 'send', data, opts: { jobId: messageId } };
}

/** JSON drops functions, turns bytes into objects and dates into text without a word. */
function checkJson(value, path) {
  if (value === null || ['string', 'boolean', 'undefined'].includes(typeof value) || Number.isFinite(value)) return;
  const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  if (typeof value !== 'object' || !plain)
    throw new TypeError(`${path}: not a value of JSON; attachments are references`);
  for (const [name, item] of Object.entries(value)) checkJson(item, `${path}.${name}`);
}

/**
 * The message for `mailer.send`. `root` is the directory of the attachments; `fileAccess: { root }` keeps them below it.
 */
export function toMailMessage({ date, attachments, ...message }, root) {
  return {
    ...message,
    date: new Date(date),
    attachments: attachments?.map(({ reference, ...rest }) => ({ ...rest, content: { file: join(root, reference) } })),
  };
}
