import { asBuffer } from '../util/bytes.js';

/**
 * What WebAssembly's vectors of 128 bits do several times as fast as JavaScript can: whole lines of base64, and a look at what text is
 * made of. The module is vectors.wat beside this file: 889 octets, no imports, and a memory of its own through which all passes.
 */
const module = Buffer.from(
  'AGFzbQEAAAABDQJgA39/fwBgAn9/AX8DAwIAAQUDAQAEBxcDBm1lbW9yeQIAA2VuYwAABHNjYW4AAQq8BgLBAgIBfwJ7AkADQCABRQ0BQQAhAwNAIAD9AAQA/QwBAAIB' +
    'BAMFBAcGCAcKCQsK/Q4hBCAEQQr9jQH9DD8AAAA/AAAAPwAAAD8AAAD9TiAEQQb9jQH9DAAAPwAAAD8AAAA/AAAAPwD9Tv1QIAT9DPADPwDwAz8A8AM/APADPwD9Tv0M' +
    'EAAAARAAAAEQAAABEAAAAf2VAf1QIQQgBP0MMzMzMzMzMzMzMzMzMzMzM/1zIAT9DBoaGhoaGhoaGhoaGhoaGhr9Jf0MDQ0NDQ0NDQ0NDQ0NDQ0NDf1O/VAhBSACIAT9' +
    'DEf8/Pz8/Pz8/Pz87fBBAAAgBf0O/W79CwQAIABBDGohACACQRBqIQIgA0EBaiEDIANBBUkNAAsgAEEDayEAIAJBBGshAiACQY0UOwEAIAJBAmohAiABQQFrIQEMAAsL' +
    'C/YDAgl7A38gAf0MICAgICAgICAgICAgICAgIP0LBAAgAf0MICAgICAgICAgICAgICAgIP0LBBD9DP////////////////////8hCCAAIQsDQCAA/QAEACECIABBAWv9' +
    'AAQAIQMgAv0MCgoKCgoKCgoKCgoKCgoKCv0jIQQgBSAEIAP9DA0NDQ0NDQ0NDQ0NDQ0NDQ39I/1R/VAhBSAJIAL9DA0NDQ0NDQ0NDQ0NDQ0NDQ39IyAD/QwgICAgICAg' +
    'ICAgICAgICAg/SMgA/0MCQkJCQkJCQkJCQkJCQkJCf0j/VD9Tv1QIQkgCiAC/QxGRkZGRkZGRkZGRkZGRkZG/SMgA/0MCgoKCgoKCgoKCgoKCgoKCv0j/U79UCEKIAYg' +
    'Av0MICAgICAgICAgICAgICAgIP1x/QxeXl5eXl5eXl5eXl5eXl5e/Sj9DAAAAAAAAAAAAP//AAD/AAAgAv0O/U/9UCEGIAcgAv1QIQcgCCAC/XchCCAE/WQhDSANBEAg' +
    'ACANaGogC2shCyAMIAtB5wdLciEMIABBIGogDWdrIQsLIABBEGohACAAIAFNDQALIAEgC2shCyAMIAtB5gdKciEMIAX9UyAG/VNBAXRyIAf9ZEEAR0ECdCAI/WNFQQN0' +
    'cnIgDEEEdCAJ/VNBBXQgCv1TQQZ0cnJyCw==',
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
const lf = 0x0a;

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
  const { memory, enc, scan } = instance.exports as {
    memory: { buffer: ArrayBuffer };
    enc: Vectors['encode'];
    scan: Vectors['scan'];
  };
  const heap = Buffer.from(memory.buffer);
  heap.writeUInt16LE(crlf, outAt - 2);
  heap[inAt - 1] = lf;
  return { heap, encode: enc, scan };
}

/** `count` lines of `input` from `from` on into `out` from `at` on, each after a CRLF. Only where `hasVectors`. */
export function encodeLines(input: Uint8Array, from: number, count: number, out: Buffer, at: number): void {
  const { heap, encode } = (vectors ??= start());
  const source = asBuffer(input);
  for (let done = 0; done < count;) {
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
