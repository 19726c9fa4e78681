/**
 * The channels of `node:diagnostics_channel`, through which tools such as OpenTelemetry observe a mailer. Without
 * subscribers, no data is made and nothing is called.
 * @module
 */
import { channel, tracingChannel } from 'node:diagnostics_channel';
import type { TracingChannel } from 'node:diagnostics_channel';
import type { CommandTrace, ConnectionTrace, ReplyTrace, SendTrace } from '../model/log.js';

/** Each has the channels start, end, asyncStart, asyncEnd and error. */
export const sends = tracingChannel<unknown, SendTrace>('sealpost:send');
export const connections = tracingChannel<unknown, ConnectionTrace>('sealpost:connection');
export const commands = tracingChannel<unknown, CommandTrace>('sealpost:command');
const replies = channel('sealpost:reply');

/** Does a channel of commands or replies have a subscriber? */
export function areCommandsWatched(): boolean {
  return commands.hasSubscribers || replies.hasSubscribers;
}

export function publishReply(trace: ReplyTrace): void {
  replies.publish(trace);
}

/**
 * Runs and traces work, as `TracingChannel.tracePromise` does. Instead of the result, it publishes only the fields that
 * `note` takes from it. Stores bound to `start` (`bindStore`) are in effect during the work.
 */
export function traced<C extends object & { error?: unknown }, T>(
  channels: TracingChannel<unknown, C>,
  trace: C,
  work: () => Promise<T>,
  note: (result: T) => void = () => undefined,
): Promise<T> {
  return channels.start.runStores(trace, () => {
    const promise = work().then(
      (result) => {
        note(result);
        publishEnd(channels, trace);
        return result;
      },
      (error: unknown) => {
        trace.error = error;
        channels.error.publish(trace);
        publishEnd(channels, trace);
        throw error;
      },
    );
    channels.end.publish(trace);
    return promise;
  });
}

function publishEnd<C extends object>(channels: TracingChannel<unknown, C>, trace: C): void {
  channels.asyncStart.publish(trace);
  channels.asyncEnd.publish(trace);
}

/** Begins a trace that is ended later by `endTrace`. */
export function beginTrace<C extends object>(channels: TracingChannel<unknown, C>, trace: C): void {
  channels.start.runStores(trace, () => undefined);
  channels.end.publish(trace);
}

/** Ends a trace begun by `beginTrace`. `error` is the reason of a failure. */
export function endTrace<C extends object & { error?: unknown }>(
  channels: TracingChannel<unknown, C>,
  trace: C,
  error?: unknown,
): void {
  if (error !== undefined) {
    trace.error = error;
    channels.error.publish(trace);
  }
  publishEnd(channels, trace);
}
