/**
 * The names of a server and its settings in errors. By default they are the mail server's.
 * @module
 */

/** The name of a server in errors, and the settings that lead to it. */
export interface PeerSettings {
  /** A prefix of its name: `the LDAP server `; empty for the mail server. */
  readonly role: string;
  /** The setting of its host, such as `server.host`. */
  readonly host: string;
  /** The setting of its port. */
  readonly port: string;
  /** The setting of its TLS settings. */
  readonly tls: string;
  /** The setting of the local address, if there is one. */
  readonly localAddress?: string | undefined;
  /** The remedy if the port answers in plain text. */
  readonly plainTextRemedy: string;
  /** The remedy if the connection ends during the handshake. */
  readonly handshakeRemedy: string;
}

/** The names of the mail server's settings. */
export const mailServerSettings: PeerSettings = {
  role: '',
  host: 'server.host',
  port: 'server.port',
  tls: 'server.tls',
  localAddress: 'server.localAddress',
  plainTextRemedy:
    "If it is a mail server, set server.security to 'explicit' (STARTTLS), or use its port for TLS, which is " +
    'usually 465. If it is not, correct server.host or server.port.',
  handshakeRemedy: "Check that the port expects TLS at this point: 465 is for 'implicit', 587 and 25 for 'explicit'.",
};

/** The settings of host and port; a single one if both are in one setting. */
export function whereabouts({ host, port }: PeerSettings): string {
  return host === port ? host : `${host} and ${port}`;
}
