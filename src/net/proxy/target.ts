/**
 * Checks the host and port of a tunnel before they are put into a request.
 * @module
 */
import { domainToASCII } from 'node:url';
import { profileInvalid } from '../../errors/email-error.js';
import { isIpv4, isIpv6 } from '../../util/ip.js';

/** A host and port that are safe in a request: without any octet that could end a line or a field. */
export interface TunnelTarget {
  readonly kind: 'name' | 'ipv4' | 'ipv6';
  /** A-labels, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Checks a target. ERR_PROFILE_INVALID if the host is neither a DNS name nor an IP address, or has a zone (`%eth0`),
 * which has no meaning on another machine, or if the port is out of range.
 */
export function checkTarget({ host, port }: { readonly host: string; readonly port: number }): TunnelTarget {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw profileInvalid('server.port', 'expected a whole number from 1 to 65535');
  if (isIpv4(host)) return { kind: 'ipv4', host, port };
  if (isIpv6(host)) {
    if (host.includes('%')) throw profileInvalid('server.host', 'has a zone, which only a direct connection can use');
    return { kind: 'ipv6', host, port };
  }
  const name = /[^\x00-\x7f]/.test(host) ? domainToASCII(host) : host;
  const labels = name.replace(/\.$/, '').split('.');
  if (name.length > 255 || !labels.every((label) => /^[A-Za-z0-9_-]{1,63}$/.test(label)))
    throw profileInvalid('server.host', 'expected a DNS name or an IP address');
  return { kind: 'name', host: name, port };
}

/** `host:port` with IPv6 in brackets (RFC 9110 section 9.3.6). */
export function authorityOf({ kind, host, port }: TunnelTarget): string {
  return kind === 'ipv6' ? `[${host}]:${port}` : `${host}:${port}`;
}
