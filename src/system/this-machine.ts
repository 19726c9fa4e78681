/**
 * The name and the addresses of this machine. Deno reveals neither without `--allow-sys`; callers then do without.
 * @module
 */
import { hostname, networkInterfaces } from 'node:os';

/** The name of this machine; '' if the runtime does not reveal it. */
export function hostName(): string {
  try {
    return hostname();
  } catch {
    return '';
  }
}

/** Has this machine an IPv6 address beyond the local link? False if the runtime does not reveal it. */
export function hasIpv6(): boolean {
  try {
    return Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .some(({ family, internal, scopeid }) => family === 'IPv6' && !internal && scopeid === 0);
  } catch {
    return false;
  }
}
