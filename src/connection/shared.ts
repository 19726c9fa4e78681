/**
 * State shared by the connections of one transport. create-transport.ts uses new state for each test of the server, and
 * again for the connections after it, so that reloaded certificates are used. The sent secrets are kept.
 * @module
 */
import { hostName } from '../system/this-machine.js';
import type { TlsClient } from '../net/tls/tls-client.js';
import type { KerberosTickets } from '../kerberos/tickets.js';

/** Old secrets are dropped, because tokens are renewed and a pool outlives many of them. */
const keptSecrets = 8;

/**
 * The last 8 secrets sent on any connection. They are hidden in replies, because a server may repeat them on another
 * connection.
 */
export class SentSecrets {
  readonly #secrets = new Set<string>();

  add(secret: string): void {
    this.#secrets.delete(secret);
    this.#secrets.add(secret);
    for (const oldest of this.#secrets) {
      if (this.#secrets.size <= keptSecrets) break;
      this.#secrets.delete(oldest);
    }
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#secrets.values();
  }
}

/** TLS contexts with their sessions, sent secrets, Kerberos tickets, and the machine's name. */
export class SharedState {
  readonly sentSecrets: SentSecrets;
  #tls: Promise<TlsClient> | undefined;
  #tickets: Promise<KerberosTickets> | undefined;
  #hostName: string | undefined;

  /** `sentSecrets` can be taken from an earlier state for the same server. */
  constructor(sentSecrets: SentSecrets = new SentSecrets()) {
    this.sentSecrets = sentSecrets;
  }

  /** The machine's name, cached because asking the system takes as long as an SMTP command. */
  get hostName(): string {
    return (this.#hostName ??= hostName());
  }

  /**
   * TLS with its contexts. Its code is loaded on first use, because a server on this machine or in a closed network may
   * need none.
   */
  tls(): Promise<TlsClient> {
    this.#tls ??= import('../net/tls/tls-client.js').then(({ TlsClient: Client }) => new Client());
    return this.#tls;
  }

  /** The tickets, created on first use, so that Kerberos is loaded only if a profile authenticates by it. */
  kerberosTickets(): Promise<KerberosTickets> {
    this.#tickets ??= import('../kerberos/kerberos.js').then(({ KerberosTickets: Tickets }) => new Tickets());
    return this.#tickets;
  }
}
