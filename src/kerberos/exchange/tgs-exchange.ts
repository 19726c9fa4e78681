/**
 * The TGS exchange (RFC 4120 section 3.3): gets service tickets, through other realms if necessary.
 * @module
 */
import { atServer } from '../../errors/email-error.js';
import { randomInt } from 'node:crypto';
import { describeType, typeOfKey } from '../crypto/encryption-types.js';
import type { KerberosTicket } from '../credentials/ticket.js';
import { kerberosError, MalformedError, readingFrom } from '../errors.js';
import { applicationOf } from '../protocol/asn1.js';
import {
  encodeApRequest,
  encodeKdcRequest,
  encodeRequestBody,
  kdcOption,
  keyUsage,
  messageType,
  paType,
} from '../protocol/messages.js';
import { formatPrincipal, grantedRealm, samePrincipal, ticketGrantingService } from '../protocol/principal.js';
import type { Principal } from '../protocol/principal.js';
import { decrypt, readKdcReply, readKdcReplyPart, readKrbError } from '../protocol/replies.js';
import { showText } from '../../util/show.js';
import { correcting, kdcTime, momentOf } from './clock.js';
import type { Clock } from './clock.js';
import { errorCode, krbErrorInWords } from './kdc-errors.js';
import { askRealm } from './kdc-client.js';
import type { KdcAccess } from './kdc-client.js';
import type { ServiceName } from '../service-name.js';

/** The most realms on the way to one service ticket. */
const maxRealms = 10;
const dayMs = 86_400_000;

/**
 * Gets a ticket for `service` by TGS exchanges (RFC 4120 section 3.3). They lead through other realms if the service is
 * in another one, or if a KDC refers to one (RFC 6806 section 8). No realm is queried twice. ERR_KERBEROS, or the
 * signal's reason.
 */
export async function getServiceTicket(
  access: KdcAccess,
  clock: Clock,
  tgt: KerberosTicket,
  service: ServiceName,
): Promise<KerberosTicket> {
  const { principal, realmIsKnown } = service;
  const visited = new Set<string>();
  let current = tgt;
  while (visited.size < maxRealms) {
    const realm = grantedRealm(current.server) ?? current.server.realm;
    if (visited.has(realm)) {
      const circle = [...visited, realm].map((name) => showText(name, 100)).join(', ');
      throw kerberosError(`The KDCs refer in a circle for ${formatPrincipal(principal)}: ${circle}`, {
        remedy:
          'Map the host to its realm in [domain_realm] of krb5.conf, or name the realm in authentication.servicePrincipal.',
      });
    }
    visited.add(realm);
    const wanted =
      realmIsKnown && realm !== principal.realm
        ? ticketGrantingService(principal.realm, realm)
        : { ...principal, realm };
    const ticket = await exchange(access, clock, current, wanted, kdcOption.canonicalize);
    if (grantedRealm(ticket.server) === undefined) return ticket;
    current = ticket;
  }
  throw kerberosError(`The path to ${formatPrincipal(principal)} leads through more than ${maxRealms} realms`, {
    remedy: 'Name the realm in authentication.servicePrincipal.',
  });
}

/** The same ticket-granting ticket with a later end (RFC 4120 section 3.3.3.1). */
export function renewTicket(access: KdcAccess, clock: Clock, tgt: KerberosTicket): Promise<KerberosTicket> {
  return exchange(access, clock, tgt, tgt.server, kdcOption.renew);
}

/** Gets one ticket from one KDC. If the clock is wrong, requests it again with the KDC's time. */
function exchange(
  access: KdcAccess,
  clock: Clock,
  tgt: KerberosTicket,
  server: Principal,
  options: number,
): Promise<KerberosTicket> {
  return correcting(clock, () => askForTicket(access, clock, tgt, server, options));
}

async function askForTicket(
  access: KdcAccess,
  clock: Clock,
  tgt: KerberosTicket,
  server: Principal,
  options: number,
): Promise<KerberosTicket> {
  let mayCorrectClock = access.settings.kdcTimesync;
  const realm = server.realm;
  for (;;) {
    const nonce = randomInt(1, 2 ** 31 - 1);
    const request = encodeTgsRequest(access, clock, tgt, { server, options, nonce });
    const { message: reply, sender, server: kdc } = await askRealm(access, realm, request);
    const reading = <T>(read: () => T): T => {
      try {
        return readingFrom(`The reply of ${sender}`, read);
      } catch (error) {
        throw atServer(error, kdc);
      }
    };
    const isError = reading(() => applicationOf(reply)) === messageType.error;
    if (!isError) return reading(() => accept(access, tgt, server, nonce, reply));
    const error = reading(() => readKrbError(reply));
    if (error.code === errorCode.skew && mayCorrectClock) {
      mayCorrectClock = false;
      clock.offsetMs = error.serverTime - clock.systemTime();
      continue;
    }
    const service = formatPrincipal(server);
    const client = formatPrincipal(tgt.client);
    const subject = { request: `a ticket for ${service}`, client, service, source: 'the ticket', sender };
    throw atServer(krbErrorInWords(error, subject), kdc);
  }
}

function encodeTgsRequest(
  access: KdcAccess,
  clock: Clock,
  tgt: KerberosTicket,
  { server, options, nonce }: { readonly server: Principal; readonly options: number; readonly nonce: number },
): Buffer {
  const algorithm = typeOfKey(tgt.key);
  const body = encodeRequestBody({
    options,
    server,
    till: kdcTime(clock) + dayMs,
    nonce,
    encryptionTypes: access.settings.tgsTypes,
  });
  const checksum = {
    type: algorithm.checksumType,
    value: algorithm.checksum(tgt.key.value, keyUsage.tgsRequestChecksum, body),
  };
  const authenticator = { client: tgt.client, now: momentOf(clock), checksum };
  const request = encodeApRequest(tgt.der, tgt.key, keyUsage.tgsRequestAuthenticator, authenticator, false);
  return encodeKdcRequest(messageType.tgsRequest, body, [{ type: paType.tgsRequest, value: request }]);
}

/**
 * Does the reply belong to this request? A KDC may return another name of the service, or refer to a realm, but must
 * not change the client.
 */
function accept(
  access: KdcAccess,
  tgt: KerberosTicket,
  server: Principal,
  nonce: number,
  message: Buffer,
): KerberosTicket {
  const reply = readKdcReply(message, messageType.tgsReply);
  const part = readKdcReplyPart(decrypt(reply.encrypted, tgt.key, keyUsage.tgsReply));
  if (part.nonce !== nonce) throw new MalformedError('it answers another request');
  if (!samePrincipal(reply.client, tgt.client)) throw new MalformedError('its ticket is for another client');
  if (!samePrincipal(part.server, reply.ticket.server))
    throw new MalformedError('its ticket is for another service than it says');
  const wantsGranting = grantedRealm(server) !== undefined;
  if (part.server.realm !== server.realm || (wantsGranting && grantedRealm(part.server) === undefined)) {
    throw new MalformedError('its ticket is for another service');
  }
  if (!access.settings.permittedTypes.includes(part.key.type)) {
    throw new MalformedError(`its session key is of ${describeType(part.key.type)}, which krb5.conf does not permit`);
  }
  return {
    client: reply.client,
    server: part.server,
    der: reply.ticket.der,
    key: part.key,
    startTime: part.startTime,
    endTime: part.endTime,
    renewTill: part.renewTill,
    flags: part.flags,
    encryptionTypes: [...tgt.encryptionTypes, part.key.type, reply.ticket.encryptionType],
  };
}
