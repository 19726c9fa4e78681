/**
 * Encodes messages (RFC 4120 section 5): requests to the KDC and to the service.
 * @module
 */
import { bitString, context, element, generalizedTime, integer, octetString, sequence } from '../../util/der.js';
import type { EncryptionKey } from '../crypto/encryption-type.js';
import { typeOfKey } from '../crypto/encryption-types.js';
import { encodeName, encodeString } from './principal.js';
import type { Principal } from './principal.js';

/** Message types, which are the application tags as well. */
export const messageType = {
  asRequest: 10,
  asReply: 11,
  tgsRequest: 12,
  tgsReply: 13,
  apRequest: 14,
  apReply: 15,
  error: 30,
} as const;

/** Key usage numbers (RFC 4120 section 7.5.1, RFC 6806 section 11). */
export const keyUsage = {
  timestamp: 1,
  asReply: 3,
  tgsRequestChecksum: 6,
  tgsRequestAuthenticator: 7,
  tgsReply: 8,
  apRequestAuthenticator: 11,
  apReply: 12,
  asRequest: 56,
} as const;

/** Types of pre-authentication data (RFC 4120 section 7.5.2, RFC 6113, RFC 6806). */
export const paType = {
  tgsRequest: 1,
  timestamp: 2,
  etypeInfo: 11,
  etypeInfo2: 19,
  cookie: 133,
  requestEncPaRep: 149,
} as const;

/** KDC options, bit 0 the highest (RFC 4120 section 5.4.1, RFC 6806 section 3). */
export const kdcOption = { canonicalize: 0x00010000, renew: 0x00000002 } as const;

/** Ticket flags (RFC 4120 section 5.3, RFC 6806 section 11). */
export const ticketFlag = { invalid: 0x01000000, renewable: 0x00800000, encPaRep: 0x00010000 } as const;

/** AP option: the service must authenticate too. */
const mutualRequired = 0x20000000;
const protocolVersion = integer(5);

function flags(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bitString(bytes);
}

function application(number: number, ...fields: readonly Buffer[]): Buffer {
  return element(0x60 | number, sequence(...fields));
}

/** One piece of pre-authentication data. */
export interface PreAuthentication {
  readonly type: number;
  readonly value: Uint8Array;
}

/** The fields of a KDC-REQ-BODY. */
export interface KdcRequest {
  readonly options: number;
  /** Only in an AS request. */
  readonly client?: Principal | undefined;
  readonly server: Principal;
  /** Milliseconds. */
  readonly till: number;
  readonly nonce: number;
  readonly encryptionTypes: readonly number[];
}

/** KDC-REQ-BODY. */
export function encodeRequestBody(request: KdcRequest): Buffer {
  return sequence(
    context(0, flags(request.options)),
    ...(request.client === undefined ? [] : [context(1, encodeName(request.client))]),
    context(2, encodeString(request.server.realm)),
    context(3, encodeName(request.server)),
    context(5, generalizedTime(new Date(request.till))),
    context(7, integer(request.nonce)),
    context(8, sequence(...request.encryptionTypes.map((type) => integer(type)))),
  );
}

/** AS-REQ or TGS-REQ around an encoded body. */
export function encodeKdcRequest(type: 10 | 12, body: Buffer, preAuthentication: readonly PreAuthentication[]): Buffer {
  const data = preAuthentication.map((pa) => sequence(context(1, integer(pa.type)), context(2, octetString(pa.value))));
  return application(
    type,
    context(1, protocolVersion),
    context(2, integer(type)),
    context(3, sequence(...data)),
    context(4, body),
  );
}

/** EncryptedData. */
function encodeEncrypted(key: EncryptionKey, usage: number, plain: Uint8Array): Buffer {
  return sequence(
    context(0, integer(key.type)),
    context(2, octetString(typeOfKey(key).encrypt(key.value, usage, plain))),
  );
}

/** A time in Kerberos: seconds and microseconds. */
export interface Moment {
  /** Milliseconds, whole seconds. */
  readonly seconds: number;
  readonly microseconds: number;
}

/** The value of PA-ENC-TIMESTAMP: the client's time under its long-term key. */
export function encodeTimestamp(key: EncryptionKey, now: Moment): Buffer {
  const stamp = sequence(context(0, generalizedTime(new Date(now.seconds))), context(1, integer(now.microseconds)));
  return encodeEncrypted(key, keyUsage.timestamp, stamp);
}

/** The fields of an authenticator. */
export interface Authenticator {
  readonly client: Principal;
  readonly now: Moment;
  readonly checksum: { readonly type: number; readonly value: Uint8Array };
  readonly subkey?: EncryptionKey | undefined;
  readonly sequenceNumber?: number | undefined;
}

function encodeAuthenticator(authenticator: Authenticator): Buffer {
  const { client, now, checksum, subkey, sequenceNumber } = authenticator;
  return application(
    2,
    context(0, protocolVersion),
    context(1, encodeString(client.realm)),
    context(2, encodeName(client)),
    context(3, sequence(context(0, integer(checksum.type)), context(1, octetString(checksum.value)))),
    context(4, integer(now.microseconds)),
    context(5, generalizedTime(new Date(now.seconds))),
    ...(subkey === undefined
      ? []
      : [context(6, sequence(context(0, integer(subkey.type)), context(1, octetString(subkey.value))))]),
    ...(sequenceNumber === undefined ? [] : [context(7, integer(sequenceNumber))]),
  );
}

/** AP-REQ; `mutual` requests an AP-REP from the service. */
export function encodeApRequest(
  ticket: Uint8Array,
  key: EncryptionKey,
  usage: number,
  authenticator: Authenticator,
  mutual: boolean,
): Buffer {
  return application(
    messageType.apRequest,
    context(0, protocolVersion),
    context(1, integer(messageType.apRequest)),
    context(2, flags(mutual ? mutualRequired : 0)),
    context(3, ticket),
    context(4, encodeEncrypted(key, usage, encodeAuthenticator(authenticator))),
  );
}
