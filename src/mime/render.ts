/**
 * Writes MIME entities (RFC 2045, 2046): turns a tree of parts into header fields and a body, with the encoding that
 * each part needs.
 * @module
 */
import { isUtf8 } from 'node:buffer';
import { messageInvalid } from '../errors/email-error.js';
import type { ByteSource, RenderedEntity } from '../model/entity.js';
import { asBuffer, isBytes, isWellFormed, utf8 } from '../util/bytes.js';
import { base64Size } from './base64.js';
import { structuredField, textField, tokenField } from './field.js';
import { checkedId, createBoundary } from './identifier.js';
import { legacyNameTokens, parameterTokens, withParameters } from './parameter.js';
import type { LeafPart, MultiPart, Part, RenderOptions } from './part.js';
import { join, maxInMemory, totalSize } from './piece.js';
import type { Piece } from './piece.js';
import { encodeQuotedPrintable, quotePrintable } from './quoted-printable.js';
import { canonicalText, scanText, textFlag } from './scan.js';
import { traitsOf } from './text.js';
import { hasOwn } from '../util/own.js';

/** The defaults. Each option is spelt out, so that none is inherited from Object.prototype. */
const plainOptions: RenderOptions = { eightBit: undefined, binary: undefined, boundary: undefined };

type Encoding = RenderedEntity['encoding'];
type TransferEncoding = Encoding | 'quoted-printable' | 'base64';

interface EncodedBody {
  readonly transferEncoding: TransferEncoding;
  readonly pieces: readonly Piece[];
  readonly contentType: string;
  readonly charset: string | undefined;
}

interface Written {
  readonly fields: string;
  readonly encoding: Encoding;
}

const mediaType = /^[!#$%&'*+.^_`{|}~\w-]+\/[!#$%&'*+.^_`{|}~\w-]+$/;

function encodeText(
  given: string,
  contentType: string,
  path: string,
  options: RenderOptions,
  isRoot: boolean,
): EncodedBody {
  const charset = 'utf-8';
  // Text whose line ends are all LF is changed before the scan, so that one scan is enough.
  let canonical = given.includes('\n') && !given.includes('\r') ? canonicalText(given) : given;
  let flags = scanText(canonical, canonical !== given);
  if ((flags & textFlag.loneEnd) !== 0) {
    canonical = canonicalText(given);
    if ((flags & textFlag.unprintable) === 0) flags = scanText(canonical);
  }
  // The last line of a message must end with a line end, because the end of data begins with one.
  const text = isRoot && canonical !== '' && !canonical.endsWith('\r\n') ? `${canonical}\r\n` : canonical;
  if (flags === 0) return { transferEncoding: '7bit', pieces: [text], contentType, charset };
  if ((flags & textFlag.unprintable) === 0)
    return { transferEncoding: 'quoted-printable', pieces: quotePrintable(text), contentType, charset };
  if (!isWellFormed(text)) throw messageInvalid(path, 'half of a surrogate pair is not allowed');
  const bytes = utf8(text);
  if (options.eightBit === true) {
    const { plain, fragile } = traitsOf(bytes);
    if (!fragile && plain === '8bit') return { transferEncoding: '8bit', pieces: [bytes], contentType, charset };
  }
  // A character beyond ASCII takes one or two octets more in UTF-8 than units in UTF-16. Twice the difference is
  // therefore about the number of octets to escape.
  const { transferEncoding, pieces } = encodeCompactly(bytes, true, 2 * (bytes.length - text.length));
  return { transferEncoding, pieces, contentType, charset };
}

/** quoted-printable or base64, whichever is shorter. */
function encodeCompactly(
  bytes: Uint8Array,
  isText: boolean,
  escaped: number,
): Pick<EncodedBody, 'transferEncoding' | 'pieces'> {
  const quoted = (bytes.length + 2 * escaped) * (76 / 73);
  if (base64Size(bytes.length) < quoted) return { transferEncoding: 'base64', pieces: [{ base64: bytes }] };
  return { transferEncoding: 'quoted-printable', pieces: [encodeQuotedPrintable(bytes, isText, escaped)] };
}

/** RFC 2046 section 5.2.1 allows no base64 for message/rfc822. A forwarded message that needs it is sent as a file. */
function asBase64(piece: Piece, contentType: string): EncodedBody {
  return {
    transferEncoding: 'base64',
    pieces: [piece],
    contentType: isMessage(contentType) ? 'application/octet-stream' : contentType,
    charset: undefined,
  };
}

function isMessage(contentType: string): boolean {
  return contentType.startsWith('message/') && contentType !== 'message/global';
}

function encodeBytes(
  bytes: Uint8Array,
  contentType: string,
  part: LeafPart,
  options: RenderOptions,
  isRoot: boolean,
): EncodedBody {
  const isText = contentType.startsWith('text/');
  if ((isText || isMessage(contentType)) && bytes.length <= maxInMemory) {
    const { plain, fragile, escaped } = traitsOf(bytes);
    const charset = isText && !hasCharset(part) && isUtf8(bytes) ? 'utf-8' : undefined;
    // Text is also encoded if it is fragile, or if it is the whole message and lacks its last line end. A forwarded
    // message must not be encoded.
    const stays = !isText || !(fragile || (isRoot && bytes.at(-1) !== 10));
    if (stays && (plain === '7bit' || (plain === '8bit' && options.eightBit === true)))
      return { transferEncoding: plain, pieces: [bytes], contentType, charset };
    if (isText && options.binary !== true) return { ...encodeCompactly(bytes, false, escaped), contentType, charset };
    if (options.binary === true) return { transferEncoding: 'binary', pieces: [bytes], contentType, charset };
  }
  return options.binary === true
    ? { transferEncoding: 'binary', pieces: [bytes], contentType, charset: undefined }
    : asBase64({ base64: bytes }, contentType);
}

function hasCharset({ parameters }: LeafPart): boolean {
  return parameters !== undefined && Object.keys(parameters).some((name) => name.toLowerCase() === 'charset');
}

function encodeBody(part: LeafPart, contentType: string, options: RenderOptions, isRoot: boolean): EncodedBody {
  const { body, path } = part;
  if (hasOwn(body, 'text')) return encodeText(body.text, contentType, path, options, isRoot);
  if (hasOwn(body, 'bytes')) return encodeBytes(body.bytes, contentType, part, options, isRoot);
  const { open, size: inputSize } = body;
  if (body.isText === true) {
    const piece: Piece = { open, inputSize, encoding: 'quoted-printable-text', endsLine: isRoot, path };
    return { transferEncoding: 'quoted-printable', pieces: [piece], contentType, charset: 'utf-8' };
  }
  if (options.binary === true) {
    const piece: Piece = { open, inputSize, encoding: 'identity', endsLine: false, path };
    return { transferEncoding: 'binary', pieces: [piece], contentType, charset: undefined };
  }
  return asBase64({ open, inputSize, encoding: 'base64', endsLine: false, path }, contentType);
}

/** The Content-Type fields of most text, ready-made. */
const textTypes: ReadonlyMap<string, string> = new Map([
  ['text/plain', 'Content-Type: text/plain; charset=utf-8\r\n'],
  ['text/html', 'Content-Type: text/html; charset=utf-8\r\n'],
]);

function contentTypeField(
  contentType: string,
  parameters: readonly (readonly [string, string])[],
  part: LeafPart,
): string {
  const path = `${part.path}.contentType`;
  if (!mediaType.test(contentType) || contentType.startsWith('multipart/')) {
    throw messageInvalid(path, 'a content type must be type/subtype in RFC 2045 tokens, and not multipart');
  }
  const tokens = parameters.map(([name, value]) => parameterTokens(name, value, path));
  if (part.filename !== undefined) tokens.push(legacyNameTokens('name', part.filename, `${part.path}.filename`));
  return tokenField('Content-Type', withParameters(contentType, tokens), path);
}

function writeLeaf(part: LeafPart, options: RenderOptions, isRoot: boolean, pieces: Piece[]): Written {
  const { path, filename } = part;
  const {
    transferEncoding,
    pieces: body,
    contentType,
    charset,
  } = encodeBody(part, part.contentType.toLowerCase(), options, isRoot);
  let parameters = part.parameters === undefined ? [] : Object.entries(part.parameters);
  const ready =
    charset === 'utf-8' && parameters.length === 0 && filename === undefined ? textTypes.get(contentType) : undefined;
  if (ready === undefined && charset !== undefined && contentType.startsWith('text/')) {
    parameters = [['charset', charset], ...parameters.filter(([name]) => name.toLowerCase() !== 'charset')];
  }
  let fields = ready ?? contentTypeField(contentType, parameters, part);
  fields += `Content-Transfer-Encoding: ${transferEncoding}\r\n`;
  if (part.disposition !== undefined || filename !== undefined) {
    const value = part.disposition ?? 'attachment';
    const tokens = filename === undefined ? [] : [parameterTokens('filename', filename, `${path}.filename`)];
    fields += tokenField('Content-Disposition', withParameters(value, tokens), `${path}.filename`);
  }
  if (part.cid !== undefined)
    fields += structuredField('Content-ID', checkedId(part.cid, `${path}.cid`), `${path}.cid`);
  if (part.description !== undefined)
    fields += textField('Content-Description', part.description, `${path}.description`);
  for (const piece of body) pieces.push(piece);
  if (isRoot && transferEncoding === 'base64' && totalSize(body) !== 0) pieces.push('\r\n');
  // Ends with a soft line break, so that content without a line end at its end is received without one.
  const last = body.at(-1);
  if (isRoot && isBytes(last) && transferEncoding === 'quoted-printable' && last.at(-1) !== 10) pieces.push('=\r\n');
  return {
    fields,
    encoding: transferEncoding === 'base64' || transferEncoding === 'quoted-printable' ? '7bit' : transferEncoding,
  };
}

function writeMulti(part: MultiPart, options: RenderOptions, pieces: Piece[]): Written {
  const boundary = (options.boundary ?? createBoundary)();
  let encoding: Encoding = '7bit';
  part.parts.forEach((child, i) => {
    const slot = pieces.push('') - 1;
    const written = writePart(child, options, false, pieces);
    pieces[slot] = `${i === 0 ? '' : '\r\n'}--${boundary}\r\n${written.fields}\r\n`;
    if (written.encoding === 'binary' || encoding === '7bit') encoding = written.encoding;
  });
  pieces.push(`\r\n--${boundary}--\r\n`);
  const parameters = Object.entries(part.parameters ?? {}).map(([name, value]) =>
    parameterTokens(name, value, 'contentType'),
  );
  const tokens = withParameters(part.contentType, [...parameters, [`boundary="${boundary}"`]]);
  let fields = tokenField('Content-Type', tokens);
  // A multipart states the encoding that its parts need (RFC 2045 section 6.4); 7bit is the default.
  if (encoding !== '7bit') fields += `Content-Transfer-Encoding: ${encoding}\r\n`;
  return { fields, encoding };
}

function writePart(part: Part, options: RenderOptions, isRoot: boolean, pieces: Piece[]): Written {
  if (!hasOwn(part, 'parts')) return writeLeaf(part, options, isRoot, pieces);
  if (part.parts.length === 0) throw messageInvalid('contentType', 'a multipart must have at least one part');
  return writeMulti(part, options, pieces);
}

/** Longer strings are not merged, because merging copies them once more. */
const maxMerged = 4096;

/** Merges short neighbouring strings: that saves writes, and makes a short text message a single string. */
function merge(pieces: readonly Piece[]): Piece[] {
  const out: Piece[] = [];
  for (const piece of pieces) {
    const last = out.at(-1);
    if (typeof piece === 'string' && typeof last === 'string' && last.length + piece.length <= maxMerged)
      out[out.length - 1] = last + piece;
    else out.push(piece);
  }
  return out;
}

/**
 * Renders the entity of a tree. If all content is in memory and at most 4 MiB, the body is one Buffer; else it is a
 * stream that reuses two blocks, each valid until the next one is requested. Throws ERR_MESSAGE_INVALID with the part's
 * path; streams throw ERR_CONTENT while they are read.
 */
export function renderEntity(part: Part, options: RenderOptions = plainOptions): RenderedEntity {
  const pieces: Piece[] = [];
  const { fields, encoding } = writePart(part, options, true, pieces);
  const size = totalSize(pieces);
  return { fields, body: join(merge(pieces), size), size, encoding };
}

/**
 * Renders a whole message: `fields` (complete, each with its CRLF), then the fields of the tree and its body. Content
 * in memory becomes one piece.
 */
export function renderMessage(fields: string, part: Part, options: RenderOptions = plainOptions): RenderedMessage {
  const pieces: Piece[] = [''];
  const written = writePart(part, options, true, pieces);
  const head = `${fields}${written.fields}\r\n`;
  // Fields contain UTF-8 if a mailbox does (RFC 6532).
  pieces[0] = Buffer.byteLength(head) > head.length ? utf8(head) : head;
  const size = totalSize(pieces);
  return { content: join(merge(pieces), size), size, encoding: written.encoding };
}

/** A message in its final form. */
export interface RenderedMessage {
  readonly content: ByteSource;
  /** The number of octets, if known. */
  readonly size: number | undefined;
  /** The encoding of the body, as in RenderedEntity. */
  readonly encoding: Encoding;
}

/** Joins `fields`, an entity's own fields, the empty line and its body. Used for entities that S/MIME made or reads. */
export function joinEntity(fields: string, entity: RenderedEntity): RenderedMessage {
  const head = utf8(`${fields}${entity.fields}\r\n`);
  const { body, encoding } = entity;
  if (isBytes(body)) {
    const content = Buffer.concat([head, asBuffer(body)]);
    return { content, size: content.length, encoding };
  }
  const size = entity.size === undefined ? undefined : head.length + entity.size;
  return { content: { [Symbol.asyncIterator]: () => headThenBody(head, body) }, size, encoding };
}

async function* headThenBody(head: Uint8Array, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* body;
}
