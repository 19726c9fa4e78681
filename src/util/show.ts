/**
 * Makes foreign text safe to show.
 * @module
 */

/**
 * Makes foreign text safe for a log line or an error. Escapes C0, C1, DEL, U+2028, U+2029, the controls and marks of
 * direction (U+202A to U+202E, U+2066 to U+2069, U+061C, U+200E, U+200F), which would make a line read differently, and
 * characters without width (U+200B, U+2060, U+FEFF), which would make two lines look alike. The result is one line of
 * at most `limit` units.
 */
export function showText(text: string, limit = 500): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/g,
    escaped,
  );
}

function escaped(character: string): string {
  const digits = character.charCodeAt(0).toString(16);
  return digits.length > 2 ? `\\u${digits}` : `\\x${digits.padStart(2, '0')}`;
}
