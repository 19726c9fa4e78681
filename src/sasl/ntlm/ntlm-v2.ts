/**
 * The computations of NTLMv2 (MS-NLMP section 3.3.2).
 * @module
 */
import { createHash, createHmac } from 'node:crypto';
import type { ChannelBinding } from '../../model/sasl.js';
import { md4 } from './md4.js';

/** UTF-16LE, the encoding of all Unicode strings in NTLM. */
export function utf16(text: string): Buffer {
  return Buffer.from(text, 'utf16le');
}

/** NTOWFv2, the key from which all others are derived. */
export function responseKey(username: string, domain: string, password: string): Buffer {
  return hmacMd5(md4(utf16(password)), utf16(upperCase(username) + domain));
}

/** The input of both responses. */
export interface ResponseInput {
  readonly key: Uint8Array;
  readonly serverChallenge: Uint8Array;
  readonly clientChallenge: Uint8Array;
  /** FILETIME, 8 bytes. */
  readonly time: Uint8Array;
  /** Encoded, including MsvAvEOL. */
  readonly targetInfo: Uint8Array;
}

/** NTLMv2_RESPONSE and SessionBaseKey. */
export function ntResponse({ key, serverChallenge, clientChallenge, time, targetInfo }: ResponseInput): {
  response: Buffer;
  sessionBaseKey: Buffer;
} {
  const blob = Buffer.concat([
    Buffer.of(1, 1, 0, 0, 0, 0, 0, 0),
    time,
    clientChallenge,
    Buffer.alloc(4),
    targetInfo,
    Buffer.alloc(4),
  ]);
  const proof = hmacMd5(key, serverChallenge, blob);
  return { response: Buffer.concat([proof, blob]), sessionBaseKey: hmacMd5(key, proof) };
}

/** LMv2_RESPONSE, for servers that send no timestamp. */
export function lmResponse({ key, serverChallenge, clientChallenge }: ResponseInput): Buffer {
  return Buffer.concat([hmacMd5(key, serverChallenge, clientChallenge), clientChallenge]);
}

/** HMAC-MD5 over the parts in order. */
export function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('md5', key);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** FILETIME: 100 ns since 1601, little-endian. */
export function fileTime(milliseconds: number): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE((BigInt(Math.trunc(milliseconds)) + 11_644_473_600_000n) * 10_000n);
  return time;
}

/**
 * MsvAvChannelBindings: MD5 of gss_channel_bindings_struct without addresses (RFC 4121 section 4.1.1.2, RFC 5056
 * section 2.1).
 */
export function channelBindingHash(binding: ChannelBinding): Buffer {
  const data = Buffer.concat([Buffer.from(`${binding.type}:`, 'latin1'), binding.data]);
  const head = Buffer.alloc(20);
  head.writeUInt32LE(data.length, 16);
  return createHash('md5').update(head).update(data).digest();
}

/** Windows maps one character to one, so letters that would become two are not changed. */
function upperCase(text: string): string {
  return [...text]
    .map((character) => {
      const upper = character.toUpperCase();
      return upper.length === character.length ? upper : character;
    })
    .join('');
}
