/**
 * The principal of the mail service.
 * @module
 */
import { abortError } from '../errors/abort.js';
import { reasonOf } from '../errors/email-error.js';
import type { KerberosAuthentication } from '../model/settings/authentication.js';
import { lookUpRealm } from '../net/kdc.js';
import type { LookUpOptions } from '../net/kdc.js';
import { isIp } from '../util/ip.js';
import type { Krb5Settings } from './config/settings.js';
import { kerberosError } from './errors.js';
import { nameType, parsePrincipal } from './protocol/principal.js';
import type { Principal } from './protocol/principal.js';

/** The service for which a ticket is requested. */
export interface ServiceName {
  /** In its realm if that is known, else in the client's, whose KDC may refer to another. */
  readonly principal: Principal;
  readonly realmIsKnown: boolean;
}

/**
 * `servicePrincipal`, else `smtp/<host>`; its realm from the name, [domain_realm], or DNS if krb5.conf allows that. The
 * host is used as in the profile, without a look-up of its canonical or reverse name, which an attacker could forge in
 * DNS.
 */
export async function findServiceName(
  authentication: KerberosAuthentication,
  host: string,
  clientRealm: string,
  settings: Krb5Settings,
  dns: LookUpOptions,
): Promise<ServiceName> {
  const field = 'authentication.servicePrincipal';
  const name = host.toLowerCase().replace(/\.$/, '');
  if (authentication.servicePrincipal === undefined && isIp(name)) {
    throw kerberosError(`No service name can be derived from the IP address ${name}`, {
      remedy: `Set ${field}, for example to smtp/mail.example.com.`,
    });
  }
  const parsed = parsePrincipal(authentication.servicePrincipal ?? `smtp/${name}`, field, '');
  const serviceHost = parsed.components[1] ?? name;
  let realm: string | undefined = parsed.realm || settings.realmOf(serviceHost);
  if (realm === undefined && settings.dnsLookupRealm) {
    realm = await lookUpRealm(serviceHost, dns).catch((cause: unknown) => {
      if (dns.signal.aborted) throw abortError(dns.signal);
      throw kerberosError(`The realm of ${serviceHost} cannot be found: ${reasonOf(cause)}`, {
        cause,
        retryable: true,
        remedy: 'Map the host to its realm in [domain_realm] of krb5.conf, or set dns_lookup_realm = false.',
      });
    });
  }
  return {
    principal: { type: nameType.hostService, components: parsed.components, realm: realm ?? clientRealm },
    realmIsKnown: realm !== undefined,
  };
}
