/**
 * Collects the problems of a message, so that one error lists them all.
 * @module
 */
import { isEmailError } from '../../errors/email-error.js';
import type { Problem } from '../../model/error.js';
import { invalid } from '../../schema/check.js';
import type { Subject } from '../../schema/check.js';
import { isFull } from '../../schema/schema.js';
import { unreadable } from './own-message.js';
import type { Report } from '../../schema/schema.js';

const subject: Subject = {
  code: 'ERR_MESSAGE_INVALID',
  sentence: 'The message cannot be sent',
  root: 'message',
};

/** Readers of values throw at the first problem. This class keeps the problem, so that the next value can be read. */
export class MessageProblems implements Report {
  readonly problems: Problem[] = [];
  readonly allowReferences = true;

  /**
   * Keeps the problems of an ERR_MESSAGE_INVALID and throws any other error. An error that is not an EmailError came
   * from a value that threw when it was read.
   */
  keep(error: unknown): void {
    if (!isEmailError(error)) throw unreadable('message', error);
    if (error.code !== 'ERR_MESSAGE_INVALID' || error.problems === undefined) throw error;
    for (const found of error.problems) if (!isFull(this)) this.problems.push(found);
  }

  /** Returns the result of `read`; undefined if there was a problem. */
  attempt<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.keep(error);
      return undefined;
    }
  }

  /** Throws ERR_MESSAGE_INVALID if there is any problem. */
  throwIfAny(): void {
    if (this.problems.length > 0) throw invalid(subject, this.problems);
  }
}

/** The entries of a list with their paths. Entries of the wrong type are undefined, and have already been reported. */
export function present<T>(list: readonly (T | undefined)[], path: string): (readonly [T, string])[] {
  return list.flatMap((entry, i) => (entry === undefined ? [] : [[entry, `${path}.${i}`] as const]));
}
