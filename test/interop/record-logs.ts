/**
 * Records what every mailer of the interop tests logs, in all its forms, so that `check-logs.mjs` can look for secrets in it.
 *
 * @module
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { vi } from 'vitest';
import { formatLogEvent } from '../../src/logging/format.js';
import type { createEventSink as CreateEventSink } from '../../src/logging/event-sink.js';
import type { LogEvent } from '../../src/model/log.js';
import { readTestbed } from './testbed.js';

const file = join(readTestbed().state, 'log', 'sealpost.log');

/** As a line; errors, on which other objects hang, also as JSON and as the console shows them. */
function record(event: LogEvent): void {
  const more = event.type === 'error' ? `${JSON.stringify(event)}\n${inspect(event, { depth: 10 })}\n` : '';
  appendFileSync(file, `${formatLogEvent(event)}\n${more}`);
}

vi.mock('../../src/logging/event-sink.js', async (original) => {
  const module = await original<{ createEventSink: typeof CreateEventSink }>();
  const createEventSink: typeof CreateEventSink = (...loggers) => module.createEventSink(record, ...loggers);
  return { ...module, createEventSink };
});
