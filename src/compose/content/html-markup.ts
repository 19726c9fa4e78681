/**
 * Finds the places of HTML that may show an image: attributes and style sheets. Comments and the text of scripts are
 * passed over, as a browser does. The HTML is read once, from its start to its end.
 * @module
 */

/** A place of the HTML. */
export interface MarkupPlace {
  /** 'url': an attribute with a URL; 'style': the attribute of that name; 'sheet': the text of a style element. */
  readonly kind: 'url' | 'style' | 'sheet';
  /** The text, its character references decoded. */
  readonly value: string;
  /** The place in the HTML, including the quotes of an attribute. */
  readonly start: number;
  readonly end: number;
}

const urlAttributes: ReadonlySet<string> = new Set(['src', 'background', 'poster']);
/** Elements whose content is text, up to their end tag. */
const textElements: ReadonlySet<string> = new Set([
  'script',
  'style',
  'textarea',
  'title',
  'xmp',
  'iframe',
  'noembed',
  'noframes',
]);

/** All places, in order. An unfinished tag or comment ends the HTML. */
export function* markupOf(html: string): Generator<MarkupPlace> {
  const tagOpen = /<(?:(!--)|[!?/]|([a-z][^\t\n\f\r />]*))/gi;
  for (let open = tagOpen.exec(html); open !== null; open = tagOpen.exec(html)) {
    const [, comment, name] = open;
    const inside = tagOpen.lastIndex;
    if (name === undefined) {
      // `<!-->` is a whole comment.
      const end = comment === undefined ? html.indexOf('>', inside) : html.indexOf('-->', inside - 2);
      if (end < 0) return;
      tagOpen.lastIndex = end + 1;
      continue;
    }
    const { end, places } = attributesOf(html, inside);
    if (end < 0) return;
    yield* places;
    tagOpen.lastIndex = end;
    const element = name.toLowerCase();
    if (!textElements.has(element)) continue;
    const close = new RegExp(`</${element}(?=[\\t\\n\\f\\r />])`, 'gi');
    close.lastIndex = end;
    const closing = close.exec(html)?.index ?? html.length;
    if (element === 'style') yield { kind: 'sheet', value: html.slice(end, closing), start: end, end: closing };
    tagOpen.lastIndex = closing;
  }
}

/** The attributes of interest of a tag, and the end of the tag; -1 if the tag is unfinished. */
function attributesOf(html: string, from: number): { readonly end: number; readonly places: readonly MarkupPlace[] } {
  const places: MarkupPlace[] = [];
  const next = /[\t\n\f\r /]*(?:>|([^\t\n\f\r />][^\t\n\f\r />=]*)([\t\n\f\r ]*=[\t\n\f\r ]*)?)/y;
  next.lastIndex = from;
  for (let found = next.exec(html); found !== null; found = next.exec(html)) {
    const [, name, equals] = found;
    const start = next.lastIndex;
    if (name === undefined) return { end: start, places };
    if (equals === undefined) continue;
    const quote = html[start];
    const isQuoted = quote === '"' || quote === "'";
    const end = isQuoted ? html.indexOf(quote, start + 1) : endOfBare(html, start);
    if (end < 0) break;
    next.lastIndex = isQuoted ? end + 1 : end;
    const attribute = name.toLowerCase();
    const kind = urlAttributes.has(attribute) ? 'url' : attribute === 'style' ? 'style' : undefined;
    if (kind === undefined) continue;
    const value = decodedReferences(html.slice(isQuoted ? start + 1 : start, end));
    places.push({ kind, value, start, end: next.lastIndex });
  }
  return { end: -1, places };
}

function endOfBare(html: string, start: number): number {
  const bare = /[^\t\n\f\r >]*/y;
  bare.lastIndex = start;
  bare.exec(html);
  return bare.lastIndex;
}

/** The named references of ASCII characters that occur in URLs and style sheets. */
const named: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  colon: ':',
  comma: ',',
  equals: '=',
  gt: '>',
  lpar: '(',
  lt: '<',
  newline: '\n',
  num: '#',
  percnt: '%',
  plus: '+',
  quot: '"',
  rpar: ')',
  semi: ';',
  sol: '/',
  tab: '\t',
};

function decodedReferences(value: string): string {
  if (!value.includes('&')) return value;
  return value.replace(/&(?:#x([\da-f]{1,6});?|#(\d{1,7});?|([a-z]{2,8});)/gi, (whole, hex, decimal, name) => {
    if (typeof name === 'string') {
      const key = name.toLowerCase();
      return Object.hasOwn(named, key) ? (named[key] ?? whole) : whole;
    }
    const code = typeof hex === 'string' ? parseInt(hex, 16) : Number(decimal);
    return code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? '\ufffd' : String.fromCodePoint(code);
  });
}
