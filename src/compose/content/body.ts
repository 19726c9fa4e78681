/**
 * The parts of a message as a tree: mixed around related around alternative, each only if needed.
 * @module
 */
import { TextDecoder } from 'node:util';
import { createEmailError, messageInvalid } from '../../errors/email-error.js';
import { arrangeParts } from '../../mime/arrange.js';
import type { LeafPart, Part, PartBody } from '../../mime/part.js';
import type { Attachment, ContentInput, MailMessage } from '../../model/message.js';
import { isWellFormed, utf8 } from '../../util/bytes.js';
import { checkCalendarMethod } from './calendar-method.js';
import { immediateContent } from './content.js';
import type { ContentContext, OpenedContent } from './content.js';
import { isHtmlContent, type TextFromHtml } from './html-choices.js';
import { attachmentType, fileNameOf, isTypeByName, loadMediaTypes, parseMediaType } from './media-type.js';
import { hasOwn } from '../../util/own.js';
import { withoutPrototype } from '../../util/without-prototype.js';

/**
 * Text up to this size is read before its encoding is chosen. Longer text from files and streams is sent as
 * quoted-printable.
 */
const maxTextLook = 1024 * 1024;

/** Makes the tree; without a promise if all content is in memory and the HTML need not be read. */
export function messageBody(
  message: MailMessage,
  context: ContentContext,
  textFromHtml?: TextFromHtml,
): Part | Promise<Part> {
  const { html, text } = message;
  if (!isHtmlContent(html) && (textFromHtml === undefined || html === undefined || text !== undefined))
    return bodyWith(message, context);
  return import('./html-content.js')
    .then(({ readHtml }) => readHtml(message, (content, path) => openContent(content, path, context), textFromHtml))
    .then((read) => bodyWith(read.message, context, read.inline));
}

function bodyWith(
  message: MailMessage,
  context: ContentContext,
  inline: readonly LeafPart[] = [],
): Part | Promise<Part> {
  const inputs = contentsOf(message);
  const opened = new Map<string, OpenedContent>();
  const waiting: Promise<void>[] = [];
  for (const [field, input] of inputs) {
    const immediate = immediateContent(input);
    if (immediate) opened.set(field, immediate);
    else waiting.push(openContent(input, field, context).then((content) => void opened.set(field, content)));
  }
  if (message.attachments?.some(isTypeByName)) {
    const loading = loadMediaTypes();
    if (loading) waiting.push(loading);
  }
  if (waiting.length === 0) return buildTree(message, opened, inline);
  return settled(waiting)
    .then(() => readTexts(opened))
    .then(() => buildTree(message, opened, inline));
}

/** Opens content. `field` is its path in the message. */
export async function openContent(input: ContentInput, field: string, context: ContentContext): Promise<OpenedContent> {
  const immediate = immediateContent(input);
  if (immediate) return immediate;
  const { openSource } = await import('./open-content.js');
  return openSource(input, field, context);
}

/** Waits for all promises before it throws the first failure, so that nothing keeps running after an error. */
async function settled(waiting: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(waiting)) if (result.status === 'rejected') throw result.reason;
}

function contentsOf(message: MailMessage): [string, ContentInput][] {
  const contents: [string, ContentInput][] = [];
  if (message.text !== undefined) contents.push(['text', message.text]);
  if (message.html !== undefined && !isHtmlContent(message.html)) contents.push(['html', message.html]);
  message.alternatives?.forEach((part, i) => contents.push([`alternatives.${i}.content`, part.content]));
  message.attachments?.forEach((part, i) => contents.push([`attachments.${i}.content`, part.content]));
  return contents;
}

/** Reads text and html from files and streams of moderate size, so that the best encoding is chosen. */
async function readTexts(opened: Map<string, OpenedContent>): Promise<void> {
  for (const field of ['text', 'html'] as const) {
    const content = opened.get(field);
    if (!content || !hasOwn(content, 'open')) continue;
    const { readWhole } = await import('./open-content.js');
    const bytes = await readWhole(content, maxTextLook);
    if (bytes) opened.set(field, { bytes });
  }
}

function buildTree(
  message: MailMessage,
  opened: ReadonlyMap<string, OpenedContent>,
  embedded: readonly LeafPart[],
): Part {
  const inline: LeafPart[] = [...embedded];
  const attachments: LeafPart[] = [];
  message.attachments?.forEach((attachment, i) => {
    const isInline = attachment.cid !== undefined && attachment.disposition !== 'attachment';
    (isInline ? inline : attachments).push(attachmentPart(attachment, `attachments.${i}`, opened));
  });
  const alternatives: LeafPart[] = [];
  if (message.text !== undefined) alternatives.push(textPart('text', 'text/plain', opened));
  message.alternatives?.forEach((part, i) => alternatives.push(alternativePart(part, `alternatives.${i}`, opened)));
  if (message.html !== undefined) alternatives.push(textPart('html', 'text/html', opened));
  const { calendar } = message;
  if (calendar) {
    checkCalendarMethod(calendar);
    const part: LeafPart = withoutPrototype<LeafPart>({
      contentType: 'text/calendar',
      parameters: { method: calendar.method },
      body: { text: calendar.content },
      path: 'calendar',
    });
    alternatives.push(part);
    if (calendar.filename !== undefined)
      attachments.push(withoutPrototype<LeafPart>({ ...part, disposition: 'attachment', filename: calendar.filename }));
  }
  return arrangeParts({ alternatives, inline, attachments });
}

function textPart(field: 'text' | 'html', contentType: string, opened: ReadonlyMap<string, OpenedContent>): LeafPart {
  const content = opened.get(field) as OpenedContent;
  if (!hasOwn(content, 'bytes'))
    return withoutPrototype<LeafPart>({ contentType, body: bodyOf(content, field, true), path: field });
  return withoutPrototype<LeafPart>({ contentType, body: { text: decodeUtf8(content.bytes, field) }, path: field });
}

/** Decodes bytes of text, which must be UTF-8: in any other charset the recipient would see different text. */
function decodeUtf8(bytes: Uint8Array, field: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw messageInvalid(field, 'the bytes are not UTF-8; convert them, or attach them');
  }
}

function bodyOf(content: OpenedContent, field: string, isText: boolean): PartBody {
  if (hasOwn(content, 'text') || hasOwn(content, 'bytes')) return content;
  return { open: () => (isText ? checkedUtf8(content.open(), field) : content.open()), size: content.size, isText };
}

/** Checks text while it is sent: if it is not UTF-8, the message is not completed. */
async function* checkedUtf8(source: AsyncIterable<Uint8Array>, field: string): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const check = (chunk: Uint8Array | undefined): void => {
    try {
      decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (cause) {
      throw createEmailError('ERR_CONTENT', `${field}: the bytes are not UTF-8; convert them, or attach them`, {
        phase: 'content',
        cause,
      });
    }
  };
  for await (const chunk of source) {
    check(chunk);
    yield chunk;
  }
  check(undefined);
}

/**
 * Makes an attachment, which arrives byte for byte. Text given as a string is sent as UTF-8, whatever charset the
 * content type names.
 */
function attachmentPart(attachment: Attachment, path: string, opened: ReadonlyMap<string, OpenedContent>): LeafPart {
  const content = opened.get(`${path}.content`) as OpenedContent;
  const filename = attachment.filename ?? fileNameOf(attachment.content);
  const { contentType, parameters } = attachmentType(attachment.contentType, filename, `${path}.contentType`);
  const isText = hasOwn(content, 'text');
  if (isText && !isWellFormed(content.text))
    throw messageInvalid(`${path}.content`, 'half of a surrogate pair is not allowed');
  return withoutPrototype<LeafPart>({
    contentType,
    parameters: isText && Object.hasOwn(parameters, 'charset') ? { ...parameters, charset: 'utf-8' } : parameters,
    disposition: attachment.disposition ?? (attachment.cid === undefined ? 'attachment' : 'inline'),
    ...(filename === undefined ? {} : { filename }),
    ...(attachment.cid === undefined ? {} : { cid: attachment.cid }),
    body: isText ? { bytes: utf8(content.text) } : bodyOf(content, `${path}.content`, false),
    path,
  });
}

/** Makes a further alternative. It is shown instead of the text, so it has no disposition unless one is given. */
function alternativePart(part: Attachment, path: string, opened: ReadonlyMap<string, OpenedContent>): LeafPart {
  const content = opened.get(`${path}.content`) as OpenedContent;
  const { contentType, parameters } = parseMediaType(part.contentType ?? 'text/plain', `${path}.contentType`);
  return withoutPrototype<LeafPart>({
    contentType,
    parameters,
    ...(part.disposition === undefined ? {} : { disposition: part.disposition }),
    ...(part.filename === undefined ? {} : { filename: part.filename }),
    ...(part.cid === undefined ? {} : { cid: part.cid }),
    // Bytes with a charset of their own are not changed.
    body: bodyOf(content, `${path}.content`, contentType.startsWith('text/') && !Object.hasOwn(parameters, 'charset')),
    path,
  });
}
