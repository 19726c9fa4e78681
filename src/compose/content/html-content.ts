/**
 * HTML that is read whole before the message is built: for its images in data: URLs, and for a text that a program makes
 * of it.
 * @module
 */
import { TextDecoder } from 'node:util';
import { createEmailError, isEmailError, messageInvalid, reasonOf } from '../../errors/email-error.js';
import type { LeafPart } from '../../mime/part.js';
import type { ContentInput, HtmlContent, MailMessage } from '../../model/message.js';
import { isWellFormed } from '../../util/bytes.js';
import { hasOwn } from '../../util/own.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import type { OpenedContent } from './content.js';
import { embedDataUrls } from './data-urls.js';
import { isHtmlContent, type TextFromHtml } from './html-choices.js';

/** HTML beyond this size is refused if it must be read whole. */
const maxHtmlBytes = 64 * 1024 * 1024;

/** A message whose HTML was read. */
export interface ReadMessage {
  /** The message with the HTML to send, and its text. */
  readonly message: MailMessage;
  /** Parts of the images that were in data: URLs. */
  readonly inline: readonly LeafPart[];
}

/**
 * Does what the HTML of a message asks for. `open` opens content, whose path in the message it gets.
 * ERR_MESSAGE_INVALID for HTML that cannot be used; ERR_CONTENT if `textFromHtml` fails.
 */
export async function readHtml(
  message: MailMessage,
  open: (content: ContentInput, path: string) => Promise<OpenedContent>,
  textFromHtml: TextFromHtml | undefined,
): Promise<ReadMessage> {
  const { html: given = '', text } = message;
  const { content, embedDataUrls: embeds = false }: HtmlContent = isHtmlContent(given) ? given : { content: given };
  const makeText = text === undefined ? textFromHtml : undefined;
  const withOwn = (fields: MailMessage): MailMessage => withoutPrototype({ ...message, ...fields });
  if (!embeds && makeText === undefined) return { message: withOwn({ html: content }), inline: [] };
  const path = isHtmlContent(given) ? 'html.content' : 'html';
  const source = await textOf(await open(content, path), path);
  const { html, inline } = embeds ? embedDataUrls(source, path) : { html: source, inline: [] };
  const made = makeText === undefined ? '' : await madeText(makeText, html);
  return { message: withOwn(made === '' ? { html } : { html, text: made }), inline };
}

async function textOf(content: OpenedContent, path: string): Promise<string> {
  if (hasOwn(content, 'text')) return content.text;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of hasOwn(content, 'bytes') ? [content.bytes] : content.open()) {
    length += chunk.length;
    if (length > maxHtmlBytes) throw messageInvalid(path, `is longer than ${maxHtmlBytes} bytes, the limit for HTML`);
    chunks.push(Buffer.from(chunk));
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw messageInvalid(path, 'the bytes are not UTF-8; convert them, or attach them');
  }
}

async function madeText(textFromHtml: TextFromHtml, html: string): Promise<string> {
  let text: unknown;
  try {
    text = await textFromHtml(html);
  } catch (cause) {
    if (isEmailError(cause)) throw cause;
    throw createEmailError('ERR_CONTENT', `text: textFromHtml of the mailer failed: ${reasonOf(cause)}`, {
      phase: 'content',
      cause,
      remedy: 'See the cause of this error, or give the message a text of its own.',
    });
  }
  if (typeof text !== 'string' || !isWellFormed(text))
    throw createEmailError('ERR_CONTENT', 'text: textFromHtml of the mailer did not return text', {
      phase: 'content',
      remedy: 'It must return a string, or a promise of one.',
    });
  return text;
}
