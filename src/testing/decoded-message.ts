/**
 * A message in the form in which tests check it: decoded fields, texts and attachments. MemoryTransport and
 * TestSmtpServer share it.
 * @module
 */
import { parseMessage, type ParsedPart } from '../mime/read/parse.js';
import { asBuffer } from '../util/bytes.js';
import { decodeEncodedWords } from '../util/encoded-word.js';

/** A part that is neither the text nor the HTML of its message. */
export interface SentAttachment {
  /** The decoded file name. */
  readonly filename?: string | undefined;
  /** The content type in lower case, without parameters. */
  readonly contentType: string;
  /** The content, its transfer encoding undone. */
  readonly content: Uint8Array;
}

/** The decoded form of a message. */
export interface DecodedMessage {
  /** `Subject`, unfolded and decoded. */
  readonly subject?: string | undefined;
  /**
   * Header fields by name in lower case. Each is a list in order, because a field may repeat; the values are unfolded
   * and decoded.
   */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** The first text/plain part, decoded, with LF line ends, without its last line end. */
  readonly text?: string | undefined;
  /** The first text/html part, in the same form. */
  readonly html?: string | undefined;
  /** All other parts, decoded: attachments, inline parts, the single part of an encrypted message. */
  readonly attachments: readonly SentAttachment[];
}

/** Decodes a message that a test sent. The number of parts is unlimited, because such a message is trusted. */
export function decodeMessage(content: Uint8Array): DecodedMessage {
  const root = parseMessage(content, { maxParts: Infinity, maxHeaderBytes: Infinity });
  const headers = new Map<string, string[]>();
  for (const { name, value } of root.header.fields) {
    const key = name.toLowerCase();
    headers.set(key, [...(headers.get(key) ?? []), decodeEncodedWords(value)]);
  }
  const text = root.find('text/plain');
  const html = root.find('text/html');
  const attachments = [...root.walk()].filter((part) => part !== text && part !== html && !isMultipart(part));
  return {
    subject: headers.get('subject')?.[0],
    headers: Object.assign(Object.create(null), Object.fromEntries(headers)),
    text: text && asWritten(text.text()),
    html: html && asWritten(html.text()),
    attachments: attachments.map((part) => ({
      filename: part.filename,
      contentType: part.contentType.value,
      content: Buffer.from(asBuffer(part.content())),
    })),
  };
}

function isMultipart(part: ParsedPart): boolean {
  return part.contentType.value.startsWith('multipart/');
}

/**
 * Text as its author wrote it. A text that is the whole body ends with a line end that the author may not have written;
 * in a multipart that line end belongs to the boundary (RFC 2046 section 5.1.1). Without its last line end, a text
 * reads the same in both.
 */
function asWritten(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(/\n$/, '');
}
