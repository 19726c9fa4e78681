/**
 * Makes foreign text safe to show.
 * @module
 */

/**
 * Makes foreign text safe for a log line or an error. Escapes C0, C1, DEL, U+2028, U+2029 and the controls of direction
 * (U+202A to U+202E, U+2066 to U+2069), which would make a line read differently. The result is one line of at most
 * `limit` units.
 */
export function showText(text: string, limit = 500): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g, escaped);
}

function escaped(character: string): string {
  const digits = character.charCodeAt(0).toString(16);
  return digits.length > 2 ? `\\u${digits}` : `\\x${digits.padStart(2, '0')}`;
}
