/**
 * The one lazily loaded entry to Kerberos, for connections and proxies.
 * @module
 */
export { createGssapiMechanism } from './gssapi-mechanism.js';
export { negotiateToken } from './negotiate.js';
export { KerberosTickets } from './tickets.js';
