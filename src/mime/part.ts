/**
 * What the MIME writer is given: a tree of parts.
 * @module
 */

/** The content of a part. */
export type PartBody =
  /** Text; CR, LF and CRLF all become CRLF. */
  | { readonly text: string }
  /** Octets that come back as they are. */
  | { readonly bytes: Uint8Array }
  /**
   * A stream that starts anew at each call. `size`: its octets, where known; a stream that then gives more or fewer is ERR_CONTENT.
   * `isText`: UTF-8 text, whose line ends all become CRLF; else the octets come back as they are.
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
  /** Of Content-Type, besides `name`. A `text` body gets its charset by itself. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly disposition?: 'attachment' | 'inline' | undefined;
  readonly filename?: string | undefined;
  /** Content-ID, with or without brackets. */
  readonly cid?: string | undefined;
  readonly description?: string | undefined;
  readonly body: PartBody;
  /** Where it comes from, for errors, as `attachments.0`. */
  readonly path: string;
}

/** A multipart entity. */
export interface MultiPart {
  /** `multipart/mixed` and the like. */
  readonly contentType: string;
  /** Of Content-Type, besides `boundary`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  readonly parts: readonly Part[];
}

export type Part = LeafPart | MultiPart;

/** How a tree is written. */
export interface RenderOptions {
  /** 8BITMIME: text that is not ASCII goes as it is where its lines allow. Not before signing. Default false. */
  readonly eightBit?: boolean | undefined;
  /** BINARYMIME: octets and streams go as they are. Not before signing. Default false. */
  readonly binary?: boolean | undefined;
  /** Default createBoundary. */
  readonly boundary?: (() => string) | undefined;
}
