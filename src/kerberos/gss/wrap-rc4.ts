/**
 * Wrap tokens of RC4-HMAC (RFC 4757 section 7.3) in the format of RFC 1964, without confidentiality.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { rc4 } from '../../util/crypto/rc4.js';
import { hmac, requireEqual } from '../crypto/encryption-type.js';
import { rc4Checksum } from '../crypto/rc4-hmac.js';
import { MalformedError } from '../errors.js';
import { frame, tokenId, unframe } from './token.js';

/** HMAC signing, no sealing, filler. */
const algorithms = Buffer.from([0x11, 0x00, 0xff, 0xff, 0xff, 0xff]);
const idAndAlgorithms = Buffer.concat([Buffer.of(tokenId.wrapRc4 >> 8, tokenId.wrapRc4 & 0xff), algorithms]);
/** The message type of the signing key. */
const signing = Buffer.from([13, 0, 0, 0]);
/** The block size is one, so the padding is always one byte. */
const padding = Buffer.of(1);

export function wrapRc4(key: Uint8Array, sequenceNumber: number, message: Uint8Array): Buffer {
  const confounder = randomBytes(8);
  const checksum = sign(key, confounder, message, padding);
  const field = sequenceField(key, checksum, encodeSequence(sequenceNumber, 0x00));
  return frame(tokenId.wrapRc4, algorithms, field, checksum, confounder, message, padding);
}

export function unwrapRc4(key: Uint8Array, sequenceNumber: number, token: Uint8Array): Buffer {
  const { id, body } = unframe(token);
  if (id !== tokenId.wrapRc4 || body.length < algorithms.length + 25)
    throw new MalformedError('it is not a wrap token');
  const found = body.subarray(0, algorithms.length);
  if (found.readUInt16BE(2) !== 0xffff)
    throw new MalformedError('it is encrypted, but RFC 4752 requires a readable message');
  if (!found.equals(algorithms)) throw new MalformedError('it is signed in another way');
  const rest = body.subarray(algorithms.length);
  const checksum = rest.subarray(8, 16);
  requireEqual(checksum, sign(key, rest.subarray(16)), 'its checksum is wrong');
  const expected = encodeSequence(sequenceNumber, 0xff);
  requireEqual(
    sequenceField(key, checksum, rest.subarray(0, 8)),
    expected,
    'its sequence number is not the expected one',
  );
  if (rest.at(-1) !== 1) throw new MalformedError('its padding is wrong');
  return rest.subarray(24, -1);
}

function sign(key: Uint8Array, ...pieces: readonly Uint8Array[]): Buffer {
  return rc4Checksum(key, signing, idAndAlgorithms, ...pieces).subarray(0, 8);
}

/** Encrypts and decrypts the sequence field: RC4 is its own inverse. */
function sequenceField(key: Uint8Array, checksum: Uint8Array, field: Uint8Array): Uint8Array {
  return rc4(hmac('md5', hmac('md5', key, Buffer.alloc(4)), checksum), field);
}

/** Four bytes of number, four of direction. */
function encodeSequence(sequenceNumber: number, direction: number): Buffer {
  const field = Buffer.alloc(8, direction);
  field.writeUInt32BE(sequenceNumber);
  return field;
}
