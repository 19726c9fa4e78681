/**
 * The guard between the library and a logger that somebody else wrote.
 * @module
 */
import type { EmailError } from '../model/error.js';
import type { LogEvent, MessageEvent } from '../model/log.js';
import type { SmtpReply, Warning } from '../model/reply.js';
import { notify } from '../util/notify.js';

/** A log event before it has its time and the number of its connection. */
export type UntimedEvent = LogEvent extends infer E
  ? E extends LogEvent
    ? Omit<E, 'time' | 'connection'>
    : never
  : never;

/** Takes events and never throws. Where there is no sink, no event need be made. */
export interface EventSink {
  /** An event of a connection; number 0 is none. */
  connection(number: number, event: UntimedEvent): void;
  /** A message was started, sent, or failed. */
  message(messageId: string, state: MessageEvent['state'], bytes: number, durationMs: number): void;
  /** A warning that belongs to no connection; one that was told of a connection is not told again. */
  warning(warning: Warning): void;
  /** A failure that belongs to no connection. */
  error(error: EmailError): void;
}

/**
 * Hands events to loggers. Whatever a logger does, it breaks nothing: what it throws is dropped, a promise of it that rejects
 * too, and events are frozen copies, so that it cannot change what others see. undefined without a logger.
 */
export function createEventSink(
  ...given: readonly (((event: LogEvent) => unknown) | undefined)[]
): EventSink | undefined {
  const loggers = given.filter((logger) => logger !== undefined);
  if (loggers.length === 0) return undefined;
  /** Those of connections, which stand in the result of each message too. */
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

/** A frozen copy. An error is handed over as it is: it is thrown elsewhere too, and must stay the same object there. */
function frozen(event: LogEvent): LogEvent {
  if (event.type === 'reply') return Object.freeze({ ...event, reply: frozenReply(event.reply) });
  if (event.type === 'warning') return Object.freeze({ ...event, warning: Object.freeze({ ...event.warning }) });
  return Object.freeze(event);
}

function frozenReply(reply: SmtpReply): SmtpReply {
  return Object.freeze({ ...reply, lines: Object.freeze([...reply.lines]) });
}
