/**
 * Tickets in memory, shared by all connections of a mailer.
 * @module
 */
import { BoundedMap } from '../async/bounded-map.js';
import { SharedWork } from '../async/shared-work.js';
import type { KerberosAuthentication } from '../model/settings/authentication.js';
import { asBuffer } from '../util/bytes.js';
import { readKrb5Conf } from './config/read-krb5-conf.js';
import { krb5Settings } from './config/settings.js';
import type { CredentialCache } from './credentials/ccache.js';
import { Identities } from './credentials/identity.js';
import type { Identity } from './credentials/identity.js';
import type { KerberosTicket } from './credentials/ticket.js';
import { kerberosError } from './errors.js';
import { getTicketGrantingTicket } from './exchange/as-exchange.js';
import { kdcTime } from './exchange/clock.js';
import type { Clock } from './exchange/clock.js';
import type { KdcAccess } from './exchange/kdc-client.js';
import { errorCode, krbCodeOf } from './exchange/kdc-errors.js';
import { getServiceTicket, renewTicket } from './exchange/tgs-exchange.js';
import { ticketFlag } from './protocol/messages.js';
import { formatPrincipal, samePrincipal, ticketGrantingService } from './protocol/principal.js';
import { findServiceName } from './service-name.js';
import type { ServiceName } from './service-name.js';

/** Options for tests, and for networks with their own DNS. */
export interface KerberosTicketsOptions {
  /** Milliseconds since 1970; default `Date.now`. */
  readonly systemTime?: (() => number) | undefined;
  /** Milliseconds since some moment, whether or not the time of the machine is set; default `performance.now`. */
  readonly elapsedTime?: (() => number) | undefined;
  /** Time limit of one exchange with one KDC; default 10 000. */
  readonly exchangeTimeoutMs?: number | undefined;
  /** Time limit of one exchange by UDP, before TCP is tried; default 3000. */
  readonly udpTimeoutMs?: number | undefined;
  /** DNS servers for finding KDCs and realms; default: the system's. */
  readonly dnsServers?: readonly string[] | undefined;
}

/** A service ticket to present to a service. The caller reports whether the service accepted it. */
export interface PresentedTicket {
  readonly ticket: KerberosTicket;
  readonly clock: Clock;
  /** Encryption types that the service may use in its answer. */
  readonly permittedTypes: readonly number[];
  /** Call it when the service proved that it could read the ticket. */
  readonly accepted: () => void;
  /** Call it when the service refused it: it is not presented again. */
  readonly refused: () => void;
}

/** A ticket that ends sooner than this is not used. */
const marginMs = 60_000;
/**
 * A ticket that was presented this long ago, and has not been acknowledged since, may be for a key that the service no
 * longer has.
 */
const unansweredMs = 60_000;
/** Codes with which a KDC says that a ticket-granting ticket can no longer be used. */
const wornOut: ReadonlySet<number | undefined> = new Set([
  errorCode.ticketRevoked,
  errorCode.badIntegrity,
  errorCode.ticketExpired,
  errorCode.badKeyVersion,
]);
const maxIdentities = 100;
const maxServices = 100;

interface HeldTicket {
  readonly ticket: KerberosTicket;
  unansweredSince: number | undefined;
  spent: boolean;
}

/** The tickets of one identity. */
interface Holding {
  readonly clock: Clock;
  granting: KerberosTicket | undefined;
  readonly services: BoundedMap<string, HeldTicket>;
}

/**
 * Tickets in memory, obtained on demand and again before they end: one ticket-granting ticket per identity, one ticket
 * per service for all connections, and one exchange for concurrent requests. The caller keeps this object; nothing is
 * stored elsewhere.
 */
export class KerberosTickets {
  readonly #systemTime: () => number;
  readonly #elapsedTime: () => number;
  readonly #exchangeTimeoutMs: number;
  readonly #udpTimeoutMs: number;
  readonly #dnsServers: readonly string[] | undefined;
  readonly #identities = new Identities();
  readonly #holdings = new BoundedMap<string, Holding>(maxIdentities);
  readonly #shared = new SharedWork();

  constructor(options: KerberosTicketsOptions = {}) {
    this.#systemTime = options.systemTime ?? Date.now;
    this.#elapsedTime = options.elapsedTime ?? (() => performance.now());
    this.#exchangeTimeoutMs = options.exchangeTimeoutMs ?? 10_000;
    this.#udpTimeoutMs = options.udpTimeoutMs ?? 3_000;
    this.#dnsServers = options.dnsServers;
  }

  /** A ticket for the mail service on `host`. ERR_KERBEROS, or the signal's reason. */
  async present(authentication: KerberosAuthentication, host: string, signal: AbortSignal): Promise<PresentedTicket> {
    const settings = krb5Settings(await readKrb5Conf(authentication.krb5ConfFile));
    const identity = await this.#identities.resolve(authentication, settings);
    const network = { signal, timeoutMs: this.#exchangeTimeoutMs, dnsServers: this.#dnsServers };
    const access: KdcAccess = {
      ...network,
      udpTimeoutMs: this.#udpTimeoutMs,
      settings,
      kdcs: authentication.kdc,
      kdcRealm: identity.principal.realm,
    };
    const service = await findServiceName(authentication, host, identity.principal.realm, settings, network);
    const holding = this.#holdingOf(identity, settings.kdcTimesync);
    const key = `${formatPrincipal(service.principal)} ${service.realmIsKnown}`;
    const held =
      this.#usableIn(holding, identity, service, key) ??
      (await this.#shared.run(`${identity.key} ${key}`, signal, async (shared) => {
        const ticket = await this.#fetch({ ...access, signal: shared }, holding, identity, service);
        return this.#hold(holding, key, ticket);
      }));
    held.unansweredSince ??= this.#elapsedTime();
    return {
      ticket: held.ticket,
      clock: holding.clock,
      permittedTypes: settings.permittedTypes,
      accepted: () => {
        held.unansweredSince = undefined;
      },
      refused: () => {
        held.spent = true;
      },
    };
  }

  #holdingOf(identity: Identity, kdcTimesync: boolean): Holding {
    let holding = this.#holdings.get(identity.key);
    if (holding === undefined) {
      const offsetMs =
        kdcTimesync && identity.credentials.kind === 'cache' ? identity.credentials.cache.clockOffsetMs : 0;
      const services = new BoundedMap<string, HeldTicket>(maxServices);
      holding = { clock: { offsetMs, systemTime: this.#systemTime }, granting: undefined, services };
      this.#holdings.set(identity.key, holding);
    }
    return holding;
  }

  #hold(holding: Holding, key: string, ticket: KerberosTicket): HeldTicket {
    const held: HeldTicket = { ticket, unansweredSince: undefined, spent: false };
    holding.services.set(key, held);
    return held;
  }

  /** A service ticket that can be reused: one obtained before, or one in the cache. */
  #usableIn(holding: Holding, identity: Identity, service: ServiceName, key: string): HeldTicket | undefined {
    const held = holding.services.get(key);
    const since = held?.unansweredSince;
    if (held !== undefined && since !== undefined && this.#elapsedTime() - since > unansweredMs) held.spent = true;
    if (held !== undefined && !held.spent && lasts(holding.clock, held.ticket)) return held;
    if (identity.credentials.kind !== 'cache') return undefined;
    const cached = identity.credentials.cache.tickets.find(
      (ticket) =>
        samePrincipal(ticket.client, identity.principal) &&
        samePrincipal(
          ticket.server,
          service.realmIsKnown ? service.principal : { ...service.principal, realm: ticket.server.realm },
        ) &&
        lasts(holding.clock, ticket) &&
        !(held?.spent === true && asBuffer(held.ticket.der).equals(ticket.der)),
    );
    return cached === undefined ? undefined : this.#hold(holding, key, cached);
  }

  /** Gets a service ticket from the KDC. If the ticket-granting ticket can no longer be used, gets a new one, once. */
  async #fetch(access: KdcAccess, holding: Holding, identity: Identity, service: ServiceName): Promise<KerberosTicket> {
    const before = holding.granting;
    const granting = await this.#grantingTicket(access, holding, identity);
    try {
      return await getServiceTicket(access, holding.clock, granting, service);
    } catch (error) {
      if (granting !== before || identity.credentials.kind !== 'secret' || !wornOut.has(krbCodeOf(error))) throw error;
      if (holding.granting === granting) holding.granting = undefined;
      return await getServiceTicket(
        access,
        holding.clock,
        await this.#grantingTicket(access, holding, identity),
        service,
      );
    }
  }

  async #grantingTicket(access: KdcAccess, holding: Holding, identity: Identity): Promise<KerberosTicket> {
    const { credentials, principal } = identity;
    if (credentials.kind === 'cache') return this.#grantingTicketOf(credentials.cache, access, holding, identity);
    if (holding.granting !== undefined && lasts(holding.clock, holding.granting)) return holding.granting;
    return this.#shared.run(identity.key, access.signal, async (signal) => {
      const ticket = await getTicketGrantingTicket(
        { ...access, signal },
        holding.clock,
        principal,
        await credentials.read(signal),
      );
      holding.granting = ticket;
      return ticket;
    });
  }

  /**
   * The ticket with the later end, from the cache or from a renewal. It is renewed once half its time is over, if it is
   * renewable.
   */
  async #grantingTicketOf(
    cache: CredentialCache,
    access: KdcAccess,
    holding: Holding,
    identity: Identity,
  ): Promise<KerberosTicket> {
    const wanted = ticketGrantingService(identity.principal.realm, identity.principal.realm);
    const [ticket] = [...cache.tickets, ...(holding.granting === undefined ? [] : [holding.granting])]
      .filter(
        (candidate) => samePrincipal(candidate.server, wanted) && samePrincipal(candidate.client, identity.principal),
      )
      .sort((a, b) => b.endTime - a.endTime);
    const remedy = 'Run kinit, or use a keytab or a password, with which tickets are renewed automatically.';
    if (ticket === undefined) {
      const what =
        `has no ticket-granting ticket of ${formatPrincipal(identity.principal)} whose encryption type krb5.conf ` +
        'permits';
      throw kerberosError(`The ticket cache ${cache.file} ${what}`, { remedy });
    }
    const now = kdcTime(holding.clock);
    if (ticket.endTime <= now) {
      const owner = formatPrincipal(ticket.client);
      const ended = new Date(ticket.endTime).toISOString();
      throw kerberosError(`The ticket of ${owner} in the ticket cache ${cache.file} expired at ${ended}`, { remedy });
    }
    const isDue = now - ticket.startTime > (ticket.endTime - ticket.startTime) / 2;
    if (!isDue || !(ticket.flags & ticketFlag.renewable) || (ticket.renewTill ?? 0) <= ticket.endTime) return ticket;
    return this.#shared.run(identity.key, access.signal, async (signal) => {
      try {
        holding.granting = await renewTicket({ ...access, signal }, holding.clock, ticket);
        return holding.granting;
      } catch (error) {
        // The ticket is still valid for a while. If the KDC is unavailable or refuses, the request for the service
        // ticket will fail.
        if (signal.aborted) throw error;
        return ticket;
      }
    });
  }
}

function lasts(clock: Clock, ticket: KerberosTicket): boolean {
  return ticket.endTime - marginMs > kdcTime(clock) && !(ticket.flags & ticketFlag.invalid);
}
