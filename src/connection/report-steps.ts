/**
 * Reports commands and replies of a dialogue to a log, without secrets and content.
 * @module
 */
import type { Step } from '../smtp/dialogue.js';
import type { Reply } from '../smtp/reply.js';
import type { ConnectionLogEvent } from './contract.js';

type Listener = ((event: ConnectionLogEvent) => void) | undefined;

/** Challenges of an authentication are not logged. */
const hiddenChallenge = { code: 334, enhancedCode: undefined, lines: ['<challenge>'] } as const;

/** Reports a reply. */
export function reportReply(event: Listener, reply: Reply): void {
  event?.({ type: 'reply', level: 'debug', reply: reply.code === 334 ? hiddenChallenge : reply.read() });
}

/** Reports commands in the form that may be shown, and the size of content. */
export function reportWrite(event: Listener, { commands, content }: Extract<Step, { do: 'write' }>): void {
  if (event === undefined) return;
  for (const { display } of commands) event({ type: 'command', level: 'debug', display });
  const octets = (content ?? []).reduce((sum, part) => sum + part.length, 0);
  if (octets > 0) event({ type: 'command', level: 'debug', display: `<${octets} octets of content>` });
}
