/**
 * The queue, and the functions for producers. Messages are JSON, and the key of each makes its Message-ID.
 * @module
 */
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

export const queueName = 'mail';

/** `url` is a URL such as `redis://host:6379`, or the path of a socket. While Redis is down, workers wait for it. */
export function connect(url = process.env.REDIS_URL ?? 'redis://localhost:6379') {
  return new Redis(url, { maxRetriesPerRequest: null });
}

/** `backoffMs` is the wait before the second attempt of a message. Each further wait is twice as long. */
export function openQueue(connection, { backoffMs = 60_000 } = {}) {
  return new Queue(queueName, {
    connection,
    defaultJobOptions: {
      attempts: 8,
      backoff: { type: 'exponential', delay: backoffMs, jitter: 0.5 },
      // Completed jobs are kept, because a key is not enqueued again while its job exists.
      removeOnComplete: { age: 7 * 24 * 3600 },
    },
  });
}

/**
 * A message as JSON. It has the fields of sealpost's MailMessage with three differences: `text` and `html` are text,
 * `date` is ISO 8601 text, and an attachment has a `reference` instead of content. The reference is a path below the
 * directory that the workers share.
 *
 * @typedef {{ reference: string, filename?: string, contentType?: string, cid?: string }} QueuedAttachment
 * @typedef {Omit<import('sealpost').MailMessage, 'text' | 'html' | 'date' | 'attachments' | 'alternatives' | 'raw'> & {
 *   messageId: string, date: string, text?: string, html?: string, attachments?: QueuedAttachment[],
 * }} QueuedMessage
 */

/**
 * A job for `queue.add` or `queue.addBulk`. The key names the occasion of the message, such as `invoice-2026-0815`. A
 * second job with the same key is ignored, and every attempt of the message has the same Message-ID.
 */
export function mailJob(key, domain, message) {
  if (!/^[\w.-]+$/.test(key)) throw new TypeError(`key: expected letters, digits, '.', '-' and '_', not '${key}'`);
  const messageId = `${key}@${domain}`;
  const data = { date: new Date().toISOString(), ...message, messageId };
  checkJson(data, 'message');
  return { name: 'send', data, opts: { jobId: messageId } };
}

/** JSON.stringify reports no error when it drops functions, or turns bytes into objects and dates into text. */
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
