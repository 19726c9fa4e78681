/**
 * Commands of one line and one reply.
 * @module
 */
import { createCommand } from './command.js';
import { ask, readReply, release, type Dialogue, write } from './dialogue.js';
import { misplaced, refused } from './reply-error.js';
import type { Reply } from './reply.js';
import type { Session } from './session.js';

const rset = createCommand('RSET', 'RSET');
const noop = createCommand('NOOP', 'NOOP');
const quitCommand = createCommand('QUIT', 'QUIT');
const starttlsCommand = createCommand('STARTTLS', 'STARTTLS');

/** RSET, for use within other dialogues. */
export const resetCommand = rset;

/** RSET drops the server's current transaction. The next one may be written right after it. */
export function* reset(session: Session): Dialogue<void> {
  session.begin('reset');
  yield write([rset]);
  if (session.pipelining) yield release;
  const reply = yield* readReply();
  if (!reply.positive) throw misplaced('the reply to RSET', reply, { phase: 'transaction' });
}

/** NOOP: checks that the server still responds. */
export function* checkAlive(session: Session): Dialogue<void> {
  session.begin('noop');
  const reply = yield* ask(noop);
  if (!reply.positive) throw refused('refused NOOP', reply);
}

/** QUIT. Any reply ends the session. */
export function* quit(session: Session): Dialogue<Reply> {
  session.begin('quit');
  return yield* ask(quitCommand);
}

/** STARTTLS (RFC 3207). After it, the next byte in either direction belongs to TLS. */
export function* startTls(session: Session): Dialogue<void> {
  session.begin('starttls');
  const reply = yield* ask(starttlsCommand);
  if (reply.code === 220) return;
  const remedy =
    'The server offers STARTTLS but cannot start it now; nothing is sent in plain text instead. Try again ' +
    'later, or tell the operator of the server.';
  if (reply.negative) throw refused('refused STARTTLS', reply, { code: 'ERR_TLS', phase: 'starttls', remedy });
  throw misplaced('220 to STARTTLS', reply, { phase: 'starttls' });
}
