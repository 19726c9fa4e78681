/**
 * Reads a message for its preview. The message is hostile input: whatever it contains, there is a result.
 * @module
 */
import { isEmailError, reasonOf } from '../../errors/email-error.js';
import { parseHeader } from '../../mime/read/header.js';
import { parseMessage, type ParsedPart } from '../../mime/read/parse.js';
import { asBuffer } from '../../util/bytes.js';
import { decodeEncodedWords } from '../../util/encoded-word.js';

/** A header field, decoded. */
export interface PreviewField {
  readonly name: string;
  readonly value: string;
}

/** A part that is neither the text nor the HTML. */
export interface PreviewPart {
  readonly filename: string | undefined;
  readonly contentType: string;
  readonly contentId: string | undefined;
  readonly content: Buffer;
}

/** A message as the preview shows it. */
export interface PreviewContent {
  readonly fields: readonly PreviewField[];
  readonly text: string | undefined;
  readonly html: string | undefined;
  readonly parts: readonly PreviewPart[];
  /** Why the parts could not be read. */
  readonly fault: string | undefined;
  /** Octets of the message. */
  readonly size: number;
  /** The type of the whole message, in lower case. */
  readonly contentType: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Attachments beyond this number are not shown. */
const maxParts = 1000;
const maxHeaderBytes = 1024 * 1024;

/** Reads fields, texts and parts. */
export function readContent(message: Uint8Array): PreviewContent {
  const bytes = asBuffer(message);
  try {
    return ofParts(parseMessage(bytes, { maxParts }), bytes.length);
  } catch (error) {
    return { ...noParts, fields: fieldsOf(bytes), fault: reasonOf(error), size: bytes.length };
  }
}

const noParts = {
  text: undefined,
  html: undefined,
  parts: [],
  contentType: '',
  parameters: new Map<string, string>(),
} as const;

/** The first value of a field. */
export function fieldOf(content: PreviewContent, name: string): string | undefined {
  return content.fields.find((field) => field.name.toLowerCase() === name)?.value;
}

function ofParts(root: ParsedPart, size: number): PreviewContent {
  const text = root.find('text/plain');
  const html = root.find('text/html');
  const others = [...root.walk()].filter((part) => part !== text && part !== html && part.parts.length === 0);
  return {
    fields: root.header.fields.map(({ name, value }) => ({ name, value: decodeEncodedWords(value) })),
    text: text?.text(),
    html: html?.text(),
    parts: others.map((part) => ({
      filename: part.filename,
      contentType: part.contentType.value,
      contentId: part.contentId,
      content: part.content(),
    })),
    fault: undefined,
    size,
    contentType: root.contentType.value,
    parameters: root.contentType.parameters,
  };
}

/** Only the header, for a message whose parts cannot be read. */
function fieldsOf(bytes: Buffer): readonly PreviewField[] {
  try {
    const { fields } = parseHeader(bytes, 0, bytes.length, maxHeaderBytes);
    return fields.map(({ name, value }) => ({ name, value: decodeEncodedWords(value) }));
  } catch (error) {
    if (!isEmailError(error)) throw error;
    return [];
  }
}
