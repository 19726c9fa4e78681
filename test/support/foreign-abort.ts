/**
 * AbortControllers that are not Node's: jsdom's, and polyfills without a reason.
 * @module
 */
type Listener = (event: { readonly type: 'abort' }) => void;

/** Like the classes of jsdom and happy-dom, whose event targets are not Node's; `once` is ignored. */
class ForeignSignal {
  aborted = false;
  reason: unknown;
  readonly listeners = new Set<Listener>();
  addEventListener(_type: string, listener: Listener): void {
    this.listeners.add(listener);
  }
  removeEventListener(_type: string, listener: Listener): void {
    this.listeners.delete(listener);
  }
}

export class ForeignAbortController {
  readonly signal = new ForeignSignal();
  abort(reason: unknown = new Error('aborted')): void {
    if (this.signal.aborted) return;
    Object.assign(this.signal, { aborted: true, reason });
    for (const listener of this.signal.listeners) listener({ type: 'abort' });
  }
}

/** Like the package `abort-controller`: `abort()` takes no reason. */
export class ReasonlessAbortController extends ForeignAbortController {
  override abort(): void {
    super.abort(null);
    this.signal.reason = undefined;
  }
}

/** The number of listeners on a signal of one of these classes. */
export function listenersOf(controller: ForeignAbortController): number {
  return controller.signal.listeners.size;
}

/** Such a signal, typed as one of Node's. */
export function asSignal({ signal }: ForeignAbortController): AbortSignal {
  return signal as unknown as AbortSignal;
}
