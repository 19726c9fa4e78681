interface Opening<T> {
  /** Of the message that asked first. */
  readonly signal: AbortSignal;
  readonly value: Promise<T>;
}

/** What is opened once for all messages. A failure is not kept, and no message fails because the one that asked first gave up. */
export class OpenedOnce<T> {
  #opening: Opening<T> | undefined;

  async get(signal: AbortSignal, open: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const opening = (this.#opening ??= { signal, value: open(signal) });
    try {
      return await opening.value;
    } catch (error) {
      if (this.#opening === opening) this.#opening = undefined;
      if (opening.signal.aborted && !signal.aborted) return this.get(signal, open);
      throw error;
    }
  }

  /** The next `get` opens it anew. */
  forget(): void {
    this.#opening = undefined;
  }
}
