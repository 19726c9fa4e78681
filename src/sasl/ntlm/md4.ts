/**
 * MD4 (RFC 1320), used only for the NT hash of a password.
 * @module
 */
import { asBuffer } from '../../util/bytes.js';

/** Step order, shifts and constant of the three rounds (RFC 1320 section 3.4). */
const rounds = [
  { words: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], shifts: [3, 7, 11, 19], constant: 0 },
  { words: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15], shifts: [3, 5, 9, 13], constant: 0x5a827999 },
  { words: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15], shifts: [3, 9, 11, 15], constant: 0x6ed9eba1 },
] as const;

/**
 * MD4 (RFC 1320). The NT hash of a password needs it, and OpenSSL 3 no longer offers it. It is broken as a hash: use it
 * for NTLM only.
 */
export function md4(message: Uint8Array): Buffer {
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  const padded = Buffer.alloc(Math.ceil((message.length + 9) / 64) * 64);
  asBuffer(message).copy(padded);
  padded[message.length] = 0x80;
  padded.writeBigUInt64LE(BigInt(message.length) * 8n, padded.length - 8);
  for (let offset = 0; offset < padded.length; offset += 64) addBlock(state, padded, offset);

  const digest = Buffer.alloc(16);
  state.forEach((word, i) => digest.writeUInt32LE(word, i * 4));
  return digest;
}

function addBlock(state: Uint32Array, bytes: Buffer, offset: number): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  rounds.forEach(({ words, shifts, constant }, round) => {
    words.forEach((word, step) => {
      const sum = (a + mix(round, b, c, d) + bytes.readUInt32LE(offset + word * 4) + constant) | 0;
      const shift = shifts[step % 4] ?? 0;
      [a, b, c, d] = [d, (sum << shift) | (sum >>> (32 - shift)), b, c];
    });
  });
  [a, b, c, d].forEach((word, i) => (state[i] = (state[i] ?? 0) + word));
}

function mix(round: number, x: number, y: number, z: number): number {
  if (round === 0) return (x & y) | (~x & z);
  return round === 1 ? (x & y) | (x & z) | (y & z) : x ^ y ^ z;
}
