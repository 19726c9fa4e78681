import { hostname } from 'node:os';
import { TlsContexts } from '../net/tls-contexts.js';
import type { KerberosTickets } from '../kerberos/tickets.js';

/** What the connections of one transport share: TLS contexts with their sessions, Kerberos tickets, the machine's name. */
export class SharedState {
  readonly tlsContexts = new TlsContexts();
  #tickets: Promise<KerberosTickets> | undefined;
  #hostName: string | undefined;

  /** To ask the system for it takes as long as a command. */
  get hostName(): string {
    return (this.#hostName ??= hostname());
  }

  /** Made at its first use: Kerberos is loaded only where somebody authenticates by it. */
  kerberosTickets(): Promise<KerberosTickets> {
    this.#tickets ??= import('../kerberos/kerberos.js').then(({ KerberosTickets: Tickets }) => new Tickets());
    return this.#tickets;
  }
}
