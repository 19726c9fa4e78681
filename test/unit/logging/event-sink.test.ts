import { describe, expect, it } from 'vitest';
import { createEmailError } from '../../../src/errors/email-error.js';
import { createEventSink } from '../../../src/logging/event-sink.js';
import type { EventSink } from '../../../src/logging/event-sink.js';
import type { LogEvent } from '../../../src/model/log.js';

const warning = { code: 'WARN_X', message: 'x' };
const error = createEmailError('ERR_DNS', 'gone');
const reply = { code: 250, lines: ['Ok'] };

function emitAll(sink: EventSink | undefined): void {
  sink?.connection(2, { type: 'command', level: 'debug', display: 'NOOP' });
  sink?.connection(2, { type: 'reply', level: 'debug', reply });
  sink?.message('a@b', 'sent', 5, 7);
  sink?.warning(warning);
  sink?.error(error);
}

describe('createEventSink', () => {
  it('is undefined without a logger, so that no event need be made', () => {
    expect(createEventSink(undefined)).toBeUndefined();
  });

  it('gives each event its time, number and level', () => {
    const events: LogEvent[] = [];
    const before = Date.now();
    emitAll(createEventSink((event) => events.push(event)));
    expect(events).toEqual([
      { type: 'command', level: 'debug', connection: 2, time: expect.any(Date), display: 'NOOP' },
      { type: 'reply', level: 'debug', connection: 2, time: expect.any(Date), reply },
      {
        type: 'message',
        level: 'info',
        connection: 0,
        time: expect.any(Date),
        messageId: 'a@b',
        state: 'sent',
        bytes: 5,
        durationMs: 7,
      },
      { type: 'warning', level: 'warning', connection: 0, time: expect.any(Date), warning },
      { type: 'error', level: 'error', connection: 0, time: expect.any(Date), error },
    ]);
    for (const { time } of events) expect(time.getTime()).toBeGreaterThanOrEqual(before);
  });

  it('tells a warning of a connection once, though it stands in the result of each message', () => {
    const events: LogEvent[] = [];
    const sink = createEventSink((event) => events.push(event));
    sink?.connection(1, { type: 'warning', level: 'warning', warning });
    sink?.warning(warning);
    sink?.warning({ ...warning });
    expect(events.map(({ connection }) => connection)).toEqual([1, 0]);
  });

  it('hands over frozen copies, and the error itself', () => {
    const events: LogEvent[] = [];
    emitAll(createEventSink((event) => events.push(event)));
    for (const event of events) {
      expect(Object.isFrozen(event)).toBe(true);
      if (event.type === 'reply') {
        expect(Object.isFrozen(event.reply) && Object.isFrozen(event.reply.lines)).toBe(true);
        expect(event.reply).not.toBe(reply);
      }
      if (event.type === 'warning') expect(event.warning).not.toBe(warning);
      if (event.type === 'error') expect(event.error).toBe(error);
    }
    expect([reply, reply.lines, warning, error].some((value) => Object.isFrozen(value))).toBe(false);
  });

  it.each<[string, (event: LogEvent) => unknown]>([
    [
      'throws',
      () => {
        throw new Error('disk full');
      },
    ],
    [
      'throws what is no Error',
      () => {
        throw undefined;
      },
    ],
    ['rejects', () => Promise.reject(new Error('disk full'))],
    [
      'gives an object whose then throws',
      () => ({
        get then(): never {
          throw new Error('hostile');
        },
      }),
    ],
    [
      'gives a then that throws',
      () => ({
        then: () => {
          throw new Error('hostile');
        },
      }),
    ],
    [
      'changes the event',
      (event) => {
        (event as { level: string }).level = 'x';
      },
    ],
  ])('survives a logger that %s', async (_name, logger) => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    emitAll(createEventSink(logger));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });
});
