/**
 * The cost of one message, counted over the whole of it: a limit for each part would be multiplied by the number of
 * parts. Each call of `verify` or `decrypt` makes one budget, and hands it down to every reader of the message.
 * @module
 */
import { berChildren } from '../../util/ber.js';
import type { BerElement } from '../../util/ber.js';
import { smimeError } from './smime-error.js';

/** Far more than any mail needs. A message over a limit is refused before it costs memory or time. */
const limits = {
  certificates: 100,
  'bytes of certificates': 1 << 20,
  'revocation lists': 100,
  'bytes of revocation lists': 8 << 20,
  'digest algorithms': 32,
  signatures: 32,
  /** Each of them hashes the whole content once more. */
  'signatures without attributes': 4,
  'attributes of one signature': 64,
  attributes: 512,
  'attribute values': 1024,
  recipients: 10_000,
  'recipient infos': 10_000,
  /** Tries to decrypt: a certificate is named once, however many identities the reader has. */
  attempts: 8,
  /** 3DES is the slowest cipher besides RC2: 8 MiB take a quarter of a second. The first try is not counted. */
  'octets to decrypt with 3DES again': 8 << 20,
  /** OpenSSL no longer has RC2, and the implementation here is slow. */
  'octets encrypted with RC2': 1 << 20,
  'octets to decrypt with RC2': 2 << 20,
} as const;

/** The kinds of parts that are counted. */
export type Counted = keyof typeof limits;

/** Counts the parts of a message. */
export class Budget {
  readonly #taken = new Map<Counted, number>();

  /** Counts `count` more of a kind. ERR_SMIME if the message then exceeds the limit. */
  take(what: Counted, count = 1): void {
    const taken = (this.#taken.get(what) ?? 0) + count;
    this.#taken.set(what, taken);
    this.check(what, taken);
  }

  /** The elements inside a constructed one, each counted before it is read. */
  *children(parent: BerElement, what: Counted): Generator<BerElement, undefined> {
    for (const child of berChildren(parent, Infinity)) {
      this.take(what);
      yield child;
    }
    return undefined;
  }

  /** Checks a number that is not added to others. */
  check(what: Counted, count: number): void {
    if (count <= limits[what]) return;
    throw smimeError(
      `The message has more than ${limits[what]} ${what}, the limit.`,
      'It may be made to overload its reader. Ask the sender for a message that contains only what its signers and ' +
        'recipients need.',
    );
  }
}
