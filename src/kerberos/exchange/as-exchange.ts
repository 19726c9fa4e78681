/**
 * The AS exchange (RFC 4120 section 3.1): gets a ticket-granting ticket by password or keytab.
 * @module
 */
import { atServer } from '../../errors/email-error.js';
import { randomInt } from 'node:crypto';
import { showText } from '../../util/show.js';
import { typeOfKey, describeType, encryptionType } from '../crypto/encryption-types.js';
import type { EncryptionKey } from '../crypto/encryption-type.js';
import { requireEqual } from '../crypto/encryption-type.js';
import type { KeytabEntry } from '../credentials/keytab.js';
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
import { correcting, kdcTime, momentOf } from './clock.js';
import type { Clock } from './clock.js';
import { errorCode, krbErrorInWords } from './kdc-errors.js';
import { askRealm } from './kdc-client.js';
import type { KdcAccess } from './kdc-client.js';

/** The secret of a client: its password, or keys made from it. */
export type ClientSecret =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'keytab'; readonly file: string; readonly entries: readonly KeytabEntry[] };

/**
 * The most requests of an exchange: the first, one with pre-authentication, one with a corrected clock, one per further
 * realm.
 */
const maxRounds = 8;
/**
 * Limits of the iteration count from a KDC that is not authenticated. With fewer iterations the password could be
 * guessed; more would waste this machine's time.
 */
const minIterations = 4096;
const maxIterations = 1_000_000;
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
  readonly #secret: ClientSecret;
  /** Types to request. Those with a key come first, so that the KDC chooses one of them for its reply. */
  readonly #types: readonly number[];
  /** Types for which there is a key, or for which a key can be made from the password. */
  readonly #ownTypes: ReadonlySet<number>;
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
    this.#secret = secret;
    this.#canonicalize = access.settings.canonicalize || client.type === nameType.enterprise;
    this.#mayCorrectClock = access.settings.kdcTimesync;
    this.#sender = `the KDC of ${showText(client.realm, 200)}`;
    const permitted = access.settings.asTypes;
    const own = permitted.filter(
      (type) => secret.kind === 'password' || secret.entries.some((entry) => entry.key.type === type),
    );
    this.#ownTypes = new Set(own);
    // The other types are for the session key and the ticket, for which the KDC may have no key of these types (RFC
    // 4120 section 3.1.3).
    this.#types = [...own, ...permitted.filter((type) => !this.#ownTypes.has(type))];
    if (own.length > 0) return;
    const has = secret.kind === 'keytab' ? secret.entries.map(({ key }) => describeType(key.type)).join(', ') : '';
    throw kerberosError(`${this.#source} has no key of a type that krb5.conf permits, only ${has}`, {
      remedy:
        `Export the keytab anew with a key of ${permitted.map(describeType).join(' or ')}, or name its types in ` +
        'permitted_enctypes of krb5.conf (RC4: allow_rc4 = true).',
    });
  }

  get #source(): string {
    return this.#secret.kind === 'password' ? 'the password' : `the keytab ${showText(this.#secret.file, 200)}`;
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
    throw kerberosError(`${this.#sender} did not come to an end within ${maxRounds} requests`);
  }

  #request(nonce: number): Buffer {
    const body = encodeRequestBody({
      options: this.#canonicalize ? kdcOption.canonicalize : 0,
      client: this.#client,
      server: this.#service,
      till: kdcTime(this.#clock) + dayMs,
      nonce,
      encryptionTypes: this.#types,
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
        this.#key = await this.#longTermKey(this.#typeFor(this.#keyInfo) ?? this.#noKeyInCommon(error));
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

  /** The type for pre-authentication, out of the KDC's list; the first of our own if it gives none. */
  #typeFor(offered: readonly KeyInfo[]): number | undefined {
    if (offered.length === 0) return this.#types[0];
    return offered.find(({ type }) => this.#ownTypes.has(type))?.type;
  }

  /** The error if the KDC only has keys of the client that are missing here or not permitted. */
  #noKeyInCommon(error: KrbError): never {
    const wanted = this.#keyInfo.find(({ type }) => this.#types.includes(type));
    if (wanted === undefined || this.#secret.kind === 'password')
      throw this.#refusal({ ...error, code: 14, text: undefined });
    throw this.#keyMissing(wanted.type);
  }

  #keyMissing(type: number): Error {
    return kerberosError(`${this.#source} has no key of ${describeType(type)}, which ${this.#sender} uses`, {
      remedy: `Export the keytab anew, with all keys of ${formatPrincipal(this.#client)} (ktadd, or ktpass with /crypto All).`,
    });
  }

  #refusal(error: KrbError): Error {
    const client = formatPrincipal(this.#client);
    const service = formatPrincipal(this.#service);
    return krbErrorInWords(error, {
      request: `a ticket for ${client}`,
      client,
      service,
      source: this.#source,
      sender: this.#sender,
    });
  }

  /** The client's key of this type, from the password by the KDC's instructions, or from the keytab. */
  async #longTermKey(type: number): Promise<EncryptionKey> {
    if (this.#secret.kind === 'keytab') {
      const entry = this.#secret.entries.find(({ key }) => key.type === type);
      if (entry !== undefined) return entry.key;
      throw this.#keyMissing(type);
    }
    const algorithm = encryptionType(type);
    if (algorithm === undefined)
      throw kerberosError(`${this.#sender} uses ${describeType(type)}, which is not supported`);
    const info = this.#keyInfo.find((entry) => entry.type === type);
    const salt = info?.salt ?? Buffer.from(this.#client.realm + this.#client.components.join(''), 'utf8');
    const value = await algorithm.stringToKey(
      this.#secret.password,
      salt,
      this.#iterations(algorithm.defaultIterations, info?.parameters),
    );
    return { type, value };
  }

  #iterations(otherwise: number | undefined, parameters: Buffer | undefined): number {
    if (otherwise === undefined || parameters === undefined) return otherwise ?? 0;
    const count = parameters.length === 4 ? parameters.readUInt32BE() : 0;
    if (count >= minIterations && count <= maxIterations) return count;
    throw kerberosError(
      `${this.#sender} wants the key made with ${count} iterations; between ${minIterations} and ${maxIterations} are accepted`,
      {
        remedy: 'Have the password set anew on the KDC, with its default string-to-key parameters.',
      },
    );
  }

  async #accept(request: Buffer, nonce: number, message: Buffer, source: string): Promise<KerberosTicket> {
    const reply = readingFrom(source, () => readKdcReply(message, messageType.asReply));
    const type = reply.encrypted.type;
    if (!this.#types.includes(type)) {
      throw kerberosError(`${this.#sender} answered with ${describeType(type)}, which was not asked for`, {
        remedy: 'Permit the type in krb5.conf, if it is strong enough.',
      });
    }
    if (this.#key?.type !== type) {
      const info = readingFrom(source, () => readKeyInfo(reply.preAuthentication));
      if (info.length > 0) this.#keyInfo = info;
      this.#key = await this.#longTermKey(type);
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
        `${this.#source} is wrong for ${formatPrincipal(this.#client)}: ${source} does not decrypt with it`,
        {
          remedy: 'Check the password; a keytab has to be exported anew after each change of the password.',
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
          'Write authentication.principal as the KDC has it, the realm in upper case as a rule, or set ' +
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
      requireEqual(readChecksum(proof.value).value, expected, 'the request was changed on its way to the KDC');
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
