/**
 * The names that an error gives to a server and to its settings: the mail server's, unless another server is meant.
 *
 * @module
 */

/** What errors call a server, and the settings that lead to it. */
export interface PeerSettings {
  /** In front of its name: `the LDAP server `; empty for the mail server. */
  readonly role: string;
  /** The setting that holds its host, as `server.host`. */
  readonly host: string;
  /** The setting that holds its port. */
  readonly port: string;
  /** The setting that holds its TLS settings. */
  readonly tls: string;
  /** The setting of the local address; absent where there is none. */
  readonly localAddress?: string | undefined;
  /** What to do where the port answers in plain text. */
  readonly plainTextRemedy: string;
  /** What to do where the connection ends during the handshake. */
  readonly handshakeRemedy: string;
}

/** The mail server's. */
export const mailServerSettings: PeerSettings = {
  role: '',
  host: 'server.host',
  port: 'server.port',
  tls: 'server.tls',
  localAddress: 'server.localAddress',
  plainTextRemedy:
    "It speaks plain text first on this port: set server.security to 'explicit' for STARTTLS, or use port 465.",
  handshakeRemedy: "Check that the port expects TLS at this point: 465 is for 'implicit', 587 and 25 for 'explicit'.",
};

/** The settings that say where a server is: one where host and port are one setting. */
export function whereabouts({ host, port }: PeerSettings): string {
  return host === port ? host : `${host} and ${port}`;
}
