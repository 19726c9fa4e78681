/**
 * The document of the frame that shows the HTML of a message. The frame is sandboxed: it runs no script, sends no form
 * and opens no window. Its policy, and that of the page around it, allow no request.
 * @module
 */
import { replaceUrls } from '../../compose/content/html-urls.js';
import type { PreviewPart } from './content.js';
import { escapeHtml } from './text.js';

/** `data:` is for images only; styles are the message's own. */
export const policy =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-src 'none'";

/** A message may show one large image a thousand times. */
const maxInlineBytes = 32 * 1024 * 1024;

/** The frame as an element. Images of `cid:` URLs are in it. */
export function frameOf(html: string, parts: readonly PreviewPart[]): string {
  const images = new Map(parts.filter(isImage).map((part) => [part.contentId, part]));
  let left = maxInlineBytes;
  const shown = replaceUrls(html, (url) => {
    const part = /^\s{0,20}cid:/i.test(url) ? images.get(contentIdOf(url)) : undefined;
    if (part === undefined || part.content.length > left) return undefined;
    left -= part.content.length;
    return `data:${part.contentType};base64,${part.content.toString('base64')}`;
  });
  const head =
    `<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta ` +
    'name="referrer" content="no-referrer"><meta http-equiv="x-dns-prefetch-control" content="off"><style>x-a { color: #0645ad; text-decoration: underline; }</style>';
  return (
    '<iframe title="HTML of the message" sandbox="" referrerpolicy="no-referrer" ' +
    `srcdoc="${escapeHtml(head + withoutHints(shown))}"></iframe>`
  );
}

/**
 * No policy forbids the connections that Chromium opens ahead of a request: for `<link rel="preconnect">`, for a frame
 * whose request the policy then refuses, and when a link is pressed. `<meta>` could ask for another page. Under
 * another name these elements do nothing.
 */
function withoutHints(html: string): string {
  return html.replace(
    /<(?=(?:link|meta|base|i?frame|object|embed|applet|portal|fencedframe)|(?:a|area)[\s/>])|<\/(?=a[\s/>])/gi,
    (start) => `${start}x-`,
  );
}

function isImage({ contentType, contentId }: PreviewPart): boolean {
  return contentId !== undefined && /^image\/[a-z0-9.+-]{1,60}$/.test(contentType);
}

function contentIdOf(url: string): string {
  const id = url.trim().slice('cid:'.length);
  try {
    return decodeURIComponent(id);
  } catch {
    // A percent sign that begins no octet stands for itself.
    return id;
  }
}
