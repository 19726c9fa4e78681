/**
 * Enforces the recipient policy of a mailer. Loaded when a mailer has one.
 * @module
 */
import { parseAddressList, parseMailbox } from '../../address/mailbox.js';
import type { ParsedMailbox } from '../../address/mailbox.js';
import { createEmailError, isEmailError } from '../../errors/email-error.js';
import { textField } from '../../mime/field.js';
import type { Envelope } from '../../model/envelope.js';
import type { EmailError } from '../../model/error.js';
import type { RecipientPolicy } from '../../model/mailer.js';
import type { WrittenField } from '../../model/protection.js';
import type { ContentCapabilities, OutgoingContent } from '../../model/transport.js';
import { asBuffer, isBytes } from '../../util/bytes.js';
import { showText } from '../../util/show.js';
import type { MessageMailboxes } from './envelope.js';

const originalsField = 'X-Original-Recipients';

/** The envelope to use, and the replaced recipients if the message is redirected. */
export interface Admission {
  readonly envelope: Envelope;
  readonly originals: readonly string[] | undefined;
}

type Compose = (accepts?: ContentCapabilities) => Promise<OutgoingContent>;

/** A recipient that is not allowed, and its field. */
interface Stranger {
  readonly recipient: string;
  readonly field: string;
}

export class RecipientGuard {
  /** Absent: every address is allowed. */
  readonly #allowed: ReadonlySet<string> | undefined;
  readonly #redirectTo: readonly string[] | undefined;
  readonly #max: number;
  readonly #fold: boolean;

  constructor({ allow, redirectTo, max = Infinity, foldLocalParts = false }: RecipientPolicy) {
    this.#fold = foldLocalParts;
    const entries = redirectTo === undefined ? allow : (allow ?? []);
    this.#allowed = entries && new Set(entries.map((entry) => this.#entryKey(entry)));
    const targets = typeof redirectTo === 'string' ? [redirectTo] : redirectTo;
    this.#redirectTo = targets && [...new Set(targets.map((target) => parseMailbox(target, 'redirectTo').email))];
    this.#max = max;
  }

  /**
   * Checks the recipients of a message and its written fields. Throws ERR_RECIPIENT_NOT_ALLOWED, or redirects the
   * envelope and adds the field of the originals.
   */
  admit(
    envelope: Envelope,
    mailboxes: MessageMailboxes,
    fields: readonly WrittenField[],
  ): Admission & { readonly fields: readonly WrittenField[] } {
    const admission = this.#admission(envelope, mailboxes, resentFields(fields));
    const { originals } = admission;
    if (originals === undefined) return { ...admission, fields };
    const others = fields.filter(({ name }) => name.toLowerCase() !== originalsField.toLowerCase());
    return { ...admission, fields: [...others, fieldOf(originals)] };
  }

  /** The same for a finished message with this header. A redirected one gets the field of the originals before it. */
  admitRaw(
    envelope: Envelope,
    mailboxes: MessageMailboxes,
    head: Uint8Array,
    compose: Compose,
  ): Admission & { readonly compose: Compose } {
    const admission = this.#admission(envelope, mailboxes, destinationFields(head));
    const { originals } = admission;
    if (originals === undefined) return { ...admission, compose };
    const field = Buffer.from(fieldOf(originals).text, 'latin1');
    return { ...admission, compose: async (accepts) => withHead(field, await compose(accepts)) };
  }

  /** `fields` are destination fields that are not made of `mailboxes`. */
  #admission(envelope: Envelope, mailboxes: MessageMailboxes, fields: readonly WrittenField[]): Admission {
    const { length } = envelope.to;
    if (length > this.#max) throw tooMany(length, this.#max, envelope.to);
    const strangers = this.#strangers(envelope, mailboxes, fields);
    if (strangers.length === 0) return { envelope, originals: undefined };
    if (this.#redirectTo === undefined) throw notAllowed(strangers);
    const dsn = envelope.dsn && { ...envelope.dsn, recipients: undefined };
    return { envelope: { ...envelope, to: this.#redirectTo, ...(dsn && { dsn }) }, originals: envelope.to };
  }

  #strangers(
    { to: recipients }: Envelope,
    { to, cc, bcc }: MessageMailboxes,
    fields: readonly WrittenField[],
  ): readonly Stranger[] {
    if (this.#allowed === undefined) return [];
    const strangers = new Map<string, Stranger>();
    const check = (field: string, mailbox: ParsedMailbox): void => {
      const { email } = mailbox;
      if (!strangers.has(email) && !this.#isAllowed(mailbox)) strangers.set(email, { recipient: email, field });
    };
    for (const [field, list] of Object.entries({ to, cc, bcc })) for (const mailbox of list) check(field, mailbox);
    for (const recipient of recipients) check('envelope.to', parseMailbox(recipient, 'envelope.to'));
    for (const { name, text } of fields) {
      const list = mailboxesOf(text);
      if (list === undefined) strangers.set(text, { recipient: showText(text, 200), field: name });
      else for (const mailbox of list) check(name, mailbox);
    }
    return [...strangers.values()];
  }

  #isAllowed(mailbox: ParsedMailbox): boolean {
    return this.#allowed?.has(`@${mailbox.domain}`) === true || this.#allowed?.has(this.#key(mailbox)) === true;
  }

  #entryKey(entry: string): string {
    return entry.startsWith('@') ? `@${parseMailbox(`x${entry}`).domain}` : this.#key(parseMailbox(entry));
  }

  /**
   * Only ASCII letters are folded: to other letters, such as the Kelvin sign, the ASCII letter is another mailbox. The
   * key of an address never begins with an @ that stands for a domain, because a local part is never empty.
   */
  #key({ localPart, domain }: ParsedMailbox): string {
    const local = this.#fold ? localPart.replace(/[A-Z]/g, (letter) => letter.toLowerCase()) : localPart;
    return `${local.length}:${local}@${domain}`;
  }
}

/** The field that lists the recipients of a redirected message. */
function fieldOf(originals: readonly string[]): WrittenField {
  return { name: originalsField, text: textField(originalsField, originals.join(', '), originalsField) };
}

const resentField = /^(?:resent-(?:to|cc|bcc)|apparently-to)$/i;
const destinationField = /^(?:(?:resent-)?(?:to|cc|bcc)|apparently-to)$/i;

/** The destination fields among the custom fields of a message. Its To and Cc are made of its mailboxes. */
function resentFields(fields: readonly WrittenField[]): readonly WrittenField[] {
  return fields
    .filter(({ name }) => resentField.test(name))
    .map(({ name, text }) => ({ name, text: text.slice(name.length + 1).replace(/\r\n/g, '') }));
}

/** The destination fields in the header of a finished message, with any line ends. Values are unfolded. */
function destinationFields(head: Uint8Array): readonly WrittenField[] {
  const fields: { name: string; text: string }[] = [];
  let field: { name: string; text: string } | undefined;
  for (const line of asBuffer(head)
    .toString('latin1')
    .split(/\r\n|\r|\n/)) {
    if (line === '') break;
    if (/^[ \t]/.test(line)) {
      if (field !== undefined) field.text += line;
      continue;
    }
    const [, name = ''] = /^([!-9;-~]+)[ \t]*:/.exec(line) ?? [];
    field = destinationField.test(name) ? { name, text: line.slice(line.indexOf(':') + 1) } : undefined;
    if (field !== undefined) fields.push(field);
  }
  return fields.map(({ name, text }) => ({ name, text: utf8Text(text) }));
}

/** The text of octets in UTF-8. Other octets become a character that no address has. */
function utf8Text(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8').replaceAll('\ufffd', '\u0000');
}

/** undefined if the text is not a list of addresses. */
function mailboxesOf(text: string): readonly ParsedMailbox[] | undefined {
  try {
    return parseAddressList(text);
  } catch (error) {
    if (!isEmailError(error)) throw error;
    return undefined;
  }
}

/** Puts octets before a finished message. */
function withHead(head: Uint8Array, content: OutgoingContent): OutgoingContent {
  const { bytes, size } = content;
  return {
    ...content,
    size: size === undefined ? undefined : head.length + size,
    bytes: isBytes(bytes) ? Buffer.concat([head, bytes]) : { [Symbol.asyncIterator]: () => follow(head, bytes) },
  };
}

async function* follow(head: Uint8Array, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* rest;
}

function notAllowed(strangers: readonly Stranger[]): EmailError {
  const shown = strangers.slice(0, 5).map(({ recipient, field }) => `${showText(recipient, 320)} (${field})`);
  const more = strangers.length - shown.length;
  return createEmailError(
    'ERR_RECIPIENT_NOT_ALLOWED',
    'The message was not sent: recipients.allow of the mailer does not ' +
      `have ${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`,
    {
      recipients: strangers.map(({ recipient, field }) => ({ recipient, reason: `not allowed (${field})` })),
    },
  );
}

function tooMany(count: number, max: number, recipients: readonly string[]): EmailError {
  return createEmailError(
    'ERR_RECIPIENT_NOT_ALLOWED',
    `The message was not sent: it has ${count} recipients, and recipients.max of the mailer is ${max}`,
    {
      recipients: recipients.map((recipient) => ({ recipient, reason: 'too many recipients' })),
      remedy: 'Send to fewer recipients at once, or raise recipients.max of the mailer.',
    },
  );
}
