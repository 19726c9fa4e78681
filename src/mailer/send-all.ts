/** `sendAll`: a window of sends over an iterable of any length; results in completion order, memory of one window. */
import { createEmailError, isEmailError, messageInvalid, reasonOf } from '../errors/email-error.js';
import type { SendAllResult, SendOptions, SendResult } from '../model/mailer.js';
import type { MailMessage } from '../model/message.js';

export async function* sendWindow(
  messages: Iterable<MailMessage> | AsyncIterable<MailMessage>,
  window: number,
  send: (message: MailMessage, options: SendOptions | undefined) => Promise<SendResult>,
  options: SendOptions | undefined,
): AsyncGenerator<SendAllResult, void, undefined> {
  const source = iteratorOf(messages);
  const done: SendAllResult[] = [];
  let wake: (() => void) | undefined;
  let running = 0;
  let failure: { readonly error: unknown } | undefined;
  let exhausted = false;
  let pulling: Promise<void> | undefined;
  const settle = (result: SendAllResult): void => {
    running--;
    done.push(result);
    wake?.();
  };
  const start = (message: MailMessage): void => {
    running++;
    send(message, options).then(
      (result) => settle({ message, result }),
      (error: unknown) => settle({ message, error: isEmailError(error) ? error : createEmailError('ERR_CONTENT', reasonOf(error), { cause: error }) }),
    );
  };
  /** One pull at a time; a source that waits does not hold back results. */
  const pull = async (): Promise<void> => {
    try {
      const next = await source.next();
      if (next.done) exhausted = true;
      else start(next.value);
    } catch (error) {
      exhausted = true;
      failure = { error };
    } finally {
      pulling = undefined;
      wake?.();
    }
  };
  try {
    for (;;) {
      while (done.length > 0) yield done.shift() as SendAllResult;
      if (!exhausted && !pulling && running < window) pulling = pull();
      if (exhausted && running === 0 && done.length === 0) break;
      if (done.length > 0) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = undefined;
    }
    if (failure) throw failure.error;
  } finally {
    if (!exhausted) await source.return?.();
    // The consumer left early: what is on its way still settles before we are gone.
    while (running > 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
}

function iteratorOf(messages: Iterable<MailMessage> | AsyncIterable<MailMessage>): Iterator<MailMessage> | AsyncIterator<MailMessage> {
  if (typeof messages === 'object' && messages !== null) {
    if (Symbol.asyncIterator in messages) return messages[Symbol.asyncIterator]();
    if (Symbol.iterator in messages) return messages[Symbol.iterator]();
  }
  throw messageInvalid('messages', 'expected an array, or another iterable or async iterable, of messages');
}
