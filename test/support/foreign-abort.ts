/** AbortControllers that are not Node's: jsdom's, and the polyfills that know no reason. */

type Listener = (event: { readonly type: 'abort' }) => void;

/** As the classes of jsdom and happy-dom, whose event targets are not Node's; `once` is not heeded. */
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

/** As `abort-controller`: `abort()` takes no reason. */
export class ReasonlessAbortController extends ForeignAbortController {
  override abort(): void {
    super.abort(null);
    this.signal.reason = undefined;
  }
}

/** The listeners that still wait for a signal of one of the classes above. */
export function listenersOf(controller: ForeignAbortController): number {
  return controller.signal.listeners.size;
}

/** Such a signal where one of Node's is expected. */
export function asSignal({ signal }: ForeignAbortController): AbortSignal {
  return signal as unknown as AbortSignal;
}
