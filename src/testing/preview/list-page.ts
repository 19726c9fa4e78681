/**
 * The page that lists messages, newest first.
 * @module
 */
import { createHash } from 'node:crypto';
import { page } from './message-page.js';
import { escapeHtml, escapeLine, showSize } from './text.js';

/** An entry of the list. */
export interface ListEntry {
  readonly id: number;
  readonly subject: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly date: string;
  readonly size: number;
}

/** Recipients that an entry names. */
const shownRecipients = 3;

/** Fetches the list again after each message. The server made the list and escaped the text of messages. */
const script = `
const renew = async () => {
  const response = await fetch(location.href);
  const made = new DOMParser().parseFromString(await response.text(), 'text/html');
  document.getElementById('list').replaceWith(made.getElementById('list'));
};
new EventSource('/events').onmessage = () => void renew().catch(() => undefined);
`;

/** The policy of the list: its own script, and requests to this server. */
export const listPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src " +
  `'sha256-${createHash('sha256').update(script).digest('base64')}'; connect-src 'self'; form-action 'self'; ` +
  "base-uri 'none'; frame-ancestors 'none'";

/** `query` is what was searched for. */
export function listPage(entries: readonly ListEntry[], query: string, total: number): string {
  const form =
    '<form method="get" action="/"><input type="search" name="q" aria-label="Search" placeholder="Search in ' +
    `fields and text" value="${escapeHtml(query)}"><button>Search</button></form>`;
  const count = query === '' ? `${total} messages` : `${entries.length} of ${total} messages`;
  const items = entries.map(entryItem).join('');
  const list =
    entries.length === 0
      ? `<p class="dim">${total === 0 ? 'No message has been sent yet.' : 'No message contains these words.'}</p>`
      : `<ul class="list">${items}</ul>`;
  const body =
    `<h1>Messages</h1>${form}<div id="list"><p ` +
    `class="dim">${total === 1 && query === '' ? '1 message' : count}</p>${list}</div>`;
  return page(`Messages`, body, `<script>${script}</script>`);
}

function entryItem({ id, subject, from, to, date, size }: ListEntry): string {
  const more = to.length > shownRecipients ? ` and ${to.length - shownRecipients} more` : '';
  const recipients = `${to.slice(0, shownRecipients).join(', ')}${more}`;
  const title = subject.trim() === '' ? '(no subject)' : escapeLine(subject, 300);
  return (
    `<li><a href="/messages/${id}"><strong dir="auto">${title}</strong><span>${escapeLine(from, 300)} ` +
    `→ ${escapeLine(recipients, 500)}</span><span>${escapeLine(date, 100)}${date === '' ? '' : ' · '}${showSize(size)}</span></a></li>`
  );
}
