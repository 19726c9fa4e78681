/**
 * A server, as one message sees it.
 * @module
 */
import type { EmailError } from '../../model/error.js';
import type { SmtpReply } from '../../model/reply.js';
import type { Envelope } from '../../model/envelope.js';
import type { ContentCapabilities, OutgoingContent, Transport, TransportResult } from '../../model/transport.js';
import type { ResolvedRetry } from '../../profile/resolve.js';
import type { Circuit } from './circuit.js';
import { delayAfter, namedDelayMs } from './delays.js';
import type { Chance } from './delays.js';
import type { PoolStats } from '../pool/pool.js';
import type { OwnSendOptions } from '../smtp-transport.js';

/** A transport that can be tried several times. */
export interface RetriedTransport extends Pick<Transport, 'close'> {
  send(
    envelope: Envelope,
    compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>,
    options: OwnSendOptions,
  ): Promise<TransportResult>;
  readonly test?: Transport['test'] | undefined;
  stats?(): PoolStats;
}

/** A server of the list. */
export interface RetriedServer {
  /** host:port; undefined with a transport of the caller. */
  readonly name: string | undefined;
  readonly transport: RetriedTransport;
  readonly circuit: Circuit;
}

export class Candidate {
  readonly server: RetriedServer;
  /** The error of this message or of an earlier one that must not pass in silence. */
  fault: EmailError | undefined;
  readonly #times: ResolvedRetry;
  readonly #chance: Chance;
  #attempts = 0;
  #notBefore = 0;
  #isOver = false;

  constructor(server: RetriedServer, times: ResolvedRetry, chance: Chance) {
    this.server = server;
    this.#times = times;
    this.#chance = chance;
  }

  get circuit(): Circuit {
    return this.server.circuit;
  }

  /** May the message still be tried here? */
  get isLeft(): boolean {
    return !this.#isOver && this.#attempts < this.#times.attempts;
  }

  /** Milliseconds until this message may be tried here, whatever the state of the server. */
  waitMs(now: number): number {
    return Math.max(0, this.#notBefore - now);
  }

  countAttempt(): void {
    this.#attempts++;
  }

  /** No further attempt here. */
  giveUp(): void {
    this.#isOver = true;
  }

  /** A further attempt later; not before the time that a reply asks for, and none if that is too long. */
  rest(replies: readonly SmtpReply[]): void {
    const named = Math.max(0, ...replies.map((reply) => namedDelayMs(reply) ?? 0));
    if (named > this.#times.maxMs) return this.giveUp();
    this.#notBefore = performance.now() + Math.max(named, delayAfter(this.#attempts, this.#times, this.#chance));
  }
}
