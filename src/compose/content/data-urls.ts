/**
 * Turns images in data: URLs of HTML into parts that the HTML shows by `cid:`. Mail programs show such parts; many of
 * them show no data: URL. Everything runs in linear time.
 * @module
 */
import { messageInvalid } from '../../errors/email-error.js';
import type { LeafPart } from '../../mime/part.js';
import { nodeCrypto } from '../../util/crypto/node-crypto.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { replaceUrls } from './html-urls.js';

/** The most different images in one message. */
const maxImages = 1000;

/** Extensions of file names, which some mail programs need to show a part. */
const extensions: ReadonlyMap<string, string> = new Map([
  ['image/avif', 'avif'],
  ['image/bmp', 'bmp'],
  ['image/gif', 'gif'],
  ['image/jpeg', 'jpg'],
  ['image/jpg', 'jpg'],
  ['image/png', 'png'],
  ['image/svg+xml', 'svg'],
  ['image/tiff', 'tif'],
  ['image/webp', 'webp'],
  ['image/x-icon', 'ico'],
]);

/** HTML without data: URLs, and the parts that it now shows. */
export interface EmbeddedHtml {
  readonly html: string;
  readonly inline: readonly LeafPart[];
}

/**
 * Looks at `src`, `background` and `poster` of elements, and at `url(…)` of style sheets and `style`. Equal images
 * become one part. Other data: URLs and empty images stay. ERR_MESSAGE_INVALID with `path` for an image that is not
 * well-formed, and for too many.
 */
export function embedDataUrls(html: string, path: string): EmbeddedHtml {
  const images = new Images(path);
  return { html: replaceUrls(html, (url, at) => images.urlFor(url, at)), inline: images.parts };
}

/** The images found so far. */
class Images {
  readonly parts: LeafPart[] = [];
  readonly #path: string;
  readonly #known = new Set<string>();

  constructor(path: string) {
    this.#path = path;
  }

  /** The `cid:` URL that replaces the data: URL of an image; undefined for any other URL. `at` is its place, for errors. */
  urlFor(url: string, at: number): string | undefined {
    const image = readImage(url);
    if (image === undefined) return undefined;
    if (typeof image === 'string')
      throw messageInvalid(this.#path, `the data: URL at character ${at + 1} ${image}; correct it, or remove it`);
    const { contentType, bytes } = image;
    const hash = nodeCrypto().createHash('sha256').update(`${contentType}\0`).update(bytes).digest('hex');
    // The name is that of the content, so that equal messages stay equal; RFC 2606 reserves the domain.
    const cid = `${hash.slice(0, 32)}@data.invalid`;
    if (!this.#known.has(cid)) this.#add(cid, contentType, bytes);
    return `cid:${cid}`;
  }

  #add(cid: string, contentType: string, bytes: Uint8Array): void {
    if (this.#known.size === maxImages)
      throw messageInvalid(this.#path, `contains more than ${maxImages} different images in data: URLs`);
    this.#known.add(cid);
    const extension = extensions.get(contentType);
    const part: LeafPart = {
      contentType,
      disposition: 'inline',
      cid,
      body: { bytes },
      path: this.#path,
      ...(extension === undefined ? {} : { filename: `image-${this.#known.size}.${extension}` }),
    };
    this.parts.push(withoutPrototype(part));
  }
}

interface Image {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

const imageUrl = /^data:[\t\n\f\r ]*(image\/[a-z0-9!#$&^_.+-]{1,100})([^,]*)(,?)/i;

/**
 * The image in a data: URL, read as a browser reads it; undefined for other URLs and for no octets; a text for a fault.
 */
function readImage(given: string): Image | string | undefined {
  // The URL standard drops tabs and line ends anywhere, and blanks around a URL.
  const url = trimmed(given.replace(/[\t\n\r]+/g, ''));
  const match = imageUrl.exec(url);
  if (match === null) return undefined;
  const [head, type = '', parameters = '', comma] = match;
  if (comma === '') return 'has no comma before its data';
  const hash = url.indexOf('#', head.length);
  const octets = percentDecoded(url.slice(head.length, hash < 0 ? undefined : hash));
  const bytes = /;[ ]*base64[ ]*$/i.test(parameters.slice(-40)) ? fromBase64(octets) : octets;
  if (bytes === undefined) return 'is not well-formed base64';
  return bytes.length === 0 ? undefined : { contentType: type.toLowerCase(), bytes };
}

/** Without blanks and controls around it. A pattern for those at the end would take quadratic time. */
function trimmed(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(0, end).replace(/^[\0-\x20]+/, '');
}

const percent = 0x25;

function percentDecoded(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  let length = 0;
  for (let i = 0; i < bytes.length; i++) {
    let octet = bytes[i] ?? 0;
    if (octet === percent) {
      const digits = bytes.toString('latin1', i + 1, i + 3);
      if (/^[\da-f]{2}$/i.test(digits)) {
        octet = parseInt(digits, 16);
        i += 2;
      }
    }
    bytes[length++] = octet;
  }
  return bytes.subarray(0, length);
}

/** "Forgiving base64" of the infra standard: blanks do not count, and the padding may be absent. */
function fromBase64(octets: Buffer): Buffer | undefined {
  const text = octets.toString('latin1').replace(/[\t\n\f\r ]+/g, '');
  const bare = text.length % 4 === 0 ? text.replace(/={1,2}$/, '') : text;
  return bare.length % 4 === 1 || !/^[A-Za-z\d+/]*$/.test(bare) ? undefined : Buffer.from(bare, 'base64');
}
