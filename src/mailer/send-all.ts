/**
 * `sendAll`: a window of sends over an iterable of any length; results in completion order, memory of one window.
 * @module
 */
import { joinSignals } from '../async/deadline-signal.js';
import { onAbort } from '../async/on-abort.js';
import { abortError } from '../errors/abort.js';
import { createEmailError, isEmailError, messageInvalid, reasonOf } from '../errors/email-error.js';
import type { SendAllResult, SendOptions, SendResult } from '../model/mailer.js';
import type { MailMessage } from '../model/message.js';

/** How the mailer runs one. */
export interface SendWindow {
  /** Sends under way at once. */
  readonly size: number;
  send(message: MailMessage, options: SendOptions | undefined): Promise<SendResult>;
  /** Aborted by close(): no message can be sent any more, and none is taken from the source. */
  readonly closed: AbortSignal;
}

/** Ends with the failure of the source, or with what stopped it, once all that was under way has settled and was told. */
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
  /** One pull at a time; a source that waits does not hold back results. */
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
      // A source that is waiting for its next message may wait for ever; nobody wants that message now.
      if (pulling) ending.catch(() => undefined);
      else await ending;
    }
    // The consumer left early: what is on its way still settles before we are gone.
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
