/** Text from outside made safe for a log line or an error: C0, C1, DEL, U+2028 and U+2029 escaped, one line, at most `limit` units. */
export function showText(text: string, limit = 500): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  return cut.replace(
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
