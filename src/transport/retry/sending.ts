/**
 * One message and its attempts. `run` is the loop: it waits for a server, tries it, and decides what follows.
 * @module
 */
import { abortError } from '../../errors/abort.js';
import { atServer, createEmailError, isEmailError, withDetails } from '../../errors/email-error.js';
import type { Envelope } from '../../model/envelope.js';
import type { EmailError, SendAttempt } from '../../model/error.js';
import type { ContentCapabilities, OutgoingContent, TransportResult } from '../../model/transport.js';
import type { OwnSendOptions } from '../smtp-transport.js';
import type { Candidate } from './candidate.js';
import type { Finding, Visit } from './circuit.js';
import { Outcome } from './outcome.js';
import { isSetUpFailure, verdictOf } from './verdict.js';
import type { Verdict } from './verdict.js';
import type { WaitingRoom } from './waiting-room.js';

/** The parts of a message to send. */
export interface Job {
  readonly envelope: Envelope;
  readonly compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>;
  readonly options: OwnSendOptions;
}

/** The permission to try a server. */
interface Turn {
  readonly candidate: Candidate;
  readonly visit: Visit;
}

export class Sending {
  readonly #job: Job;
  /** In order of preference. */
  readonly #candidates: readonly Candidate[];
  readonly #room: WaitingRoom;
  readonly #outcome: Outcome;
  /** The errors of all attempts after which another one was allowed. */
  readonly #errors: { readonly error: EmailError; readonly verdict: Verdict }[] = [];

  constructor(job: Job, candidates: readonly Candidate[], room: WaitingRoom) {
    this.#job = job;
    this.#candidates = candidates;
    this.#room = room;
    this.#outcome = new Outcome(job.envelope.to);
  }

  async run(): Promise<TransportResult> {
    for (;;) {
      let turn: Turn | undefined;
      try {
        turn = await this.#next();
      } catch (cause) {
        if (!isEmailError(cause)) throw cause;
        return this.#outcome.endedBy(cause, true);
      }
      if (turn === undefined) return this.#outcome.isAccepted ? this.#outcome.result() : this.#failed();
      const ended = await this.#attempt(turn);
      if (ended !== undefined) return ended;
    }
  }

  /**
   * Waits until a server may be tried, and enters its circuit at once, so that no other message does; undefined if no
   * server is left.
   */
  async #next(): Promise<Turn | undefined> {
    const { signal } = this.#job.options;
    for (;;) {
      if (signal?.aborted === true) throw abortError(signal);
      const left = this.#candidates.filter(({ isLeft }) => isLeft);
      if (left.length === 0) return undefined;
      const now = performance.now();
      const due = left.filter((candidate) => candidate.waitMs(now) === 0);
      // A fault does not go away by waiting. If there is nothing else, one message looks whether it is still there.
      const onlyFaults = left.every(({ circuit }) => circuit.fault !== undefined);
      const restMs = ({ circuit }: Candidate): number => (onlyFaults && !circuit.isProbed ? 0 : circuit.waitMs(now));
      const free = due.find((candidate) => restMs(candidate) === 0);
      if (free !== undefined) return { candidate: free, visit: free.circuit.enter() };
      const waits = left.map((candidate) => Math.max(candidate.waitMs(now), restMs(candidate)));
      const epochs = due.map(({ circuit }) => circuit.epoch);
      await this.#room.wait(Math.min(...waits), signal);
      due.forEach((candidate, at) => this.#share(candidate, epochs[at]));
    }
  }

  /** A probe that failed while this message waited for it is an attempt of this message too. */
  #share(candidate: Candidate, epoch: number | undefined): void {
    const { failure, fault, epoch: current } = candidate.circuit;
    if (failure === undefined || current === epoch) return;
    candidate.countAttempt();
    this.#record(candidate, { time: new Date(), durationMs: 0, accepted: [], rejected: [], error: failure });
    this.#goOn(candidate, failure, fault === undefined ? verdictOf(failure) : 'profile');
  }

  /** Returns the result if there is nothing more to try. */
  async #attempt({ candidate, visit }: Turn): Promise<TransportResult | undefined> {
    const { envelope, compose, options } = this.#job;
    const { waiting } = this.#outcome;
    const { circuit, server } = candidate;
    candidate.countAttempt();
    const time = new Date();
    const start = performance.now();
    const durationMs = (): number => Math.round(performance.now() - start);
    let result: TransportResult;
    try {
      const part = waiting === envelope.to ? envelope : { ...envelope, to: waiting };
      result = await server.transport.send(part, compose, options);
    } catch (cause) {
      const failure = atServer(cause, server.name);
      if (!isEmailError(failure)) {
        circuit.leave(visit, 'nothing');
        throw failure;
      }
      const isOfCaller = options.signal?.aborted === true || failure.code === 'ERR_CLOSED';
      const verdict = isOfCaller ? 'final' : verdictOf(failure);
      circuit.leave(visit, isOfCaller ? 'nothing' : findingOf(failure, verdict));
      const { delivery } = failure;
      const had =
        delivery === 'partly-delivered' ? new Set(failure.recipients?.map(({ recipient }) => recipient)) : undefined;
      const accepted = had === undefined ? [] : waiting.filter((recipient) => !had.has(recipient));
      const rejected = failure.recipients ?? [];
      this.#record(candidate, { time, durationMs: durationMs(), accepted, rejected, error: failure });
      return this.#afterFailure(candidate, failure, verdict, isOfCaller);
    }
    circuit.leave(visit, 'works');
    const { accepted, rejected } = result;
    this.#record(candidate, { time, durationMs: durationMs(), accepted, rejected });
    this.#warn(candidate);
    const replies = this.#outcome.took(result);
    if (replies.length === 0) return this.#outcome.result();
    candidate.rest(replies);
    return undefined;
  }

  #afterFailure(
    candidate: Candidate,
    error: EmailError,
    verdict: Verdict,
    isOfCaller: boolean,
  ): TransportResult | undefined {
    if (error.delivery === 'partly-delivered' && !isOfCaller) {
      const replies = this.#outcome.tookPartly(error);
      if (replies.length === 0) return this.#outcome.result();
      candidate.rest(replies);
      return undefined;
    }
    if (verdict === 'final') return this.#outcome.endedBy(error, isOfCaller);
    const { requireAllRecipients } = this.#job.options;
    const { recipients = [] } = error;
    if (requireAllRecipients && verdict !== 'profile') {
      if (recipients.some(({ reply }) => (reply?.code ?? 0) >= 500)) return this.#outcome.endedBy(error, false);
    } else if (verdict !== 'profile') {
      // Parts of the message before the one that failed may have been refused for good.
      this.#outcome.refused(recipients);
      if (this.#outcome.waiting.length === 0) return this.#outcome.endedBy(error, false);
    }
    this.#goOn(candidate, error, verdict);
    return undefined;
  }

  /** Notes the error and when the server may be tried again. */
  #goOn(candidate: Candidate, error: EmailError, verdict: Verdict): void {
    this.#errors.push({ error, verdict });
    if (verdict === 'profile') candidate.fault = error;
    if (verdict !== 'moment') return candidate.giveUp();
    const { reply, recipients = [] } = error;
    const replies = recipients.flatMap(({ reply: own }) => own ?? []);
    candidate.rest(replies.length > 0 ? replies : reply === undefined ? [] : [reply]);
  }

  /** Another server accepted the message: a fault of an earlier server must not go unreported. */
  #warn(taker: Candidate): void {
    const at = this.#candidates.indexOf(taker);
    for (const [place, candidate] of this.#candidates.entries()) {
      const fault = candidate.fault ?? (place < at ? candidate.circuit.fault : undefined);
      if (fault === undefined || candidate === taker) continue;
      const { name = 'the first transport' } = candidate.server;
      this.#outcome.warnings.push({
        code: 'WARN_SERVER_PASSED_OVER',
        message: `${name} was skipped, and ${taker.server.name ?? 'another server'} accepted the message: ${fault.message}`,
      });
    }
  }

  #record({ server }: Candidate, attempt: Omit<SendAttempt, 'server' | 'recipients'>): void {
    const { time, durationMs, accepted, rejected, error } = attempt;
    const recipients = this.#outcome.waiting;
    this.#outcome.attempts.push({ server: server.name, time, durationMs, recipients, accepted, rejected, error });
  }

  /** Every attempt failed: the error is a fault of the profile if there is one, else the last error. */
  #failed(): TransportResult {
    const told = this.#errors.find(({ verdict }) => verdict === 'profile') ?? this.#errors.at(-1);
    const error = told?.error ?? createEmailError('ERR_CONNECT', 'No server was tried.');
    const retryable = this.#errors.some((each) => each.error.retryable);
    return this.#outcome.endedBy(withDetails(error, { retryable }), false);
  }
}

function findingOf(error: EmailError, verdict: Verdict): Finding {
  if (isSetUpFailure(error)) return verdict === 'final' ? 'nothing' : { error, isFault: verdict === 'profile' };
  const wasConnected = error.reply !== undefined || error.phase !== undefined;
  return wasConnected ? 'works' : 'nothing';
}
