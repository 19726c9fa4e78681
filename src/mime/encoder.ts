/**
 * The seam of transfer encoders that work on streams.
 * @module
 */
/**
 * Content encoders that work from block to block: they write into memory of the caller's and make none themselves. The same
 * encoder serves content in memory (one call) and streams (many).
 */
export interface ContentEncoder {
  /** Octets of input that the last call took. */
  read: number;
  /** Octets of output that the last call wrote. */
  written: number;
  /**
   * Takes of `input` from `from` on what it can, and writes to `out` from `at` on; stops for want of input or of room. With
   * `encoderRoom` octets of room it takes at least one octet.
   */
  encode(input: Uint8Array, from: number, out: Buffer, at: number): void;
  /** Writes what is left, needs `encoderRoom`; gives the number of octets. The encoder is then as new. */
  finish(out: Buffer, at: number): number;
}

/** Room that an encoder needs to make progress, or to finish. */
export const encoderRoom = 256;

/** Octets as they are: 7bit, 8bit and binary. */
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
