/** The mailer's own signal, the caller's, and the deadline of the whole send, as one; listeners and timer go when it is disposed of. */
import { setMaxListeners } from 'node:events';
import { createEmailError } from '../errors/email-error.js';

export interface CombinedSignal {
  readonly signal: AbortSignal;
  dispose(): void;
}

/** `totalMs` 0 = no limit. Where there is nothing to combine, the mailer's own signal is used as it is. */
export function combineSignals(own: AbortSignal, callers: AbortSignal | undefined, totalMs: number): CombinedSignal {
  if (callers === undefined && totalMs === 0) return { signal: own, dispose: () => undefined };
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  const onOwn = (): void => controller.abort(own.reason);
  const onCallers = (): void => controller.abort(callers?.reason);
  // One signal for many sends at once is how programs do it, and no leak: Node would warn of the eleventh.
  if (callers instanceof EventTarget) setMaxListeners(0, callers);
  own.addEventListener('abort', onOwn, { once: true });
  callers?.addEventListener('abort', onCallers, { once: true });
  if (own.aborted) onOwn();
  if (callers?.aborted) onCallers();
  const timer =
    totalMs > 0
      ? setTimeout(() => {
          const message = `The send was not over within ${totalMs} ms (server.timeouts.totalMs).`;
          controller.abort(
            createEmailError('ERR_TIMEOUT', message, {
              retryable: true,
              remedy: 'Raise server.timeouts.totalMs, or find out why the server is slow.',
            }),
          );
        }, totalMs)
      : undefined;
  return {
    signal: controller.signal,
    dispose: () => {
      clearTimeout(timer);
      own.removeEventListener('abort', onOwn);
      callers?.removeEventListener('abort', onCallers);
    },
  };
}
