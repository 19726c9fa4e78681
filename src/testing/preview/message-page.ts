/**
 * The page of one message. Everything of the message is escaped, and the page allows no script and no request.
 * @module
 */
import type { Envelope } from '../../model/envelope.js';
import { checked } from '../../schema/check.js';
import { kind } from '../../schema/combine.js';
import { object, required } from '../../schema/object.js';
import { isBytes } from '../../util/bytes.js';
import { fieldOf, readContent, type PreviewContent, type PreviewPart } from './content.js';
import { frameOf, policy } from './frame.js';
import { protectionOf } from './protection.js';
import { style } from './style.js';
import { escapeHtml, escapeLine, escapeLines, showSize } from './text.js';
import { warningsOf } from './warnings.js';

/** A message and its envelope, as `mailer.compose()` and the transports of `sealpost/testing` have them. */
export interface PreviewMessage {
  /** The message as in RFC 5322. */
  readonly content: Uint8Array;
  /** Sender and recipients; those of Bcc are only here. */
  readonly envelope?: Envelope | undefined;
}

const argument = object<{ readonly message: Uint8Array }>({
  message: required(kind('the bytes of a message, or { content, envelope }', isBytes)),
});
const subject = { sentence: 'The message cannot be shown', root: 'message' };

/** Text of a part beyond this length is cut. */
const maxText = 1_000_000;
const maxShownParts = 200;

/**
 * One self-contained page: fields, envelope, text, HTML in a sandboxed frame, attachments, protection and warnings. A
 * message may be hostile: the page runs no script and loads nothing. ERR_PROFILE_INVALID if it is no message at all; a
 * message that cannot be read has a page that says why.
 *
 * @example
 * ```ts
 * await writeFile('preview.html', await renderPreview(await mailer.compose(message)));
 * ```
 */
export async function renderPreview(message: PreviewMessage | Uint8Array): Promise<string> {
  return messagePage(message, '');
}

/** `navigation` is HTML to show above the message. */
export async function messagePage(message: PreviewMessage | Uint8Array, navigation: string): Promise<string> {
  const given = isBytes(message) ? { content: message } : Object(message);
  checked(argument, { message: given.content }, subject);
  const { content: bytes, envelope }: PreviewMessage = given;
  const outer = readContent(bytes);
  const { notes, isEncrypted, inner } = await protectionOf(bytes, outer);
  const content = inner === undefined ? outer : { ...readContent(inner), fields: outer.fields, size: outer.size };
  const title = fieldOf(content, 'subject') ?? '';
  const body = [
    navigation,
    `<h1 dir="auto">${title.trim() === '' ? '(no subject)' : escapeLine(title, 500)}</h1>`,
    listSection('Warnings', warningsOf(content, isEncrypted), 'warnings'),
    mainFields(content, envelope),
    listSection('Protection', notes, ''),
    content.html === undefined
      ? ''
      : '<section><h2>HTML</h2><p class="dim">Without scripts, and without what it would ' +
        `load.</p>${frameOf(content.html.slice(0, maxText * 8), content.parts)}</section>`,
    content.text === undefined
      ? ''
      : `<section><h2>Text</h2><pre dir="auto">${escapeLines(content.text.slice(0, maxText))}</pre></section>`,
    attachments(content.parts),
    allFields(content),
    source(bytes),
  ];
  return page(title.trim() === '' ? 'Message' : title, body.join('\n'));
}

/** A page with the style and the policy of the preview. */
export function page(title: string, body: string, more = ''): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
${more === '' ? `<meta http-equiv="Content-Security-Policy" content="${policy}">` : ''}
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeLine(title, 200)}</title>
<style>${style}</style>
</head>
<body>
<main>
${body}
</main>
${more}
</body>
</html>
`;
}

function listSection(title: string, items: readonly string[], className: string): string {
  if (items.length === 0) return '';
  const list = items.map((item) => `<li>${escapeLine(item)}</li>`).join('');
  return `<section class="${className}"><h2>${title}</h2><ul>${list}</ul></section>`;
}

function mainFields(content: PreviewContent, envelope: Envelope | undefined): string {
  const rows = ['From', 'Sender', 'Reply-To', 'To', 'Cc', 'Date'].flatMap((name) => {
    const value = fieldOf(content, name.toLowerCase());
    return value === undefined ? [] : [row(name, escapeLine(value))];
  });
  if (envelope !== undefined) rows.push(...envelopeRows(content, envelope));
  rows.push(row('Size', showSize(content.size)));
  return `<section><dl>${rows.join('')}</dl></section>`;
}

function row(name: string, value: string): string {
  return `<dt>${escapeLine(name, 100)}</dt><dd dir="auto">${value}</dd>`;
}

/** Recipients that neither To nor Cc names are those of Bcc. */
function envelopeRows(content: PreviewContent, { from, to, requireTls }: Envelope): readonly string[] {
  const shown = content.fields
    .filter(({ name }) => /^(?:to|cc)$/i.test(name))
    .flatMap(({ value }) => value.toLowerCase().split(/[\s<>,;:"()]+/));
  const visible = new Set(shown);
  const recipients = to.map((address) => {
    const mark = visible.has(address.toLowerCase()) ? '' : '<span class="mark">Bcc</span>';
    return `<div>${escapeLine(address)}${mark}</div>`;
  });
  return [
    row('Envelope from', from === '' ? '&lt;&gt;' : escapeLine(from)),
    row('Envelope to', recipients.join('')),
    ...(requireTls === true ? [row('REQUIRETLS', 'every hop must use verified TLS')] : []),
  ];
}

function attachments(parts: readonly PreviewPart[]): string {
  if (parts.length === 0) return '';
  const items = parts.slice(0, maxShownParts).map((part, i) => {
    const { filename = `part-${i + 1}`, contentType, content, contentId } = part;
    const inline = contentId === undefined ? '' : `<span class="mark">cid:${escapeLine(contentId, 200)}</span>`;
    const link = download(content, filename, escapeLine(filename, 300));
    return `<li>${link} <span class="dim">${escapeLine(contentType, 100)}, ${showSize(content.length)}</span>${inline}</li>`;
  });
  const left = parts.length - items.length;
  if (left > 0) items.push(`<li class="dim">and ${left} more, which are in the source</li>`);
  return `<section><h2>Attachments</h2><ul>${items.join('')}</ul></section>`;
}

/** Every file is saved: no type of its own opens it in the browser. */
function download(content: Uint8Array, name: string, label: string): string {
  const data = Buffer.from(content).toString('base64');
  return `<a download="${escapeLine(name, 300)}" href="data:application/octet-stream;base64,${data}">${label}</a>`;
}

function allFields({ fields }: PreviewContent): string {
  const rows = fields.map(({ name, value }) => row(name, escapeLine(value)));
  return `<details><summary>All ${fields.length} header fields</summary><dl>${rows.join('')}</dl></details>`;
}

function source(bytes: Uint8Array): string {
  const text = escapeHtml(
    Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, maxText)).toString('latin1'),
  );
  const shown = text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, '\u00b7');
  return `<details><summary>Source</summary><p>${download(bytes, 'message.eml', 'message.eml')}</p><pre>${shown}</pre></details>`;
}
