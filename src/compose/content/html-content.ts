/**
 * HTML that is read whole before the message is built: for its images in data: URLs, and for a text that a program makes
 * of it.
 * @module
 */
import { TextDecoder } from 'node:util';
import { createEmailError, isEmailError, messageInvalid, reasonOf } from '../../errors/email-error.js';
import type { LeafPart } from '../../mime/part.js';
import { isWellFormed } from '../../util/bytes.js';
import { hasOwn } from '../../util/own.js';
import type { OpenedContent } from './content.js';
import { embedDataUrls } from './data-urls.js';

/** HTML beyond this size is refused where it must be read whole. */
const maxHtmlBytes = 64 * 1024 * 1024;

/** The work on the HTML of one message. */
export interface HtmlWork {
  /** The path of the content in the message. */
  readonly path: string;
  readonly embed: boolean;
  readonly textFromHtml: ((html: string) => string | Promise<string>) | undefined;
}

/** The HTML to send, and its images and text. */
export interface ReadHtml {
  readonly html: string;
  /** Parts of the images that were in data: URLs. */
  readonly inline: readonly LeafPart[];
  /** The text of `textFromHtml`. */
  readonly text: string | undefined;
}

/** ERR_MESSAGE_INVALID for HTML that cannot be used; ERR_CONTENT if `textFromHtml` fails. */
export async function readHtml(content: OpenedContent, { path, embed, textFromHtml }: HtmlWork): Promise<ReadHtml> {
  const given = await textOf(content, path);
  const { html, inline } = embed ? embedDataUrls(given, path) : { html: given, inline: [] };
  return { html, inline, text: textFromHtml && (await madeText(textFromHtml, html)) };
}

async function textOf(content: OpenedContent, path: string): Promise<string> {
  if (hasOwn(content, 'text')) return content.text;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of hasOwn(content, 'bytes') ? [content.bytes] : content.open()) {
    length += chunk.length;
    if (length > maxHtmlBytes)
      throw messageInvalid(path, `is longer than ${maxHtmlBytes} bytes, the most that is read as a whole`);
    chunks.push(Buffer.from(chunk));
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw messageInvalid(path, 'the bytes are not UTF-8; convert them, or attach them');
  }
}

async function madeText(textFromHtml: (html: string) => string | Promise<string>, html: string): Promise<string> {
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
    throw createEmailError('ERR_CONTENT', 'text: textFromHtml of the mailer gave no text', {
      phase: 'content',
      remedy: 'It must return a string, or a promise of one.',
    });
  return text;
}
