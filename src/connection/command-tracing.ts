/**
 * Publishes the commands of one connection, each with its reply, to the channels of `node:diagnostics_channel`. Made
 * only if a channel had a subscriber before the connection was opened.
 * @module
 */
import { beginTrace, commands, endTrace, publishReply } from '../logging/diagnostics.js';
import type { CommandTrace } from '../model/log.js';
import type { Command } from '../smtp/command.js';
import type { Step } from '../smtp/dialogue.js';
import type { Reply } from '../smtp/reply.js';

/** The connection that is traced. */
export type TracedConnection = Pick<CommandTrace, 'connection' | 'server' | 'port'>;

/** A command, or content, whose replies are still expected. */
interface Owed {
  readonly trace: CommandTrace;
  /** Number of expected replies; 0 for content that is not yet complete. */
  replies: number;
}

export class CommandTracing {
  readonly #connection: TracedConnection;
  readonly #owed: Owed[] = [];

  constructor(connection: TracedConnection) {
    this.#connection = connection;
  }

  /** Records written commands, content, or both. */
  wrote(step: Extract<Step, { do: 'write' }>): void {
    const bytes = (step.content ?? []).reduce((sum, part) => sum + part.length, 0);
    for (const command of step.commands) this.#begin(verbOf(command), 1);
    let last = this.#owed.at(-1);
    // The content of BDAT belongs to its command. That of DATA has a trace of its own, after the reply to the command.
    const isContent = step.content !== undefined && last?.trace.verb !== 'BDAT' && last?.trace.verb !== contentVerb;
    if (isContent) last = this.#begin(contentVerb, 0);
    if (last === undefined) return;
    last.trace.bytes += bytes;
    // LMTP sends a reply for each recipient. A BDAT in several writes has one reply, which belongs to the last of them.
    last.replies += step.replies - step.commands.length;
  }

  /** Records a reply. An unsolicited reply has no command here. */
  replied(reply: Reply): void {
    const { code, enhancedCode } = reply.read();
    const [owed] = this.#owed;
    publishReply({ connection: this.#connection.connection, verb: owed?.trace.verb, code, enhancedCode });
    if (owed === undefined) return;
    Object.assign(owed.trace, { code, enhancedCode });
    if (--owed.replies > 0) return;
    this.#owed.shift();
    endTrace(commands, owed.trace);
  }

  /** Ends all traces: no further reply can arrive. */
  closed(reason: Error): void {
    for (const { trace } of this.#owed.splice(0)) endTrace(commands, trace, reason);
  }

  #begin(verb: string, replies: number): Owed {
    const owed = { trace: { ...this.#connection, verb, bytes: 0 }, replies };
    this.#owed.push(owed);
    beginTrace(commands, owed.trace);
    return owed;
  }
}

const contentVerb = 'content';

/** The verb of a command. Lines within an authentication have none, nor has the end of empty content. */
export function verbOf({ display }: Command): string {
  if (display === '.') return contentVerb;
  return /^[A-Z]+(?= |$)/.exec(display)?.[0] ?? 'AUTH';
}
