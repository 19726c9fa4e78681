/**
 * One mail transaction (RFC 5321 section 3.3), in the fewest round trips that keep its outcome exact:
 *
 *   one    PIPELINING, CHUNKING, small content of which no line begins like a command: MAIL, RCPT, BDAT LAST and the
 *          content in one write
 *   two    PIPELINING: MAIL, RCPT (and DATA, if a refused recipient does not matter); their replies; the content
 *   steps  neither: a reply awaited for each command
 *
 * After `release` the next transaction is written after this one.
 * @module
 */
import { asError, isEmailError, withDetails } from '../../errors/email-error.js';
import type { EmailError } from '../../model/error.js';
import type { SmtpReply } from '../../model/reply.js';
import type { RejectedRecipient } from '../../model/report.js';
import type { OutgoingContent } from '../../model/transport.js';
import { isBytes } from '../../util/bytes.js';
import { createCommand, type Command } from '../command.js';
import { ask, Broken, nextReply, outlasting, readReply, release, replyOf, type Dialogue, write } from '../dialogue.js';
import { misplaced, refusalError, replyError, thrown } from '../reply-error.js';
import type { Reply } from '../reply.js';
import type { Session } from '../session.js';
import { resetCommand } from '../simple-commands.js';
import { hasCommandLine } from './command-lines.js';
import { sendContent, sendNothing } from './content-transfer.js';
import { blockBytes } from './content.js';
import type { EnvelopeCommands } from './envelope-commands.js';
import { RecipientReplies, recipientsRejected } from './recipients.js';
import type { TransactionState } from './transaction-state.js';

/** The input of a transaction. */
export interface TransactionPlan {
  readonly commands: EnvelopeCommands;
  /** The addresses, in the order of `commands.recipients`. */
  readonly recipients: readonly string[];
  /** Content in memory is in canonical form. */
  readonly content: OutgoingContent;
  readonly requireAllRecipients: boolean;
  /** Wait for the replies to the envelope before sending any content: the connection may be dead. */
  readonly envelopeFirst: boolean;
  /** Called with the octets of content passed on so far. */
  readonly onSent?: ((bytes: number) => void) | undefined;
}

/** The outcome: the recipients that the server accepted, and the others. */
export interface TransactionResult {
  readonly accepted: readonly string[];
  readonly rejected: readonly RejectedRecipient[];
  readonly deferred: readonly string[];
  readonly reply: SmtpReply;
  readonly bytes: number;
}

const dataCommand = createCommand('DATA', 'DATA');

/**
 * Runs the transaction. An error says how far it came. A Broken one means that the connection cannot be used again.
 */
export function* transact(
  plan: TransactionPlan,
  session: Session,
  state: TransactionState,
): Dialogue<TransactionResult> {
  const withReset = session.needsReset;
  session.begin('transaction');
  const run: Run = { plan, session, state, withReset, number: session.transactions, replies: new RecipientReplies() };
  try {
    if (!session.pipelining) return yield* inSteps(run);
    return canGoAtOnce(run) ? yield* inOne(run) : yield* inTwo(run);
  } catch (error) {
    throw explain(error instanceof Broken ? new Broken(afterRefusal(run, error.error)) : error, state);
  }
}

interface Run {
  readonly plan: TransactionPlan;
  readonly session: Session;
  readonly state: TransactionState;
  readonly withReset: boolean;
  /** Number of this transaction on its connection. */
  readonly number: number;
  readonly replies: RecipientReplies;
}

/**
 * Must every RCPT reply be seen before content is sent? Yes with `requireAllRecipients`; with one recipient the
 * server's own refusal is enough.
 */
function isStrict({ plan }: Run): boolean {
  return plan.requireAllRecipients && plan.recipients.length > 1;
}

function canGoAtOnce(run: Run): boolean {
  const { plan, session } = run;
  // LMTP does not define how many replies follow content without an accepted recipient.
  if (plan.envelopeFirst || isStrict(run) || session.protocol === 'lmtp' || !session.extensions.has('CHUNKING'))
    return false;
  const { bytes } = plan.content;
  return isBytes(bytes) && bytes.length <= blockBytes && !hasCommandLine(bytes);
}

function envelopeOf({ plan, withReset }: Run): Command[] {
  const { mail, recipients } = plan.commands;
  return withReset ? [resetCommand, mail, ...recipients] : [mail, ...recipients];
}

function* inOne(run: Run): Dialogue<TransactionResult> {
  const { plan, session, state } = run;
  const bytes = plan.content.bytes as Uint8Array;
  const commands = envelopeOf(run);
  commands.push(createCommand(`BDAT ${bytes.length} LAST`, 'content.size'));
  const onSent = (): void => {
    state.sendEnd();
    plan.onSent?.(bytes.length);
  };
  yield { do: 'write', commands, content: [bytes], replies: commands.length, onSent };
  // After a failed BDAT only RSET clears the server's state (RFC 3030 section 2). Whether this one fails is not known
  // yet.
  session.needsReset = true;
  yield release;
  yield* readEnvelope(run);
  const { refusal } = state;
  if (refusal === undefined) return yield* conclude(run, bytes.length);
  const reply = yield* readReply('acceptanceMs');
  if (reply.negative) throw endedBy(reply, refusal);
  // The server sent a reply too many or too few, so the refusal may belong to another command.
  state.refusal = undefined;
  throw misplaced('the refusal of content without recipients', reply, { phase: 'acceptance' });
}

function* inTwo(run: Run): Dialogue<TransactionResult> {
  const { plan, session, state } = run;
  const withData = !session.extensions.has('CHUNKING') && !isStrict(run) && session.protocol === 'smtp';
  const commands = envelopeOf(run);
  if (withData) commands.push(dataCommand);
  yield write(commands);
  const mailReply = yield* readEnvelope(run);
  const dataReply = withData ? yield* readReply() : undefined;
  const { refusal } = state;
  if (refusal !== undefined) {
    session.needsReset = mailReply.positive;
    if (dataReply?.intermediate === true) {
      yield* sendNothing();
      session.needsReset = false;
    } else if (dataReply?.positive === true)
      throw misplaced('354 to DATA, or its refusal', dataReply, { phase: 'content' });
    throw dataReply === undefined ? refusal : endedBy(dataReply, refusal);
  }
  return yield* transfer(run, plan.content, dataReply);
}

function* inSteps(run: Run): Dialogue<TransactionResult> {
  const { plan, session, state, withReset, replies } = run;
  const { mail, recipients } = plan.commands;
  if (withReset) checkReset(yield* ask(resetCommand), state);
  const mailReply = yield* ask(mail);
  session.needsReset = false;
  checkMail(mailReply, run);
  if (state.refusal !== undefined) throw state.refusal;
  session.needsReset = true;
  for (const [index, command] of recipients.entries()) addRecipient(run, index, yield* ask(command));
  if (replies.accepted.length === 0) throw replies.failure(plan.recipients.length);
  return yield* transfer(run, plan.content, undefined);
}

/**
 * Reads the replies to RSET, MAIL and RCPT, which were written together. Returns the reply to MAIL, even a negative
 * one.
 */
function* readEnvelope(run: Run): Dialogue<Reply> {
  if (run.withReset) checkReset(yield* readReply(), run.state);
  const mailReply = replyOf(yield nextReply.replyMs);
  checkMail(mailReply, run);
  const count = run.plan.recipients.length;
  for (let index = 0; index < count; index++) addRecipient(run, index, replyOf(yield nextReply.replyMs));
  if (run.replies.accepted.length === 0) run.state.refusal ??= run.replies.failure(count);
  return mailReply;
}

function checkReset(reply: Reply, state: TransactionState): void {
  if (reply.code === 421) {
    state.refusal = replyError('closed the connection', reply, { phase: 'transaction' });
    throw new Broken(state.refusal);
  }
  if (!reply.positive) throw misplaced('the reply to RSET', reply, { phase: 'transaction' });
}

function checkMail(reply: Reply, { plan, state }: Run): void {
  if (reply.intermediate) throw misplaced('the reply to MAIL', reply, { phase: 'transaction' });
  if (reply.negative) state.refusal = refusalError('refused the sender', reply, 'transaction', plan.content.size);
  if (reply.code === 421) throw new Broken(state.refusal as EmailError);
  state.begun = true;
  state.mailTaken = reply.positive;
}

function addRecipient({ plan, replies, state }: Run, index: number, reply: Reply): void {
  if (reply.intermediate) throw misplaced('the reply to RCPT', reply, { phase: 'transaction' });
  replies.add(plan.recipients[index] ?? '', reply);
  if (reply.code !== 421) return;
  const { recipients } = replies.failure(plan.recipients.length);
  const error = replyError('ended the transaction', reply, { phase: 'transaction', recipients });
  if (replies.accepted.length === 0 && index === plan.recipients.length - 1) state.refusal ??= error;
  throw new Broken(error);
}

/** The error of a transaction whose connection was lost or left: the earlier refusal, if there was one. */
function afterRefusal(run: Run, error: Error): Error {
  const refusal = run.state.refusal ?? (isNamed(error) ? undefined : refusalOfSome(run));
  return refusal === undefined ? error : outlasting(refusal, error);
}

/** A 421 to RCPT already names its recipients. */
function isNamed(error: Error): boolean {
  return isEmailError(error) && error.recipients !== undefined;
}

/**
 * The error that refuses the message although some recipients had no answer yet. The state says whether it may have
 * reached those.
 */
function refusalOfSome({ plan, replies }: Run): EmailError | undefined {
  const total = plan.recipients.length;
  const isDecided = replies.accepted.length === 0 || plan.requireAllRecipients;
  return isDecided && !replies.complete && replies.count < total ? replies.failure(total) : undefined;
}

/** The error of a refusal. It is Broken if the reply to the next command ends the connection. */
function endedBy(reply: Reply, refusal: EmailError): EmailError | Broken {
  return reply.code === 421 ? new Broken(replyError('closed the connection', reply)) : refusal;
}

/** Sends the content once its recipients are known. */
function* transfer(run: Run, content: OutgoingContent, dataReply: Reply | undefined): Dialogue<TransactionResult> {
  const { plan, session, state, replies } = run;
  session.needsReset = true;
  if (plan.requireAllRecipients && !replies.complete) throw replies.failure(plan.recipients.length);
  const chunking = session.extensions.has('CHUNKING');
  if (!chunking) {
    // Not with ??: the transformation to CommonJS moves its right side into a function of its own, which cannot yield.
    const reply = dataReply === undefined ? yield* ask(dataCommand) : dataReply;
    if (reply.negative) throw thrown(refusalError('refused DATA', reply, 'content', content.size));
    if (reply.code !== 354) throw misplaced('354 to DATA', reply, { phase: 'content' });
    // From here on the end of data ends the transaction, whatever the reply.
    session.needsReset = false;
  }
  const expected = session.protocol === 'lmtp' ? replies.accepted.length : 1;
  return yield* conclude(
    run,
    yield* sendContent(content, { chunking, session, state, replies: expected, onSent: plan.onSent }),
  );
}

/** Reads the reply to the end of data; with LMTP one for each accepted recipient (RFC 2033 section 4.2). */
function* conclude(run: Run, bytes: number): Dialogue<TransactionResult> {
  const { session, state, replies } = run;
  state.phase = 'acceptance';
  const { deferred } = replies;
  let { accepted, rejected } = replies;
  let reply: SmtpReply | undefined;
  if (session.protocol === 'smtp') {
    const final = replyOf(yield nextReply.acceptanceMs);
    checkFinal(final);
    if (final.negative) {
      state.refusal = refusalError('refused the message', final, 'acceptance', bytes);
      throw thrown(state.refusal);
    }
    reply = final.read();
  } else {
    const taken: string[] = [];
    const failed: RejectedRecipient[] = [];
    for (const recipient of accepted) {
      const final = yield* readReply('acceptanceMs');
      checkFinal(final);
      if (final.positive) {
        taken.push(recipient);
        reply ??= final.read();
      } else failed.push({ recipient, reply: final.read() });
    }
    accepted = taken;
    rejected = [...rejected, ...failed];
    if (reply === undefined) {
      state.refusal = recipientsRejected(rejected, { phase: 'acceptance' });
      throw state.refusal;
    }
  }
  // The message was accepted, so RSET is not needed. A transaction written meanwhile has its own RSET in front.
  if (session.transactions === run.number) session.needsReset = false;
  return { accepted, rejected, deferred, reply, bytes };
}

function checkFinal(reply: Reply): void {
  if (reply.intermediate) throw misplaced('the reply to the end of the content', reply, { phase: 'acceptance' });
}

function explain(error: unknown, state: TransactionState): unknown {
  const inner = error instanceof Broken ? error.error : error;
  const told = isEmailError(inner) ? explainFailure(inner, state) : inner;
  return error instanceof Broken || state.midContent ? new Broken(asError(told)) : told;
}

/** The error of an unsolicited 4yz or 5yz in the middle of a transaction. */
export function unaskedRefusal(reply: Reply, state: TransactionState): EmailError {
  if (state.contentSent) return refusalError('refused the message before its end', reply, 'content');
  return replyError('ended the transaction before any content', reply, { phase: 'transaction' });
}

/** Adds delivery and phase to an error that ended the transaction. */
export function explainFailure(error: EmailError, state: TransactionState): EmailError {
  const { delivery, phase } = state;
  if (delivery === error.delivery && error.phase !== undefined) return error;
  const isAwaiting = error.code === 'ERR_ABORTED' && delivery === 'unknown';
  // With pipelining the message goes along with its envelope.
  const isAhead = error.code === 'ERR_TIMEOUT' && delivery === 'unknown' && phase === 'transaction';
  const more = isAwaiting
    ? ' while the reply to the message was awaited'
    : isAhead
      ? ' The whole message had already been sent with it.'
      : '';
  return withDetails(error, { delivery, phase: error.phase ?? phase }, error.message + more);
}
