/**
 * Parses replies from bytes, however they are split into chunks (RFC 5321 section 4.2). A reply within one chunk, which
 * nearly every reply is, consists of a code and two offsets into that chunk. A split reply is collected in the parser's
 * own buffer.
 * @module
 */
import { createEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { asBuffer } from '../util/bytes.js';
import { showText } from '../util/show.js';
import { Reply } from './reply.js';

/** RFC 5321 section 4.5.3.1.5 allows 512 octets; servers exceed it. */
const maxLine = 8 * 1024;
const maxReply = 64 * 1024;
const maxLines = 256;
const LF = 0x0a;
const CR = 0x0d;
const crlf = Buffer.from('\r\n');
const never = (): boolean => false;
/** The first words of other servers. */
const otherServers = [
  [/^SSH-/, 'an SSH'],
  [/^\* (?:OK|PREAUTH|BYE)\b/, 'an IMAP'],
  [/^\+OK\b/, 'a POP3'],
  [/^HTTP\/\d/, 'a web'],
] as const;

/** Returns replies as they become complete. */
export class ReplyParser {
  #bytes: Buffer = Buffer.alloc(0);
  /** End of the received octets. */
  #end = 0;
  /** Is `#bytes` the parser's own buffer, which is written to again, rather than a chunk? */
  #stored = false;
  /** Offsets of the current reply, of its current line, and of the search for the end of that line. */
  #start = 0;
  #line = 0;
  #searched = 0;
  #lines = 0;
  #code = 0;

  /** Number of octets that belong to no complete reply. */
  get pending(): number {
    return this.#end - this.#start;
  }

  /** The octets that belong to no complete reply. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  push(chunk: Uint8Array): void {
    if (this.pending === 0) {
      this.#bytes = asBuffer(chunk);
      this.#end = chunk.length;
      this.#stored = false;
      this.#start = this.#line = this.#searched = 0;
      return;
    }
    const held = this.pending;
    const needed = held + chunk.length;
    if (!this.#stored || needed > this.#bytes.length - this.#start) {
      // The size doubles, so that a reply that arrives byte by byte is copied a few times and not once per byte.
      const store = Buffer.allocUnsafe(Math.max(1024, 2 * needed));
      this.#bytes.copy(store, 0, this.#start, this.#end);
      this.#bytes = store;
      this.#stored = true;
      this.#line -= this.#start;
      this.#searched -= this.#start;
      this.#start = 0;
      this.#end = held;
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /**
   * The next complete reply, or undefined if more bytes are needed. ERR_SMTP_PROTOCOL if the bytes are not a reply; it
   * quotes them unless `mustNotQuote` is true.
   */
  next(mustNotQuote: (text: string) => boolean = never): Reply | undefined {
    while (this.#start < this.#end) {
      const at = this.#bytes.indexOf(LF, this.#searched);
      const lf = at === -1 || at >= this.#end ? -1 : at;
      const lineEnd = lf === -1 ? this.#end : lf + 1;
      if (lineEnd - this.#line > maxLine) throw this.#invalid(`a reply line longer than ${maxLine} octets`);
      if (lineEnd - this.#start > maxReply) throw this.#invalid(`a reply longer than ${maxReply} octets`);
      if (lf === -1) {
        this.#searched = this.#end;
        return undefined;
      }
      const last = this.#readLine(lf, mustNotQuote);
      this.#line = this.#searched = lineEnd;
      if (!last) continue;
      const reply = this.#stored
        ? new Reply(this.#code, Buffer.from(this.#bytes.subarray(this.#start, lineEnd)), 0, lineEnd - this.#start)
        : new Reply(this.#code, this.#bytes, this.#start, lineEnd);
      this.#start = lineEnd;
      this.#lines = 0;
      return reply;
    }
    return undefined;
  }

  /**
   * Handles the end of the stream. A last line that lacks only its line end is complete if it is the last of a refusal.
   * A positive reply must be complete to mean success.
   */
  end(mustNotQuote: (text: string) => boolean = never): Reply | undefined {
    const line = this.#bytes.toString('latin1', this.#line, Math.min(this.#end, this.#line + 4));
    if (!/^[45]\d\d[ \r]?$/.test(line)) return undefined;
    this.push(this.#bytes[this.#end - 1] === CR ? crlf.subarray(1) : crlf);
    return this.next(mustNotQuote);
  }

  /** Checks the line that ends at `lf`. Is it the last of its reply? */
  #readLine(lf: number, mustNotQuote: (text: string) => boolean): boolean {
    const bytes = this.#bytes;
    const at = this.#line;
    const end = lf > at && bytes[lf - 1] === 0x0d ? lf - 1 : lf;
    const hundreds = (bytes[at] ?? 0) - 0x30;
    const tens = (bytes[at + 1] ?? 0) - 0x30;
    const ones = (bytes[at + 2] ?? 0) - 0x30;
    const separator = end === at + 3 ? 0x20 : bytes[at + 3];
    const wellFormed =
      end >= at + 3 &&
      hundreds >= 2 &&
      hundreds <= 5 &&
      tens >= 0 &&
      tens <= 9 &&
      ones >= 0 &&
      ones <= 9 &&
      (separator === 0x20 || separator === 0x2d);
    if (!wellFormed) {
      const text = bytes.toString('utf8', at, end);
      const shown = mustNotQuote(text) ? 'a line' : `"${showText(text.slice(0, 200))}",`;
      throw this.#invalid(`${shown} which is not an SMTP reply`, otherServers.find(([begin]) => begin.test(text))?.[1]);
    }
    const code = hundreds * 100 + tens * 10 + ones;
    if (this.#lines > 0 && code !== this.#code)
      throw this.#invalid(`one reply with the codes ${this.#code} and ${code}`);
    this.#code = code;
    this.#lines++;
    if (this.#lines > maxLines) throw this.#invalid(`a reply of more than ${maxLines} lines`);
    return separator === 0x20;
  }

  #invalid(what: string, server?: string): EmailError {
    return createEmailError('ERR_SMTP_PROTOCOL', `The server sent ${what}.`, {
      remedy:
        server === undefined
          ? 'Check that server.port is that of an SMTP server, and whether a firewall or a proxy answers instead.'
          : `This is ${server} server, not an SMTP server. Correct server.port: usually 587 or 465.`,
    });
  }
}
