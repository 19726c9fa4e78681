/**
 * Restores line ends that PEM text lost in an environment variable.
 * @module
 */

/**
 * Restores the line ends of PEM text. In an environment variable or a JSON field, each is often written as the two
 * characters `\\n`, or as a blank, and the text may be in quotes. Base64 contains neither backslash nor quote, so this
 * is unambiguous. Other text is returned unchanged. The text may be a stranger's: neither expression tries a run of
 * backslashes or of blanks once for each of its characters.
 */
export function withLineEnds(pem: string): string {
  if (!pem.includes('-----BEGIN ')) return pem;
  const unquoted = /^\s*(["'])([^]*)\1\s*$/.exec(pem)?.[2] ?? pem;
  const text = unquoted.includes('\\') ? unquoted.replace(/(?<!\\)\\+(?:r\\+n|[nr])/g, '\n') : unquoted;
  // Text on a single line: the begin and end of each block get lines of their own.
  return /[\r\n]/.test(text.trim()) ? text : text.replace(/(-----(?:BEGIN|END) [^-\r\n]{1,60}-----)\s*/g, '\n$1\n');
}
