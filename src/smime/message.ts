/**
 * Whole messages and entities, as the functions of `sealpost/smime` take and give them: which header fields stay outside, and what is
 * S/MIME in a message that came in.
 */
import { isAscii } from 'node:buffer';
import type { RenderedEntity } from '../model/entity.js';
import { parseHeader } from '../mime/header.js';
import { parseMessage } from '../mime/parse.js';
import type { ParsedPart } from '../mime/parse.js';
import { asBuffer } from '../util/bytes.js';
import { smimeError } from './smime-error.js';

const maxHeaderBytes = 1 << 20;

/** A message in two: fields that stay where they are, and the entity that is signed or encrypted. */
export interface SplitMessage {
  /** With their line ends; without MIME-Version. */
  readonly outer: Buffer;
  readonly entity: RenderedEntity;
}

/**
 * Splits it. ERR_SMIME where it does not begin with header fields; lone CR and LF of text become CRLF. What the body needs of its way
 * is looked for where that counts; else it is 'binary', which all ways of encryption take.
 */
export function splitMessage(message: Uint8Array, findEncoding: boolean): SplitMessage {
  const bytes = canonical(asBuffer(message));
  const header = parseHeader(bytes, 0, bytes.length, maxHeaderBytes);
  if (header.fields.length === 0 ? bytes[0] !== 0x0d || header.bodyStart !== 2 : header.fields[0]?.start !== 0) {
    throw smimeError('The message does not begin with header fields.', 'Put Content-Type and an empty line before the content.');
  }
  const outer: Buffer[] = [];
  const inner: Buffer[] = [];
  for (const { name, start, end } of header.fields) {
    const lower = name.toLowerCase();
    if (lower === 'mime-version') continue;
    (lower.startsWith('content-') ? inner : outer).push(bytes.subarray(start, end));
  }
  const body = bytes.subarray(header.bodyStart);
  return { outer: Buffer.concat(outer), entity: { fields: Buffer.concat(inner).toString('utf8'), body, size: body.length, encoding: findEncoding ? encodingOf(body) : 'binary' } };
}

/** CRLF for line ends of every kind; content with NUL is binary, and stays. */
function canonical(bytes: Buffer): Buffer {
  if (!linesOf(bytes).hasLoneEnd || bytes.includes(0)) return bytes;
  return Buffer.from(bytes.toString('latin1').replace(/\r\n|\r|\n/g, '\r\n'), 'latin1');
}

/** Is there a CR or LF alone, and how long is the longest line? */
function linesOf(bytes: Buffer): { readonly hasLoneEnd: boolean; readonly longest: number } {
  let hasLoneEnd = false;
  let longest = 0;
  let lineStart = 0;
  for (let at = 0; at < bytes.length; at++) {
    const octet = bytes[at] ?? 0;
    if (octet > 13 || (octet !== 10 && octet !== 13)) continue;
    longest = Math.max(longest, at - lineStart);
    if (octet === 13 && bytes[at + 1] === 10) at++;
    else hasLoneEnd = true;
    lineStart = at + 1;
  }
  return { hasLoneEnd, longest: Math.max(longest, bytes.length - lineStart) };
}

function encodingOf(body: Buffer): RenderedEntity['encoding'] {
  const { hasLoneEnd, longest } = linesOf(body);
  if (hasLoneEnd || longest > 998 || body.includes(0)) return 'binary';
  return isAscii(body) ? '7bit' : '8bit';
}

/** The message with another entity in it, whose body is in memory. */
export function joinMessage(outer: Buffer, entity: RenderedEntity): Buffer {
  if (!(entity.body instanceof Uint8Array)) throw new TypeError('the body of a message in memory is in memory');
  return Buffer.concat([outer, Buffer.from(`MIME-Version: 1.0\r\n${entity.fields}\r\n`, 'utf8'), entity.body]);
}

/** What S/MIME there is in a message. */
export type SmimeContent =
  | {
      readonly kind: 'detached';
      /** CMS. */
      readonly signature: Buffer;
      /** The signed entity as it stands, and with CRLF where it has other line ends. */
      readonly contents: readonly Buffer[];
    }
  | { readonly kind: 'cms'; readonly cms: Buffer };

const signatureTypes = ['application/pkcs7-signature', 'application/x-pkcs7-signature'];
const cmsTypes = ['application/pkcs7-mime', 'application/x-pkcs7-mime', ...signatureTypes];

/** Finds it (RFC 8551 section 3.9); undefined where the message has none. ERR_SMIME where it has, in a broken form. */
export function findSmime(message: Uint8Array): SmimeContent | undefined {
  const part = parseMessage(message);
  if (part.contentType.value === 'multipart/signed') return findDetached(part);
  const isNamed = part.contentType.value === 'application/octet-stream' && /\.p7[mz]$/i.test(part.filename ?? '');
  if (!isNamed && !cmsTypes.includes(part.contentType.value)) return undefined;
  return { kind: 'cms', cms: part.content() };
}

function findDetached(part: ParsedPart): SmimeContent | undefined {
  const protocol = part.contentType.parameters.get('protocol')?.toLowerCase();
  const [content, signature] = part.parts;
  if (protocol !== undefined && !signatureTypes.includes(protocol)) return undefined;
  if (content === undefined || signature === undefined || part.parts.length !== 2) {
    throw smimeError(`The multipart/signed message has ${part.parts.length} parts, where two are due.`, 'The message was damaged on its way.');
  }
  if (!signatureTypes.includes(signature.contentType.value)) return undefined;
  const raw = content.raw;
  const crlf = canonical(raw);
  return { kind: 'detached', signature: signature.content(), contents: crlf === raw ? [raw] : [raw, crlf] };
}
