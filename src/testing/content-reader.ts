/**
 * Reads incoming content: DATA up to its dot (RFC 5321 section 4.1.1.4), BDAT by count (RFC 3030). Checks that it
 * conforms to its declared body.
 * @module
 */
import { isAscii } from 'node:buffer';

/** Collects content. `push` returns the number of octets used, and `done` becomes true at the end. */
export interface ContentReader {
  readonly done: boolean;
  push(chunk: Buffer): number;
  /** The collected content. */
  take(): Buffer;
}

const endOfData = Buffer.from('\r\n.\r\n');

/**
 * Reads to `<CRLF>.<CRLF>` and undoes dot-stuffing. After more than `limit` octets, `overflow` is set and nothing is
 * kept.
 */
export class DotReader implements ContentReader {
  done = false;
  overflow = false;
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #size = 0;
  /** The last octets seen. It starts with the CRLF of the DATA line. */
  #tail: Buffer = endOfData.subarray(0, 2);

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): number {
    const seam = Buffer.concat([this.#tail, chunk.subarray(0, endOfData.length - 1)]);
    const inSeam = seam.indexOf(endOfData);
    const at = inSeam >= 0 ? inSeam - this.#tail.length : chunk.indexOf(endOfData);
    const found = inSeam >= 0 || at >= 0;
    const used = found ? at + endOfData.length : chunk.length;
    this.#keep(chunk.subarray(0, used));
    this.done = found;
    if (!found)
      this.#tail = Buffer.from(used >= 4 ? chunk.subarray(-4) : Buffer.concat([this.#tail, chunk]).subarray(-4));
    return used;
  }

  take(): Buffer {
    const whole = Buffer.concat(this.#chunks);
    return removeDots(whole.subarray(0, whole.length - 3));
  }

  #keep(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.#size - 3 > this.#limit) {
      this.overflow = true;
      this.#chunks = [];
    } else this.#chunks.push(chunk);
  }
}

/** Removes, in place, the first dot of each line that begins with one. */
function removeDots(content: Buffer): Buffer {
  let dot = content[0] === 0x2e ? 0 : nextDot(content, 0);
  if (dot < 0) return content;
  let to = dot;
  while (dot >= 0) {
    const next = nextDot(content, dot + 1);
    const end = next < 0 ? content.length : next;
    content.copyWithin(to, dot + 1, end);
    to += end - dot - 1;
    dot = next;
  }
  return content.subarray(0, to);
}

function nextDot(content: Buffer, from: number): number {
  const at = content.indexOf('\r\n.', from, 'latin1');
  return at < 0 ? -1 : at + 2;
}

/** Reads exactly `length` octets. */
export class CountedReader implements ContentReader {
  #left: number;
  readonly #chunks: Buffer[] = [];
  readonly #keep: boolean;

  constructor(length: number, keep: boolean) {
    this.#left = length;
    this.#keep = keep;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  push(chunk: Buffer): number {
    const used = Math.min(this.#left, chunk.length);
    this.#left -= used;
    if (this.#keep) this.#chunks.push(chunk.subarray(0, used));
    return used;
  }

  take(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** The fault of content for its declared body (RFC 5321 section 2.3.8, 4.5.3.1.6; RFC 6152; RFC 6531), or undefined. */
export function checkContent(content: Buffer, parameters: Readonly<Record<string, string>>): string | undefined {
  const body = (parameters['BODY'] ?? '7BIT').toUpperCase();
  if (body === 'BINARYMIME') return undefined;
  let start = 0;
  for (let lf = content.indexOf(0x0a); lf >= 0; lf = content.indexOf(0x0a, start)) {
    if (lf === start || content[lf - 1] !== 0x0d) return '550 5.6.0 The content has a bare LF';
    if (lf - start > 999) return '550 5.6.0 The content has a line of more than 998 octets';
    start = lf + 1;
  }
  if (content.length - start > 998) return '550 5.6.0 The content has a line of more than 998 octets';
  for (let cr = content.indexOf(0x0d); cr >= 0; cr = content.indexOf(0x0d, cr + 1)) {
    if (content[cr + 1] !== 0x0a) return '550 5.6.0 The content has a bare CR';
  }
  if (content.includes(0)) return '550 5.6.0 The content has a NUL';
  if (isAscii(content)) return undefined;
  if (body === '7BIT') return '550 5.6.1 The content is 8-bit and BODY=8BITMIME was not given';
  if (parameters['SMTPUTF8'] !== undefined) return undefined;
  const headerEnd = content.indexOf('\r\n\r\n', 0, 'latin1');
  const headerIsAscii = isAscii(content.subarray(0, headerEnd < 0 ? content.length : headerEnd));
  return headerIsAscii ? undefined : '550 5.6.7 The header is 8-bit and SMTPUTF8 was not given';
}
