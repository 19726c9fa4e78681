/**
 * Kerberos tokens for proxies, whose code is loaded when a proxy first wants one.
 * @module
 */
import type { KerberosTickets } from '../kerberos/tickets.js';
import type { Negotiate } from '../net/proxy/http-authentication.js';

/** Makes tokens; tickets are kept for as long as the function is. */
export function proxyNegotiation(): Negotiate {
  let tickets: KerberosTickets | undefined;
  return async (request) => {
    const { KerberosTickets: Tickets, negotiateToken } = await import('../kerberos/kerberos.js');
    tickets ??= new Tickets();
    return await negotiateToken(tickets, request);
  };
}
