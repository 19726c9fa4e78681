import type { Duplex } from 'node:stream';
import { createEmailError, isEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { Broken, type Dialogue, type Step, type StepResult } from '../smtp/dialogue.js';
import type { Reply } from '../smtp/reply.js';
import { replyError } from '../smtp/reply-error.js';
import { ReplyParser } from '../smtp/reply-parser.js';
import { abortError } from '../errors/abort.js';
import type { ConnectionLogEvent, ConnectionTimeouts } from './contract.js';
import { Deadline } from './deadline.js';
import { Exchange, type ExchangeOptions } from './exchange.js';
import { hiddenText, Secrets } from '../util/secrets.js';
import { connectionGivenUp, connectionLost, deadlinePassed, unsolicitedBytes } from './failures.js';
import { Output } from './output.js';
import { markStale } from './stale.js';

/**
 * Performs the steps of dialogues on one byte stream. Dialogues stand in a queue: the first reads replies, the last that has begun
 * writes, and the next begins once that one released the connection. All that they write in one turn leaves in one write.
 */
export interface ChannelOptions {
  readonly timeouts: ConnectionTimeouts;
  /** Undefined where nobody listens: no event is made then. */
  readonly event: ((event: ConnectionLogEvent) => void) | undefined;
  /** The channel is closed, for this reason; called once. */
  readonly onClosed: (reason: Error) => void;
}

/** Gathered output beyond this leaves at once. */
const flushBytes = 48 * 1024;

export class Channel {
  readonly #options: ChannelOptions;
  readonly #parser = new ReplyParser();
  readonly #output = new Output();
  readonly #queue: Exchange[] = [];
  readonly #replyDeadline: Deadline;
  readonly #stallDeadline: Deadline;
  #stream: Duplex;
  #detach: () => void = () => {};
  /** Replies that were called for: by what the server has, and by what waits to leave. The greeting comes unasked. */
  #answerable = 1;
  #answerableNext = 0;
  #flushing = false;
  #receiving = false;
  #closed: Error | undefined;
  #doomed = false;
  /** A refusal has begun that no command asked for: nothing is written any more. */
  #held = false;
  /** What was sent and is not to be shown. With any of it, bytes that are no reply are not quoted either: they may be an echo. */
  #secrets: Secrets | undefined;
  lastActivity = performance.now();

  constructor(stream: Duplex, options: ChannelOptions) {
    this.#options = options;
    this.#stream = stream;
    this.#replyDeadline = new Deadline((name) => this.#timeOut(name, this.#queue[0]));
    this.#stallDeadline = new Deadline((name) => this.#timeOut(name, this.#writer()));
    this.#attach(stream);
  }

  get stream(): Duplex {
    return this.#stream;
  }

  /** Why it is closed; undefined while it is open. */
  get closed(): Error | undefined {
    return this.#closed;
  }

  /** Open, and nothing has happened after which it should not be used. */
  get usable(): boolean {
    return this.#closed === undefined && !this.#doomed;
  }

  /** Is nothing under way? */
  get idle(): boolean {
    return this.#queue.length === 0;
  }

  /** Runs a dialogue behind those that are under way. */
  run<T>(dialogue: Dialogue<T>, options: ExchangeOptions = {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const exchange = new Exchange(dialogue, options, resolve, reject);
      const { signal } = options;
      // Bytes came that nothing had called for, and what they begin may never end.
      this.abandon();
      if (this.#closed !== undefined) return this.#fail(exchange, connectionGivenUp(this.#closed), true);
      if (signal?.aborted === true) return exchange.reject(explained(exchange, abortError(signal)));
      if (signal !== undefined) exchange.listen(() => this.#abort(exchange, signal));
      this.#queue.push(exchange);
      this.#startNext();
    });
  }

  /** Closes an idle channel on which a line has begun that no command asked for: the rest of it is not waited for any longer. */
  abandon(): void {
    if (this.#doomed && this.idle) this.close(unsolicitedBytes(this.#discreet ? undefined : this.#parser.rest));
  }

  /** What is still awaited holds no process. */
  unref(): void {
    this.#replyDeadline.unref();
    this.#stallDeadline.unref();
  }

  /** From now on replies that repeat this are shown without their text, as long as the connection lives. `encoded` as in Secrets. */
  hide(secret: string, encoded = false): void {
    this.#secrets ??= new Secrets();
    this.#secrets.add(secret, encoded);
  }

  /** Text of the server, or what stands in its place where it repeats a secret. */
  conceal(text: string): string {
    return this.#secrets?.isIn(text) === true ? hiddenText : text;
  }

  get #discreet(): boolean {
    return this.#secrets !== undefined;
  }

  /** Gives the stream away for TLS to be put on it. Bytes that came too early would be believed as if TLS had protected them. */
  detach(): Duplex {
    const stream = this.#stream;
    if (this.#closed !== undefined) throw this.#closed;
    this.#detach();
    stream.pause();
    const early = this.#parser.pending > 0 ? this.#parser.rest : (stream.read() as Uint8Array | null);
    if (early === null) return stream;
    const error = unsolicitedBytes(early);
    this.close(error);
    throw error;
  }

  /** Goes on with the stream that TLS gave. */
  attach(stream: Duplex): void {
    this.#stream = stream;
    this.#attach(stream);
  }

  /**
   * Ends everything at once; never throws. `culprit` is told the reason, others that they lost their connection and may go on
   * another; 'caller' that nobody may.
   */
  close(reason: Error, culprit?: Exchange | 'caller'): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    this.#replyDeadline.stop();
    this.#stallDeadline.stop();
    this.#detach();
    this.#stream.on('error', () => {});
    this.#stream.destroy();
    const loss = typeof culprit === 'object' ? connectionGivenUp(reason) : reason;
    for (const exchange of this.#queue.splice(0)) {
      const lost = culprit !== 'caller' && exchange !== culprit;
      this.#fail(exchange, lost ? loss : reason, lost);
    }
    this.#options.onClosed(reason);
  }

  #attach(stream: Duplex): void {
    const onData = (chunk: Uint8Array): void => this.#receive(chunk);
    const onEnd = (): void => this.#lose();
    const onError = (error: Error): void => this.#lose(error);
    stream.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onError);
    this.#detach = () => {
      stream
        .removeListener('data', onData)
        .removeListener('end', onEnd)
        .removeListener('close', onEnd)
        .removeListener('error', onError);
      this.#detach = () => {};
    };
  }

  #receive(chunk: Uint8Array): void {
    this.lastActivity = performance.now();
    this.#parser.push(chunk);
    this.#take(() => this.#parser.next(this.#discreet));
    if (this.#closed !== undefined) return;
    if (this.#answerable === 0 && this.#parser.pending > 0) this.#suspect(this.#parser.rest);
    this.#flushAlone();
  }

  /** The stream ended or failed: what it ends with may still be a refusal. */
  #lose(cause?: Error): void {
    this.#take(() => this.#parser.end(this.#discreet));
    this.close(connectionLost(cause));
  }

  /** Hands replies over, as many as `next` gives. */
  #take(next: () => Reply | undefined): void {
    if (this.#closed !== undefined) return;
    // What arrived was sent before anything that is written now: nothing of it may be taken for an answer to that.
    this.#receiving = true;
    try {
      for (let reply = next(); reply !== undefined; reply = next()) {
        if (this.#secrets !== undefined) reply.hide(this.#secrets);
        this.#options.event?.({
          type: 'reply',
          level: 'debug',
          reply: reply.code === 334 ? hiddenChallenge : reply.read(),
        });
        if (this.#answerable === 0) return this.#refuseEarly(reply);
        this.#answerable--;
        this.#deliver(reply);
        if (this.#closed !== undefined) return;
      }
    } catch (error) {
      this.close(error as Error, this.#queue[0]);
    } finally {
      this.#receiving = false;
    }
  }

  /**
   * Bytes of a line that is not complete, though no command asked for it. A refusal may come in pieces: its end is waited for, and nothing
   * is written meanwhile, above all no end of data. Anything else closes the channel.
   */
  #suspect(bytes: Uint8Array): void {
    const [head] = this.#queue;
    this.#doomed = true;
    if (!beginsRefusal.test(Buffer.from(bytes.subarray(0, 4)).toString('latin1')))
      return this.close(unsolicitedBytes(this.#discreet ? undefined : bytes), head);
    this.#held = true;
    this.#stallDeadline.clear();
    if (head !== undefined) this.#replyDeadline.set('replyMs', this.#options.timeouts.replyMs);
  }

  /** A reply that no command asked for: a refusal of content, or the server's farewell; anything else is not believed. */
  #refuseEarly(reply: Reply): void {
    const [head] = this.#queue;
    if (reply.negative)
      return this.close(head?.options.refuse?.(reply) ?? replyError('closed the connection', reply), head);
    const text = `The server answered ${reply.code} before it was asked.`;
    this.close(createEmailError('ERR_SMTP_PROTOCOL', text, { reply: reply.read() }), head);
  }

  #deliver(reply: Reply): void {
    const [head] = this.#queue;
    if (head === undefined) return;
    if (head.waiting !== 'reply') {
      head.replies.push(reply);
      return;
    }
    this.#advance(head, () => head.dialogue.next(reply));
    // The deadline was that of this reply; content has its own.
    if (this.#queue[0] === head && head.waiting !== 'reply') this.#replyDeadline.clear();
  }

  /** Runs a dialogue until it waits, ends or fails. */
  #advance(exchange: Exchange, resume: () => IteratorResult<Step, unknown>): void {
    let result: IteratorResult<Step, unknown>;
    try {
      result = resume();
      while (result.done !== true) {
        const input = this.#perform(exchange, result.value);
        // Whoever hears of a step may have ended the exchange meanwhile.
        if (input === waits || this.#closed !== undefined || exchange.waiting === 'doomed') return this.#flushSoon();
        result = exchange.dialogue.next(input);
      }
    } catch (error) {
      this.#failed(exchange, error);
      return this.#flushSoon();
    }
    this.#ended(exchange);
    exchange.resolve(result.value);
    this.#flushSoon();
  }

  /** Does a step; what it gives, or `waits` where that will come later. */
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
        return this.#awaitOutside(exchange, callSasl(exchange, step.challenge));
    }
  }

  #write(exchange: Exchange, step: Extract<Step, { do: 'write' }>): StepResult | typeof waits {
    const { commands, content, onSent } = step;
    if (this.#held) {
      exchange.waiting = 'outside';
      return waits;
    }
    if (this.#options.event !== undefined) this.#report(step);
    if (commands.length > 0) {
      let text = '';
      for (const { line, display } of commands) {
        text += `${line}\r\n`;
        if (display !== line) this.hide(line.slice(line.lastIndexOf(' ') + 1), true);
      }
      this.#output.text(text);
    }
    if (content !== undefined) for (const part of content) this.#output.bytes(part);
    if (onSent !== undefined) this.#output.then(onSent);
    this.#answerableNext += step.replies;
    if (this.#output.length < flushBytes) return undefined;
    // Further replies may have arrived that were sent before this: it leaves when those are read.
    if (!this.#receiving) {
      this.#flush();
      if (this.#stream.writableLength === 0) return undefined;
    }
    exchange.waiting = 'room';
    return waits;
  }

  /** Where one exchange is under way nothing can join what it wrote: the server need not wait for the end of the turn. */
  #flushAlone(): void {
    if (this.#queue.length === 1 && !this.#receiving) this.#flush();
  }

  /** What else is written in this turn leaves with it. */
  #flushSoon(): void {
    if (this.#flushing || this.#output.length === 0) return;
    this.#flushing = true;
    process.nextTick(this.#flushLater);
  }

  readonly #flushLater = (): void => {
    this.#flushing = false;
    this.#flush();
  };

  #flush(): void {
    if (this.#closed !== undefined || this.#held || this.#output.length === 0) return;
    this.#answerable += this.#answerableNext;
    this.#answerableNext = 0;
    try {
      this.#output.flush(this.#stream, this.#written);
    } catch (error) {
      return this.close(connectionLost(error as Error));
    }
    this.#watchStall();
  }

  /** The stream below took something. */
  readonly #written = (): void => {
    if (this.#closed !== undefined) return;
    this.lastActivity = performance.now();
    this.#watchStall();
    if (this.#stream.writableLength > 0) return;
    const writer = this.#writer();
    if (writer?.waiting === 'room') this.#advance(writer, () => writer.dialogue.next(undefined));
  };

  #watchStall(): void {
    if (this.#stream.writableLength > 0) this.#stallDeadline.set('stallMs', this.#options.timeouts.stallMs);
    else this.#stallDeadline.clear();
  }

  #awaitOutside(exchange: Exchange, promise: Promise<Uint8Array | undefined>): typeof waits {
    exchange.waiting = 'outside';
    const goOn = (resume: () => IteratorResult<Step, unknown>): void => {
      if (this.#closed === undefined && exchange.waiting === 'outside') this.#advance(exchange, resume);
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

  /** The last one that has begun. */
  #writer(): Exchange | undefined {
    return this.#queue.findLast((exchange) => exchange.begun);
  }

  #startNext(): void {
    const next = this.#queue.find((exchange) => !exchange.begun);
    if (next === undefined || this.#doomed) return;
    const writer = this.#writer();
    if (writer !== undefined && !writer.released) return;
    next.waiting = 'outside';
    this.#advance(next, () => next.dialogue.next());
  }

  /** Takes an exchange that is over from the queue, and goes on with those behind it. */
  #ended(exchange: Exchange): void {
    const wasHead = this.#queue[0] === exchange;
    this.#remove(exchange);
    if (wasHead) {
      const [head] = this.#queue;
      if (head?.waiting === 'reply') this.#awaitReply(head);
      else this.#replyDeadline.clear();
      if (head?.waiting === 'doomed') return this.close(head.doom as Error, head);
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
    exchange.reject(this.#marked(exchange, error.error, false));
    this.#doom(exchange, error.error);
  }

  /** Ends the connection, but not before those in front had their replies. */
  #doom(exchange: Exchange, error: Error): void {
    this.#doomed = true;
    if (this.#queue[0] === exchange) return this.close(error, exchange);
    exchange.waiting = 'doomed';
    exchange.doom = error;
  }

  #abort(exchange: Exchange, signal: AbortSignal): void {
    const error = abortError(signal);
    if (!exchange.begun) {
      this.#remove(exchange);
      return exchange.reject(explained(exchange, error));
    }
    const others = this.#queue.length > 1;
    if (this.#queue[0] === exchange && !(exchange.released && others)) return this.close(error, exchange);
    exchange.reject(explained(exchange, error));
    // Where all of it is written its replies can still be read, for the sake of the others. Otherwise nothing can follow it.
    if (!exchange.released) this.#doom(exchange, error);
  }

  #timeOut(name: string, culprit: Exchange | undefined): void {
    this.close(deadlinePassed(name, this.#options.timeouts[name as keyof ConnectionTimeouts]), culprit);
  }

  /** Tells a dialogue that its connection is gone, and its caller what that means for it. */
  #fail(exchange: Exchange, reason: Error, lost: boolean): void {
    let told: unknown = reason;
    if (!exchange.begun) told = isEmailError(reason) ? explained(exchange, reason) : reason;
    else if (exchange.waiting !== 'doomed') {
      try {
        return exchange.resolve(exchange.finish(reason));
      } catch (error) {
        told = error instanceof Broken ? error.error : error;
      }
    }
    exchange.reject(this.#marked(exchange, told, lost));
  }

  /** Notes on an error that another connection may do better: the server was gone, or said so (421) before it began. */
  #marked(exchange: Exchange, error: unknown, lost: boolean): unknown {
    if (!isEmailError(error) || (!lost && error.reply?.code !== 421)) return error;
    return exchange.options.mayRetry?.(exchange.begun) === true ? markStale(error) : error;
  }

  #report({ commands, content }: Extract<Step, { do: 'write' }>): void {
    const { event } = this.#options;
    for (const { display } of commands) event?.({ type: 'command', level: 'debug', display });
    const octets = (content ?? []).reduce((sum, part) => sum + part.length, 0);
    if (octets > 0) event?.({ type: 'command', level: 'debug', display: `<${octets} octets of content>` });
  }
}

const waits = Symbol('waits');
/** The code of a 4yz or 5yz, as far as it has come, and what follows it. */
const beginsRefusal = /^[45](?:\d(?:\d[ \r-]?)?)?$/;
/** The rounds of an authentication are in no log. */
const hiddenChallenge = { code: 334, lines: ['<challenge>'] } as const;

function explained(exchange: Exchange, error: EmailError): EmailError {
  return exchange.options.explain?.(error) ?? error;
}

async function callSasl(exchange: Exchange, challenge: Buffer | undefined): Promise<Uint8Array | undefined> {
  return await exchange.options.sasl?.(challenge);
}
