import type { LogEvent } from '../model/log.js';
import type { SmtpReply } from '../model/reply.js';

/** The guard between the library and a logger that somebody else wrote. */

/** Takes an event; never throws. */
export type EventSink = (event: LogEvent) => void;

/**
 * A function that hands events to a logger. Whatever the logger does, it breaks nothing: what it throws is dropped, a promise of
 * it that rejects too, and events are frozen copies, so that it cannot change what others see. undefined without a logger: then no
 * event need be made.
 */
export function createEventSink(logger: ((event: LogEvent) => unknown) | undefined): EventSink | undefined {
  if (logger === undefined) return undefined;
  return (event) => {
    try {
      const outcome = logger(frozen(event));
      // An async function is a logger too. Its failure has nobody to go to: logging is where failures are told.
      if (isThenable(outcome)) outcome.then(undefined, () => undefined);
    } catch {
      // As above.
    }
  };
}

/** A frozen copy. An error is handed over as it is: it is thrown elsewhere too, and must stay the same object there. */
function frozen(event: LogEvent): LogEvent {
  const copy = { ...event, time: new Date(event.time) };
  if (copy.type === 'reply') return Object.freeze({ ...copy, reply: frozenReply(copy.reply) });
  if (copy.type === 'warning') return Object.freeze({ ...copy, warning: Object.freeze({ ...copy.warning }) });
  return Object.freeze(copy);
}

function frozenReply(reply: SmtpReply): SmtpReply {
  return Object.freeze({ ...reply, lines: Object.freeze([...reply.lines]) });
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
