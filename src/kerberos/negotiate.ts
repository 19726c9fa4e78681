/**
 * Kerberos tokens for HTTP proxies that require Negotiate (RFC 4559).
 * @module
 */
import type { KerberosAuthentication } from '../model/settings/authentication.js';
import type { NegotiateRequest } from '../net/proxy/http-authentication.js';
import { GssInitiator } from './gss/initiator.js';
import { negTokenInit } from './gss/spnego.js';
import type { KerberosTickets } from './tickets.js';

/**
 * A token for `HTTP/<host>`: by the principal and password of the request, else by the tickets of the default cache.
 * Without a realm, the default realm of krb5.conf is used. ERR_KERBEROS, or the signal's reason.
 */
export async function negotiateToken(tickets: KerberosTickets, request: NegotiateRequest): Promise<Buffer> {
  const { host, credentials, channelBinding, signal } = request;
  const authentication: KerberosAuthentication = {
    method: 'kerberos',
    servicePrincipal: `HTTP/${host.toLowerCase().replace(/\.$/, '')}`,
    ...(credentials === undefined ? {} : { principal: principalOf(credentials.username) }),
    ...(credentials === undefined || credentials.password === '' ? {} : { password: credentials.password }),
  };
  const { ticket, clock, accepted } = await tickets.present(authentication, host, signal);
  // The proxy's answer to the token is ignored: TLS with the mail server, inside the tunnel, authenticates the server.
  accepted();
  return negTokenInit(new GssInitiator(ticket, clock).request(channelBinding));
}

/** `DOMAIN\\user`, the Windows form, means `user@DOMAIN`. */
function principalOf(username: string): string {
  const [, domain, user] = /^([^\\@]+)\\([^\\@]+)$/.exec(username) ?? [];
  return domain === undefined || user === undefined ? username : `${user}@${domain.toUpperCase()}`;
}
