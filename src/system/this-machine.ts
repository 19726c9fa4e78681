/**
 * The name and the addresses of this machine. Deno tells neither without `--allow-sys`: callers then do without.
 * @module
 */
import { hostname, networkInterfaces } from 'node:os';

/** The name of this machine, '' if the runtime does not tell it. */
export function hostName(): string {
  try {
    return hostname();
  } catch {
    return '';
  }
}

/** True if this machine has an address of IPv6 that leads beyond the local link; false if the runtime does not tell. */
export function hasIpv6(): boolean {
  try {
    return Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .some(({ family, internal, scopeid }) => family === 'IPv6' && !internal && scopeid === 0);
  } catch {
    return false;
  }
}
