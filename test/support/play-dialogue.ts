/**
 * Runs a dialogue without a connection.
 * @module
 */
import { Broken, type Dialogue } from '../../src/smtp/dialogue.js';
import { ReplyParser } from '../../src/smtp/reply-parser.js';
import type { Reply } from '../../src/smtp/reply.js';

export interface Played<T> {
  /** Lines and content, in order; a release as '(release)'. */
  readonly written: readonly string[];
  readonly value: T | undefined;
  readonly error: unknown;
  /** Did the dialogue give up the connection? */
  readonly broken: boolean;
  /** Number of replies that were not read. */
  readonly unread: number;
}

export function replyOf(text: string): Reply {
  const parser = new ReplyParser();
  parser.push(Buffer.from(`${text}\r\n`));
  const reply = parser.next();
  if (reply === undefined || parser.pending > 0) throw new Error(`not one reply: ${text}`);
  return reply;
}

/** Feeds replies and blocks to a dialogue. If one is an Error, or none is left, the dialogue gets an error. */
export function play<T>(
  dialogue: Dialogue<T>,
  replies: readonly (string | Error)[],
  blocks: readonly (Uint8Array | string | Error)[] = [],
): Played<T> {
  const written: string[] = [];
  const pending = [...replies];
  const source = [...blocks];
  let value: T | undefined;
  let thrown: unknown;
  try {
    let result = dialogue.next();
    while (result.done !== true) {
      const step = result.value;
      if (step.do === 'write') {
        for (const { line } of step.commands) written.push(line);
        for (const part of step.content ?? []) written.push(Buffer.from(part).toString('latin1'));
        step.onSent?.();
        result = dialogue.next();
      } else if (step.do === 'release') {
        written.push('(release)');
        result = dialogue.next();
      } else if (step.do === 'poll') result = dialogue.next();
      else if (step.do === 'block') {
        const block = source.shift();
        result =
          block instanceof Error
            ? dialogue.throw(block)
            : dialogue.next(typeof block === 'string' ? Buffer.from(block) : block);
      } else if (step.do === 'read') {
        const reply = pending.shift();
        result =
          typeof reply === 'string'
            ? dialogue.next(replyOf(reply))
            : dialogue.throw(new Broken(reply ?? new Error('no more replies')));
      } else throw new Error(`no ${step.do} here`);
    }
    value = result.value;
  } catch (error) {
    thrown = error;
  }
  return {
    written,
    value,
    error: thrown instanceof Broken ? thrown.error : thrown,
    broken: thrown instanceof Broken,
    unread: pending.length,
  };
}
