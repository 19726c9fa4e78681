/**
 * The EHLO name for a profile without one.
 * @module
 */
import type { Duplex } from 'node:stream';
import { isIpv6 } from '../util/ip.js';

/** The machine's name if it is fully qualified, else the stream's address as a literal (RFC 5321 section 4.1.3). */
export function defaultLocalName(hostName: string, stream: Duplex): string {
  if (hostName.length <= 255 && /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$/i.test(hostName))
    return hostName;
  const { localAddress }: { localAddress?: unknown } = Object(stream);
  const address =
    typeof localAddress === 'string' ? localAddress.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '') : '127.0.0.1';
  return isIpv6(address) ? `[IPv6:${address}]` : `[${address}]`;
}
