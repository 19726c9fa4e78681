/**
 * Distinguishes HTML with its own choices from other forms of content.
 * @module
 */
import type { HtmlContent } from '../../model/message.js';
import { isStream } from './source-reader.js';

/** The function that makes a text of HTML, for a message without text. */
export type TextFromHtml = (html: string) => string | Promise<string>;

/** Is it `{ content, … }`? */
export function isHtmlContent(value: unknown): value is HtmlContent {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'content') && !isStream(value);
}
