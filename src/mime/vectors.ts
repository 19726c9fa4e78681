import { asBuffer } from '../util/bytes.js';

/**
 * What WebAssembly's vectors of 128 bits do several times as fast as JavaScript can: whole lines of base64, and a look at what text is
 * made of. The module is vectors.wat beside this file: 656 octets, no imports, and a memory of its own through which all passes.
 */
const module = Buffer.from(
  'AGFzbQEAAAABDQJgA39/fwBgAn9/AX8DAwIAAQUDAQAEBxcDBm1lbW9yeQIAA2VuYwAABHNjYW4AAQrTBAK6AgIBfwJ7AkADQCABRQ0BQQAhAwNAIAD9AAQA/QwCAQCA'
    + 'BQQDgAgHBoALCgmA/Q4hBCAEQRL9rQEgBEEE/a0B/QwAPwAAAD8AAAA/AAAAPwAA/U79UCAEQQr9qwH9DAAAPwAAAD8AAAA/AAAAPwD9TiAEQRj9qwH9DAAAAD8AAAA/'
    + 'AAAAPwAAAD/9Tv1Q/VAhBCAE/QwzMzMzMzMzMzMzMzMzMzMz/XMgBP0MGhoaGhoaGhoaGhoaGhoaGv0l/QwNDQ0NDQ0NDQ0NDQ0NDQ0N/U79UCEFIAIgBP0MR/z8/Pz8'
    + '/Pz8/Pzt8EEAACAF/Q79bv0LBAAgAEEMaiEAIAJBEGohAiADQQFqIQMgA0EFSQ0ACyAAQQNrIQAgAkEEayECIAJBjRQ7AQAgAkECaiECIAFBAWshAQwACwsLlAIBBXsg'
    + 'Af0MICAgICAgICAgICAgICAgIP0LBAAgAf0MICAgICAgICAgICAgICAgIP0LBBD9DP////////////////////8hBgNAIAD9AAQAIQIgAyAC/QwKCgoKCgoKCgoKCgoK'
    + 'CgoK/SMgAEEBa/0ABAD9DA0NDQ0NDQ0NDQ0NDQ0NDQ39I/1R/VAhAyAEIAL9DCAgICAgICAgICAgICAgICD9cf0MXl5eXl5eXl5eXl5eXl5eXv0o/QwAAAAAAAAAAAD/'
    + '/wAA/wAAIAL9Dv1P/VAhBCAFIAL9UCEFIAYgAv13IQYgAEEQaiEAIAAgAU0NAAsgA/1TIAT9U0EBdHIgBf1kQQBHQQJ0IAb9Y0VBA3Rycgs=',
  'base64',
);

export const lineIn = 57;
export const lineStep = 78;
/** Lines that pass at once: what is in the processor's cache is not read from memory again. */
const passLines = 1536;
const inAt = 16;
/** Behind the input and what is read beyond its last line; in front of the first line is the CRLF that ends the one before. */
const outAt = inAt + passLines * lineIn + 64;
const crlf = 0x0a0d;

/** Of WebAssembly what is used here; Node's types have it only together with those of browsers. */
interface Runtime {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
}
interface Vectors {
  readonly heap: Buffer;
  readonly encode: (from: number, lines: number, to: number) => void;
  readonly scan: (from: number, end: number) => number;
}

/** null: there can be none. */
let vectors: Vectors | null | undefined;

/** False where the program runs without WebAssembly (`--jitless`), may not compile it, or the processor has no vectors (SSE4.1). */
export function hasVectors(): boolean {
  if ((globalThis as { readonly WebAssembly?: unknown }).WebAssembly === undefined) return false;
  if (vectors === undefined) {
    try {
      vectors = start();
    } catch {
      vectors = null;
    }
  }
  return vectors !== null;
}

function start(): Vectors {
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Runtime }).WebAssembly;
  const instance = new Instance(new Module(module));
  const { memory, enc, scan } = instance.exports as { memory: { buffer: ArrayBuffer }; enc: Vectors['encode']; scan: Vectors['scan'] };
  const heap = Buffer.from(memory.buffer);
  heap.writeUInt16LE(crlf, outAt - 2);
  return { heap, encode: enc, scan };
}

/** `count` lines of `input` from `from` on into `out` from `at` on, each after a CRLF. Only where `hasVectors`. */
export function encodeLines(input: Uint8Array, from: number, count: number, out: Buffer, at: number): void {
  const { heap, encode } = (vectors ??= start());
  const source = asBuffer(input);
  for (let done = 0; done < count; ) {
    const pass = Math.min(passLines, count - done);
    const begin = from + done * lineIn;
    source.copy(heap, inAt, begin, begin + pass * lineIn);
    encode(inAt, pass, outAt);
    heap.copy(out, at + done * lineStep, outAt - 2, outAt - 2 + pass * lineStep);
    done += pass;
  }
}

/** Units of a string, or octets, that `scanVectors` can take: a unit is up to three octets, and all of them stay below `outAt`. */
export const scanLimit = 24 * 1024;

/** What there is in at most `scanLimit` of text: the sum of the flags in scan.ts. Only where `hasVectors`. */
export function scanVectors(text: string | Uint8Array): number {
  const { heap, scan } = (vectors ??= start());
  if (typeof text === 'string') return scan(inAt, inAt + heap.write(text, inAt, 'utf8'));
  heap.set(text, inAt);
  return scan(inAt, inAt + text.length);
}
