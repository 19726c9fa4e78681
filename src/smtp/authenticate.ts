/**
 * AUTH (RFC 4954). The connection runs the mechanism: it passes challenges to it and returns its answers.
 * @module
 */
import { asError, createEmailError, isEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { noBytes } from '../util/bytes.js';
import { createCommand, createSecretCommand, type Command } from './command.js';
import { ask, askMechanism, Broken, readReply, type Dialogue, write } from './dialogue.js';
import { misplaced, replyError } from './reply-error.js';
import type { Reply } from './reply.js';
import type { Session } from './session.js';

/** More rounds than any mechanism needs: SCRAM needs 2, GSSAPI 3, NTLM 2. */
const maxRounds = 8;
/** An initial response must not make the AUTH line longer than a command may be (RFC 4954 section 4). */
const maxAuthLine = 510;

/** The outcome of an authentication that leaves the connection usable. */
export type AuthenticationOutcome =
  | { readonly ok: true }
  /** A refusal. 504 before any challenge means that the server does not support the mechanism after all. */
  | { readonly ok: false; readonly unknownMechanism: boolean; readonly reply: Reply };

/** Authenticates with the mechanism of that name. `complete` says whether the mechanism has finished. */
export function* authenticate(
  session: Session,
  name: string,
  complete: () => boolean,
): Dialogue<AuthenticationOutcome> {
  session.begin('authenticate');
  let reply = yield* begin(name);
  let round = 0;
  for (; reply.code === 334; round++) {
    if (round === maxRounds) throw yield* cancel(protocolError(`${name} took more than ${maxRounds} rounds`));
    let response: Command;
    try {
      const challenge = readChallenge(reply, name, round);
      response = createSecretCommand(encode((yield* askMechanism(challenge)) ?? noBytes), `<${name} response>`);
    } catch (error) {
      throw error instanceof Broken ? error : yield* cancel(error);
    }
    yield write([response]);
    reply = yield* readReply();
  }
  if (reply.code === 235) {
    if (!complete()) {
      throw new Broken(
        protocolError(`the server accepted ${name} before it had given the proof that the mechanism requires`),
      );
    }
    session.authenticated = true;
    return { ok: true };
  }
  if (reply.code === 421)
    throw new Broken(replyError('closed the connection instead of authenticating', reply, { phase: 'authenticate' }));
  if (reply.negative) return { ok: false, unknownMechanism: reply.code === 504 && round === 0, reply };
  throw misplaced('the outcome of AUTH (235)', reply, { phase: 'authenticate' });
}

function* begin(name: string): Dialogue<Reply> {
  const initial = yield* askMechanism();
  const bare = createCommand(`AUTH ${name}`, 'authentication.method');
  if (initial === undefined) return yield* ask(bare);
  const encoded = initial.length === 0 ? '=' : encode(initial);
  if (bare.line.length + 1 + encoded.length <= maxAuthLine) {
    return yield* ask(createSecretCommand(`${bare.line} ${encoded}`, `${bare.line} <initial response>`, maxAuthLine));
  }
  const held = createSecretCommand(encoded, '<initial response>');
  const reply = yield* ask(bare);
  // If the initial response was held back, the first challenge is empty and asks for it (RFC 4954 section 4).
  return reply.code === 334 ? yield* ask(held) : reply;
}

/** Cancels the exchange with "*" and reads the server's 501. Returns the error to throw. */
function* cancel(error: unknown): Dialogue<unknown> {
  const reply = yield* ask(createCommand('*', 'authentication.method'), isEmailError(error) ? error : undefined);
  return reply.negative && reply.code !== 421 ? error : new Broken(asError(error));
}

/** Base64 by RFC 4648 section 4, without line ends or blanks, with full padding. */
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function readChallenge(reply: Reply, name: string, round: number): Buffer {
  const text = reply.challenge;
  if (base64.test(text)) return Buffer.from(text, 'base64');
  // Exim answers AUTH NTLM with "334 NTLM supported"; Exchange used to.
  if (name === 'NTLM' && round === 0) return Buffer.from(text, 'utf8');
  throw protocolError(`the challenge of ${name} is not base64`);
}

function encode(response: Uint8Array): string {
  return Buffer.from(response.buffer, response.byteOffset, response.byteLength).toString('base64');
}

function protocolError(what: string): EmailError {
  return createEmailError('ERR_SMTP_PROTOCOL', `Authentication was abandoned: ${what}.`, { phase: 'authenticate' });
}
