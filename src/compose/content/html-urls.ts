/**
 * Replaces URLs of images in HTML: `src`, `background` and `poster` of elements, and `url(…)` of style sheets and
 * `style`. Everything runs in linear time.
 * @module
 */
import { markupOf } from './html-markup.js';

/**
 * The URL that replaces another; undefined leaves it. It must not contain quotes, brackets and blanks. `at` is the
 * place in the HTML, for errors.
 */
export type ReplaceUrl = (url: string, at: number) => string | undefined;

/** The HTML with other URLs. */
export function replaceUrls(html: string, replace: ReplaceUrl): string {
  let output = '';
  let copied = 0;
  for (const { start, end, value, kind } of markupOf(html)) {
    const replaced = kind === 'url' ? replace(value, start) : replaceInCss(value, start, replace);
    if (replaced === undefined) continue;
    output += html.slice(copied, start) + (kind === 'sheet' ? replaced : quoted(replaced));
    copied = end;
  }
  return output + html.slice(copied);
}

function quoted(value: string): string {
  return `"${value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"`;
}

/** The style sheet with other URLs; undefined if none changes. */
function replaceInCss(css: string, at: number, replace: ReplaceUrl): string | undefined {
  const marks = /\/\*|url\([\t\n\f\r ]*/gi;
  let output = '';
  let copied = 0;
  for (let mark = marks.exec(css); mark !== null; mark = marks.exec(css)) {
    const from = mark.index + mark[0].length;
    if (mark[0] === '/*') {
      const end = css.indexOf('*/', from);
      if (end < 0) break;
      marks.lastIndex = end + 2;
      continue;
    }
    const quote = css[from] === '"' || css[from] === "'" ? css[from] : undefined;
    const start = quote === undefined ? from : from + 1;
    const end = endOfValue(css, start, quote ?? ')');
    if (end < 0) break;
    marks.lastIndex = end + 1;
    const url = replace(unescapedCss(css.slice(start, end)), at);
    if (url === undefined) continue;
    output += css.slice(copied, from) + (quote === undefined ? url : `${quote}${url}${quote}`);
    copied = quote === undefined ? end : end + 1;
  }
  return copied === 0 ? undefined : output + css.slice(copied);
}

/** The place of `mark` that no backslash escapes; -1 if there is none. */
function endOfValue(css: string, start: number, mark: string): number {
  for (let i = start; i < css.length; i++) {
    if (css[i] === '\\') i++;
    else if (css[i] === mark) return i;
  }
  return -1;
}

function unescapedCss(value: string): string {
  if (!value.includes('\\')) return value;
  return value.replace(/\\(?:([\da-f]{1,6})[\t\n\f\r ]?|(\r\n|[^]))/gi, (_, hex?: string, other?: string) => {
    if (hex === undefined) return other === undefined || /[\r\n\f]/.test(other) ? '' : other;
    const code = parseInt(hex, 16);
    return code === 0 || code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code);
  });
}
