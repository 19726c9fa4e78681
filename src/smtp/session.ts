/**
 * The order of actions on one connection. No other file defines it.
 *
 *   connected --greeting--> greeted --hello--> ready --quit--> closed
 *                              ^                 |
 *                              +---- secured <-- securing  (STARTTLS: capabilities are forgotten, EHLO comes again)
 *
 * In `ready`: authentication once, then transactions, RSET and NOOP in any order.
 * @module
 */
import { type Extensions, noExtensions } from './extensions.js';

/** The phase of a connection. */
export type Phase = 'connected' | 'greeted' | 'ready' | 'securing' | 'closed';

/** An action that begins a dialogue, or the end of a TLS handshake. */
export type Action =
  'greeting' | 'hello' | 'starttls' | 'secured' | 'authenticate' | 'transaction' | 'reset' | 'noop' | 'quit';

const order: Readonly<Record<Phase, Partial<Record<Action, Phase>>>> = {
  connected: { greeting: 'greeted' },
  greeted: { hello: 'ready', quit: 'closed' },
  ready: {
    hello: 'ready',
    starttls: 'securing',
    authenticate: 'ready',
    transaction: 'ready',
    reset: 'ready',
    noop: 'ready',
    quit: 'closed',
  },
  securing: { secured: 'greeted' },
  closed: {},
};

/** The state that dialogues on one connection share. */
export class Session {
  #phase: Phase = 'connected';
  /** Extensions of the last EHLO. */
  extensions: Extensions = noExtensions;
  /** Is the connection under TLS? */
  secure: boolean;
  authenticated = false;
  /**
   * Set if the server may still have a transaction that must not continue (after a BDAT that failed or may fail): RSET
   * is sent before the next MAIL.
   */
  needsReset = false;
  /** Number of transactions begun; shows whether another one has begun since. */
  transactions = 0;
  readonly protocol: 'smtp' | 'lmtp';
  /** Keywords in upper case that are treated as not offered. */
  readonly #ignored: ReadonlySet<string>;
  /** The ignored keywords that the last EHLO offered. */
  ignored: readonly string[] = [];

  constructor(protocol: 'smtp' | 'lmtp', secure: boolean, ignored: ReadonlySet<string> = new Set()) {
    this.protocol = protocol;
    this.secure = secure;
    this.#ignored = ignored;
  }

  /** Takes over the extensions of an EHLO. */
  learn(offered: Extensions): void {
    this.ignored = [...offered.keys()].filter((keyword) => this.#ignored.has(keyword));
    this.extensions =
      this.ignored.length === 0 ? offered : new Map([...offered].filter(([keyword]) => !this.#ignored.has(keyword)));
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** May commands be sent without waiting for each reply (RFC 2920)? */
  get pipelining(): boolean {
    return this.extensions.has('PIPELINING');
  }

  /** Begins `action`. Throws a plain Error, which means a bug in this library, if the order does not allow it. */
  begin(action: Action): void {
    const next = order[this.#phase][action];
    if (
      next === undefined ||
      (action === 'starttls' && this.secure) ||
      (action === 'authenticate' && this.authenticated)
    ) {
      throw new Error(`SMTP: ${action} cannot follow here (${this.#phase})`);
    }
    this.#phase = next;
    if (action === 'secured') {
      // Everything learned in plain text is discarded (RFC 3207 section 4.2).
      this.secure = true;
      this.extensions = noExtensions;
      this.authenticated = false;
    }
    if (action === 'transaction') this.transactions++;
    if (action === 'reset') this.needsReset = false;
  }
}
