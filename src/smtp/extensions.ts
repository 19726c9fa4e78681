/**
 * Service extensions, as a reply to EHLO names them (RFC 5321 section 4.1.1.1).
 *
 * @module
 */
import type { ContentCapabilities } from '../model/transport.js';

/** Upper-case keyword to its parameters (RFC 5321 section 4.1.1.1). */
export type Extensions = ReadonlyMap<string, readonly string[]>;

/** No extensions: before EHLO, after TLS began, or of a server that knows only HELO. */
export const noExtensions: Extensions = new Map();

/** The extensions in the lines of a reply to EHLO; the first line is a greeting and names none. */
export function parseExtensions(lines: readonly string[]): Extensions {
  const extensions = new Map<string, readonly string[]>();
  for (const line of lines.slice(1)) {
    const words = line.split(' ').filter((word) => word !== '');
    let keyword = (words.shift() ?? '').toUpperCase();
    // Servers of before RFC 4954 wrote "AUTH=LOGIN", some do still, beside the other form.
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
 * A keyword that a firewall or an antivirus program wrote over the server's: Cisco's inspection turns STARTTLS into XXXXXXXA. Undefined
 * where there is none.
 */
export function maskedKeyword(extensions: Extensions): string | undefined {
  return [...extensions.keys()].find((keyword) => /^X{4,}[A-Z]?$/.test(keyword));
}

/** The limit of SIZE (RFC 1870); undefined where none is named, and for 0, which is none. */
export function sizeLimit(extensions: Extensions): number | undefined {
  const value = extensions.get('SIZE')?.[0];
  if (value === undefined || !/^\d{1,15}$/.test(value)) return undefined;
  return Number(value) || undefined;
}

/** What content these extensions allow. */
export function contentCapabilities(extensions: Extensions): ContentCapabilities {
  return {
    eightBitMime: extensions.has('8BITMIME'),
    binaryMime: extensions.has('BINARYMIME') && extensions.has('CHUNKING'),
    smtpUtf8: extensions.has('SMTPUTF8'),
    maxBytes: sizeLimit(extensions),
  };
}
