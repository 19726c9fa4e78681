/**
 * Kerberos as connections and proxies use it, imported on first use and as one.
 *
 * @module
 */
export { createGssapiMechanism } from './gssapi-mechanism.js';
export { negotiateToken } from './negotiate.js';
export { KerberosTickets } from './tickets.js';
