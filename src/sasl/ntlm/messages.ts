/**
 * Encodes and decodes the three NTLM messages (MS-NLMP section 2.2.1).
 * @module
 */
import { asBuffer } from '../../util/bytes.js';
import { type AvPair, parseTargetInfo } from './target-info.js';

/** The flags of NEGOTIATE (section 2.2.2.5) that this client uses. */
export const flag = {
  unicode: 0x1,
  oem: 0x2,
  requestTarget: 0x4,
  sign: 0x10,
  seal: 0x20,
  ntlm: 0x200,
  alwaysSign: 0x8000,
  extendedSessionSecurity: 0x80000,
  targetInfo: 0x800000,
  version: 0x2000000,
  key128: 0x20000000,
  keyExchange: 0x40000000,
  key56: 0x80000000,
} as const;

/**
 * The flags that the client offers. Signing and sealing are not among them: mail servers and proxies do not use NTLM's
 * keys.
 */
export const offeredFlags =
  (flag.unicode |
    flag.oem |
    flag.requestTarget |
    flag.ntlm |
    flag.alwaysSign |
    flag.extendedSessionSecurity |
    flag.key128 |
    flag.key56) >>>
  0;

const signature = Buffer.from('NTLMSSP\0', 'latin1');
/**
 * The limit is small enough that an answer that repeats the challenge fits the 16-bit lengths. Windows sends a few
 * hundred bytes.
 */
const maxChallengeBytes = 0x4000;

/** Is it an NTLM message, rather than text? */
export function isNtlmMessage(bytes: Uint8Array): boolean {
  return asBuffer(bytes).subarray(0, signature.length).equals(signature);
}

/** Encodes NEGOTIATE_MESSAGE, without domain, workstation and version. */
export function buildNegotiate(): Buffer {
  const message = Buffer.alloc(32);
  signature.copy(message);
  message.writeUInt32LE(1, 8);
  message.writeUInt32LE(offeredFlags, 12);
  writeSecurityBuffer(message, 16, 0, message.length);
  writeSecurityBuffer(message, 24, 0, message.length);
  return message;
}

/** The fields of CHALLENGE_MESSAGE. */
export interface Challenge {
  readonly flags: number;
  readonly serverChallenge: Buffer;
  /** Undefined if the server sent none. */
  readonly targetInfo: readonly AvPair[] | undefined;
}

/** Decodes a challenge. A malformed one is a RangeError that says why. */
export function parseChallenge(bytes: Uint8Array): Challenge {
  const message = asBuffer(bytes);
  if (message.length > maxChallengeBytes) throw new RangeError(`the message has more than ${maxChallengeBytes} bytes`);
  if (!isNtlmMessage(message)) throw new RangeError('the message is not an NTLM message');
  if (message.length < 32) throw new RangeError(`the message ends at byte ${message.length}, inside its header`);
  if (message.readUInt32LE(8) !== 2) throw new RangeError('the message is not a challenge');
  readSecurityBuffer(message, 12, 'target name');
  const flags = message.readUInt32LE(20);
  let targetInfo: readonly AvPair[] | undefined;
  if (flags & flag.targetInfo) {
    if (message.length < 48) throw new RangeError(`the message ends at byte ${message.length}, inside its header`);
    const info = readSecurityBuffer(message, 40, 'target information');
    if (info.length > 0) targetInfo = parseTargetInfo(info);
  }
  return { flags, serverChallenge: message.subarray(24, 32), targetInfo };
}

/** The fields of AUTHENTICATE_MESSAGE. */
export interface AuthenticateFields {
  readonly flags: number;
  readonly domain: Uint8Array;
  readonly user: Uint8Array;
  readonly workstation: Uint8Array;
  readonly lmResponse: Uint8Array;
  readonly ntResponse: Uint8Array;
  readonly encryptedSessionKey: Uint8Array;
  /** Leave 16 zero bytes for the message integrity code. */
  readonly withMic: boolean;
}

/** Offset of the message integrity code. */
export const micOffset = 72;

/** Encodes AUTHENTICATE_MESSAGE; its version field is zero. */
export function buildAuthenticate(fields: AuthenticateFields): Buffer {
  const header = Buffer.alloc(fields.withMic ? micOffset + 16 : micOffset);
  signature.copy(header);
  header.writeUInt32LE(3, 8);
  header.writeUInt32LE(fields.flags >>> 0, 60);
  const payload: readonly (readonly [position: number, bytes: Uint8Array])[] = [
    [28, fields.domain],
    [36, fields.user],
    [44, fields.workstation],
    [12, fields.lmResponse],
    [20, fields.ntResponse],
    [52, fields.encryptedSessionKey],
  ];
  let offset = header.length;
  for (const [position, bytes] of payload) {
    writeSecurityBuffer(header, position, bytes.length, offset);
    offset += bytes.length;
  }
  return Buffer.concat([header, ...payload.map(([, bytes]) => bytes)]);
}

function readSecurityBuffer(message: Buffer, position: number, what: string): Buffer {
  const length = message.readUInt16LE(position);
  if (length === 0) return message.subarray(0, 0);
  const offset = message.readUInt32LE(position + 4);
  if (offset < 32 || offset + length > message.length) {
    throw new RangeError(`the ${what} is said to be at bytes ${offset} to ${offset + length} of ${message.length}`);
  }
  return message.subarray(offset, offset + length);
}

function writeSecurityBuffer(message: Buffer, position: number, length: number, offset: number): void {
  message.writeUInt16LE(length, position);
  message.writeUInt16LE(length, position + 2);
  message.writeUInt32LE(offset, position + 4);
}
