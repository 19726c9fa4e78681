/** Kerberos as connections use it, imported on first use and as one. */
export { createGssapiMechanism } from './gssapi-mechanism.js';
export { KerberosTickets } from './tickets.js';
