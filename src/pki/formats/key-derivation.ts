/**
 * Derives keys from passwords: PKCS#12 (RFC 7292 appendix B.2), PBKDF1, PBKDF2 (RFC 8018) and scrypt (RFC 7914). The
 * cost of each is taken from the budget of its file in advance, none blocks the event loop for long, and costly results
 * are cached.
 * @module
 */
import { createHmac, hash, pbkdf2, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { BoundedMap } from '../../async/bounded-map.js';
import { SharedWork } from '../../async/shared-work.js';
import { isBytes, noBytes } from '../../util/bytes.js';
import { certificateError } from '../certificate-error.js';
import { sha1Rounds } from './sha1-rounds.js';
import { sha256Rounds } from './sha256-rounds.js';
import { inSlices } from './work-budget.js';
import type { WorkBudget } from './work-budget.js';
import { withoutPrototype } from '../../util/without-prototype.js';

/** Salt and iteration count of a derivation. */
export interface Hardening {
  readonly salt: Uint8Array;
  readonly rounds: number;
}

/** Hashes whose rounds are computed here, by the number of words of their digest. */
const ownRounds = {
  sha1: { words: 5, run: sha1Rounds },
  sha256: { words: 8, run: sha256Rounds },
} as const;

/**
 * Nanoseconds per round, measured with Node 20 to 26 on a processor of 2.5 GHz, plus a tenth. A call of node:crypto
 * costs about the same for every hash of a digest.
 */
const costs = {
  own: { sha1: 110, sha256: 220 },
  call: 1_100,
  pbkdf2: 220,
  pbkdf2Wide: 570,
  scryptBlock: 400,
} as const;

const maxScryptBytes = 256 * 1024 * 1024;
/** Longer than in any file in use. */
const maxSaltBytes = 4_096;
/** Cheaper derivations are not cached. */
const rememberedFromMs = 5;
const rememberedKeys = 64;

/**
 * A cache of keys that were costly to derive. Its keys are digests of all inputs, made with a random key of this
 * process, so neither a password nor its hash is kept. Opening a file again with the same password, as every `sign()`
 * does, then costs nothing. Losing an entry only costs time.
 */
const remembered = new BoundedMap<string, Buffer>(rememberedKeys);
const underWay = new SharedWork();
/** Made with the first digest: Cloudflare Workers allow no random values while a module is loaded. */
let digestKey: Buffer | undefined;

interface Derivation {
  /** Everything on which the key depends. */
  readonly inputs: readonly (string | number | Uint8Array)[];
  /** Names the derivation in errors. */
  readonly what: string;
  readonly ms: number;
  derive(signal: AbortSignal | undefined): Promise<Buffer>;
}

async function derived({ inputs, what, ms, derive }: Derivation, budget: WorkBudget): Promise<Buffer> {
  if (ms < rememberedFromMs) {
    budget.spend(what, ms);
    return await derive(budget.signal);
  }
  const id = digestOf(inputs);
  const known = remembered.get(id);
  if (known !== undefined) return known;
  budget.spend(what, ms);
  return await underWay.run(id, budget.signal, async (signal) => {
    const key = await derive(signal);
    remembered.set(id, key);
    return key;
  });
}

function digestOf(inputs: Derivation['inputs']): string {
  const hmac = createHmac('sha256', (digestKey ??= randomBytes(32)));
  for (const input of inputs) {
    const bytes = isBytes(input) ? input : Buffer.from(String(input));
    hmac.update(`${bytes.length}:`).update(bytes);
  }
  return hmac.digest('base64');
}

function checkHardening({ salt, rounds }: Hardening): void {
  if (rounds < 1) throw new RangeError('it specifies no rounds of key derivation');
  if (salt.length > maxSaltBytes) throw new RangeError(`its salt has ${salt.length} bytes, more than ${maxSaltBytes}`);
}

/** Octets of a digest. ERR_CERTIFICATE if the runtime's crypto library lacks the hash. */
export function digestLength(name: string): number {
  try {
    return hash(name, '', 'buffer').length;
  } catch (cause) {
    throw certificateError(
      `this runtime has no hash ${name}, which its key derivation needs`,
      'Export the file again with SHA-256, or read it on another runtime.',
      cause,
    );
  }
}

/** The purpose of the derived bytes (RFC 7292 appendix B.3). */
export const pkcs12Purpose = { key: 1, iv: 2, mac: 3 } as const;

/**
 * PKCS#12 derivation of `length` bytes. `password` is a BMPString with its two zero octets, or empty for no password.
 */
export async function pkcs12Derive(
  wanted: { readonly hash: string; readonly purpose: number; readonly length: number },
  password: Uint8Array,
  hardening: Hardening,
  budget: WorkBudget,
): Promise<Buffer> {
  checkHardening(hardening);
  const { salt, rounds } = hardening;
  const size = digestLength(wanted.hash);
  const blocks = Math.ceil(wanted.length / size);
  return await derived(
    {
      inputs: ['pkcs12', wanted.hash, wanted.purpose, wanted.length, password, salt, rounds],
      what: `${rounds * blocks} rounds of ${wanted.hash}`,
      ms: roundsMs(wanted.hash, rounds * blocks),
      async derive(signal) {
        const block = size > 32 ? 128 : 64;
        const diversifier = Buffer.alloc(block, wanted.purpose);
        const input = Buffer.concat([repeated(salt, block), repeated(password, block)]);
        const output: Buffer[] = [];
        for (let i = 0; i < blocks; i++) {
          const digest = await iterate(wanted.hash, Buffer.concat([diversifier, input]), rounds, signal);
          output.push(digest);
          const addend = Buffer.alloc(block, digest);
          for (let start = 0; start < input.length; start += block)
            addOne(input.subarray(start, start + block), addend);
        }
        return Buffer.concat(output).subarray(0, wanted.length);
      },
    },
    budget,
  );
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

/** PBKDF1 (RFC 8018 section 5.1): one digest, from which keys are cut. */
export async function pbkdf1(
  hashName: 'md5' | 'sha1',
  password: Uint8Array,
  hardening: Hardening,
  budget: WorkBudget,
): Promise<Buffer> {
  checkHardening(hardening);
  digestLength(hashName);
  const { salt, rounds } = hardening;
  return await derived(
    {
      inputs: ['pbkdf1', hashName, password, salt, rounds],
      what: `${rounds} rounds of ${hashName}`,
      ms: roundsMs(hashName, rounds),
      derive: (signal) => iterate(hashName, Buffer.concat([password, salt]), rounds, signal),
    },
    budget,
  );
}

/** hash(… hash(hash(start + suffix) + suffix) …) with MD5, as in JCEKS. */
export async function md5WithSuffix(
  start: Uint8Array,
  suffix: Uint8Array,
  rounds: number,
  budget: WorkBudget,
): Promise<Buffer> {
  checkHardening({ salt: start, rounds });
  return await derived(
    {
      inputs: ['md5', start, suffix, rounds],
      what: `${rounds} rounds of md5`,
      ms: roundsMs('md5', rounds),
      derive: (signal) => iterate('md5', start, rounds, signal, suffix),
    },
    budget,
  );
}

/** Milliseconds of that many calls of a node:crypto hash over a few octets. */
export function hashCallsMs(count: number): number {
  return (count * costs.call) / 1e6;
}

function roundsMs(hashName: string, rounds: number): number {
  const own = hashName === 'sha1' || hashName === 'sha256' ? costs.own[hashName] : undefined;
  return own === undefined ? hashCallsMs(rounds) : (rounds * own) / 1e6;
}

async function iterate(
  hashName: string,
  start: Uint8Array,
  rounds: number,
  signal: AbortSignal | undefined,
  suffix: Uint8Array = noBytes,
): Promise<Buffer> {
  const withSuffix = (bytes: Uint8Array): Uint8Array => (suffix.length === 0 ? bytes : Buffer.concat([bytes, suffix]));
  const first = hash(hashName, withSuffix(start), 'buffer');
  const own = hashName === 'sha1' || hashName === 'sha256' ? ownRounds[hashName] : undefined;
  if (own !== undefined && suffix.length === 0) {
    const digest = Int32Array.from({ length: own.words }, (_, i) => first.readInt32BE(4 * i));
    await inSlices(rounds - 1, signal, (count) => own.run(digest, count));
    digest.forEach((word, i) => first.writeInt32BE(word, 4 * i));
    return first;
  }
  let digest = first;
  await inSlices(rounds - 1, signal, (count) => {
    for (let i = 0; i < count; i++) digest = hash(hashName, withSuffix(digest), 'buffer');
  });
  return digest;
}

const pbkdf2Async = promisify(pbkdf2);

/** PBKDF2 of `length` bytes, off the main thread. */
export async function pbkdf2Derive(
  wanted: { readonly prf: string; readonly length: number },
  password: Uint8Array,
  hardening: Hardening,
  budget: WorkBudget,
): Promise<Buffer> {
  checkHardening(hardening);
  const { salt, rounds } = hardening;
  const { prf, length } = wanted;
  const all = rounds * Math.ceil(length / digestLength(prf));
  return await derived(
    {
      inputs: ['pbkdf2', prf, length, password, salt, rounds],
      what: `${all} rounds of PBKDF2`,
      ms: (all * (/sha(?:384|512)/.test(prf) ? costs.pbkdf2Wide : costs.pbkdf2)) / 1e6,
      derive: async () => await pbkdf2Async(password, salt, rounds, length, prf),
    },
    budget,
  );
}

/** Cost parameters of scrypt. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** scrypt of `length` bytes, off the main thread, within 256 MiB. */
export async function scryptDerive(
  { N, r, p }: ScryptCost,
  password: Uint8Array,
  salt: Uint8Array,
  length: number,
  budget: WorkBudget,
): Promise<Buffer> {
  checkHardening({ salt, rounds: 1 });
  if (128 * N * r > maxScryptBytes) {
    throw certificateError(
      `it asks for ${Math.ceil((128 * N * r) / (1 << 20))} MiB of memory to derive its key, more than ${maxScryptBytes >> 20}`,
      'Export the file again with smaller scrypt parameters.',
    );
  }
  const maxmem = 2 * maxScryptBytes;
  return await derived(
    {
      inputs: ['scrypt', N, r, p, length, password, salt],
      what: `scrypt with N ${N}, r ${r}, p ${p}`,
      ms: (Math.max(1, N * r * p) * costs.scryptBlock) / 1e6,
      derive: () =>
        new Promise((resolve, reject) => {
          scrypt(password, salt, length, withoutPrototype({ N, r, p, maxmem }), (error, key) =>
            error === null ? resolve(key) : reject(new RangeError(error.message)),
          );
        }),
    },
    budget,
  );
}
