/**
 * The interface of content encoders that work on streams.
 * @module
 */
/**
 * A content encoder that works block by block. It writes into the caller's memory and allocates none. The same encoder
 * serves content in memory (one call) and streams (many calls).
 */
export interface ContentEncoder {
  /** Octets of input taken by the last call. */
  read: number;
  /** Octets of output written by the last call. */
  written: number;
  /**
   * Reads `input` from offset `from` and writes to `out` from offset `at`, until the input or the room in `out` is used
   * up. Given at least `encoderRoom` octets of room, it takes at least one octet.
   */
  encode(input: Uint8Array, from: number, out: Buffer, at: number): void;
  /**
   * Writes the rest, for which it needs `encoderRoom` octets, and returns the number of octets written. The encoder can
   * then be used again.
   */
  finish(out: Buffer, at: number): number;
}

/** Octets of room that an encoder needs to make progress, or to finish. */
export const encoderRoom = 256;

/** Passes octets unchanged: for 7bit, 8bit and binary. */
export class IdentityEncoder implements ContentEncoder {
  read = 0;
  written = 0;

  encode(input: Uint8Array, from: number, out: Buffer, at: number): void {
    const count = Math.min(input.length - from, out.length - at);
    out.set(from === 0 && count === input.length ? input : input.subarray(from, from + count), at);
    this.read = this.written = count;
  }

  finish(): number {
    return 0;
  }
}
