import type { EmailProfile, OutgoingServer } from '../../src/index.js';

/** The server of a profile that has one. */
export function serverOf({ server }: EmailProfile): OutgoingServer {
  if (!('host' in server)) throw new TypeError('the profile has a list of servers');
  return server;
}
