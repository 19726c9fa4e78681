/** What text and octets need of their way, found in one pass each. */

const maxLine = 998;

/** Text with CR, LF and CRLF all as CRLF. */
export function canonicalText(text: string): string {
  return /\r(?!\n)|(?<!\r)\n/.test(text) ? text.replace(/\r\n?|\n/g, '\r\n') : text;
}

/** What an encoder has to know of content. */
export interface ContentTraits {
  /** Can it go as it is: as 7bit, as 8bit (RFC 6152), or not? */
  readonly plain: '7bit' | '8bit' | 'no';
  /** Might a mail system change it on its way: blanks at a line's end, `From ` at its start? */
  readonly fragile: boolean;
  /** Octets that quoted-printable has to escape, none too few. */
  readonly escaped: number;
}

/** Traits of canonical text. Lines over 998 octets and controls make it 'no'. */
export function traitsOfText(text: string): ContentTraits {
  let escaped = 0;
  let wide = false;
  let safe = true;
  let fragile = false;
  let line = 0;
  let previous = 10;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0x20 && c < 0x7f) {
      if (c === 0x3d) escaped++;
      else if (previous === 10 && c === 0x46 && text.startsWith('From ', i)) fragile = true;
      line++;
    } else if (c === 10) {
      if (line > maxLine) safe = false;
      line = 0;
    } else if (c === 13) {
      if (previous === 0x20 || previous === 9) fragile = true;
    } else if (c === 9) line++;
    else if (c < 0x80) {
      safe = false;
      escaped++;
    } else {
      // A surrogate is half of a character of four octets.
      const octets = c < 0x800 || (c >= 0xd800 && c <= 0xdfff) ? 2 : 3;
      // A lone one becomes U+FFFD, which has three.
      escaped += octets === 2 && c >= 0xd800 ? 3 : octets;
      line += octets;
      wide = true;
    }
    previous = c;
  }
  if (line > maxLine) safe = false;
  if (previous === 0x20 || previous === 9) fragile = true;
  return { plain: safe ? (wide ? '8bit' : '7bit') : 'no', fragile, escaped };
}

/** Traits of octets that have to come back as they are: a bare CR or LF makes it 'no' as well. */
export function traitsOfBytes(bytes: Uint8Array): ContentTraits {
  let escaped = 0;
  let wide = false;
  let safe = true;
  let fragile = false;
  let line = 0;
  let previous = 10;
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i] ?? 0;
    if (previous === 13 && c !== 10) {
      safe = false;
      escaped++;
    }
    if (c === 10) {
      if (previous !== 13) {
        safe = false;
        escaped++;
      }
      if (line > maxLine) safe = false;
      line = 0;
    } else if (c === 13) {
      if (previous === 0x20 || previous === 9) fragile = true;
    } else {
      line++;
      if (c >= 0x80) {
        escaped++;
        wide = true;
      } else if (c < 0x20 ? c !== 9 : c === 0x3d || c === 0x7f) {
        escaped++;
        if (c !== 0x3d) safe = false;
      } else if (c === 0x46 && previous === 10 && bytes[i + 1] === 0x72 && bytes[i + 2] === 0x6f && bytes[i + 3] === 0x6d && bytes[i + 4] === 0x20) {
        fragile = true;
      }
    }
    previous = c;
  }
  if (line > maxLine || previous === 13) safe = false;
  if (previous === 13) escaped++;
  if (previous === 0x20 || previous === 9) fragile = true;
  return { plain: safe ? (wide ? '8bit' : '7bit') : 'no', fragile, escaped };
}
