/**
 * Encodes text of any alphabet as encoded-words in the ASCII of a header field (RFC 2047).
 * @module
 */

const maxWord = 75;
const overhead = '=?UTF-8?Q?'.length + '?='.length;
const hex = '0123456789ABCDEF';

/**
 * Octets that need no escape in the "Q" encoding of a phrase (RFC 2047 section 5 (3)), which has the strictest rules.
 */
const literal = new Uint8Array(128);
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/ ') literal[c.charCodeAt(0)] = 1;

/** The length of `text` in "Q". */
function lengthOfQ(bytes: Uint8Array): number {
  let length = 0;
  for (const byte of bytes) length += literal[byte] === 1 ? 1 : 3;
  return length;
}

function pieceInQ(bytes: Uint8Array, from: number, to: number): string {
  let out = '';
  for (let i = from; i < to; i++) {
    const byte = bytes[i] ?? 0;
    if (literal[byte] !== 1) out += `=${hex.charAt(byte >> 4)}${hex.charAt(byte & 15)}`;
    else out += byte === 0x20 ? '_' : String.fromCharCode(byte);
  }
  return out;
}

/** The end of the character that begins at `at`. */
function endOfCharacter(bytes: Uint8Array, at: number): number {
  let end = at + 1;
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end++;
  return end;
}

/**
 * Encodes `text` as encoded-words in UTF-8, each of whole characters and at most `most` long; "Q" or "B", whichever is
 * shorter. `room` is the space on the line for the first word; it is ignored if it is too small.
 */
export function encodedWords(text: string, room = maxWord, most = maxWord): string[] {
  const bytes = Buffer.from(text, 'utf8');
  const inQ = lengthOfQ(bytes) <= Math.ceil(bytes.length / 3) * 4;
  const words: string[] = [];
  let budget = (room >= 32 && room < most ? room : most) - overhead;
  for (let from = 0; from < bytes.length;) {
    let to = from;
    let used = 0;
    while (to < bytes.length) {
      const end = endOfCharacter(bytes, to);
      const next = inQ ? used + lengthOfQ(bytes.subarray(to, end)) : Math.ceil((end - from) / 3) * 4;
      if (next > budget) break;
      used = next;
      to = end;
    }
    words.push(inQ ? `=?UTF-8?Q?${pieceInQ(bytes, from, to)}?=` : `=?UTF-8?B?${bytes.toString('base64', from, to)}?=`);
    from = to;
    budget = most - overhead;
  }
  return words;
}

const beginning = /=\?[^?]*\?[bq]\?/i;

/**
 * Would a reader take part of the text for an encoded-word, `=?charset?B|Q?…?=`? Blanks inside count too, because some
 * readers are lenient. A URL or JSON with `=?` in it does not.
 */
export function looksEncoded(text: string): boolean {
  if (!text.includes('=?')) return false;
  const begins = beginning.exec(text);
  return begins !== null && text.indexOf('?=', begins.index + begins[0].length) !== -1;
}
