/**
 * Reads IP addresses in text form without `node:net`, which only src/net may import.
 * @module
 */

/** Is it a dotted-decimal IPv4 address, without leading zeros? */
export function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** Is it an IPv6 address (RFC 4291 section 2.2), with or without a zone (RFC 4007)? */
export function isIpv6(text: string): boolean {
  if (text.length > 64) return false;
  const [address = '', zone, ...more] = text.split('%');
  if (more.length > 0 || (zone !== undefined && !/^[\w.~-]+$/.test(zone))) return false;
  const halves = address.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === '') continue;
    const parts = half.split(':');
    for (const [at, part] of parts.entries()) {
      const last = index === halves.length - 1 && at === parts.length - 1;
      if (last && part.includes('.')) {
        if (!isIpv4(part)) return false;
        groups += 2;
      } else if (/^[\da-f]{1,4}$/i.test(part)) groups += 1;
      else return false;
    }
  }
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

/** Is it an IP address of either family? */
export function isIp(text: string): boolean {
  return isIpv4(text) || isIpv6(text);
}

/** The 4 or 16 octets of an address that passes `isIp`, without its zone. */
export function ipBytes(address: string): Buffer {
  if (isIpv4(address)) return Buffer.from(address.split('.').map(Number));
  const [plain = ''] = address.split('%');
  const bytes = Buffer.alloc(16);
  const [head = '', tail] = plain.split('::');
  const write = (text: string, atEnd: boolean): void => {
    const octets = text.split(':').flatMap((group) => {
      if (group.includes('.')) return group.split('.').map(Number);
      return group === '' ? [] : [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff];
    });
    bytes.set(octets, atEnd ? 16 - octets.length : 0);
  };
  write(head, false);
  if (tail !== undefined) write(tail, true);
  return bytes;
}
