/**
 * How addresses and identifiers stand in parameters: xtext (RFC 3461 section 4) and utf-8-addr-unitext (RFC 6533 section 3).
 *
 * @module
 */
/** xtext of ASCII text: "+", "=" and all but printing characters as +XX. */
export function xtext(text: string): string {
  return text.replace(/[^!-*,-<>-~]/g, (c) => `+${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/** utf-8-addr-unitext: UTF-8 as it is, for use under SMTPUTF8; the same characters of ASCII and the backslash as \x{HEX}. */
export function utf8AddressXtext(text: string): string {
  return text.replace(
    /[\u0000-\u0020+=\\\u007f]/gu,
    (c) => `\\x{${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')}}`,
  );
}
