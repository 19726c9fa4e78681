/**
 * Runs WebAssembly with vectors of 128 bits, several times as fast as JavaScript: encodes whole lines of base64,
 * examines the characters of a text, and searches for lines that begin with certain words. All data passes through the
 * module's memory.
 * @module
 */
import { asBuffer } from '../bytes.js';
import { vectorsModule } from './vectors-module.js';

/** The octets in one line of base64. */
export const lineIn = 57;
/** The length of one line of base64 with its CRLF. */
export const lineStep = 78;
/** The lines encoded in one pass. They fit into the processor's cache. */
const passLines = 1536;
const inAt = 16;
/**
 * The output area. It comes after the input and the octets read beyond its last line. The CRLF that ends the previous
 * line comes before the first line.
 */
const outAt = inAt + passLines * lineIn + 64;
/** The table of words, after the output. */
const wordsAt = outAt + passLines * lineStep;
const crlf = 0x0a0d;
const lf = 0x0a;

/** The part of WebAssembly that is used here. Node has types for it only together with those of browsers. */
interface Runtime {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
}
interface Vectors {
  readonly heap: Buffer;
  readonly encode: (from: number, lines: number, to: number) => void;
  readonly scan: (from: number, end: number, every: number) => number;
  readonly begins: (from: number, end: number, words: number) => number;
  /** The table of words that is currently in the memory. */
  words: WordTable | undefined;
}

/** null if WebAssembly is not available. */
let vectors: Vectors | null | undefined;

/** The start takes as long as JavaScript takes for about this many octets. */
const startsAfter = 256 * 1024;
/** The octets of all work before the start. */
let before = 0;

/**
 * May work on this many octets use vectors? False until there has been so much work that it is worth their start, if
 * the program runs without WebAssembly (`--jitless`), if it may not compile it, and if the processor lacks vectors
 * (SSE4.1).
 */
export function hasVectors(octets: number): boolean {
  if ((globalThis as { readonly WebAssembly?: unknown }).WebAssembly === undefined) return false;
  if (vectors === undefined) {
    before += octets;
    if (before < startsAfter) return false;
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

/**
 * Encodes `count` lines of `input` from `from` on into `out` from `at` on, each preceded by CRLF. Requires
 * `hasVectors`.
 */
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

/**
 * The most units of a string, or octets, for `scanVectors`. A unit takes up to three octets, and all must fit below
 * `outAt`.
 */
export const scanLimit = 24 * 1024;

/**
 * The properties of at most `scanLimit` of text, as a sum of the flags in scan.ts. Without `every`, only those of
 * `scanForTransport`, in half the time. Requires `hasVectors`.
 */
export function scanVectors(text: string | Uint8Array, every: boolean): number {
  const { heap, scan } = (vectors ??= start());
  if (typeof text === 'string') return scan(inAt, inAt + heap.write(text, inAt, 'utf8'), Number(every));
  heap.set(text, inAt);
  return scan(inAt, inAt + text.length, Number(every));
}

/** The most octets for `findWordAtLine`. It also reads octets after them, and must not reach `outAt`. */
export const findLimit = passLines * lineIn - 64;

/** Words of four octets for `findWordAtLine`, each in its slot. */
export type WordTable = Buffer;

/**
 * Makes a table of words. A word has at least four letters; the first four are compared, ignoring case. Throws if two
 * words need the same slot.
 */
export function createWordTable(words: readonly string[]): WordTable {
  const table = Buffer.alloc(256 * 4);
  for (const word of words) {
    const value = Buffer.from(word, 'latin1').readInt32LE() | 0x20202020;
    // The same multiplication as in vectors.wat. The factor was chosen so that each word in use gets a slot of its own.
    const slot = 4 * (Math.imul(value, 0x9e3779d7) >>> 24);
    const taken = table.readInt32LE(slot);
    if (taken !== 0 && taken !== value) throw new Error(`${word} needs the slot of another word`);
    table.writeInt32LE(value, slot);
  }
  return table;
}

/**
 * Does a line in at most `findLimit` octets begin with one of the words? A line begins at the first octet and after
 * each CR and LF; octets other than printing ASCII are skipped. Requires `hasVectors`.
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
