/**
 * An entity on its way between MIME, S/MIME and the composer.
 * @module
 */
/** Bytes: whole where they are in memory, else a stream that starts anew at each iteration. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

/** A MIME entity in its final form: what the MIME writer gives, and what S/MIME takes and gives. */
export interface RenderedEntity {
  /** Its own fields (Content-Type and the like), folded, ASCII, each ending in CRLF; without the empty line. */
  readonly fields: string;
  /** What follows the empty line. CRLF line ends where `encoding` is not 'binary'. */
  readonly body: ByteSource;
  /** Octets of `body`, where known. */
  readonly size?: number | undefined;
  /** What the body needs of its way; 'binary' includes lines over 998 octets and bare CR or LF. */
  readonly encoding: '7bit' | '8bit' | 'binary';
}
