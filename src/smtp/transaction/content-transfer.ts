/**
 * Sends content after the envelope was accepted: by BDAT with its size, by BDAT in chunks, or by DATA with dots.
 * @module
 */
import type { OutgoingContent } from '../../model/transport.js';
import { isBytes } from '../../util/bytes.js';
import { hasCommandLine } from './command-lines.js';
import { createCommand, type Command } from '../command.js';
import { blocksOf, sizeMismatch, type Blocks } from './content.js';
import { ask, Broken, pollReply, readReply, release, type Dialogue } from '../dialogue.js';
import { DotStuffer } from './dot-stuffing.js';
import { misplaced, refusalError, replyError, thrown } from '../reply-error.js';
import type { Reply } from '../reply.js';
import type { Session } from '../session.js';
import type { TransactionState } from './transaction-state.js';

/** How to send the content. */
export interface Transfer {
  readonly chunking: boolean;
  readonly session: Session;
  readonly state: TransactionState;
  /** Number of replies to the end of the content. */
  readonly replies: number;
  readonly onSent?: ((bytes: number) => void) | undefined;
}

/** The most replies to chunks that may be outstanding. */
const maxChunksAhead = 16;

/** Sends the content to its end and returns its number of octets. The reply to that end has not been read yet. */
export function* sendContent(content: OutgoingContent, transfer: Transfer): Dialogue<number> {
  const { state, session } = transfer;
  state.phase = 'content';
  state.midContent = true;
  const blocks = blocksOf(content);
  const size = isBytes(content.bytes) ? content.bytes.length : exactSize(content);
  const sent = !transfer.chunking
    ? yield* sendByData(blocks, transfer)
    : size === undefined
      ? yield* sendInChunks(blocks, transfer)
      : yield* sendWhole(blocks, size, transfer);
  state.midContent = false;
  if (session.pipelining) yield release;
  return sent;
}

/**
 * Ends a DATA that the server accepted although it refused every recipient, with empty content (RFC 2920 section 3.1).
 */
export function* sendNothing(): Dialogue<Reply> {
  const reply = yield* ask(createCommand('.', 'DATA'));
  if (!reply.negative) throw misplaced('the refusal of content without recipients', reply, { phase: 'acceptance' });
  return reply;
}

/** The size of a stream that is sent without changing its line ends; otherwise undefined. */
function exactSize(content: OutgoingContent): number | undefined {
  return content.canonical === true || content.body === 'binarymime' ? content.size : undefined;
}

function* sendByData(blocks: Blocks, { state, replies, onSent }: Transfer): Dialogue<number> {
  const stuffer = new DotStuffer();
  let sent = 0;
  for (let block = yield* blocks.next(); block !== undefined; block = yield* blocks.next()) {
    sent += block.length;
    const content = stuffer.stuff(block);
    yield { do: 'write', commands: [], content, replies: 0, onSent: progress(sent, onSent, state, false) };
  }
  yield { do: 'write', commands: [], content: [stuffer.end()], replies, onSent: () => state.sendEnd() };
  return sent;
}

/**
 * One BDAT with the size of the content. Each block is sent once the next is known, so that the last one is only sent
 * if the content really ends there.
 */
function* sendWhole(blocks: Blocks, size: number, { state, replies, onSent }: Transfer): Dialogue<number> {
  let commands: readonly Command[] = [bdat(size, true)];
  let sent = 0;
  for (let block = yield* blocks.next(); ;) {
    const next: Uint8Array | undefined = block && (yield* blocks.next());
    sent += block?.length ?? 0;
    const last = next === undefined;
    if (last ? sent !== size : sent >= size) throw sizeMismatch(size, last ? String(sent) : 'more');
    yield {
      do: 'write',
      commands,
      content: block && [block],
      replies: last ? replies : 0,
      onSent: progress(sent, onSent, state, last),
    };
    if (last) return sent;
    commands = [];
    block = next;
  }
}

/**
 * One BDAT per block, if the size is not known. After a refused chunk a server has no transaction left and may execute
 * further chunks as commands. A chunk with a line that begins like a command therefore waits for all earlier replies.
 */
function* sendInChunks(blocks: Blocks, { session, state, replies, onSent }: Transfer): Dialogue<number> {
  const limit = session.pipelining ? maxChunksAhead : 0;
  let sent = 0;
  let outstanding = 0;
  for (let block = yield* blocks.next(); ;) {
    const next: Uint8Array | undefined = block && (yield* orChunkRefused(blocks.next(), outstanding, state));
    let ahead = limit;
    while (outstanding > 0) {
      const reply = outstanding > ahead ? yield* readReply() : yield* pollReply();
      if (reply === undefined) {
        if (block === undefined || !hasCommandLine(block)) break;
        ahead = 0;
        continue;
      }
      outstanding--;
      if (!reply.positive) throw yield* chunkRefused(reply, outstanding, state);
    }
    const last = next === undefined;
    sent += block?.length ?? 0;
    yield {
      do: 'write',
      commands: [bdat(block?.length ?? 0, last)],
      content: block && [block],
      replies: last ? replies : 1,
      onSent: progress(sent, onSent, state, last),
    };
    if (last) break;
    outstanding++;
    block = next;
  }
  // The reply to the last chunk is the outcome of the transaction and is not read here.
  while (outstanding > 0) {
    const reply = yield* readReply();
    outstanding--;
    if (!reply.positive) throw yield* chunkRefused(reply, outstanding + replies, state);
  }
  return sent;
}

/**
 * After a refused chunk, the chunks after it are refused too (RFC 3030 section 2). Their replies are read before RSET.
 */
function* chunkRefused(reply: Reply, outstanding: number, state: TransactionState): Dialogue<Error | Broken> {
  if (reply.intermediate) return misplaced('the reply to BDAT', reply, { phase: 'content' });
  const refusal = refusalError('refused the message', reply, 'content');
  state.refusal = refusal;
  for (let left = reply.code === 421 ? 0 : outstanding; left > 0; left--) {
    const other = yield* readReply();
    if (other.code === 421) return new Broken(replyError('closed the connection', other));
    if (other.negative) continue;
    state.refusal = undefined;
    return misplaced('the refusal of a further chunk', other, { phase: 'content' });
  }
  state.midContent = false;
  return thrown(refusal);
}

/** Runs a step of the transfer. If the connection is lost in it, a refused chunk before it is the real cause. */
function* orChunkRefused<T>(step: Dialogue<T>, outstanding: number, state: TransactionState): Dialogue<T> {
  try {
    return yield* step;
  } catch (error) {
    for (let left = error instanceof Broken ? outstanding : 0; left > 0; left--) {
      const reply = yield* pollReply();
      if (reply === undefined) break;
      if (reply.negative) state.refusal ??= refusalError('refused the message', reply, 'content');
    }
    throw error;
  }
}

function bdat(length: number, last: boolean): Command {
  return createCommand(last ? `BDAT ${length} LAST` : `BDAT ${length}`, 'content.size');
}

/** Makes the callback for a block that was passed to the stream. The last block ends the content. */
function progress(sent: number, onSent: Transfer['onSent'], state: TransactionState, last: boolean): () => void {
  return () => {
    if (last) state.sendEnd();
    else state.contentSent = true;
    onSent?.(sent);
  };
}
