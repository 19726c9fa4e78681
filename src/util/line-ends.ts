/**
 * Line ends that were lost on the way into an environment variable.
 * @module
 */

/**
 * PEM text with its line ends. Where it comes from an environment variable or a JSON field it often has the two characters `\\n` in place of
 * each, quotes around it, or blanks alone, since all of it had to stand in one line. Base64 has neither backslash nor quote, so that nothing
 * else can be meant. Other text comes back as it is.
 */
export function withLineEnds(pem: string): string {
  if (!pem.includes('-----BEGIN ')) return pem;
  const unquoted = /^\s*(["'])([^]*)\1\s*$/.exec(pem)?.[2] ?? pem;
  const text = unquoted.includes('\\') ? unquoted.replace(/\\+r\\+n|\\+[nr]/g, '\n') : unquoted;
  // Of one line alone: each block has its begin and end in lines of their own.
  return /[\r\n]/.test(text.trim()) ? text : text.replace(/\s*(-----(?:BEGIN|END) [^-\r\n]{1,60}-----)\s*/g, '\n$1\n');
}
