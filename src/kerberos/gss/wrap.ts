/**
 * GSS_Wrap and GSS_Unwrap without confidentiality, which suffice for SASL's layer negotiation (RFC 4752 section 3.1).
 * @module
 */
import { asBuffer } from '../../util/bytes.js';
import { requireEqual } from '../crypto/encryption-type.js';
import type { EncryptionKey } from '../crypto/encryption-type.js';
import { rc4Type, typeOfKey } from '../crypto/encryption-types.js';
import { MalformedError } from '../errors.js';
import { unwrapRc4, wrapRc4 } from './wrap-rc4.js';

/** The state that both sides of a context agreed on. */
export interface WrapContext {
  readonly key: EncryptionKey;
  /** Did the key come from the acceptor? */
  readonly acceptorSubkey: boolean;
}

const headerBytes = 16;
const flag = { sentByAcceptor: 0x01, sealed: 0x02, acceptorSubkey: 0x04 } as const;
const usage = { acceptor: 22, initiator: 24 } as const;

/** Wraps a message, readable and with a checksum (RFC 4121 section 4.2.6.2; RC4 by RFC 4757 section 7.3). */
export function wrap(context: WrapContext, sequenceNumber: number, message: Uint8Array): Buffer {
  if (context.key.type === rc4Type) return wrapRc4(context.key.value, sequenceNumber, message);
  const header = encodeHeader(context.acceptorSubkey ? flag.acceptorSubkey : 0, sequenceNumber);
  const checksum = typeOfKey(context.key).checksum(
    context.key.value,
    usage.initiator,
    Buffer.concat([message, header]),
  );
  header.writeUInt16BE(checksum.length, 4);
  return Buffer.concat([header, message, checksum]);
}

/** Unwraps the peer's message. MalformedError unless it is intact, from the peer, and the expected one in sequence. */
export function unwrap(context: WrapContext, sequenceNumber: number, token: Uint8Array): Buffer {
  if (context.key.type === rc4Type) return unwrapRc4(context.key.value, sequenceNumber, token);
  const bytes = asBuffer(token);
  if (bytes.length < headerBytes || bytes.readUInt16BE(0) !== 0x0504 || bytes[3] !== 0xff)
    throw new MalformedError('it is not a wrap token');
  const flags = bytes[2] ?? 0;
  if (!(flags & flag.sentByAcceptor)) throw new MalformedError('it was not sent by the server');
  if (flags & flag.sealed) throw new MalformedError('it is encrypted, but RFC 4752 requires a readable message');
  if (Boolean(flags & flag.acceptorSubkey) !== context.acceptorSubkey)
    throw new MalformedError('it uses another key than the agreed one');
  if (bytes.readBigUInt64BE(8) !== BigInt(sequenceNumber))
    throw new MalformedError('its sequence number is not the expected one');
  const algorithm = typeOfKey(context.key);
  const extra = bytes.readUInt16BE(4);
  const rotated = bytes.subarray(headerBytes);
  if (extra !== algorithm.checksumBytes || rotated.length < extra)
    throw new MalformedError('its checksum has another length');
  const rotation = bytes.readUInt16BE(6) % rotated.length;
  const body = Buffer.concat([rotated.subarray(rotation), rotated.subarray(0, rotation)]);
  const message = body.subarray(0, body.length - extra);
  const signed = Buffer.concat([message, encodeHeader(flags, sequenceNumber)]);
  requireEqual(
    body.subarray(body.length - extra),
    algorithm.checksum(context.key.value, usage.acceptor, signed),
    'its checksum is wrong',
  );
  return message;
}

/** The header with its counts at zero, as the checksum requires. */
function encodeHeader(flags: number, sequenceNumber: number): Buffer {
  const header = Buffer.from([0x05, 0x04, flags, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  header.writeBigUInt64BE(BigInt(sequenceNumber), 8);
  return header;
}
