/**
 * What the connections of one transport share.
 *
 * @module
 */
import { hostname } from 'node:os';
import { TlsContexts } from '../net/tls/tls-contexts.js';
import type { KerberosTickets } from '../kerberos/tickets.js';

/** TLS contexts with their sessions, Kerberos tickets, and the machine's name. */
export class SharedState {
  readonly tlsContexts = new TlsContexts();
  #tickets: Promise<KerberosTickets> | undefined;
  #hostName: string | undefined;

  /** Kept, since asking the system takes as long as an SMTP command. */
  get hostName(): string {
    return (this.#hostName ??= hostname());
  }

  /** Made on first use, so that Kerberos is loaded only if a profile authenticates by it. */
  kerberosTickets(): Promise<KerberosTickets> {
    this.#tickets ??= import('../kerberos/kerberos.js').then(({ KerberosTickets: Tickets }) => new Tickets());
    return this.#tickets;
  }
}
