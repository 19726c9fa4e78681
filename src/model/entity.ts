/**
 * A MIME entity, as the MIME writer, S/MIME and the composer pass it on.
 * @module
 */
/** Bytes: one array if they are in memory, else a stream that starts again at each iteration. */
export type ByteSource = Uint8Array | AsyncIterable<Uint8Array>;

/** A MIME entity in its final form. The MIME writer makes it; S/MIME takes one and makes another. */
export interface RenderedEntity {
  /** Its own fields, such as Content-Type: folded, ASCII, each ending in CRLF, without the empty line. */
  readonly fields: string;
  /** The content after the empty line. Its line ends are CRLF unless `encoding` is 'binary'. */
  readonly body: ByteSource;
  /** Number of octets in `body`, if known. */
  readonly size?: number | undefined;
  /** The transport that the body requires. 'binary' includes lines over 998 octets and a bare CR or LF. */
  readonly encoding: '7bit' | '8bit' | 'binary';
}
