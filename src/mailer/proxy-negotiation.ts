/**
 * Kerberos tokens for proxies. Their code is loaded when a proxy first requests one.
 * @module
 */
import type { KerberosTickets } from '../kerberos/tickets.js';
import type { Negotiate } from '../net/proxy/http-authentication.js';

/** Makes the function that creates tokens. Tickets are kept as long as that function. */
export function proxyNegotiation(): Negotiate {
  let tickets: KerberosTickets | undefined;
  return async (request) => {
    const { KerberosTickets: Tickets, negotiateToken } = await import('../kerberos/kerberos.js');
    tickets ??= new Tickets();
    return await negotiateToken(tickets, request);
  };
}
