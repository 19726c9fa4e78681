/**
 * The input of the MIME writer: a tree of parts.
 * @module
 */

/** The content of a part. */
export type PartBody =
  /** Text. CR, LF and CRLF all become CRLF. */
  | { readonly text: string }
  /** Octets that are received unchanged. */
  | { readonly bytes: Uint8Array }
  /**
   * A stream that starts again at each call of `open`. `size` is its number of octets, if known; a stream of another
   * length ends in ERR_CONTENT. With `isText` it is UTF-8 text and all its line ends become CRLF; otherwise its octets
   * are received unchanged.
   */
  | {
      readonly open: () => AsyncIterable<Uint8Array>;
      readonly size?: number | undefined;
      readonly isText?: boolean | undefined;
    };

/** A part that is not multipart. */
export interface LeafPart {
  /** `type/subtype`, without parameters. */
  readonly contentType: string;
  /** Parameters of Content-Type besides `name`. The charset of a `text` body is added by the writer. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly disposition?: 'attachment' | 'inline' | undefined;
  readonly filename?: string | undefined;
  /** Content-ID, with or without brackets. */
  readonly cid?: string | undefined;
  readonly description?: string | undefined;
  readonly body: PartBody;
  /** The origin of the part for errors, such as `attachments.0`. */
  readonly path: string;
}

/** A multipart entity. */
export interface MultiPart {
  /** `multipart/mixed` and the like. */
  readonly contentType: string;
  /** Parameters of Content-Type besides `boundary`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly parts: readonly Part[];
}

export type Part = LeafPart | MultiPart;

/** Options for writing a tree. */
export interface RenderOptions {
  /**
   * Allows 8BITMIME: text that is not ASCII is sent unencoded if its lines allow it. Not for messages that are signed.
   * Default false.
   */
  readonly eightBit?: boolean | undefined;
  /** Allows BINARYMIME: octets and streams are sent unencoded. Not for messages that are signed. Default false. */
  readonly binary?: boolean | undefined;
  /** Makes a boundary. Default `createBoundary`. */
  readonly boundary?: (() => string) | undefined;
}
