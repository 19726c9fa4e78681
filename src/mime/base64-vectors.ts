import { asBuffer } from '../util/bytes.js';

/**
 * Whole lines of base64 by WebAssembly's vectors of 128 bits, four times as fast as what JavaScript can do. The module is
 * base64-vectors.wat beside this file: 364 octets, no imports, and a memory of its own through which all passes.
 */
const module = Buffer.from(
  'AGFzbQEAAAABBwFgA39/fwADAgEABQMBAAQHEAIGbWVtb3J5AgADZW5jAAAKvQIBugICAX8CewJAA0AgAUUNAUEAIQMDQCAA/QAEAP0MAgEAEAUEAxAIBwYQ'
    + 'CwoJEP0OIQQgBEES/a0BIARBBP2tAf0MAD8AAAA/AAAAPwAAAD8AAP1O/VAgBEEK/asB/QwAAD8AAAA/AAAAPwAAAD8A/U4gBEEY/asB/QwAAAA/AAAAPwAA'
    + 'AD8AAAA//U79UP1QIQQgBP0MMzMzMzMzMzMzMzMzMzMzM/1zIAT9DBoaGhoaGhoaGhoaGhoaGhr9Jv0MDQ0NDQ0NDQ0NDQ0NDQ0NDf1O/VAhBSACIAT9DEf8'
    + '/Pz8/Pz8/Pz87fBBAAAgBf0O/W79CwQAIABBDGohACACQRBqIQIgA0EBaiEDIANBBUkNAAsgAEEDayEAIAJBBGshAiACQY0UOwEAIAJBAmohAiABQQFrIQEM'
    + 'AAsLCw==',
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
interface Encoder {
  readonly heap: Buffer;
  readonly encode: (from: number, lines: number, to: number) => void;
}

/** null: there can be none. */
let encoder: Encoder | null | undefined;

/** False where the program runs without WebAssembly (`--jitless`), may not compile it, or the processor has no vectors (SSE4.1). */
export function hasVectors(): boolean {
  if ((globalThis as { readonly WebAssembly?: unknown }).WebAssembly === undefined) return false;
  if (encoder === undefined) {
    try {
      encoder = start();
    } catch {
      encoder = null;
    }
  }
  return encoder !== null;
}

function start(): Encoder {
  const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Runtime }).WebAssembly;
  const { memory, enc } = new Instance(new Module(module)).exports as { memory: { buffer: ArrayBuffer }; enc: Encoder['encode'] };
  const heap = Buffer.from(memory.buffer);
  heap.writeUInt16LE(crlf, outAt - 2);
  return { heap, encode: enc };
}

/** `count` lines of `input` from `from` on into `out` from `at` on, each after a CRLF. Only where `hasVectors`. */
export function encodeLines(input: Uint8Array, from: number, count: number, out: Buffer, at: number): void {
  const { heap, encode } = (encoder ??= start());
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
