/**
 * Separates the library from loggers of the caller, whose failures must have no effect.
 * @module
 */
import type { EmailError } from '../model/error.js';
import type { LogEvent, MessageEvent } from '../model/log.js';
import type { SmtpReply, Warning } from '../model/reply.js';
import { notify } from '../util/notify.js';

/** A log event without its time and the number of its connection. */
export type UntimedEvent = LogEvent extends infer E
  ? E extends LogEvent
    ? Omit<E, 'time' | 'connection'>
    : never
  : never;

/** Takes events and never throws. If there is no sink, callers need not make events. */
export interface EventSink {
  /** Takes an event of a connection; the number 0 means none. */
  connection(number: number, event: UntimedEvent): void;
  /** A message was started, sent, or failed. */
  message(messageId: string, state: MessageEvent['state'], bytes: number, durationMs: number): void;
  /** Takes a warning of a message. One that was already logged for a connection is not logged again. */
  warning(warning: Warning): void;
  /** Takes a failure outside of any connection. */
  error(error: EmailError): void;
}

/**
 * Makes a sink that passes events to loggers. A failing logger has no effect: its exception is dropped, and so is the
 * rejection of a promise that it returns. Events are frozen copies, so that one logger cannot change what others get.
 * undefined without a logger.
 */
export function createEventSink(
  ...given: readonly (((event: LogEvent) => unknown) | undefined)[]
): EventSink | undefined {
  const loggers = given.filter((logger) => logger !== undefined);
  if (loggers.length === 0) return undefined;
  /**
   * Warnings already logged with their connection. Every SendResult of that connection repeats them; they must not be
   * logged twice.
   */
  const announced = new WeakSet<Warning>();
  const tell = (number: number, untimed: UntimedEvent): void => {
    const event = frozen({ time: new Date(), connection: number, ...untimed });
    for (const logger of loggers) notify(logger, event);
  };
  return {
    connection: (number, event) => {
      if (event.type === 'warning') announced.add(event.warning);
      tell(number, event);
    },
    message: (messageId, state, bytes, durationMs) =>
      tell(0, { type: 'message', level: 'info', messageId, state, bytes, durationMs }),
    warning: (warning) => {
      if (!announced.has(warning)) tell(0, { type: 'warning', level: 'warning', warning });
    },
    error: (error) => tell(0, { type: 'error', level: 'error', error }),
  };
}

/** A frozen copy. An error is passed unchanged: it is also thrown elsewhere, and must stay the same object. */
function frozen(event: LogEvent): LogEvent {
  if (event.type === 'reply') return Object.freeze({ ...event, reply: frozenReply(event.reply) });
  if (event.type === 'warning') return Object.freeze({ ...event, warning: Object.freeze({ ...event.warning }) });
  return Object.freeze(event);
}

function frozenReply(reply: SmtpReply): SmtpReply {
  return Object.freeze({ ...reply, lines: Object.freeze([...reply.lines]) });
}
