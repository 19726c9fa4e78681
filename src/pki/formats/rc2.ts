/**
 * RC2-CBC decryption (RFC 2268), for PKCS#12 files of older Windows, Java and OpenSSL. OpenSSL 3 no longer offers it by
 * default. It is never used to encrypt.
 * @module
 */
import { asBuffer } from '../../util/bytes.js';

/** PITABLE of RFC 2268 section 2. */
const piTable = Buffer.from(
  'd978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2' +
    '179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82' +
    '54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626' +
    '6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7' +
    '08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec' +
    'c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731' +
    '2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9' +
    '0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad',
  'hex',
);

/** The 64 words of the expanded key. */
function expandKey(key: Uint8Array, effectiveBits: number): Uint16Array {
  const bytes = new Uint8Array(128);
  bytes.set(key);
  for (let i = key.length; i < 128; i++) bytes[i] = pi((bytes[i - 1] ?? 0) + (bytes[i - key.length] ?? 0));
  const octets = (effectiveBits + 7) >> 3;
  const mask = 0xff >> (8 * octets - effectiveBits);
  bytes[128 - octets] = pi((bytes[128 - octets] ?? 0) & mask);
  for (let i = 127 - octets; i >= 0; i--) bytes[i] = pi((bytes[i + 1] ?? 0) ^ (bytes[i + octets] ?? 0));
  return Uint16Array.from({ length: 64 }, (_, i) => (bytes[2 * i] ?? 0) | ((bytes[2 * i + 1] ?? 0) << 8));
}

function pi(index: number): number {
  return piTable[index & 0xff] ?? 0;
}

/** Decrypts one block at offset `at` from `input` to `output`: 16 mixing rounds and two mashing rounds. */
function decryptBlock(words: Uint16Array, input: Buffer, output: Buffer, at: number): void {
  let a = input.readUInt16LE(at);
  let b = input.readUInt16LE(at + 2);
  let c = input.readUInt16LE(at + 4);
  let d = input.readUInt16LE(at + 6);
  for (let round = 15; round >= 0; round--) {
    const next = 4 * round;
    d = (((d >>> 5) | (d << 11)) - (words[next + 3] ?? 0) - (c & b) - (~c & a)) & 0xffff;
    c = (((c >>> 3) | (c << 13)) - (words[next + 2] ?? 0) - (b & a) - (~b & d)) & 0xffff;
    b = (((b >>> 2) | (b << 14)) - (words[next + 1] ?? 0) - (a & d) - (~a & c)) & 0xffff;
    a = (((a >>> 1) | (a << 15)) - (words[next] ?? 0) - (d & c) - (~d & b)) & 0xffff;
    if (round !== 11 && round !== 5) continue;
    d = (d - (words[c & 63] ?? 0)) & 0xffff;
    c = (c - (words[b & 63] ?? 0)) & 0xffff;
    b = (b - (words[a & 63] ?? 0)) & 0xffff;
    a = (a - (words[d & 63] ?? 0)) & 0xffff;
  }
  output.writeUInt16LE(a, at);
  output.writeUInt16LE(b, at + 2);
  output.writeUInt16LE(c, at + 4);
  output.writeUInt16LE(d, at + 6);
}

/**
 * Decrypts, and keeps the padding. `effectiveBits` is 1 to 1024, the key 1 to 128 bytes, `iv` 8, `data` whole blocks of
 * 8.
 */
export function rc2CbcDecrypt(key: Uint8Array, effectiveBits: number, iv: Uint8Array, data: Uint8Array): Buffer {
  const words = expandKey(key, effectiveBits);
  const input = asBuffer(data);
  const plain = Buffer.allocUnsafe(input.length);
  for (let start = 0; start < input.length; start += 8) {
    decryptBlock(words, input, plain, start);
    for (let i = 0; i < 8; i++)
      plain[start + i] = (plain[start + i] ?? 0) ^ ((start === 0 ? iv[i] : input[start - 8 + i]) ?? 0);
  }
  return plain;
}
