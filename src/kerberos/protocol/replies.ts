/**
 * Decodes replies of the KDC and of the service (RFC 4120 section 5). Each function throws MalformedError.
 * @module
 */
import { MalformedError } from '../errors.js';
import type { EncryptionKey } from '../crypto/encryption-type.js';
import { typeOfKey } from '../crypto/encryption-types.js';
import { readApplication, readSequence, readSequenceOf } from './asn1.js';
import type { Fields } from './asn1.js';
import { messageType, paType } from './messages.js';
import type { PreAuthentication } from './messages.js';
import { readName } from './principal.js';
import type { Principal } from './principal.js';

/** EncryptedData. */
export interface EncryptedData {
  readonly type: number;
  readonly cipher: Buffer;
}

function readEncrypted(fields: Fields): EncryptedData {
  return { type: fields.integer(0), cipher: fields.octets(2) };
}

/** Decrypts with a key of the type that the data names. */
export function decrypt(data: EncryptedData, key: EncryptionKey, usage: number): Buffer {
  if (data.type !== key.type)
    throw new MalformedError(`it is encrypted with type ${data.type}, the key is of type ${key.type}`);
  return typeOfKey(key).decrypt(key.value, usage, data.cipher);
}

function readKey(fields: Fields): EncryptionKey {
  const key = { type: fields.integer(0), value: fields.octets(1) };
  typeOfKey(key);
  return key;
}

function readPreAuthentication(list: readonly Fields[]): PreAuthentication[] {
  return list.map((fields) => ({ type: fields.integer(1), value: fields.octets(2) }));
}

/** The names in a ticket, and the encryption of its secret part; the rest is for the service. */
export interface TicketFace {
  readonly der: Buffer;
  readonly server: Principal;
  readonly encryptionType: number;
}

function readTicketFace(ticket: { readonly der: Buffer; readonly fields: Fields }): TicketFace {
  const { der, fields } = ticket;
  return { der, server: readName(fields.fields(2), fields.string(1)), encryptionType: fields.fields(3).integer(0) };
}

/** A standalone ticket, as in a ticket cache. */
export function readTicket(der: Buffer): TicketFace {
  return readTicketFace({ der, fields: readApplication(der, 1) });
}

/** The fields of a message that begins with the protocol's version and its own type. */
function readMessage(bytes: Uint8Array, type: number): Fields {
  const fields = readApplication(bytes, type);
  if (fields.integer(0) !== 5 || fields.integer(1) !== type)
    throw new MalformedError('its version or its type is wrong');
  return fields;
}

/** AS-REP or TGS-REP, before its encrypted part is read. */
export interface KdcReply {
  readonly preAuthentication: readonly PreAuthentication[];
  readonly client: Principal;
  readonly ticket: TicketFace;
  readonly encrypted: EncryptedData;
}

/** KDC-REP. */
export function readKdcReply(bytes: Uint8Array, type: number): KdcReply {
  const fields = readMessage(bytes, type);
  return {
    preAuthentication: fields.has(2) ? readPreAuthentication(fields.fieldsList(2)) : [],
    client: readName(fields.fields(4), fields.string(3)),
    ticket: readTicketFace(fields.application(5, 1)),
    encrypted: readEncrypted(fields.fields(6)),
  };
}

/** The encrypted part of a KDC's reply. Times in milliseconds. */
export interface KdcReplyPart {
  readonly key: EncryptionKey;
  readonly nonce: number;
  readonly flags: number;
  readonly authTime: number;
  readonly startTime: number;
  readonly endTime: number;
  readonly renewTill: number | undefined;
  readonly server: Principal;
  readonly preAuthentication: readonly PreAuthentication[];
}

/**
 * EncASRepPart or EncTGSRepPart: some KDCs send the second instead of the first, and clients accept both (RFC 4120
 * 5.4.2).
 */
export function readKdcReplyPart(bytes: Uint8Array): KdcReplyPart {
  const fields = readApplication(bytes, 25, 26);
  const authTime = fields.time(5);
  return {
    key: readKey(fields.fields(0)),
    nonce: fields.integer(2),
    flags: fields.flags(4),
    authTime,
    startTime: fields.has(6) ? fields.time(6) : authTime,
    endTime: fields.time(7),
    renewTill: fields.has(8) ? fields.time(8) : undefined,
    server: readName(fields.fields(10), fields.string(9)),
    preAuthentication: fields.has(12) ? readPreAuthentication(fields.fieldsList(12)) : [],
  };
}

/** KRB-ERROR. It is not authenticated: an attacker on the network may have sent it. */
export interface KrbError {
  readonly code: number;
  /** The KDC's or the service's clock in milliseconds. */
  readonly serverTime: number;
  readonly text: string | undefined;
  readonly clientRealm: string | undefined;
  readonly data: Buffer | undefined;
}

/** KRB-ERROR. */
export function readKrbError(bytes: Uint8Array): KrbError {
  const fields = readMessage(bytes, messageType.error);
  return {
    code: fields.integer(6),
    serverTime: fields.time(4),
    text: fields.has(11) ? fields.string(11) : undefined,
    clientRealm: fields.has(7) ? fields.string(7) : undefined,
    data: fields.has(12) ? fields.octets(12) : undefined,
  };
}

/** METHOD-DATA, in an error that requires pre-authentication. */
export function readMethodData(bytes: Uint8Array): PreAuthentication[] {
  return readPreAuthentication(readSequenceOf(bytes));
}

/** How a key is made from a password, for one encryption type. */
export interface KeyInfo {
  readonly type: number;
  /** The KDC's salt; undefined means the default one. */
  readonly salt: Buffer | undefined;
  readonly parameters: Buffer | undefined;
}

/** ETYPE-INFO2 if present, else ETYPE-INFO (RFC 4120 section 5.2.7), in the KDC's order. */
export function readKeyInfo(data: readonly PreAuthentication[]): KeyInfo[] {
  const find = (type: number): Uint8Array | undefined => data.find((pa) => pa.type === type)?.value;
  const info2 = find(paType.etypeInfo2);
  if (info2 !== undefined) {
    return readSequenceOf(info2).map((entry) => ({
      type: entry.integer(0),
      salt: entry.has(1) ? entry.stringBytes(1) : undefined,
      parameters: entry.has(2) ? entry.octets(2) : undefined,
    }));
  }
  const info = find(paType.etypeInfo);
  if (info === undefined) return [];
  return readSequenceOf(info).map((entry) => ({
    type: entry.integer(0),
    salt: entry.has(1) ? entry.octets(1) : undefined,
    parameters: undefined,
  }));
}

/** The encrypted part of AP-REP. */
export interface ApReplyPart {
  /** The authenticator's time, returned as proof that the service could read it. */
  readonly seconds: number;
  readonly microseconds: number;
  readonly subkey: EncryptionKey | undefined;
  readonly sequenceNumber: number;
}

/** AP-REP, decrypted with the ticket's session key. */
export function readApReply(bytes: Uint8Array, key: EncryptionKey, usage: number): ApReplyPart {
  const reply = readMessage(bytes, messageType.apReply);
  const part = readApplication(decrypt(readEncrypted(reply.fields(2)), key, usage), 27);
  return {
    seconds: part.time(0),
    microseconds: part.integer(1),
    subkey: part.has(2) ? readKey(part.fields(2)) : undefined,
    // Some services encode the unsigned number as a signed one.
    sequenceNumber: part.has(3) ? part.integer(3) >>> 0 : 0,
  };
}

/** A checksum as in PA-REQ-ENC-PA-REP (RFC 6806 section 11). */
export function readChecksum(bytes: Uint8Array): { readonly type: number; readonly value: Buffer } {
  const fields = readSequence(bytes);
  return { type: fields.integer(0), value: fields.octets(1) };
}
