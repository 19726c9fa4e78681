/**
 * Records the log of every mailer of these tests in all its forms, and every secret that the library was given or
 * sends. `check-logs.mjs` searches the log for the secrets.
 * @module
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { vi } from 'vitest';
import { formatLogEvent } from '../../src/logging/format.js';
import type { createEventSink as CreateEventSink } from '../../src/logging/event-sink.js';
import type { LogEvent } from '../../src/model/log.js';
import type { resolveSecret as ResolveSecret } from '../../src/system/secret.js';
import type * as SecretsModule from '../../src/util/secrets.js';
import { readTestbed } from './testbed.js';

const directory = join(readTestbed().state, 'log');

/**
 * Records the event as a line. Errors have other objects attached, so they are also recorded as JSON and as the console
 * shows them.
 */
function record(event: LogEvent): void {
  const more = event.type === 'error' ? `${JSON.stringify(event)}\n${inspect(event, { depth: 10 })}\n` : '';
  appendFileSync(join(directory, 'sealpost.log'), `${formatLogEvent(event)}\n${more}`);
}

const recorded = new Set<string>();
function recordSecret(name: string, value: string): void {
  if (recorded.has(value)) return;
  recorded.add(value);
  appendFileSync(join(directory, 'secrets.jsonl'), `${JSON.stringify([name, value])}\n`);
}

vi.mock('../../src/logging/event-sink.js', async (original) => {
  const module = await original<{ createEventSink: typeof CreateEventSink }>();
  const createEventSink: typeof CreateEventSink = (...loggers) => module.createEventSink(record, ...loggers);
  return { ...module, createEventSink };
});

/** Passwords, passphrases, keys and client secrets, from every place in a profile or a store. */
vi.mock('../../src/system/secret.js', async (original) => {
  const module = await original<{ resolveSecret: typeof ResolveSecret }>();
  const resolveSecret: typeof ResolveSecret = async (secret, path, signal) => {
    const value = await module.resolveSecret(secret, path, signal);
    recordSecret(path, value);
    return value;
  };
  return { ...module, resolveSecret };
});

/** Secrets that are sent to servers: tokens, codes and refresh tokens. */
vi.mock('../../src/util/secrets.js', async (original) => {
  const module = await original<typeof SecretsModule>();
  class Secrets extends module.Secrets {
    override add(secret: string, encoded = false): void {
      recordSecret('sent', secret);
      super.add(secret, encoded);
    }
  }
  return { ...module, Secrets };
});
