/**
 * The content type of an attachment: as given, else by the extension of the file name.
 * @module
 */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageInvalid } from '../../errors/email-error.js';
import type { Attachment, ContentInput } from '../../model/message.js';
import { immediateContent, isBlob } from './content.js';
import { hasOwn } from '../../util/own.js';

export interface MediaType {
  readonly contentType: string;
  readonly parameters: Readonly<Record<string, string>>;
}

const token = "[!#$%&'*+.^_`{|}~0-9A-Za-z-]+";
const typePattern = new RegExp(`^(${token}/${token})[ \\t]*`);
const parameterPattern = new RegExp(`^;[ \\t]*(${token})[ \\t]*=[ \\t]*(?:(${token})|"((?:[^"\\\\]|\\\\.)*)")[ \\t]*`);
/** Parameters that the library writes itself, from the settings of the attachment. */
const ours = new Set(['boundary', 'name']);
/**
 * Parameters that the library writes itself in the RFC 2231 forms (`name*`, `name*0`, `charset*0*`). There the charset
 * is one of them: a second form would contradict the first.
 */
const oursInParts = new Set(['boundary', 'name', 'charset']);

/** Parses a given `type/subtype` with parameters (RFC 2045 section 5.1). */
export function parseMediaType(text: string, path: string): MediaType {
  const type = typePattern.exec(text);
  if (!type || text.length > 1000) throw messageInvalid(path, 'expected a media type such as application/pdf');
  const parameters: Record<string, string> = Object.create(null);
  let rest = text.slice(type[0].length);
  while (rest !== '' && rest !== ';') {
    const match = parameterPattern.exec(rest);
    const name = match?.[1]?.toLowerCase();
    if (!match || name === undefined) throw messageInvalid(path, 'a parameter of the media type is not well-formed');
    const star = name.indexOf('*');
    const isOurs = star === -1 ? ours.has(name) : oursInParts.has(name.slice(0, star));
    if (!isOurs) parameters[name] = match[2] ?? (match[3] ?? '').replace(/\\(.)/g, '$1');
    rest = rest.slice(match[0].length);
  }
  const contentType = (type[1] ?? '').toLowerCase();
  if (contentType.startsWith('multipart/'))
    throw messageInvalid(path, 'an attachment must be a single part, not a multipart');
  return { contentType, parameters };
}

/** The table of types by file name, once it is loaded. */
let table: ((filename: string) => string) | undefined;

/**
 * Can the type of this attachment come from a file name? Then the table must be loaded before `attachmentType` is called.
 */
export function isTypeByName({ contentType, filename, content }: Attachment): boolean {
  return contentType === undefined && (filename !== undefined || immediateContent(content) === undefined);
}

/** Loads the table of types by file name; undefined if it is loaded. */
export function loadMediaTypes(): Promise<void> | undefined {
  if (table !== undefined) return undefined;
  return import('../../mime/media-type.js').then(({ mediaTypeOf }) => void (table = mediaTypeOf));
}

function mediaTypeOf(filename: string): string {
  if (table === undefined) throw new Error('the table of media types is not loaded');
  return table(filename);
}

/** The given type, else that of the file name. */
export function attachmentType(given: string | undefined, filename: string | undefined, path: string): MediaType {
  if (given !== undefined) return parseMediaType(given, path);
  return {
    contentType: filename === undefined ? 'application/octet-stream' : mediaTypeOf(filename),
    parameters: {},
  };
}

/** The name of the file with the content; undefined for other content. */
export function fileNameOf(content: ContentInput): string | undefined {
  if (typeof content !== 'object' || !hasOwn(content, 'file')) {
    return isBlob(content) && 'name' in content && typeof content.name === 'string' ? content.name : undefined;
  }
  const { file } = content;
  return basename(typeof file === 'string' ? file : fileURLToPath(file));
}
