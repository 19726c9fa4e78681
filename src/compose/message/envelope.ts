/** Who sends and who receives, as told to the server: from the profile, the message, and the message's own envelope. */
import { parseAddress, parseMailbox } from '../../address/mailbox.js';
import type { ParsedMailbox } from '../../address/mailbox.js';
import { messageInvalid } from '../../errors/email-error.js';
import type { AddressInput } from '../../model/address.js';
import type { DsnRecipient, DsnRequest, Envelope } from '../../model/envelope.js';
import type { MailMessage } from '../../model/message.js';
import type { EmailProfile } from '../../model/profile.js';
import { showText } from '../../util/show.js';

/** The mailboxes of a message, checked once for header fields and envelope. */
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

/** Reads every address of a message; the profile's where the message has none. */
export function readMailboxes(
  profile: EmailProfile,
  message: MailMessage,
  profileFrom: ParsedMailbox,
): MessageMailboxes {
  const { sender } = profile;
  return {
    from: message.from === undefined ? profileFrom : parseAddress(message.from, 'from'),
    sender: message.sender === undefined ? undefined : parseAddress(message.sender, 'sender'),
    to: mailboxList(message.to, 'to'),
    cc: mailboxList(message.cc, 'cc'),
    bcc: mailboxList(message.bcc, 'bcc'),
    replyTo: message.replyTo === false ? noMailboxes : mailboxList(message.replyTo ?? sender.replyTo, 'replyTo'),
    readReceiptTo: optionalMailbox(message.readReceiptTo ?? sender.readReceiptTo, 'readReceiptTo'),
    returnReceiptTo: optionalMailbox(message.returnReceiptTo ?? sender.returnReceiptTo, 'returnReceiptTo'),
  };
}

function mailboxList(
  input: AddressInput | readonly AddressInput[] | undefined,
  path: string,
): readonly ParsedMailbox[] {
  if (input === undefined) return noMailboxes;
  if (!isList(input)) return [parseAddress(input, path)];
  return input.map((entry, i) => parseAddress(entry, `${path}.${i}`));
}

function isList(input: AddressInput | readonly AddressInput[]): input is readonly AddressInput[] {
  return Array.isArray(input);
}

function optionalMailbox(input: AddressInput | false | undefined, path: string): ParsedMailbox | undefined {
  return input === undefined || input === false ? undefined : parseAddress(input, path);
}

const none: Partial<Envelope> = Object.freeze(Object.create(null) as Partial<Envelope>);
const noMailboxes: readonly ParsedMailbox[] = Object.freeze([]);

/**
 * The envelope. Reverse path: message.envelope, sender.envelopeFrom, message.from, sender.email. Recipients: message.envelope, else
 * To, Cc and Bcc, each once. A return receipt asks for delivery status notifications unless the message asks for its own.
 */
export function buildEnvelope(
  profile: EmailProfile,
  message: MailMessage,
  mailboxes: MessageMailboxes,
  messageId: string,
): Envelope {
  const own = message.envelope ?? none;
  const from =
    reversePath(own.from, 'envelope.from') ??
    reversePath(profile.sender.envelopeFrom, 'sender.envelopeFrom') ??
    mailboxes.from.email;
  const to = own.to === undefined ? recipients(mailboxes) : recipientsOf(own.to);
  if (to.length === 0) throw messageInvalid(own.to ? 'envelope.to' : 'to', 'there is no recipient: give to, cc or bcc');
  if (own === none && mailboxes.returnReceiptTo === undefined) return { from, to };
  const dsn = own.dsn === undefined ? undefined : checkedDsn(own.dsn, to);
  return {
    from,
    to,
    ...(dsn ? { dsn } : mailboxes.returnReceiptTo && { dsn: receiptRequest(messageId) }),
    ...(own.requireTls !== undefined && { requireTls: own.requireTls }),
    ...(own.deliverBy && { deliverBy: own.deliverBy }),
    ...(own.holdUntil && { holdUntil: own.holdUntil }),
    ...(own.mtPriority !== undefined && { mtPriority: own.mtPriority }),
  };
}

/** Did the message ask for notifications itself, so that a server without DSN is an error and not a warning? */
export function isDsnRequired(message: MailMessage): boolean {
  return message.envelope?.dsn !== undefined;
}

function reversePath(text: string | undefined, path: string): string | undefined {
  return text === undefined || text === '' ? text : parseMailbox(text, path).email;
}

function recipients({ to, cc, bcc }: MessageMailboxes): string[] {
  return unique(cc.length === 0 && bcc.length === 0 ? to : [...to, ...cc, ...bcc]);
}

function unique(mailboxes: readonly ParsedMailbox[]): string[] {
  if (mailboxes.length === 1) return [(mailboxes[0] as ParsedMailbox).email];
  return [...new Set(mailboxes.map(({ email }) => email))];
}

function recipientsOf(to: unknown): string[] {
  if (!Array.isArray(to)) throw messageInvalid('envelope.to', 'expected an array of addresses');
  return unique(to.map((address: string, i) => parseMailbox(address, `envelope.to.${i}`)));
}

/** RFC 3461: NOTIFY=SUCCESS,FAILURE,DELAY RET=HDRS ENVID; ORCPT is the recipient itself. */
function receiptRequest(messageId: string): DsnRequest {
  return { return: 'headers', envelopeId: messageId.slice(0, 100), notify: ['success', 'failure', 'delay'] };
}

/** Keys of `recipients` become addresses as they stand in the envelope; one that does not would be without effect. */
function checkedDsn(dsn: DsnRequest, to: readonly string[]): DsnRequest {
  if (dsn.recipients === undefined) return dsn;
  const path = 'envelope.dsn.recipients';
  const known = new Set(to);
  const recipients = Object.create(null) as Record<string, DsnRecipient>;
  for (const [address, request] of Object.entries(dsn.recipients)) {
    const { email } = parseMailbox(address, path);
    if (!known.has(email)) throw messageInvalid(path, `${showText(address, 200)} is no recipient of the message`);
    recipients[email] = checkedRequest(request, `${path}.${showText(address, 200)}`);
  }
  return { ...dsn, recipients };
}

function checkedRequest(request: DsnRecipient, path: string): DsnRecipient {
  if (typeof request !== 'object' || request === null)
    throw messageInvalid(path, 'expected an object with notify or originalRecipient');
  for (const key of Object.keys(request)) {
    if (key !== 'notify' && key !== 'originalRecipient')
      throw messageInvalid(`${path}.${showText(key, 60)}`, 'not a known field');
  }
  const { originalRecipient } = request;
  if (originalRecipient !== undefined && typeof originalRecipient !== 'string')
    throw messageInvalid(`${path}.originalRecipient`, 'expected an address');
  return request;
}
