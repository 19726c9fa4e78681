/**
 * Schemas of text that is not secret. Text for a command or a header field contains no control characters.
 * @module
 */
import { domainToASCII } from 'node:url';
import { isAscii, isWellFormed } from '../util/bytes.js';
import { isIp, isIpv4, isIpv6 } from '../util/ip.js';
import { plain } from './combine.js';
import { mayRefer, problem, unexpected } from './schema.js';
import type { Report, Schema } from './schema.js';

export interface TextRules {
  readonly expected: string;
  /** In UTF-16 units; default 1 to 1000. */
  readonly min?: number;
  readonly max?: number;
  /** Allows TAB, CR and LF, for text that is only shown to people. */
  readonly multiline?: boolean;
  /** Allows TAB. */
  readonly tab?: boolean;
  /** Allows U+0080 to U+009F, for text that is encoded before it reaches a line. */
  readonly c1?: boolean;
  /** A further fault of the text, or undefined. */
  readonly fault?: (text: string) => string | undefined;
}

/** Text without control characters and without half surrogate pairs. */
export function text(rules: TextRules): Schema<string> {
  const { min = 1, max = 1000 } = rules;
  const faultOf = (value: string): string | undefined =>
    value.length > max
      ? `is too long: expected ${rules.expected} of at most ${max} characters, got ${value.length}`
      : (characterFault(value, rules) ?? rules.fault?.(value));
  const isText = (value: unknown): value is string => typeof value === 'string' && (value !== '' || min === 0);
  return {
    ...plain(rules.expected, (value, path, report) => {
      if (!isText(value)) return unexpected(report, path, rules.expected, value);
      const fault = faultOf(value);
      return fault === undefined ? value : problem(report, path, fault);
    }),
    accepts: (value) => isText(value) && faultOf(value) === undefined,
  };
}

/** Finds a character that is not allowed. */
function characterFault(
  value: string,
  { multiline = false, tab = multiline, c1 = false }: TextRules,
): string | undefined {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code >= 0x20 && (code < 0x7f || code > 0x9f || (c1 && code > 0x7f))) continue;
    if ((code === 0x09 && tab) || ((code === 0x0a || code === 0x0d) && multiline)) continue;
    return `holds a control character (${codePoint(code)} at position ${i + 1}), which is not allowed`;
  }
  return isWellFormed(value) ? undefined : 'contains half of a surrogate pair, which is not allowed';
}

function codePoint(code: number): string {
  const name = code === 0x0d ? 'CR, ' : code === 0x0a ? 'LF, ' : code === 0 ? 'NUL, ' : '';
  return `${name}U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
}

const hostExpected = 'a DNS name or an IP address';

/** A DNS name (IDNA allowed) or an IP address; no port, no brackets, no scheme. */
export const host: Schema<string> = text({ expected: hostExpected, max: 253, fault: hostFault });

/** A DNS name, no IP address. */
export const domain: Schema<string> = text({
  expected: 'a domain name',
  max: 253,
  fault: (value) => (isIp(value) ? 'expected a domain name, got an IP address' : hostFault(value)),
});

/** An IP address. */
export const ipAddress: Schema<string> = text({
  expected: 'an IP address',
  max: 64,
  fault: (value) =>
    isIp(value) ? undefined : 'expected an IP addresssuch as 192.0.2.1 or 2001:db8::1, got other text',
});

/** EHLO name: a domain, or an address literal (RFC 5321 section 4.1.3). */
export const localName: Schema<string> = text({
  expected: 'a domain name or an address literal',
  max: 253,
  fault(value) {
    if (value.startsWith('[') && value.endsWith(']')) {
      const inner = value.slice(1, -1);
      const right = /^IPv6:/i.test(inner) ? isIpv6(inner.slice(5)) && !inner.includes('%') : isIpv4(inner);
      return right
        ? undefined
        : 'expected an address literal such as [192.0.2.1] or [IPv6:2001:db8::1], got other text in brackets';
    }
    return isIp(value)
      ? 'expected an address literal in brackets, such as [192.0.2.1] or [IPv6:2001:db8::1], got a bare IP address'
      : hostFault(value);
  },
});

/** The fault of a host, or undefined. */
export function hostFault(value: string): string | undefined {
  if (isIp(value)) return undefined;
  if (value.includes('://')) return `expected ${hostExpected}, got a URL: leave out the scheme`;
  if (value.includes('@')) return `expected ${hostExpected}, got text with an @`;
  if (value.startsWith('[')) return `expected ${hostExpected}, got brackets: write an IPv6 address without them`;
  if (/:\d*$/.test(value)) return `expected ${hostExpected}, got a colon: the port is a separate field`;
  if (value.endsWith('.')) return `expected ${hostExpected}, got a name with a final dot: leave it out`;
  const ascii = isAscii(value) ? value : domainToASCII(value);
  const labels = ascii.split('.');
  // The system would read a name whose last label is a number as an IPv4 address.
  if (/^(?:\d+|0x[\da-f]*)$/i.test(labels[labels.length - 1] ?? ''))
    return `expected ${hostExpected}, got an incomplete or malformed IP address`;
  if (ascii.length <= 253 && labels.every((label) => /^(?!-)[\w-]{1,63}(?<!-)$/.test(label))) return undefined;
  return `expected ${hostExpected}, got text that is neither`;
}

/** `host` or `host:port`; an IPv6 address with a port needs brackets. */
export const hostAndPort: Schema<string> = text({
  expected: 'a host, or host:port',
  max: 270,
  fault(value) {
    const parts = splitHostPort(value);
    if (parts === undefined) return 'expected a host, or host:port, an IPv6 address in brackets, got other text';
    return hostFault(parts.host);
  },
});

/**
 * Host and port of `host`, `host:port`, `[v6]`, `[v6]:port` or a bare v6. Undefined if the brackets or the port are
 * wrong.
 */
export function splitHostPort(value: string): { readonly host: string; readonly port: number | undefined } | undefined {
  if (isIpv6(value)) return { host: value, port: undefined };
  const match = /^(\[[^[\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(value);
  if (match === null) return undefined;
  const [, name = '', digits] = match;
  const port = digits === undefined ? undefined : Number(digits);
  if (port !== undefined && (port < 1 || port > 65535)) return undefined;
  if (!name.startsWith('[')) return { host: name, port };
  const inner = name.slice(1, -1);
  return isIpv6(inner) ? { host: inner, port } : undefined;
}

/** A path on this machine. It is refused in a profile from an untrusted source. */
export function path(what: string): Schema<string> {
  const checkText = text({ expected: 'a path', max: 4096 });
  return plain(what, (value, at, report: Report) => {
    if (typeof value !== 'string') return unexpected(report, at, what, value);
    return mayRefer(report, at, `names ${what}`) ? checkText.check(value, at, report) : undefined;
  });
}

/** SHA-256 in hex, any case, colons optional. */
export const fingerprint: Schema<string> = text({
  expected: 'a SHA-256 fingerprint: 64 hex digits, colons optional',
  fault(value) {
    if (/^(?:[\da-f]{64}|[\da-f]{2}(?::[\da-f]{2}){31})$/i.test(value)) return undefined;
    const digits = value.replace(/:/g, '');
    const other = /^[\da-f]+$/i.test(digits)
      ? `${digits.length} hex digits${digits.length === 40 ? ' (SHA-1)' : ''}`
      : 'other text';
    return `expected a SHA-256 fingerprint: 64 hex digits, colons optional, got ${other}`;
  },
});
