/**
 * Prepares plain messages: a subject and a text that need no encoding, from and to mailboxes of ASCII, and nothing that
 * adds a header field or a part. Most notices that programs send are plain. The composer writes the same octets for
 * them, but its code need not be loaded, and it has far more to look at.
 * @module
 */
import { plainMailbox, plainTextMailbox } from '../../address/mailbox.js';
import type { ParsedMailbox } from '../../address/mailbox.js';
import { formatDate } from '../../mime/date.js';
import { canonicalText, scanText } from '../../mime/scan.js';
import type { AddressInput } from '../../model/address.js';
import type { OutgoingContent } from '../../model/transport.js';
import { isPlainObject, own } from '../../schema/schema.js';
import { envelopeOf, noRequests } from '../prepared-message.js';
import type { PreparedMessage } from '../prepared-message.js';
import type { TakenMessage } from '../taken-message.js';
import type { SenderSettings } from './envelope.js';
import { identityOf } from './message-ids.js';

const messageKeys: ReadonlySet<string> = new Set(['to', 'cc', 'bcc', 'subject', 'text']);
const addressKeys: ReadonlySet<string> = new Set(['name', 'email']);

/** A longer line would be folded. */
const maxColumn = 76;
/** Longer text is left to the composer, which streams it. */
const maxText = 1 << 20;
const plainName = /^[A-Za-z0-9]+(?: [A-Za-z0-9]+)*$/;
const plainSubject = /^[!-~](?:[ -~]*[!-~])?$/;
const textFields =
  'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n';
const nothing: readonly never[] = [];

/** The plain messages of one sender. */
export class PlainMessages {
  readonly #from: ParsedMailbox;
  readonly #fromField: string;

  private constructor(from: ParsedMailbox, fromField: string) {
    this.#from = from;
    this.#fromField = fromField;
  }

  /** undefined if the profile adds to its messages, or its sender needs an encoding. */
  static of(profile: SenderSettings): PlainMessages | undefined {
    const { sender, headers, priority, sensitivity, importance, dkim } = profile;
    const additions: Readonly<Record<Exclude<keyof SenderSettings, 'sender'>, unknown>> = {
      headers,
      priority,
      sensitivity,
      importance,
      dkim,
    };
    const adds = Object.values(additions).some((setting) => setting !== undefined);
    const from = adds ? undefined : partsMailbox(sender);
    const field = from && addressField('From', [from]);
    return from === undefined || field === undefined ? undefined : new PlainMessages(from, field);
  }

  /** undefined if the message is not plain: it may also be invalid. See `Composer.prepare`. */
  prepare({ given, message, fault }: TakenMessage, sending: boolean): PreparedMessage | undefined {
    if (fault !== undefined || !isPlainObject(given) || !hasOnly(message, messageKeys)) return undefined;
    const { subject, text } = message;
    if (isLong(message.to) || isLong(message.cc)) return undefined;
    const to = mailboxesOf(message.to);
    const cc = mailboxesOf(message.cc);
    const bcc = mailboxesOf(message.bcc);
    if (!to || !cc || !bcc || to.length + cc.length + bcc.length === 0) return undefined;
    const body = typeof text === 'string' ? plainText(text) : undefined;
    const head = body === undefined ? undefined : this.#fields(to, cc, subject);
    if (head === undefined) return undefined;
    const from = this.#from;
    const identity = identityOf(given, { from, to, cc, bcc }, undefined);
    if (sending) identity.begin();
    const fields = `${head}Date: ${formatDate(new Date())}\r\nMessage-ID: ${identity.id}\r\n${textFields}`;
    const recipients = to.length === 1 && cc.length + bcc.length === 0 ? to : [...to, ...cc, ...bcc];
    const envelope = envelopeOf(from.email, addressesOf(recipients), noRequests);
    const compose = (): Promise<OutgoingContent> => {
      const bytes = Buffer.from(fields + body, 'latin1');
      return Promise.resolve({ body: '7bit', smtpUtf8: false, size: bytes.length, bytes, canonical: true });
    };
    return {
      messageId: identity.id.slice(1, -1),
      envelope,
      copies: [{ envelope, compose }],
      warnings: nothing,
      originalRecipients: undefined,
      dsnIfOffered: true,
      dispose: undefined,
      identity,
    };
  }

  /** The fields down to the subject; undefined if one needs an encoding or more than one line. */
  #fields(to: readonly ParsedMailbox[], cc: readonly ParsedMailbox[], subject: unknown): string | undefined {
    const toField = to.length + cc.length === 0 ? 'To: undisclosed-recipients:;\r\n' : addressField('To', to);
    const ccField = addressField('Cc', cc);
    const subjectField = subject === undefined ? '' : textField('Subject', subject);
    return toField === undefined || ccField === undefined || subjectField === undefined
      ? undefined
      : this.#fromField + toField + ccField + subjectField;
  }
}

function hasOnly(value: object, keys: ReadonlySet<string>): boolean {
  for (const key of Object.keys(value)) if (!keys.has(key) && own(value, key) !== undefined) return false;
  return true;
}

/** Is it certain that the addresses do not fit in one line? Then they are not parsed here. */
function isLong(given: AddressInput | readonly AddressInput[] | undefined): boolean {
  return Array.isArray(given) && given.length * 'a@b, '.length > maxColumn;
}

function mailboxesOf(given: AddressInput | readonly AddressInput[] | undefined): readonly ParsedMailbox[] | undefined {
  if (given === undefined) return nothing;
  const inputs: readonly unknown[] = Array.isArray(given) ? given : [given];
  const mailboxes: ParsedMailbox[] = [];
  for (const input of inputs) {
    const mailbox = typeof input === 'string' ? plainTextMailbox(input) : partsMailbox(input);
    if (mailbox === undefined) return undefined;
    mailboxes.push(mailbox);
  }
  return mailboxes;
}

function partsMailbox(parts: unknown): ParsedMailbox | undefined {
  if (!isPlainObject(parts) || !hasOnly(parts, addressKeys)) return undefined;
  const { name, email } = parts;
  if (typeof email !== 'string') return undefined;
  if (name === undefined || name === '') return plainMailbox(email, undefined);
  return typeof name === 'string' && plainName.test(name) ? plainMailbox(email, name) : undefined;
}

function addressesOf(mailboxes: readonly ParsedMailbox[]): string[] {
  const [only] = mailboxes;
  return mailboxes.length === 1 && only ? [only.email] : [...new Set(mailboxes.map(({ email }) => email))];
}

/** A field on one line, '' without mailboxes. */
function addressField(name: string, mailboxes: readonly ParsedMailbox[]): string | undefined {
  let value = '';
  for (const mailbox of mailboxes) {
    if (value !== '') value += ', ';
    value += mailbox.name === undefined ? mailbox.email : `${mailbox.name} <${mailbox.email}>`;
    if (value.length > maxColumn) return undefined;
  }
  return value === '' ? '' : line(name, value);
}

function textField(name: string, value: unknown): string | undefined {
  return typeof value === 'string' && plainSubject.test(value) && !value.includes('=?') ? line(name, value) : undefined;
}

function line(name: string, value: string): string | undefined {
  return name.length + 2 + value.length > maxColumn ? undefined : `${name}: ${value}\r\n`;
}

/** The text with CRLF at the end of each line; undefined if it needs an encoding. */
function plainText(given: string): string | undefined {
  if (given === '' || given.length > maxText) return undefined;
  const text = given.includes('\n') && !given.includes('\r') ? canonicalText(given) : given;
  if (scanText(text, text !== given) !== 0) return undefined;
  return text.endsWith('\r\n') ? text : `${text}\r\n`;
}
