/**
 * Handles a finished message (`raw`): its header is checked, and its bytes are sent unchanged except for CRLF line
 * ends. Loaded with the first such message.
 * @module
 */
import { createEmailError, messageInvalid } from '../errors/email-error.js';
import type { ContentCapabilities, OutgoingContent } from '../model/transport.js';
import { LineEnds, refuseNul } from '../smtp/transaction/line-ends.js';
import { asBuffer, isWellFormed, utf8 } from '../util/bytes.js';
import type { OpenedContent } from './content/content.js';
import { hasOwn } from '../util/own.js';

const maxHeaderBytes = 1024 * 1024;

/** Facts about a finished message. */
export interface RawMessage {
  /** Its Message-ID without brackets; '' if it has none. */
  readonly messageId: string;
  /** The octets up to the empty line. */
  readonly head: Uint8Array;
  readonly content: OpenedContent;
  /** Octets above 127 in the header need SMTPUTF8. */
  readonly smtpUtf8: boolean;
}

/** Reads the header. A Bcc field is refused, because it would reveal recipients to each other. */
export async function inspectRaw(content: OpenedContent): Promise<RawMessage> {
  if (hasOwn(content, 'text') && !isWellFormed(content.text))
    throw messageInvalid('raw', 'half of a surrogate pair is not allowed');
  const head = await readHead(content);
  const text = head.toString('latin1');
  if (!/^[!-9;-~]+:/.test(text)) throw messageInvalid('raw', 'does not begin with a header field (RFC 5322)');
  if (/^(?:resent-)?bcc[ \t]*:/im.test(text)) {
    throw messageInvalid(
      'raw',
      'has a Bcc field, which every recipient could read; remove it and name blind recipients in bcc',
    );
  }
  const messageId = /^message-id:\s*<([^<>\s]{1,900})>/im.exec(text)?.[1] ?? '';
  return { messageId, head, content, smtpUtf8: head.some((octet) => octet > 0x7f) };
}

/** The octets up to the empty line. */
async function readHead(content: OpenedContent): Promise<Buffer> {
  if (hasOwn(content, 'text')) return headOf(utf8(content.text)) ?? utf8(content.text);
  if (hasOwn(content, 'bytes')) return headOf(asBuffer(content.bytes)) ?? asBuffer(content.bytes);
  const chunks: Buffer[] = [];
  let length = 0;
  // The last octets before a chunk: an empty line may begin in them. Earlier octets need not be searched again.
  let before = Buffer.alloc(0);
  for await (const chunk of content.open()) {
    chunks.push(Buffer.from(chunk));
    length += chunk.length;
    const near = Buffer.concat([before, chunk]);
    if (headOf(near)) return headOf(Buffer.concat(chunks)) as Buffer;
    if (length > maxHeaderBytes) throw messageInvalid('raw', `does not end its header within ${maxHeaderBytes} bytes`);
    before = near.subarray(-3);
  }
  return Buffer.concat(chunks);
}

/** Everything before the first empty line, with any line ends. */
function headOf(bytes: Buffer): Buffer | undefined {
  const ends = ['\r\n\r\n', '\n\n', '\r\r'].map((end) => bytes.indexOf(end)).filter((at) => at >= 0);
  return ends.length === 0 ? undefined : bytes.subarray(0, Math.min(...ends));
}

/** The content in canonical form (`canonicalBlocks`), as required by what the server accepts. */
export async function rawContent(raw: RawMessage, accepts: ContentCapabilities | undefined): Promise<OutgoingContent> {
  const { content, smtpUtf8 } = raw;
  if (!hasOwn(content, 'open')) {
    const bytes = canonicalBytes(hasOwn(content, 'text') ? utf8(content.text) : content.bytes);
    return { body: bytes.some((octet) => octet > 0x7f) ? '8bitmime' : '7bit', smtpUtf8, bytes, size: bytes.length };
  }
  const eightBit = accepts?.eightBitMime === false ? await hasEightBit(content) : true;
  const source = { [Symbol.asyncIterator]: () => canonicalBlocks(content.open()) };
  return { body: eightBit ? '8bitmime' : '7bit', smtpUtf8, bytes: source };
}

async function hasEightBit(content: { open(): AsyncIterable<Uint8Array> }): Promise<boolean> {
  for await (const chunk of content.open()) if (chunk.some((octet) => octet > 0x7f)) return true;
  return false;
}

/**
 * Ensures CRLF line ends and no NUL, so that compose() and other transports get the same octets that the SMTP transport
 * would send.
 */
function canonicalBytes(bytes: Uint8Array): Uint8Array {
  refuseNul(bytes, 0);
  const ends = new LineEnds();
  const whole = ends.convert(bytes);
  const rest = ends.end();
  return rest.length === 0 ? whole : Buffer.concat([whole, rest]);
}

async function* canonicalBlocks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const ends = new LineEnds();
  let offset = 0;
  for await (const block of source) {
    refuseNul(block, offset);
    offset += block.length;
    const converted = ends.convert(block);
    if (converted.length > 0) yield converted;
  }
  const rest = ends.end();
  if (rest.length > 0) yield rest;
}

/** The error if the profile would change a finished message. */
export function refuseProtection(what: string): Error {
  return createEmailError(
    'ERR_MESSAGE_INVALID',
    `The message cannot be sent: raw: the profile would ${what} it, but a complete message is sent unchanged`,
    {
      problems: [
        {
          path: 'raw',
          message: `the profile would ${what} it; disable that in smime, or give the content instead of raw`,
        },
      ],
      remedy: `Set smime: { ${what}: false } on the message.`,
    },
  );
}
