/**
 * Performs the steps of dialogues on one byte stream. Dialogues form a queue: the first reads replies, the last that
 * has begun writes, and the next begins once that one has released the connection. Everything written in one turn of
 * the event loop is sent in one write.
 * @module
 */
import type { Duplex } from 'node:stream';
import { abortError } from '../../errors/abort.js';
import { asError, createEmailError } from '../../errors/email-error.js';
import { Broken, type Dialogue, type Step, type StepResult } from '../../smtp/dialogue.js';
import { replyError } from '../../smtp/reply-error.js';
import type { Reply } from '../../smtp/reply.js';
import type { Secrets } from '../../util/secrets.js';
import type { ConnectionLogEvent, ConnectionTimeouts } from '../contract.js';
import { type CommandTracing, verbOf } from '../command-tracing.js';
import { connectionGivenUp, connectionLost, deadlinePassed } from '../failures.js';
import { reportReply, reportWrite } from '../report-steps.js';
import { Deadline } from './deadline.js';
import { connectionAlone, Exchange, type ExchangeOptions } from './exchange.js';
import { Inbound, listenTo } from './inbound.js';
import { Outbound } from './outbound.js';

/** Settings and listeners of a channel. */
export interface ChannelOptions {
  readonly timeouts: ConnectionTimeouts;
  /** Undefined without a listener; then no event is made. */
  readonly event: ((event: ConnectionLogEvent) => void) | undefined;
  /** Secrets that were sent on other connections to the same server. */
  readonly knownSecrets?: Iterable<string> | undefined;
  /** Traces commands; absent if tracing is off. */
  readonly tracing?: CommandTracing | undefined;
  /** Called once, when the channel is closed, with the reason. */
  readonly onClosed: (reason: Error) => void;
}

/** The queue of dialogues of one connection. */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  readonly #queue: Exchange[] = [];
  readonly #replyDeadline: Deadline;
  #stream: Duplex;
  #stopListening: () => void;
  /**
   * 'doomed': takes no further dialogue, and closes when those under way are over. An error: closed, for this reason.
   */
  #state: 'open' | 'doomed' | Error = 'open';
  lastActivity = performance.now();

  constructor(stream: Duplex, options: ChannelOptions) {
    this.#options = options;
    this.#stream = stream;
    this.#inbound = new Inbound(options.knownSecrets);
    this.#replyDeadline = new Deadline((name) => this.#timeOut(name, this.#queue[0]));
    this.#outbound = new Outbound(stream, options.timeouts.stallMs, {
      onFlush: (replies) => this.#inbound.promise(replies),
      onWritten: () => this.#written(),
      onStall: () => this.#timeOut('stallMs', this.#writer()),
      onFailure: (error) => this.close(connectionLost(error)),
    });
    this.#stopListening = this.#listen();
  }

  get stream(): Duplex {
    return this.#stream;
  }

  /** The reason why the channel is closed; undefined while it is open. */
  get closed(): Error | undefined {
    return typeof this.#state === 'string' ? undefined : this.#state;
  }

  /** Is the channel open and fit for further dialogues? */
  get usable(): boolean {
    return this.#state === 'open';
  }

  /** Is no dialogue under way? */
  get idle(): boolean {
    return this.#queue.length === 0;
  }

  /** The secrets that replies must not repeat, for the life of the connection. */
  get secrets(): Secrets {
    return this.#inbound.secrets;
  }

  /** Hides a secret that is sent on this connection. `encoded`: see `Secrets`. */
  hide(secret: string, encoded = false): void {
    this.#inbound.hide(secret, encoded);
  }

  /** Runs a dialogue after those that are under way. */
  run<T>(dialogue: Dialogue<T>, options: ExchangeOptions = connectionAlone): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const exchange = new Exchange(dialogue, options, resolve, reject);
      if (this.#options.tracing !== undefined) exchange.keepContext();
      const { signal } = exchange.options;
      this.abandon();
      if (this.closed !== undefined) return exchange.lose(connectionGivenUp(this.closed), true);
      if (signal?.aborted === true) return exchange.abort(abortError(signal));
      if (signal !== undefined) exchange.listen(() => this.#abort(exchange, signal));
      this.#queue.push(exchange);
      this.#startNext();
    });
  }

  /** Closes an idle channel on which an unsolicited line has begun. The rest of that line may never arrive. */
  abandon(): void {
    if (this.#state === 'doomed' && this.idle) this.close(this.#inbound.failure);
  }

  /** Keeps the channel's timers from holding the process until they are set again. */
  unref(): void {
    this.#replyDeadline.unref();
    this.#outbound.unref();
  }

  /**
   * Releases the stream, so that TLS can be put on it. Throws if bytes arrived too early: they would be trusted as if
   * TLS had protected them.
   */
  detach(): Duplex {
    if (this.closed !== undefined) throw this.closed;
    const stream = this.#stream;
    this.#stopListening();
    stream.pause();
    const early = stream.read() as Uint8Array | null;
    if (early !== null) this.#inbound.push(early);
    if (this.#inbound.pending === 0) return stream;
    const error = this.#inbound.failure;
    this.close(error);
    throw error;
  }

  /** Continues with the stream under TLS. */
  attach(stream: Duplex): void {
    this.#stream = stream;
    this.#outbound.use(stream);
    this.#stopListening = this.#listen();
  }

  /**
   * Closes the channel; never throws. `culprit` rejects with `reason`. All other exchanges reject with a
   * lost-connection error and may be retried on another connection, unless `culprit` is 'caller'.
   */
  close(reason: Error, culprit?: Exchange | 'caller'): void {
    if (this.closed !== undefined) return;
    this.#state = reason;
    this.#options.tracing?.closed(reason);
    this.#replyDeadline.stop();
    this.#outbound.stop();
    this.#stopListening();
    this.#stream.on('error', () => {});
    this.#stream.destroy();
    const loss = typeof culprit === 'object' ? connectionGivenUp(reason) : reason;
    for (const exchange of this.#queue.splice(0)) {
      const lost = culprit !== 'caller' && exchange !== culprit;
      exchange.lose(lost ? loss : reason, lost);
    }
    this.#options.onClosed(reason);
  }

  #listen(): () => void {
    return listenTo(
      this.#stream,
      (chunk) => this.#receive(chunk),
      (error) => this.#lose(error),
    );
  }

  #receive(chunk: Uint8Array): void {
    this.lastActivity = performance.now();
    this.#inbound.push(chunk);
    this.#take(false);
    this.#flushAlone();
  }

  /** Handles the end of the stream. The last bytes may contain a refusal. */
  #lose(cause?: Error): void {
    this.#take(true);
    this.close(connectionLost(cause));
  }

  /**
   * Handles the bytes that arrived. They were sent before anything written from now on and cannot answer it, so nothing
   * is sent meanwhile.
   */
  #take(atEnd: boolean): void {
    const inbound = this.#inbound;
    this.#outbound.hold();
    for (;;) {
      const arrival = atEnd ? inbound.end() : inbound.next();
      if (arrival === undefined) break;
      if (arrival === 'not-a-reply') return this.close(inbound.failure, this.#queue[0]);
      if (arrival === 'early') return this.#refuse(inbound.early);
      reportReply(this.#options.event, arrival);
      this.#options.tracing?.replied(arrival);
      this.#deliver(arrival);
      if (this.closed !== undefined) return;
    }
    this.#outbound.release();
  }

  /**
   * Handles an unsolicited reply. It may be a refusal of content, or the server's farewell; anything else is not
   * trusted. If only its beginning has arrived, the rest is awaited and nothing is sent meanwhile, in particular no end
   * of data.
   */
  #refuse(reply: Reply | undefined): void {
    const [head] = this.#queue;
    if (reply === undefined) {
      if (head !== undefined && this.#state === 'open')
        this.#replyDeadline.set('replyMs', this.#options.timeouts.replyMs);
      this.#state = 'doomed';
      return this.#outbound.forgetStall();
    }
    reportReply(this.#options.event, reply);
    this.#options.tracing?.replied(reply);
    if (reply.negative)
      return this.close(head?.options.refuse?.(reply) ?? replyError('closed the connection', reply), head);
    const text = `The server answered ${reply.code} before any command was sent.`;
    this.close(createEmailError('ERR_SMTP_PROTOCOL', text, { reply: reply.read() }), head);
  }

  #deliver(reply: Reply): void {
    const [head] = this.#queue;
    if (head === undefined) return;
    head.answered();
    if (head.waiting !== 'reply') {
      head.replies.push(reply);
      return;
    }
    this.#advance(head, () => head.dialogue.next(reply));
    // The deadline was that of the reply; content has a deadline of its own.
    if (this.#queue[0] === head && head.waiting !== 'reply') this.#replyDeadline.clear();
  }

  /** Runs a dialogue until it waits, ends or fails. If it is traced, it runs in the context of its caller. */
  #advance(exchange: Exchange, resume: () => IteratorResult<Step, unknown>): void {
    const { context } = exchange;
    if (context === undefined) this.#advanceHere(exchange, resume);
    else context.run(() => this.#advanceHere(exchange, resume));
  }

  #advanceHere(exchange: Exchange, resume: () => IteratorResult<Step, unknown>): void {
    let result: IteratorResult<Step, unknown>;
    try {
      result = resume();
      while (result.done !== true) {
        const input = this.#perform(exchange, result.value);
        // A listener that was called in this step may have ended the exchange.
        if (input === waits || this.closed !== undefined || exchange.waiting === 'doomed')
          return this.#outbound.flushSoon();
        result = exchange.dialogue.next(input);
      }
    } catch (error) {
      this.#failed(exchange, error);
      return this.#outbound.flushSoon();
    }
    this.#ended(exchange);
    exchange.resolve(result.value);
    this.#outbound.flushSoon();
  }

  /** Performs a step. Returns its result, or `waits` if the result comes later. */
  #perform(exchange: Exchange, step: Step): StepResult | typeof waits {
    switch (step.do) {
      case 'write':
        return this.#write(exchange, step);
      case 'read': {
        const reply = exchange === this.#queue[0] ? exchange.replies.shift() : undefined;
        if (reply !== undefined) return reply;
        exchange.waiting = 'reply';
        exchange.within = step.within;
        if (exchange === this.#queue[0]) this.#awaitReply(exchange);
        this.#flushAlone();
        return waits;
      }
      case 'poll':
        return exchange.replies.shift();
      case 'release':
        exchange.released = true;
        this.#startNext();
        return undefined;
      case 'block':
        return this.#awaitOutside(exchange, exchange.nextBlock());
      case 'sasl':
        return this.#awaitOutside(exchange, exchange.respond(step.challenge));
    }
  }

  #write(exchange: Exchange, step: WriteStep): StepResult | typeof waits {
    reportWrite(this.#options.event, step);
    this.#options.tracing?.wrote(step);
    let text = '';
    for (const command of step.commands) {
      const { line, display } = command;
      exchange.wrote(command);
      text += `${line}\r\n`;
      if (display !== line) this.hide(line.slice(line.lastIndexOf(' ') + 1), true);
    }
    this.#outbound.gather(text, step.content, step.replies, step.onSent);
    if (!this.#outbound.isFull || this.#outbound.flush()) return undefined;
    exchange.waiting = 'room';
    return waits;
  }

  /**
   * If this is the only exchange, no other output can join it: it is sent at once instead of at the end of the turn.
   */
  #flushAlone(): void {
    if (this.#queue.length === 1) this.#outbound.flush();
  }

  /** The stream has accepted data. Once it accepted all, the writer continues. */
  #written(): void {
    if (this.closed !== undefined) return;
    this.lastActivity = performance.now();
    if (!this.#outbound.hasRoom) return;
    const writer = this.#writer();
    if (writer?.waiting === 'room') this.#advance(writer, () => writer.dialogue.next(undefined));
  }

  #awaitOutside(exchange: Exchange, promise: Promise<Uint8Array | undefined>): typeof waits {
    exchange.waiting = 'outside';
    const goOn = (resume: () => IteratorResult<Step, unknown>): void => {
      if (this.closed === undefined && exchange.waiting === 'outside') this.#advance(exchange, resume);
    };
    promise.then(
      (value) => goOn(() => exchange.dialogue.next(value)),
      (error: unknown) => goOn(() => exchange.dialogue.throw(error)),
    );
    return waits;
  }

  #awaitReply({ within }: Exchange): void {
    this.#replyDeadline.set(within, this.#options.timeouts[within]);
  }

  /** The last exchange that has begun; only it may write. */
  #writer(): Exchange | undefined {
    for (let at = this.#queue.length - 1; at >= 0; at--) if (this.#queue[at]?.begun === true) return this.#queue[at];
    return undefined;
  }

  #startNext(): void {
    if (this.#queue.length === 0 || this.#state !== 'open') return;
    const writer = this.#writer();
    if (writer !== undefined && !writer.released) return;
    const next = this.#queue.find((exchange) => !exchange.begun);
    if (next === undefined) return;
    next.waiting = 'outside';
    this.#advance(next, () => next.dialogue.next());
  }

  /** Removes an exchange that is over from the queue and continues those after it. */
  #ended(exchange: Exchange): void {
    const wasHead = this.#queue[0] === exchange;
    this.#remove(exchange);
    if (wasHead) {
      const [head] = this.#queue;
      if (head?.waiting === 'reply') this.#awaitReply(head);
      else this.#replyDeadline.clear();
      if (head?.waiting === 'doomed') return this.close(asError(head.doom), head);
    }
    this.#startNext();
  }

  #remove(exchange: Exchange): void {
    const at = this.#queue.indexOf(exchange);
    if (at !== -1) this.#queue.splice(at, 1);
  }

  #failed(exchange: Exchange, error: unknown): void {
    if (!(error instanceof Broken)) {
      this.#ended(exchange);
      return exchange.reject(error);
    }
    exchange.break(error.error);
    this.#doom(exchange, error.error);
  }

  /** Closes the channel once the exchanges in front have received their replies. */
  #doom(exchange: Exchange, error: Error): void {
    this.#state = 'doomed';
    if (this.#queue[0] === exchange) return this.close(error, exchange);
    exchange.waiting = 'doomed';
    exchange.doom = error;
  }

  #abort(exchange: Exchange, signal: AbortSignal): void {
    const error = abortError(signal);
    if (!exchange.begun) {
      this.#remove(exchange);
      return exchange.abort(error);
    }
    const others = this.#queue.length > 1;
    if (this.#queue[0] === exchange && !(exchange.released && others)) return this.close(error, exchange);
    exchange.abort(error);
    // If it has written everything, its replies are still read so that later exchanges stay in step. If not, the stream
    // stops in the middle of a command and the connection is lost.
    if (!exchange.released) this.#doom(exchange, error);
  }

  #timeOut(name: string, culprit: Exchange | undefined): void {
    const command = name === 'replyMs' ? culprit?.unanswered : undefined;
    const milliseconds = this.#options.timeouts[name as keyof ConnectionTimeouts];
    this.close(deadlinePassed(name, milliseconds, command && verbOf(command)), culprit);
  }
}

type WriteStep = Extract<Step, { do: 'write' }>;

const waits = Symbol('waits');
