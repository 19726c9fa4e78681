/**
 * Whole messages and entities for `sealpost/smime`: the header fields that stay outside, and the line ends that are
 * signed.
 * @module
 */
import { isAscii } from 'node:buffer';
import { isEmailError } from '../../errors/email-error.js';
import type { RenderedEntity } from '../../model/entity.js';
import { parseHeader } from '../../mime/read/header.js';
import { scanForTransport, textFlag } from '../../mime/scan.js';
import { asBuffer, utf8 } from '../../util/bytes.js';
import { smimeError } from '../cms/smime-error.js';
import type { MemoryEntity } from './transfer.js';

const maxHeaderBytes = 1 << 20;
const emptyLine = Buffer.from('\r\n');

/** A split message: the fields that stay outside, and the entity that is signed or encrypted. */
export interface SplitMessage {
  /** Header fields with their line ends, without Content-* and MIME-Version. */
  readonly outer: Buffer;
  readonly entity: MemoryEntity;
}

/**
 * Splits a message. Lone CR and LF become CRLF, except in content with NUL, which is binary. ERR_SMIME if the message
 * does not begin with header fields.
 */
export function splitMessage(message: Uint8Array): SplitMessage {
  const bytes = asBuffer(message);
  const header = readable(() => parseHeader(bytes, 0, bytes.length, maxHeaderBytes));
  const { bodyStart, fields } = header;
  const body = bytes.subarray(bodyStart);
  const flags = scanForTransport(body);
  if (isMendable(flags | scanForTransport(bytes.subarray(0, bodyStart)))) return splitMessage(withCrlf(bytes));
  if (fields.length === 0 ? bytes[0] !== 0x0d || bodyStart !== 2 : fields[0]?.start !== 0) {
    throw smimeError(
      'The message does not begin with header fields.',
      'Put Content-Type and an empty line before the content.',
    );
  }
  const outer: Buffer[] = [];
  const inner: Buffer[] = [];
  for (const { name, start, end } of fields) {
    const lower = name.toLowerCase();
    if (lower === 'mime-version') continue;
    (lower.startsWith('content-') ? inner : outer).push(bytes.subarray(start, end));
  }
  const parts = [Buffer.concat([...inner, emptyLine]), body];
  return {
    outer: Buffer.concat(outer),
    entity: { parts, encoding: encodingOf(flags), hasAsciiFields: inner.every((field) => isAscii(field)) },
  };
}

/** Does the content have a lone CR or LF and no NUL? Content with NUL is binary, and stays as it is. */
function isMendable(flags: number): boolean {
  return (flags & (textFlag.loneEnd | textFlag.nul)) === textFlag.loneEnd;
}

const cr = 0x0d;
const lf = 0x0a;

/**
 * Replaces each CRLF, CR and LF by CRLF. It works octet by octet, so that a text of line ends alone takes no longer
 * than other text.
 */
function withCrlf(bytes: Buffer): Buffer {
  let missing = 0;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === lf ? bytes[i - 1] !== cr : bytes[i] === cr && bytes[i + 1] !== lf) missing++;
  }
  const out = Buffer.allocUnsafe(bytes.length + missing);
  let at = 0;
  for (let i = 0; i < bytes.length; i++) {
    const octet = bytes[i] ?? 0;
    if (octet === cr || octet === lf) {
      at = out.writeUInt16BE(0x0d0a, at);
      if (octet === cr && bytes[i + 1] === lf) i++;
    } else out[at++] = octet;
  }
  return out;
}

function encodingOf(flags: number): RenderedEntity['encoding'] {
  if ((flags & (textFlag.loneEnd | textFlag.nul | textFlag.longLine)) !== 0) return 'binary';
  return (flags & textFlag.wide) === 0 ? '7bit' : '8bit';
}

/** Header section of a message: its outer fields, then those of its entity. */
export function messageHead(outer: Buffer, fields: string): Buffer {
  return Buffer.concat([outer, utf8(`MIME-Version: 1.0\r\n${fields}\r\n`)]);
}

/**
 * The forms in which `content` may have been signed: as received, and with CRLF if it is text with other line ends (RFC
 * 8551 section 3.1.1).
 */
export function signedForms(content: Buffer): readonly Buffer[] {
  return isMendable(scanForTransport(content)) ? [content, withCrlf(content)] : [content];
}

/** Calls `read` and turns each EmailError into ERR_SMIME, such as that of a message over a limit of the MIME parser. */
export function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!isEmailError(error)) throw error;
    throw smimeError(
      `The message cannot be read: ${error.message}.`,
      'It was damaged in transit, or is made to overload its reader.',
      error,
    );
  }
}
