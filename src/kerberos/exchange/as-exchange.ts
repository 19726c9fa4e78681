/**
 * The AS exchange (RFC 4120 section 3.1): gets a ticket-granting ticket by password or keytab.
 * @module
 */
import { atServer } from '../../errors/email-error.js';
import { randomInt } from 'node:crypto';
import { showText } from '../../util/show.js';
import { typeOfKey, describeType } from '../crypto/encryption-types.js';
import type { EncryptionKey } from '../crypto/encryption-type.js';
import { requireEqual } from '../crypto/encryption-type.js';
import type { KerberosTicket } from '../credentials/ticket.js';
import { kerberosError, MalformedError, readingFrom } from '../errors.js';
import { applicationOf } from '../protocol/asn1.js';
import {
  encodeKdcRequest,
  encodeRequestBody,
  encodeTimestamp,
  kdcOption,
  keyUsage,
  messageType,
  paType,
  ticketFlag,
} from '../protocol/messages.js';
import type { PreAuthentication } from '../protocol/messages.js';
import { formatPrincipal, nameType, samePrincipal, ticketGrantingService } from '../protocol/principal.js';
import type { Principal } from '../protocol/principal.js';
import {
  decrypt,
  readChecksum,
  readKdcReply,
  readKdcReplyPart,
  readKeyInfo,
  readKrbError,
  readMethodData,
} from '../protocol/replies.js';
import type { EncryptedData, KdcReply, KdcReplyPart, KeyInfo, KrbError } from '../protocol/replies.js';
import { ClientKeys, type ClientSecret, type KeyRequest } from './client-keys.js';
import { correcting, kdcTime, momentOf } from './clock.js';
import type { Clock } from './clock.js';
import { errorCode, krbErrorInWords } from './kdc-errors.js';
import { askRealm } from './kdc-client.js';
import type { KdcAccess } from './kdc-client.js';

/**
 * The most requests of an exchange: the first, one with pre-authentication, one with a corrected clock, one per further
 * realm.
 */
const maxRounds = 8;
const dayMs = 86_400_000;

/**
 * Gets a ticket-granting ticket by the AS exchange (RFC 4120 section 3.1). Sends an encrypted timestamp if the KDC
 * requires one (section 5.2.7.2), returns its cookie (RFC 6113 section 5.2), and corrects a wrong clock once.
 * ERR_KERBEROS, or the signal's reason.
 */
export function getTicketGrantingTicket(
  access: KdcAccess,
  clock: Clock,
  client: Principal,
  secret: ClientSecret,
): Promise<KerberosTicket> {
  return correcting(clock, () => new AsExchange(access, clock, client, secret).run());
}

/** A request, needed to check its reply. */
interface Asked {
  readonly request: Buffer;
  readonly nonce: number;
  readonly key: EncryptionKey;
  /** The name of the reply in errors. */
  readonly source: string;
}

class AsExchange {
  readonly #access: KdcAccess;
  readonly #clock: Clock;
  readonly #keys: ClientKeys;
  /** The KDC that answered last. */
  #sender: string;
  #server: string | undefined;
  readonly #canonicalize: boolean;
  #client: Principal;
  /** The KDC's instructions for making keys; otherwise the defaults. */
  #keyInfo: readonly KeyInfo[] = [];
  #key: EncryptionKey | undefined;
  #cookie: Uint8Array | undefined;
  #mayCorrectClock: boolean;

  constructor(access: KdcAccess, clock: Clock, client: Principal, secret: ClientSecret) {
    this.#access = access;
    this.#clock = clock;
    this.#client = client;
    this.#keys = new ClientKeys(secret, access.settings.asTypes);
    this.#canonicalize = access.settings.canonicalize || client.type === nameType.enterprise;
    this.#mayCorrectClock = access.settings.kdcTimesync;
    this.#sender = `the KDC of ${showText(client.realm, 200)}`;
  }

  get #keyRequest(): KeyRequest {
    return { client: this.#client, sender: this.#sender, keyInfo: this.#keyInfo };
  }

  get #service(): Principal {
    return ticketGrantingService(this.#client.realm, this.#client.realm);
  }

  /** Runs the exchange. An error caused by a KDC names its host and port. */
  async run(): Promise<KerberosTicket> {
    try {
      return await this.#run();
    } catch (error) {
      throw atServer(error, this.#server);
    }
  }

  async #run(): Promise<KerberosTicket> {
    for (let round = 0; round < maxRounds; round++) {
      const nonce = randomInt(1, 2 ** 31 - 1);
      const request = this.#request(nonce);
      const { message: reply, sender, server } = await askRealm(this.#access, this.#client.realm, request);
      this.#sender = sender;
      this.#server = server;
      const source = `The reply of ${sender}`;
      if (readingFrom(source, () => applicationOf(reply)) !== messageType.error)
        return this.#accept(request, nonce, reply, source);
      await this.#react(
        readingFrom(source, () => readKrbError(reply)),
        source,
      );
    }
    throw kerberosError(`${this.#sender} did not finish within ${maxRounds} requests`);
  }

  #request(nonce: number): Buffer {
    const body = encodeRequestBody({
      options: this.#canonicalize ? kdcOption.canonicalize : 0,
      client: this.#client,
      server: this.#service,
      till: kdcTime(this.#clock) + dayMs,
      nonce,
      encryptionTypes: this.#keys.types,
    });
    const data: PreAuthentication[] = [];
    if (this.#key !== undefined)
      data.push({ type: paType.timestamp, value: encodeTimestamp(this.#key, momentOf(this.#clock)) });
    if (this.#cookie !== undefined) data.push({ type: paType.cookie, value: this.#cookie });
    data.push({ type: paType.requestEncPaRep, value: Buffer.alloc(0) });
    return encodeKdcRequest(messageType.asRequest, body, data);
  }

  /** Prepares the next round, or throws the KDC's refusal. */
  async #react(error: KrbError, source: string): Promise<void> {
    const data = error.data;
    if (error.code === errorCode.preAuthenticationRequired && this.#key === undefined && data !== undefined) {
      const offered = readingFrom(source, () => readMethodData(data));
      this.#keyInfo = readingFrom(source, () => readKeyInfo(offered));
      this.#cookie = offered.find((pa) => pa.type === paType.cookie)?.value;
      if (offered.some((pa) => pa.type === paType.timestamp)) {
        this.#key = await this.#keys.keyOf(
          this.#keys.typeFor(this.#keyInfo) ?? this.#noKeyInCommon(error),
          this.#keyRequest,
        );
        return;
      }
    }
    if (error.code === errorCode.skew && this.#mayCorrectClock) {
      this.#mayCorrectClock = false;
      this.#clock.offsetMs = error.serverTime - this.#clock.systemTime();
      return;
    }
    const realm = error.clientRealm;
    if (
      error.code === errorCode.wrongRealm &&
      this.#canonicalize &&
      realm !== undefined &&
      realm !== '' &&
      realm !== this.#client.realm
    ) {
      this.#client = { ...this.#client, realm };
      this.#key = undefined;
      this.#cookie = undefined;
      this.#keyInfo = [];
      return;
    }
    throw this.#refusal(error);
  }

  /** The error if the KDC only has keys of the client that are missing here or not permitted. */
  #noKeyInCommon(error: KrbError): never {
    const wanted = this.#keyInfo.find(({ type }) => this.#keys.types.includes(type));
    if (wanted === undefined || !this.#keys.isKeytab) throw this.#refusal({ ...error, code: 14, text: undefined });
    throw this.#keys.missing(wanted.type, this.#keyRequest);
  }

  #refusal(error: KrbError): Error {
    const client = formatPrincipal(this.#client);
    const service = formatPrincipal(this.#service);
    return krbErrorInWords(
      { ...error, text: this.#keys.hidden(error.text) },
      {
        request: `a ticket for ${client}`,
        client,
        service,
        source: this.#keys.source,
        sender: this.#sender,
      },
    );
  }

  async #accept(request: Buffer, nonce: number, message: Buffer, source: string): Promise<KerberosTicket> {
    const reply = readingFrom(source, () => readKdcReply(message, messageType.asReply));
    const type = reply.encrypted.type;
    if (!this.#keys.types.includes(type)) {
      throw kerberosError(`${this.#sender} answered with ${describeType(type)}, which was not asked for`, {
        remedy: 'If this type is strong enough, permit it in krb5.conf.',
      });
    }
    if (this.#key?.type !== type) {
      const info = readingFrom(source, () => readKeyInfo(reply.preAuthentication));
      if (info.length > 0) this.#keyInfo = info;
      this.#key = await this.#keys.keyOf(type, this.#keyRequest);
    }
    const key = this.#key;
    const plain = this.#decrypt(reply.encrypted, key, source);
    const part = readingFrom(source, () => readKdcReplyPart(plain));
    return readingFrom(source, () => this.#verify({ request, nonce, key, source }, reply, part));
  }

  /** If the KDC required no pre-authentication, a wrong password is detected here. */
  #decrypt(encrypted: EncryptedData, key: EncryptionKey, source: string): Buffer {
    try {
      return decrypt(encrypted, key, keyUsage.asReply);
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
      throw kerberosError(
        `${this.#keys.source} is wrong for ${formatPrincipal(this.#client)}: ${source} does not decrypt with it`,
        {
          remedy: 'Check the password; a keytab must be exported again after each change of the password.',
        },
      );
    }
  }

  /**
   * The ticket of a reply that belongs to this request (RFC 4120 section 3.1.5, RFC 6806 section 11); a MalformedError
   * otherwise.
   */
  #verify({ request, nonce, key, source }: Asked, { client, ticket }: KdcReply, part: KdcReplyPart): KerberosTicket {
    const { permittedTypes, kdcTimesync, clockSkewMs } = this.#access.settings;
    if (part.nonce !== nonce) throw new MalformedError('it answers another request');
    if (!this.#canonicalize && !samePrincipal(client, this.#client)) {
      throw kerberosError(`${source} is for ${formatPrincipal(client)}, not for ${formatPrincipal(this.#client)}`, {
        remedy:
          'Write authentication.principal exactly as in the KDC, the realm usually in upper case, or set ' +
          'canonicalize = true in krb5.conf.',
      });
    }
    const wanted = ticketGrantingService(client.realm, client.realm);
    if (!samePrincipal(part.server, wanted) || !samePrincipal(ticket.server, wanted))
      throw new MalformedError('its ticket is for another service');
    if (!permittedTypes.includes(part.key.type)) {
      throw new MalformedError(`its session key is of ${describeType(part.key.type)}, which krb5.conf does not permit`);
    }
    if (part.flags & ticketFlag.encPaRep) {
      const proof = part.preAuthentication.find((pa) => pa.type === paType.requestEncPaRep);
      if (proof === undefined) throw new MalformedError('the checksum of the request is missing');
      const expected = typeOfKey(key).checksum(key.value, keyUsage.asRequest, request);
      requireEqual(readChecksum(proof.value).value, expected, 'the request was changed before it reached the KDC');
    }
    const ahead = part.authTime - this.#clock.systemTime();
    if (kdcTimesync) this.#clock.offsetMs = ahead;
    else if (Math.abs(ahead) > clockSkewMs) {
      throw kerberosError(
        `The clock of this machine differs by ${Math.round(Math.abs(ahead) / 1000)} s from that of ${this.#sender}`,
        {
          remedy: 'Set the clock of this machine (NTP), or set kdc_timesync = true in krb5.conf.',
        },
      );
    }
    return {
      client,
      server: part.server,
      der: ticket.der,
      key: part.key,
      startTime: part.startTime,
      endTime: part.endTime,
      renewTill: part.renewTill,
      flags: part.flags,
      encryptionTypes: [key.type, part.key.type, ticket.encryptionType],
    };
  }
}
