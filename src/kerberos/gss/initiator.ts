/**
 * The client's side of a GSS-API context with Kerberos (RFC 4121).
 * @module
 */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import type { ChannelBinding } from '../../model/sasl.js';
import type { KerberosTicket } from '../credentials/ticket.js';
import type { EncryptionKey } from '../crypto/encryption-type.js';
import { describeType, typeOfKey } from '../crypto/encryption-types.js';
import { MalformedError } from '../errors.js';
import { momentOf } from '../exchange/clock.js';
import type { Clock } from '../exchange/clock.js';
import { encodeApRequest, keyUsage } from '../protocol/messages.js';
import type { Moment } from '../protocol/messages.js';
import { readApReply, readKrbError } from '../protocol/replies.js';
import type { KrbError } from '../protocol/replies.js';
import { frame, tokenId, unframe } from './token.js';
import { unwrap, wrap } from './wrap.js';
import type { WrapContext } from './wrap.js';

/** Mutual authentication, replay and sequence detection, integrity (RFC 4121 section 4.1.1.1). */
const contextFlags = 0x02 | 0x04 | 0x08 | 0x20;
/** The checksum type of GSS-API's authenticator. */
const gssChecksum = 0x8003;

/** The client's side of a GSS-API context with Kerberos (RFC 4121): one AP-REQ, one AP-REP, then wrapped messages. */
export class GssInitiator {
  readonly #ticket: KerberosTicket;
  readonly #now: Moment;
  readonly #subkey: EncryptionKey;
  #sendNumber: number;
  #receiveNumber = 0;
  #context: WrapContext | undefined;

  constructor(ticket: KerberosTicket, clock: Clock) {
    this.#ticket = ticket;
    this.#now = momentOf(clock);
    this.#subkey = { type: ticket.key.type, value: randomBytes(typeOfKey(ticket.key).keyBytes) };
    this.#sendNumber = randomInt(2 ** 30);
  }

  /** The first token: the ticket, with a proof of its ownership. */
  request(binding: ChannelBinding | undefined): Buffer {
    const authenticator = {
      client: this.#ticket.client,
      now: this.#now,
      checksum: { type: gssChecksum, value: encodeChecksum(binding) },
      subkey: this.#subkey,
      sequenceNumber: this.#sendNumber,
    };
    return frame(
      tokenId.apRequest,
      encodeApRequest(this.#ticket.der, this.#ticket.key, keyUsage.apRequestAuthenticator, authenticator, true),
    );
  }

  /** Reads the service's answer: its proof, or its KRB-ERROR, which is returned. MalformedError otherwise. */
  reply(token: Uint8Array, permittedTypes: readonly number[]): KrbError | undefined {
    const { id, body } = unframe(token);
    if (id === tokenId.error) return readKrbError(body);
    if (id !== tokenId.apReply) throw new MalformedError(`token 0x${id.toString(16)} instead of AP-REP`);
    const part = readApReply(body, this.#ticket.key, keyUsage.apReply);
    if (part.seconds !== this.#now.seconds || part.microseconds !== this.#now.microseconds)
      throw new MalformedError('it answers another request');
    if (part.subkey !== undefined && !permittedTypes.includes(part.subkey.type)) {
      throw new MalformedError(`its key is of ${describeType(part.subkey.type)}, which krb5.conf does not permit`);
    }
    this.#context = { key: part.subkey ?? this.#subkey, acceptorSubkey: part.subkey !== undefined };
    this.#receiveNumber = part.sequenceNumber;
    return undefined;
  }

  wrap(message: Uint8Array): Buffer {
    return wrap(this.#established(), this.#sendNumber++, message);
  }

  unwrap(token: Uint8Array): Buffer {
    return unwrap(this.#established(), this.#receiveNumber++, token);
  }

  #established(): WrapContext {
    if (this.#context === undefined) throw new MalformedError('the service has not proved its identity');
    return this.#context;
  }
}

/** The 0x8003 checksum: the channel's hash, and the flags (RFC 4121 section 4.1.1). */
function encodeChecksum(binding: ChannelBinding | undefined): Buffer {
  const checksum = Buffer.alloc(24);
  checksum.writeUInt32LE(16, 0);
  if (binding !== undefined) channelHash(binding).copy(checksum, 4);
  checksum.writeUInt32LE(contextFlags, 20);
  return checksum;
}

/**
 * MD5 over gss_channel_bindings with no addresses (RFC 4121 section 4.1.1.2); the data is prefixed as RFC 5056 section
 * 2.1 has it.
 */
function channelHash(binding: ChannelBinding): Buffer {
  const data = Buffer.concat([Buffer.from(`${binding.type}:`), binding.data]);
  const header = Buffer.alloc(20);
  header.writeUInt32LE(data.length, 16);
  return createHash('md5').update(header).update(data).digest();
}
