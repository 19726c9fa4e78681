/**
 * Service extensions, as listed in the reply to EHLO (RFC 5321 section 4.1.1.1).
 * @module
 */
import type { ContentCapabilities } from '../model/transport.js';

/** Parameters by keyword in upper case (RFC 5321 section 4.1.1.1). */
export type Extensions = ReadonlyMap<string, readonly string[]>;

/** No extensions: before EHLO, after the start of TLS, or if the server supports only HELO. */
export const noExtensions: Extensions = new Map();

/** Parses the lines of a reply to EHLO. The first line is a greeting and names no extension. */
export function parseExtensions(lines: readonly string[]): Extensions {
  const extensions = new Map<string, readonly string[]>();
  for (const line of lines.slice(1)) {
    const words = line.split(' ').filter((word) => word !== '');
    let keyword = (words.shift() ?? '').toUpperCase();
    // Servers older than RFC 4954 wrote "AUTH=LOGIN"; some still do, in addition to the other form.
    if (keyword.startsWith('AUTH=')) {
      if (keyword.length > 5) words.unshift(keyword.slice(5));
      keyword = 'AUTH';
    }
    if (!/^[A-Z0-9][A-Z0-9-]*$/.test(keyword)) continue;
    const known = extensions.get(keyword);
    extensions.set(
      keyword,
      known === undefined && words.length < 2 ? words : [...new Set([...(known ?? []), ...words])],
    );
  }
  return extensions;
}

/**
 * A keyword that a firewall or antivirus program wrote over the server's, such as XXXXXXXA for STARTTLS by Cisco's
 * inspection. Undefined if there is none.
 */
export function maskedKeyword(extensions: Extensions): string | undefined {
  return [...extensions.keys()].find((keyword) => /^X{4,}[A-Z]?$/.test(keyword));
}

/** The limit of SIZE (RFC 1870); undefined if there is none, or if it is 0, which means none. */
export function sizeLimit(extensions: Extensions): number | undefined {
  const value = extensions.get('SIZE')?.[0];
  if (value === undefined || !/^\d{1,15}$/.test(value)) return undefined;
  return Number(value) || undefined;
}

/** The content that these extensions allow. */
export function contentCapabilities(extensions: Extensions): ContentCapabilities {
  return {
    eightBitMime: extensions.has('8BITMIME'),
    binaryMime: extensions.has('BINARYMIME') && extensions.has('CHUNKING'),
    smtpUtf8: extensions.has('SMTPUTF8'),
    maxBytes: sizeLimit(extensions),
  };
}
