/**
 * Keys from passwords: PKCS#12 (RFC 7292 appendix B.2), PBKDF1, PBKDF2 (RFC 8018) and scrypt (RFC 7914), all within one budget, and
 * none of them blocking the event loop for long.
 */
import { hash, pbkdf2, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { throwIfAborted } from '../../errors/abort.js';
import { noBytes } from '../../util/bytes.js';
import { certificateError } from '../certificate-error.js';

/** Rounds that one file may ask for in all; real files ask for 1 000 to 3 000 000. */
const maxRounds = 20_000_000;
const maxScryptBytes = 256 * 1024 * 1024;

/** Rounds between two looks at the event loop. */
const roundsAtOnce = 5_000;

/** What is left for one file. A file that asks for more than 20 000 000 rounds is refused before any is done. */
export class WorkBudget {
  readonly #max: number;
  #rounds: number;

  constructor(
    readonly signal?: AbortSignal | undefined,
    max = maxRounds,
  ) {
    this.#max = this.#rounds = max;
  }

  /** ERR_CERTIFICATE where the file asks for more than is left. */
  spend(rounds: number): void {
    if (rounds < 1) throw new RangeError('it asks for no round of key derivation');
    this.#rounds -= rounds;
    if (this.#rounds < 0) {
      throw certificateError(
        `it asks for more than ${this.#max} rounds of key derivation`,
        'Write the file anew with fewer iterations; 10 000 to 600 000 are usual.',
      );
    }
    this.check();
  }

  /** ERR_ABORTED, or the signal's reason, once the signal is aborted. */
  check(): void {
    throwIfAborted(this.signal);
  }
}

/** What the bytes are for (RFC 7292 appendix B.3). */
export const pkcs12Purpose = { key: 1, iv: 2, mac: 3 } as const;

/** PKCS#12 derivation. `password` is a BMPString with its two zero octets, or empty for no password. */
export async function pkcs12Derive(
  hashName: string,
  purpose: number,
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
  length: number,
  budget: WorkBudget,
): Promise<Buffer> {
  const size = hash(hashName, '', 'buffer').length;
  const block = size > 32 ? 128 : 64;
  const blocks = Math.ceil(length / size);
  budget.spend(rounds * blocks);
  const diversifier = Buffer.alloc(block, purpose);
  const input = Buffer.concat([repeated(salt, block), repeated(password, block)]);
  const output: Buffer[] = [];
  for (let i = 0; i < blocks; i++) {
    const digest = await iterate(hashName, Buffer.concat([diversifier, input]), noBytes, rounds, budget);
    output.push(digest);
    const addend = Buffer.alloc(block, digest);
    for (let start = 0; start < input.length; start += block) addOne(input.subarray(start, start + block), addend);
  }
  return Buffer.concat(output).subarray(0, length);
}

function repeated(bytes: Uint8Array, block: number): Buffer {
  return bytes.length === 0 ? Buffer.alloc(0) : Buffer.alloc(block * Math.ceil(bytes.length / block), bytes);
}

/** target = target + addend + 1, modulo its length. */
function addOne(target: Buffer, addend: Buffer): void {
  let carry = 1;
  for (let i = target.length - 1; i >= 0; i--) {
    carry += (target[i] ?? 0) + (addend[i] ?? 0);
    target[i] = carry & 0xff;
    carry >>= 8;
  }
}

/** PBKDF1 (RFC 8018 section 5.1), of which at most one digest can be had. */
export async function pbkdf1(
  hashName: 'md5' | 'sha1',
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
  length: number,
  budget: WorkBudget,
): Promise<Buffer> {
  budget.spend(rounds);
  return (await iterate(hashName, Buffer.concat([password, salt]), noBytes, rounds, budget)).subarray(0, length);
}

/** hash(… hash(hash(start + suffix) + suffix) …), with a pause now and then. */
export async function iterate(
  hashName: string,
  start: Uint8Array,
  suffix: Uint8Array,
  rounds: number,
  budget: WorkBudget,
): Promise<Buffer> {
  let digest = Buffer.from(start);
  for (let round = 1; round <= rounds; round++) {
    digest = hash(hashName, suffix.length === 0 ? digest : Buffer.concat([digest, suffix]), 'buffer');
    if (round % roundsAtOnce === 0) await breathe(budget);
  }
  return digest;
}

async function breathe(budget: WorkBudget): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  budget.check();
}

const pbkdf2Async = promisify(pbkdf2);

/** PBKDF2, off the main thread. */
export async function pbkdf2Derive(
  prf: string,
  password: Uint8Array,
  salt: Uint8Array,
  rounds: number,
  length: number,
  budget: WorkBudget,
): Promise<Buffer> {
  budget.spend(rounds * Math.ceil(length / hash(prf, '', 'buffer').length));
  const key = await pbkdf2Async(password, salt, rounds, length, prf);
  budget.check();
  return key;
}

/** scrypt, off the main thread, within 256 MiB. */
export async function scryptDerive(
  password: Uint8Array,
  salt: Uint8Array,
  cost: { readonly N: number; readonly r: number; readonly p: number },
  length: number,
  budget: WorkBudget,
): Promise<Buffer> {
  if (128 * cost.N * cost.r > maxScryptBytes || cost.p > 16) {
    throw certificateError(
      'it asks for more than 256 MiB of memory to derive its key',
      'Write the file anew with smaller scrypt parameters.',
    );
  }
  budget.spend(Math.max(1, cost.N * cost.r * cost.p));
  const key = await new Promise<Buffer>((resolve, reject) => {
    const options = { ...cost, maxmem: 2 * maxScryptBytes };
    scrypt(password, salt, length, options, (error, derived) =>
      error === null ? resolve(derived) : reject(new RangeError(error.message)),
    );
  });
  budget.check();
  return key;
}
