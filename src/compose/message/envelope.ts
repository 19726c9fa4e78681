/**
 * Sender and recipients for the server, from the profile, the message and the message's own `envelope`.
 * @module
 */
import { parseAddress, parseMailbox } from '../../address/mailbox.js';
import { parseOriginalRecipient } from '../../address/original-recipient.js';
import type { ParsedMailbox } from '../../address/mailbox.js';
import type { AddressInput } from '../../model/address.js';
import type { DsnRecipient, DsnRequest, Envelope } from '../../model/envelope.js';
import type { MailMessage } from '../../model/message.js';
import type { EmailProfile } from '../../model/settings/profile.js';
import { problem } from '../../schema/schema.js';
import { showText } from '../../util/show.js';
import { envelopeOf, noRequests } from '../prepared-message.js';
import { present } from './problems.js';
import type { MessageProblems } from './problems.js';

/** The settings of a profile that apply to its messages. */
export type SenderSettings = Pick<
  EmailProfile,
  'sender' | 'headers' | 'priority' | 'sensitivity' | 'importance' | 'dkim'
>;

/** The mailboxes of a message, parsed once for header fields and envelope. */
export interface MessageMailboxes {
  readonly from: ParsedMailbox;
  readonly sender: ParsedMailbox | undefined;
  readonly to: readonly ParsedMailbox[];
  readonly cc: readonly ParsedMailbox[];
  readonly bcc: readonly ParsedMailbox[];
  readonly replyTo: readonly ParsedMailbox[];
  readonly readReceiptTo: ParsedMailbox | undefined;
  readonly returnReceiptTo: ParsedMailbox | undefined;
}

/** Parses every address of a message; the profile's if the message has none. Invalid ones are added to `problems`. */
export function readMailboxes(
  { sender }: SenderSettings,
  message: MailMessage,
  profileFrom: ParsedMailbox,
  problems: MessageProblems,
): MessageMailboxes {
  const one = (input: AddressInput | false | undefined, path: string): ParsedMailbox | undefined =>
    input === undefined || input === false ? undefined : readAddress(input, path, problems);
  const all = (input: AddressInput | readonly AddressInput[] | undefined, path: string): readonly ParsedMailbox[] =>
    input === undefined ? noMailboxes : readAddresses(input, path, problems);
  return {
    from: one(message.from, 'from') ?? profileFrom,
    sender: one(message.sender, 'sender'),
    to: all(message.to, 'to'),
    cc: all(message.cc, 'cc'),
    bcc: all(message.bcc, 'bcc'),
    replyTo: message.replyTo === false ? noMailboxes : all(message.replyTo ?? sender.replyTo, 'replyTo'),
    readReceiptTo: one(message.readReceiptTo ?? sender.readReceiptTo, 'readReceiptTo'),
    returnReceiptTo: one(message.returnReceiptTo ?? sender.returnReceiptTo, 'returnReceiptTo'),
  };
}

function readAddress(input: AddressInput, path: string, problems: MessageProblems): ParsedMailbox | undefined {
  try {
    return parseAddress(input, path);
  } catch (error) {
    problems.keep(error);
    return undefined;
  }
}

function readAddresses(
  input: AddressInput | readonly AddressInput[],
  path: string,
  problems: MessageProblems,
): readonly ParsedMailbox[] {
  const mailboxes: ParsedMailbox[] = [];
  if (isList(input)) for (let i = 0; i < input.length; i++) keep(mailboxes, input[i], `${path}.${i}`, problems);
  else keep(mailboxes, input, path, problems);
  return mailboxes;
}

/** An entry of the wrong type has already been reported. */
function keep(
  mailboxes: ParsedMailbox[],
  input: AddressInput | undefined,
  path: string,
  problems: MessageProblems,
): void {
  const mailbox = input === undefined ? undefined : readAddress(input, path, problems);
  if (mailbox !== undefined) mailboxes.push(mailbox);
}

function isList(input: AddressInput | readonly AddressInput[]): input is readonly AddressInput[] {
  return Array.isArray(input);
}

const noMailboxes: readonly ParsedMailbox[] = Object.freeze([]);

/**
 * Builds the envelope. Reverse path: message.envelope, sender.envelopeFrom, message.from, sender.email. Recipients:
 * message.envelope, else To, Cc and Bcc, each once. A return receipt requests delivery status notifications; the
 * message's own request takes precedence, field by field.
 */
export function buildEnvelope(
  profile: SenderSettings,
  message: MailMessage,
  mailboxes: MessageMailboxes,
  messageId: string,
  problems: MessageProblems,
): Envelope {
  const own = message.envelope ?? noRequests;
  const from =
    reversePath(own.from, 'envelope.from', problems) ??
    reversePath(profile.sender.envelopeFrom, 'sender.envelopeFrom', problems) ??
    mailboxes.from.email;
  const to = own.to === undefined ? recipients(mailboxes) : recipientsOf(own.to, problems);
  // Invalid recipients have already been reported.
  if (to.length === 0 && problems.problems.length === 0)
    problem(problems, own.to ? 'envelope.to' : 'to', 'there is no recipient: set to, cc or bcc');
  if (own === noRequests && mailboxes.returnReceiptTo === undefined) return envelopeOf(from, to, noRequests);
  const dsn = own.dsn === undefined ? undefined : checkedDsn(own.dsn, to, problems);
  const isRequested = dsn !== undefined || mailboxes.returnReceiptTo !== undefined;
  const merged = isRequested ? mergedDsn(dsn, mailboxes.returnReceiptTo && receiptRequest(messageId)) : undefined;
  return envelopeOf(from, to, own, merged);
}

/** Merges the message's own request, field by field, with that of a return receipt. */
function mergedDsn(own: DsnRequest | undefined, receipt: DsnRequest | undefined): DsnRequest {
  return {
    return: own?.return ?? receipt?.return,
    envelopeId: own?.envelopeId ?? receipt?.envelopeId,
    notify: own?.notify ?? receipt?.notify,
    recipients: own?.recipients,
  };
}

/** Did the message itself request notifications, so that a server without DSN is an error and not a warning? */
export function isDsnRequired(message: MailMessage): boolean {
  return message.envelope?.dsn !== undefined;
}

function reversePath(text: string | undefined, path: string, problems: MessageProblems): string | undefined {
  if (text === undefined || text === '') return text;
  return problems.attempt(() => parseMailbox(text, path).email);
}

function recipients({ to, cc, bcc }: MessageMailboxes): string[] {
  return unique(cc.length === 0 && bcc.length === 0 ? to : [...to, ...cc, ...bcc]);
}

function unique(mailboxes: readonly ParsedMailbox[]): string[] {
  if (mailboxes.length === 1) return [(mailboxes[0] as ParsedMailbox).email];
  return [...new Set(mailboxes.map(({ email }) => email))];
}

function recipientsOf(to: readonly string[], problems: MessageProblems): string[] {
  const mailboxes = present(to, 'envelope.to').map(([address, path]) =>
    problems.attempt(() => parseMailbox(address, path)),
  );
  return unique(mailboxes.filter((mailbox) => mailbox !== undefined));
}

/**
 * The request of a return receipt (RFC 3461): NOTIFY=SUCCESS,FAILURE,DELAY RET=HDRS ENVID; ORCPT is the recipient
 * itself.
 */
function receiptRequest(messageId: string): DsnRequest {
  return { return: 'headers', envelopeId: messageId.slice(0, 100), notify: ['success', 'failure', 'delay'] };
}

/**
 * Replaces the keys of `recipients` by the addresses of the envelope. A key that is not in the envelope is a problem,
 * because it would have no effect.
 */
function checkedDsn(dsn: DsnRequest, to: readonly string[], problems: MessageProblems): DsnRequest {
  if (dsn.recipients === undefined) return dsn;
  const path = 'envelope.dsn.recipients';
  const known = new Set(to);
  const recipients = Object.entries(dsn.recipients).map(([address, request]): [string, DsnRecipient] => {
    const email = problems.attempt(() => parseMailbox(address, path).email);
    if (email !== undefined && !known.has(email))
      problem(problems, path, `${showText(address, 200)} is not a recipient of the message`);
    const { originalRecipient } = request;
    const at = `${path}.${showText(address, 200)}.originalRecipient`;
    if (originalRecipient !== undefined) problems.attempt(() => parseOriginalRecipient(originalRecipient, at));
    return [email ?? '', request];
  });
  return { ...dsn, recipients: Object.assign(Object.create(null), Object.fromEntries(recipients)) };
}
