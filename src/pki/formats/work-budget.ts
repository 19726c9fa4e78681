/**
 * Limits the work that one file may cost. A few octets can request minutes of work. The cost is known before the work
 * begins, so a file that requests too much is refused at once. Allowed work is done in slices, so that the rest of the
 * process continues.
 * @module
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { throwIfAborted } from '../../errors/abort.js';
import { certificateError } from '../certificate-error.js';

/** Milliseconds on an ordinary processor for one file. Files in use cost up to a second. */
const fileMs = 2_000;

/** Milliseconds for all files of a directory together. */
export const directoryMs = 10_000;

/** Milliseconds for a source of certificates without keys, which need not be encrypted under a password. */
export const certificatesMs = 200;

/** The remaining work of a file, or of the files of a directory. */
export class WorkBudget {
  readonly #maxMs: number;
  #leftMs: number;

  constructor(
    readonly signal?: AbortSignal | undefined,
    maxMs: number = fileMs,
  ) {
    this.#maxMs = this.#leftMs = maxMs;
  }

  /** Takes the cost of `what` in advance. ERR_CERTIFICATE if it exceeds the rest. */
  spend(what: string, ms: number): void {
    if (ms > this.#leftMs) {
      throw certificateError(
        `it requires ${what}, which takes about ${Math.ceil(ms)} ms of processor time, more than ` +
          `the ${Math.floor(this.#leftMs)} ms left of ${this.#maxMs}`,
        'Export the file again with fewer iterations; 10 000 to 600 000 are usual.',
      );
    }
    this.#leftMs -= ms;
    this.check();
  }

  /** Throws ERR_ABORTED, or the signal's reason, once the signal is aborted. */
  check(): void {
    throwIfAborted(this.signal);
  }
}

/** Lets other work of the event loop run. Rejects once the signal is aborted. */
export async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await nextTurn();
  throwIfAborted(signal);
}

/** Milliseconds that work may hold the event loop. */
const sliceMs = 8;

/** For long loops of small steps: pauses once 8 ms have passed since the last pause. */
export class Pace {
  readonly #signal: AbortSignal | undefined;
  #since = performance.now();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Await it before each step. */
  async step(): Promise<void> {
    if (performance.now() - this.#since < sliceMs) return;
    await breathe(this.#signal);
    this.#since = performance.now();
  }
}

/** Calls `work` with the number of rounds to do next until all are done. It pauses about every 8 ms on any machine. */
export async function inSlices(
  rounds: number,
  signal: AbortSignal | undefined,
  work: (rounds: number) => void,
): Promise<void> {
  let slice = 256;
  for (let left = rounds; left > 0;) {
    const next = Math.min(slice, left);
    const start = performance.now();
    work(next);
    const elapsed = performance.now() - start;
    left -= next;
    if (elapsed < sliceMs / 2) slice *= 2;
    else if (elapsed > sliceMs && slice > 1) slice = Math.ceil(slice / 2);
    if (left > 0) await breathe(signal);
  }
}

/** Octets that are decrypted without a pause; they take a few milliseconds with the slowest cipher. */
const pieceBytes = 64 * 1024;

/** The outputs of `work` for `bytes` in pieces whose length is a multiple of every cipher's block. */
export async function inPieces(
  bytes: Uint8Array,
  signal: AbortSignal | undefined,
  work: (piece: Uint8Array) => Uint8Array,
): Promise<Buffer> {
  const output: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (at > 0) await breathe(signal);
    output.push(work(bytes.subarray(at, at + pieceBytes)));
  }
  return Buffer.concat(output);
}
