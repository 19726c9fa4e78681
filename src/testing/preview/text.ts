/**
 * Makes text of a message safe for use in a page.
 * @module
 */
import { showText } from '../../util/show.js';

/** Text for an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** A field on one line, with controls and marks of direction made visible. */
export function escapeLine(text: string, limit = 2000): string {
  return escapeHtml(showText(text, limit));
}

/** Text of several lines, with controls made visible. */
export function escapeLines(text: string): string {
  return escapeHtml(
    text
      .replaceAll('\r\n', '\n')
      .replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, (character) => showText(character)),
  );
}

/** A size for people. */
export function showSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
