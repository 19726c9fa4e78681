/**
 * `sendAll`: runs a window of sends over an iterable of any length. Results come in completion order; memory is bounded
 * by the window. Loaded with the first call.
 * @module
 */
import { joinSignals } from '../async/deadline-signal.js';
import { onAbort } from '../async/on-abort.js';
import { abortError } from '../errors/abort.js';
import { createEmailError, isEmailError, messageInvalid, reasonOf } from '../errors/email-error.js';
import type { SendAllResult, SendOptions, SendResult } from '../model/mailer.js';
import type { MailMessage } from '../model/message.js';

/** The functions of a mailer that `sendWindow` needs. */
export interface SendWindow {
  /** Number of sends at once. */
  readonly size: number;
  send(message: MailMessage, options: SendOptions | undefined): Promise<SendResult>;
  /** Aborted by close(): no further message is sent or taken from the source. */
  readonly closed: AbortSignal;
}

/** Yields all results of sends under way, then ends with the error of the source or the reason that stopped it. */
export async function* sendWindow(
  messages: Iterable<MailMessage> | AsyncIterable<MailMessage>,
  { size, send, closed }: SendWindow,
  options: SendOptions | undefined,
): AsyncGenerator<SendAllResult, void, undefined> {
  const source = iteratorOf(messages);
  const { signal, dispose } = joinSignals([closed, options?.signal]);
  const done: SendAllResult[] = [];
  let wake = (): void => undefined;
  let running = 0;
  let failure: { readonly error: unknown } | undefined;
  let exhausted = false;
  let pulling = false;
  let left = false;
  const settle = (result: SendAllResult): void => {
    running--;
    done.push(result);
    wake();
  };
  const start = (message: MailMessage): void => {
    running++;
    send(message, options).then(
      (result) => settle({ message, result }),
      (error: unknown) =>
        settle({
          message,
          error: isEmailError(error) ? error : createEmailError('ERR_CONTENT', reasonOf(error), { cause: error }),
        }),
    );
  };
  /** Pulls one message at a time. A slow source does not delay results. */
  const pull = async (): Promise<void> => {
    pulling = true;
    try {
      const next = await source.next();
      if (next.done) exhausted = true;
      else if (!left) start(next.value);
    } catch (error) {
      exhausted = true;
      failure = { error };
    } finally {
      pulling = false;
      wake();
    }
  };
  const changed = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  const stop = onAbort(signal, () => wake());
  try {
    for (;;) {
      for (let next = done.shift(); next !== undefined; next = done.shift()) yield next;
      if (signal.aborted && !exhausted) failure ??= { error: abortError(signal) };
      const ending = exhausted || signal.aborted;
      if (!ending && !pulling && running < size) void pull();
      if (ending && running === 0 && done.length === 0) break;
      if (done.length === 0) await changed();
    }
    if (failure) throw failure.error;
  } finally {
    left = true;
    stop();
    dispose();
    if (!exhausted) {
      const ending = Promise.resolve(source.return?.());
      // A source that waits for its next message may wait for ever, so its end is not awaited.
      if (pulling) ending.catch(() => undefined);
      else await ending;
    }
    // The consumer stopped early: sends under way are awaited.
    while (running > 0) await changed();
  }
}

function iteratorOf(
  messages: Iterable<MailMessage> | AsyncIterable<MailMessage>,
): Iterator<MailMessage> | AsyncIterator<MailMessage> {
  if (typeof messages === 'object' && messages !== null) {
    if (Symbol.asyncIterator in messages) return messages[Symbol.asyncIterator]();
    if (Symbol.iterator in messages) return messages[Symbol.iterator]();
  }
  throw messageInvalid('messages', 'expected an array, or another iterable or async iterable, of messages');
}
