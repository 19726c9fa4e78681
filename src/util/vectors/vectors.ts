/**
 * WebAssembly's vectors of 128 bits, which do some things several times as fast as JavaScript can: whole lines of base64, a look at the
 * characters of a text, and a search for lines that begin with certain words. All of it passes through the memory of the module.
 *
 * @module
 */
import { asBuffer } from '../bytes.js';
import { vectorsModule } from './vectors-module.js';

/** Octets that one line of base64 stands for. */
export const lineIn = 57;
/** Octets of one line of base64 with its CRLF. */
export const lineStep = 78;
/** Lines that pass at once: what is in the processor's cache is not read from memory again. */
const passLines = 1536;
const inAt = 16;
/** Behind the input and what is read beyond its last line; in front of the first line is the CRLF that ends the one before. */
const outAt = inAt + passLines * lineIn + 64;
/** Behind the output: the table of words. */
const wordsAt = outAt + passLines * lineStep;
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
  readonly begins: (from: number, end: number, words: number) => number;
  /** The table of words that is in the memory. */
  words: WordTable | undefined;
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
  const instance = new Instance(new Module(vectorsModule));
  const { memory, enc, scan, begins } = instance.exports as {
    memory: { buffer: ArrayBuffer };
    enc: Vectors['encode'];
    scan: Vectors['scan'];
    begins: Vectors['begins'];
  };
  const heap = Buffer.from(memory.buffer);
  heap.writeUInt16LE(crlf, outAt - 2);
  heap[inAt - 1] = lf;
  return { heap, encode: enc, scan, begins, words: undefined };
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

/** Octets that `findWordAtLine` can take: what follows them is read too, and must not reach `outAt`. */
export const findLimit = passLines * lineIn - 64;

/** Words of four octets for `findWordAtLine`, by the slot of each. */
export type WordTable = Buffer;

/** A table of words of at least four letters, of which the first four count, in either case. Throws where two need the same slot. */
export function createWordTable(words: readonly string[]): WordTable {
  const table = Buffer.alloc(256 * 4);
  for (const word of words) {
    const value = Buffer.from(word, 'latin1').readInt32LE() | 0x20202020;
    // The same multiplication as in vectors.wat; the factor is one that gives each of the words in use a slot of its own.
    const slot = 4 * (Math.imul(value, 0x9e3779d7) >>> 24);
    const taken = table.readInt32LE(slot);
    if (taken !== 0 && taken !== value) throw new Error(`${word} needs the slot of another word`);
    table.writeInt32LE(value, slot);
  }
  return table;
}

/**
 * Does a line in at most `findLimit` octets begin with one of the words? A line begins at the first octet and behind each CR and each LF;
 * octets that are not printing ASCII are passed over. Only where `hasVectors`.
 */
export function findWordAtLine(bytes: Uint8Array, words: WordTable): boolean {
  const used = (vectors ??= start());
  if (used.words !== words) {
    used.heap.set(words, wordsAt);
    used.words = words;
  }
  used.heap.set(bytes, inAt);
  return used.begins(inAt - 1, inAt + bytes.length, wordsAt) !== 0;
}
