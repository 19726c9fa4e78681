/**
 * Domains as SMTP requires them: A-labels by UTS-46 (RFC 5890, RFC 5321 section 4.1.2), and address literals (section
 * 4.1.3).
 * @module
 */
import { domainToASCII, domainToUnicode } from 'node:url';

/** A domain in ASCII and lower case, or the reason why it is invalid. */
export type DomainResult = { readonly domain: string } | { readonly problem: string };

const maxDomain = 253;
const maxLabel = 63;
const ldhOrDot = /^[a-z0-9.-]*$/i;
const outsideLdh = /[\u0000-\u002c\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007f]/;

/**
 * The ASCII form of a domain name. domainToASCII is a URL host parser: it decodes percent signs, stops at a slash,
 * turns numbers into IPv4 addresses, and accepts characters that UTS-46 maps to ASCII punctuation. Its input and output
 * are therefore checked.
 */
export function toAsciiDomain(text: string): DomainResult {
  if (text === '') return { problem: 'the domain is empty' };
  if (text.length > 1024) return { problem: 'the domain is too long' };
  if (outsideLdh.test(text)) return { problem: 'a domain contains only letters, digits, hyphens and dots' };
  let domain = text.toLowerCase();
  if (!ldhOrDot.test(text)) {
    domain = domainToASCII(text);
    if (domain === '') return { problem: 'the domain is not a valid internationalized name (UTS-46)' };
  }
  if (domain.length > maxDomain) return { problem: `the domain is longer than ${maxDomain} octets` };
  const labels = domain.split('.');
  for (const label of labels) {
    if (label === '') return { problem: 'the domain has an empty label' };
    if (label.length > maxLabel) return { problem: `a label of the domain is longer than ${maxLabel} octets` };
    if (!/^[a-z0-9-]+$/.test(label))
      return { problem: 'the domain maps to characters that are not allowed in a domain' };
    if (label.startsWith('-') || label.endsWith('-'))
      return { problem: 'a label of the domain begins or ends with a hyphen' };
    if (label.startsWith('xn--') && !isALabel(label))
      return { problem: `the label ${label} is not a valid A-label (RFC 5890)` };
  }
  if (/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) {
    return { problem: 'the domain ends in a number; an IP address is written in square brackets' };
  }
  return { domain };
}

/**
 * Is it the A-label of a label beyond ASCII, and does that label give the same A-label? For others, the result of
 * domainToASCII depends on the version of Node.
 */
function isALabel(label: string): boolean {
  const unicode = domainToUnicode(label);
  return unicode !== label && domainToASCII(unicode) === label;
}

function isIpv4(text: string): boolean {
  const octets = text.split('.');
  return octets.length === 4 && octets.every((octet) => /^(?:0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255);
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}

function isIpv6(text: string): boolean {
  if (text.length > 45) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap(groupsOf);
  const last = groups.at(-1);
  let count = groups.length;
  if (last?.includes('.') === true) {
    // The IPv4 part counts as two groups, and must be the last.
    if (!isIpv4(last) || text.endsWith('::')) return false;
    groups.pop();
    count++;
  }
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  return halves.length === 2 ? count <= 7 : count === 8;
}

/** The content of `[...]`: an IPv4 address, or `IPv6:` and an IPv6 address. */
export function toAddressLiteral(content: string): DomainResult {
  if (isIpv4(content)) return { domain: `[${content}]` };
  if (/^ipv6:/i.test(content) && isIpv6(content.slice(5)))
    return { domain: `[IPv6:${content.slice(5).toLowerCase()}]` };
  return { problem: 'an address literal is written [192.0.2.1] or [IPv6:2001:db8::1]' };
}
