/**
 * The forms of `ContentInput`. Most content is in memory; open-content.ts opens the rest.
 * @module
 */
import { types } from 'node:util';
import type { ContentInput } from '../../model/message.js';
import { isBytes } from '../../util/bytes.js';
import type { FileAccess } from './file-access.js';
import { isStream } from './source-reader.js';
import type { Sources } from './sources.js';

/** Content that can be written: in memory, or to be opened. */
export type OpenedContent =
  | { readonly text: string }
  | { readonly bytes: Uint8Array }
  | { readonly size: number | undefined; open(): AsyncIterable<Uint8Array> };

/** Context that opening content needs. */
export interface ContentContext {
  readonly fileAccess: FileAccess;
  /** Will the content be read more than once? Then streams that can be read only once are kept. */
  readonly replay: boolean;
  readonly sources: Sources;
}

/** Is it a valid form of ContentInput? */
export function isContent(value: unknown): value is ContentInput {
  if (typeof value === 'string' || typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null) return false;
  if (isBytes(value) || types.isAnyArrayBuffer(value) || isBlob(value) || isStream(value)) return true;
  const file: unknown = Object.hasOwn(value, 'file') ? (value as { file: unknown }).file : undefined;
  return typeof file === 'string' || isUrl(file);
}

/** Is it a Blob or a File, of Node, jsdom or a polyfill? */
export function isBlob(value: unknown): value is Blob {
  if (typeof value !== 'object' || value === null) return false;
  const { size, arrayBuffer }: { readonly size?: unknown; readonly arrayBuffer?: unknown } = Object(value);
  return typeof size === 'number' && typeof arrayBuffer === 'function';
}

/** Is it a URL, of Node, jsdom or a polyfill? */
function isUrl(value: unknown): boolean {
  const { href, protocol }: { readonly href?: unknown; readonly protocol?: unknown } = Object(value);
  return typeof href === 'string' && typeof protocol === 'string';
}

/** Content that is in memory; undefined if it must be opened. */
export function immediateContent(input: ContentInput): OpenedContent | undefined {
  if (typeof input === 'string') return { text: input };
  if (isBytes(input)) return { bytes: input };
  if (types.isAnyArrayBuffer(input)) return { bytes: new Uint8Array(input) };
  return undefined;
}
