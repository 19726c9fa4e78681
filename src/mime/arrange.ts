/**
 * The tree of a message (RFC 2046, 2387): mixed around related around alternative. Each of these multiparts is made
 * only if it is needed.
 * @module
 */
import type { LeafPart, Part } from './part.js';
import { withoutPrototype } from '../util/without-prototype.js';

/** The parts of a message, grouped by their purpose. */
export interface MessageParts {
  /** In order of growing preference: plain text, further ones, html, calendar. */
  readonly alternatives: readonly Part[];
  /** Parts with a `cid` that the html shows. */
  readonly inline: readonly LeafPart[];
  readonly attachments: readonly LeafPart[];
}

function isHtml(part: Part): boolean {
  return part.contentType === 'text/html';
}

/** A multipart/related of the html part and the inline parts that it shows. */
function related(html: Part, inline: readonly LeafPart[]): Part {
  return withoutPrototype({
    contentType: 'multipart/related',
    parameters: { type: html.contentType },
    parts: [html, ...inline],
  });
}

/** Arranges the parts as a tree. A message without any part becomes one of empty text. */
export function arrangeParts({ alternatives, inline, attachments }: MessageParts): Part {
  // With several html parts, the inline parts go to the preferred one (the last), so that each of them is sent once.
  const html = inline.length > 0 ? alternatives.findLast(isHtml) : undefined;
  const withHtml = html !== undefined;
  const bodies = withHtml ? alternatives.map((part) => (part === html ? related(part, inline) : part)) : alternatives;
  const rest = withHtml ? attachments : [...inline, ...attachments];
  const [first, second] = bodies;
  const main: readonly Part[] =
    second === undefined
      ? first === undefined
        ? []
        : [first]
      : [withoutPrototype<Part>({ contentType: 'multipart/alternative', parts: bodies })];
  const [only, another] = [...main, ...rest];
  if (only === undefined)
    return withoutPrototype<Part>({ contentType: 'text/plain', body: { text: '' }, path: 'text' });
  // A single attachment keeps its multipart: some clients show a message that is nothing but an attachment as empty.
  if (another === undefined && main.length === 1) return only;
  return withoutPrototype<Part>({ contentType: 'multipart/mixed', parts: [...main, ...rest] });
}
