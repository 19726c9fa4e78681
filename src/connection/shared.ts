/**
 * State shared by the connections of one transport.
 * @module
 */
import { hostName } from '../system/this-machine.js';
import { TlsContexts } from '../net/tls/tls-contexts.js';
import type { KerberosTickets } from '../kerberos/tickets.js';

/** Old secrets are dropped, because tokens are renewed and a pool outlives many of them. */
const keptSecrets = 8;

/**
 * The newest passwords and tokens that were sent to a server on any connection. The server may repeat them on another
 * one.
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
  readonly tlsContexts = new TlsContexts();
  readonly sentSecrets: SentSecrets;
  #tickets: Promise<KerberosTickets> | undefined;
  #hostName: string | undefined;

  /** `sentSecrets` can be taken from an earlier state for the same server. */
  constructor(sentSecrets: SentSecrets = new SentSecrets()) {
    this.sentSecrets = sentSecrets;
  }

  /** Cached, because asking the system takes as long as an SMTP command. */
  get hostName(): string {
    return (this.#hostName ??= hostName());
  }

  /** Made on first use, so that Kerberos is loaded only if a profile authenticates by it. */
  kerberosTickets(): Promise<KerberosTickets> {
    this.#tickets ??= import('../kerberos/kerberos.js').then(({ KerberosTickets: Tickets }) => new Tickets());
    return this.#tickets;
  }
}
