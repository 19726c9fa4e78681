import { TlsContexts } from '../net/tls-contexts.js';
import type { KerberosTickets } from '../kerberos/tickets.js';

/** What the connections of one transport share: TLS contexts with their sessions, Kerberos tickets. */
export class SharedState {
  readonly tlsContexts = new TlsContexts();
  #tickets: Promise<KerberosTickets> | undefined;

  /** Made at its first use: Kerberos is loaded only where somebody authenticates by it. */
  kerberosTickets(): Promise<KerberosTickets> {
    this.#tickets ??= import('../kerberos/kerberos.js').then(({ KerberosTickets: Tickets }) => new Tickets());
    return this.#tickets;
  }
}
