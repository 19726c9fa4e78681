/**
 * Decides which hosts are reached without the proxy: NO_PROXY and similar settings.
 * @module
 */
import { BlockList } from 'node:net';
import { isIp, isIpv4, ipBytes } from '../../../util/ip.js';

/** The target of a connection; the host without brackets. */
export interface BypassTarget {
  readonly host: string;
  readonly port: number;
}

/**
 * Matches one entry of NO_PROXY: a name and all below it (`example.com`, `.example.com`, `*.example.com`), an address,
 * a CIDR block, or `*`; each with or without `:port`. Works like curl, except that curl supports neither ports nor
 * `*.`, and misses some forms of IPv6.
 */
export function matchesEntry(entry: string, target: BypassTarget): boolean {
  if (entry === '*') return true;
  const { pattern, port } = splitPort(entry);
  if (port !== undefined && port !== target.port) return false;
  const host = canonicalName(target.host);
  if (isIp(host)) return matchesAddress(pattern, host);
  const name = canonicalName(pattern.replace(/^\*?\./, ''));
  return name !== '' && (host === name || host.endsWith(`.${name}`));
}

/** Matches a list separated by commas or white space; curl accepts both. */
export function matchesNoProxy(list: string, target: BypassTarget): boolean {
  return list.split(/[\s,]+/).some((entry) => entry !== '' && matchesEntry(entry, target));
}

/**
 * Matches the exceptions of Windows and macOS. There, connections to this machine bypass the proxy unless `<-loopback>`
 * is listed.
 */
export function matchesExceptions(entries: readonly string[], target: BypassTarget): boolean {
  if (isThisMachine(canonicalName(target.host)) && !entries.some((entry) => entry.toLowerCase() === '<-loopback>'))
    return true;
  return entries.some((entry) => entry !== '' && matchesException(entry, target));
}

function isThisMachine(host: string): boolean {
  if (isIp(host)) return isIpv4(host) ? host.startsWith('127.') : ipBytes(host).equals(ipBytes('::1'));
  return host === 'localhost' || host.endsWith('.localhost');
}

/**
 * Matches one exception of Windows or macOS: `*` anywhere, `10.0/16`, `<local>` for names without a dot; otherwise as
 * in NO_PROXY.
 */
export function matchesException(entry: string, target: BypassTarget): boolean {
  const host = canonicalName(target.host);
  if (entry.toLowerCase() === '<local>') return !host.includes('.') && !host.includes(':');
  const { pattern, port } = splitPort(entry.replace(/^[a-z]+:\/\//i, ''));
  if (port !== undefined && port !== target.port) return false;
  const [, network = '', bits] = /^(\d{1,3}(?:\.\d{1,3}){0,3})\/(\d{1,2})$/.exec(pattern) ?? [];
  if (bits !== undefined)
    return isIpv4(host) && inBlock(host, [...network.split('.'), '0', '0', '0'].slice(0, 4).join('.'), Number(bits));
  if (pattern.includes(':')) return isIp(host) && matchesAddress(pattern, host);
  return matchesGlob(canonicalName(pattern), host);
}

/** Lower case, without the trailing dot. */
function canonicalName(text: string): string {
  return text.toLowerCase().replace(/\.$/, '');
}

function splitPort(entry: string): { readonly pattern: string; readonly port: number | undefined } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d{1,5}))?$/.exec(entry) ?? [];
  return { pattern: bracketed ?? plain ?? entry, port: port === undefined ? undefined : Number(port) };
}

function matchesAddress(pattern: string, host: string): boolean {
  const [, network, bits] = /^([^/]*)\/(\d{1,3})$/.exec(pattern) ?? [];
  if (network !== undefined)
    return isIp(network) && isIpv4(network) === isIpv4(host) && inBlock(host, network, Number(bits));
  return isIp(pattern) && ipBytes(pattern).equals(ipBytes(host));
}

function inBlock(host: string, network: string, bits: number): boolean {
  const family = isIpv4(network) ? 'ipv4' : 'ipv6';
  if (!isIp(network) || bits > (family === 'ipv4' ? 32 : 128)) return false;
  const block = new BlockList();
  block.addSubnet(network, bits, family);
  return block.check(host.split('%')[0] ?? host, family);
}

/** `*` matches any text. Each piece is taken at its first occurrence, so there is no backtracking. */
function matchesGlob(glob: string, text: string): boolean {
  const [first = '', ...rest] = glob.split('*');
  if (!text.startsWith(first)) return false;
  const last = rest.pop();
  if (last === undefined) return text === first;
  let at = first.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
