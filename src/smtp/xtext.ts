/**
 * Encodes addresses and identifiers for parameters: xtext (RFC 3461 section 4) and utf-8-addr-unitext (RFC 6533 section
 * 3).
 * @module
 */
/** Encodes ASCII text as xtext: "+", "=" and non-printing characters become +XX. */
export function xtext(text: string): string {
  return text.replace(/[^!-*,-<>-~]/g, (c) => `+${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

/**
 * Encodes as utf-8-addr-unitext, for use with SMTPUTF8: UTF-8 is unchanged; the same ASCII characters and the backslash
 * become \x{HEX}.
 */
export function utf8AddressXtext(text: string): string {
  return text.replace(
    /[\u0000-\u0020+=\\\u007f]/gu,
    (c) => `\\x{${(c.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')}}`,
  );
}
