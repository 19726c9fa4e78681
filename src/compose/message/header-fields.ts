/**
 * Writes the header fields of a message in order, except those of its content.
 * @module
 */
import { nameTokens } from '../../address/format.js';
import type { ParsedMailbox } from '../../address/mailbox.js';
import { messageInvalid } from '../../errors/email-error.js';
import { formatDate } from '../../mime/date.js';
import { addressField, customField, textField, tokenField } from '../../mime/field.js';
import { checkedId } from '../../mime/identifier.js';
import type { HeaderField, HeaderFields, Importance, Priority, Sensitivity } from '../../model/header.js';
import type { MailMessage } from '../../model/message.js';
import type { WrittenField } from '../../model/protection.js';
import { showText } from '../../util/show.js';
import type { MessageMailboxes, SenderSettings } from './envelope.js';
import { present } from './problems.js';
import type { MessageProblems } from './problems.js';

const priorities: Readonly<Record<Priority, string>> = {
  unspecified: '',
  normal: 'normal',
  urgent: 'urgent',
  'non-urgent': 'non-urgent',
};
const sensitivities: Readonly<Record<Sensitivity, string>> = {
  unspecified: '',
  personal: 'Personal',
  private: 'Private',
  'company-confidential': 'Company-Confidential',
};
/** Values of Importance, X-Priority, X-MSMail-Priority. */
const importances: Readonly<Record<Importance, readonly [string, string, string]>> = {
  unspecified: ['', '', ''],
  high: ['high', '1 (Highest)', 'High'],
  normal: ['normal', '3 (Normal)', 'Normal'],
  low: ['low', '5 (Lowest)', 'Low'],
};

/** The input of the fields. */
export interface FieldSources {
  readonly profile: SenderSettings;
  readonly message: MailMessage;
  readonly mailboxes: MessageMailboxes;
  /** The From field, if it is the profile's. */
  readonly from: string | undefined;
  /** The Message-ID with brackets. */
  readonly messageId: string;
  readonly date: Date;
}

/** The field From. */
export function fromField(from: ParsedMailbox): string {
  return addressField('From', [from], 'from');
}

/** Collects fields while they are written. */
class FieldWriter {
  readonly fields: WrittenField[] = [];

  constructor(
    readonly sources: FieldSources,
    readonly problems: MessageProblems,
  ) {}

  add(name: string, text: string): void {
    this.fields.push({ name, text });
  }

  addresses(name: string, list: readonly ParsedMailbox[], path: string): void {
    if (list.length > 0) this.add(name, addressField(name, list, path));
  }

  /** Adds a value that needs no folding; '' adds nothing. */
  word(name: string, value: string): void {
    if (value !== '') this.add(name, `${name}: ${value}\r\n`);
  }
}

/**
 * All fields except MIME-Version and Content-*, in order. Bcc is never among them. Invalid values are added to
 * `problems`.
 */
export function messageFields(sources: FieldSources, problems: MessageProblems): readonly WrittenField[] {
  const writer = new FieldWriter(sources, problems);
  for (const write of writers) {
    try {
      write(writer);
    } catch (error) {
      problems.keep(error);
    }
  }
  return writer.fields;
}

/** Each writes one field, or a few that belong together. A problem in one does not hide those of the others. */
const writers: readonly ((writer: FieldWriter) => void)[] = [
  (w) => w.add('From', w.sources.from ?? fromField(w.sources.mailboxes.from)),
  (w) => {
    const { from, sender } = w.sources.mailboxes;
    if (sender && sender.email !== from.email) w.addresses('Sender', [sender], 'sender');
  },
  (w) => w.addresses('Reply-To', w.sources.mailboxes.replyTo, 'replyTo'),
  (w) => w.addresses('To', w.sources.mailboxes.to, 'to'),
  (w) => w.addresses('Cc', w.sources.mailboxes.cc, 'cc'),
  (w) => {
    // RFC 5322 requires no destination field if all recipients are blind, but old servers and filters do.
    const { to, cc } = w.sources.mailboxes;
    if (to.length === 0 && cc.length === 0) w.add('To', 'To: undisclosed-recipients:;\r\n');
  },
  (w) => {
    const { subject } = w.sources.message;
    if (subject !== undefined) w.add('Subject', textField('Subject', subject, 'subject'));
  },
  (w) => w.add('Date', `Date: ${formatDate(w.sources.date)}\r\n`),
  (w) => w.add('Message-ID', `Message-ID: ${w.sources.messageId}\r\n`),
  (w) => {
    const { inReplyTo } = w.sources.message;
    if (inReplyTo !== undefined)
      w.add('In-Reply-To', tokenField('In-Reply-To', [checkedId(inReplyTo, 'inReplyTo')], 'inReplyTo'));
  },
  writeReferences,
  (w) => {
    const { organization } = w.sources.profile.sender;
    if (organization !== undefined)
      w.add('Organization', textField('Organization', organization, 'sender.organization'));
  },
  (w) => {
    const { readReceiptTo, returnReceiptTo } = w.sources.mailboxes;
    if (readReceiptTo) w.addresses('Disposition-Notification-To', [readReceiptTo], 'readReceiptTo');
    if (returnReceiptTo) w.addresses('Return-Receipt-To', [returnReceiptTo], 'returnReceiptTo');
  },
  writeWords,
  (w) => w.word('Auto-Submitted', w.sources.message.autoSubmitted ?? ''),
  writeList,
  writeCustomFields,
];

function writeReferences({ sources, problems, fields }: FieldWriter): void {
  const { references = [] } = sources.message;
  if (references.length === 0) return;
  const ids = present(references, 'references').map(([id, path]) => problems.attempt(() => checkedId(id, path)) ?? '');
  fields.push({ name: 'References', text: tokenField('References', ids, 'references') });
}

function writeWords(writer: FieldWriter): void {
  const { message, profile } = writer.sources;
  writer.word('Priority', priorities[message.priority ?? profile.priority ?? 'unspecified']);
  writer.word('Sensitivity', sensitivities[message.sensitivity ?? profile.sensitivity ?? 'unspecified']);
  const [importance, xPriority, msMail] = importances[message.importance ?? profile.importance ?? 'unspecified'];
  writer.word('Importance', importance);
  writer.word('X-Priority', xPriority);
  writer.word('X-MSMail-Priority', msMail);
}

/** Writes the profile's custom fields, then the message's. A field of the message replaces those of the same name. */
function writeCustomFields(writer: FieldWriter): void {
  const { profile, message } = writer.sources;
  if (profile.headers === undefined && message.headers === undefined) return;
  const own = customFields(message.headers, 'headers');
  const replaced = new Set(own.map(({ name }) => name.toLowerCase()));
  const inherited = customFields(profile.headers, 'profile.headers');
  const written = new Set(writer.fields.map(({ name }) => name.toLowerCase()));
  for (const { name, value, path } of [...inherited.filter((field) => !replaced.has(field.name.toLowerCase())), ...own])
    writer.problems.attempt(() => {
      if (written.has(name.toLowerCase()))
        throw messageInvalid(path, `the field ${name} is written from its own setting already; leave one of them out`);
      writer.add(name, customField(name, value, path));
    });
}

interface CustomField extends HeaderField {
  readonly path: string;
}

function customFields(fields: HeaderFields = [], path: string): readonly CustomField[] {
  if (isList(fields))
    return present(fields, path).map(([field, at]) => ({ ...field, path: `${at} (${showText(field.name, 60)})` }));
  return Object.entries(fields).map(([name, value]) => ({ name, value, path: `${path}.${showText(name, 60)}` }));
}

function isList(fields: HeaderFields): fields is readonly HeaderField[] {
  return Array.isArray(fields);
}

/** Writes the fields of RFC 2369, 2919, 8058. */
function writeList(writer: FieldWriter): void {
  const { list } = writer.sources.message;
  if (list === undefined) return;
  const { problems } = writer;
  const field = (name: string, value: string | undefined, make: (value: string) => string): void => {
    if (value !== undefined) problems.attempt(() => writer.add(name, make(value)));
  };
  const { unsubscribe = [], oneClick, id, help, archive } = list;
  const targets = typeof unsubscribe === 'string' ? [unsubscribe] : unsubscribe;
  const urls = present(targets, 'list.unsubscribe').flatMap(
    ([target, path]) => problems.attempt(() => listUrl(target, path)) ?? [],
  );
  field('List-Id', id, listId);
  field('List-Help', help, (value) => tokenField('List-Help', [listUrl(value, 'list.help')], 'list.help'));
  field('List-Archive', archive, (value) =>
    tokenField('List-Archive', [listUrl(value, 'list.archive')], 'list.archive'),
  );
  if (urls.length > 0) {
    const tokens = urls.map((url, i) => (i < urls.length - 1 ? `${url},` : url));
    writer.add('List-Unsubscribe', tokenField('List-Unsubscribe', tokens, 'list.unsubscribe'));
  }
  if (oneClick !== true) return;
  if (urls.length === targets.length && !urls.some((url) => /^<https:/i.test(url)))
    throw messageInvalid('list.oneClick', 'needs an https URL in list.unsubscribe (RFC 8058)');
  writer.add('List-Unsubscribe-Post', 'List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n');
}

/** With brackets and comma a URL of this length fits a line of 998 characters (RFC 5322 section 2.1.1). */
const maxUrl = 900;

/** `<url>` from a URL or an address. It must not contain anything that ends the brackets or begins a comment. */
function listUrl(target: string, path: string): string {
  const bare = target.startsWith('<') && target.endsWith('>') ? target.slice(1, -1) : target;
  const url = /^[^:/?#@]+@[^/?#@]+$/.test(bare) ? `mailto:${bare}` : bare;
  if (url.length > maxUrl)
    throw messageInvalid(
      path,
      `the URL has ${url.length} characters, and fits a header field with up to ${maxUrl}: use a shorter one, ` +
        'such as one with a token in place of data',
    );
  if (/[<>]/.test(url))
    throw messageInvalid(path, 'give each URL by itself, without angle brackets; several are an array');
  if (!/^(?:https?|mailto|ftp):[!#$%&'*+,\-./0-9:;=?@A-Z[\]_`a-z{|}~]+$/i.test(url))
    throw messageInvalid(path, 'expected an https, http or mailto URL in ASCII, or an address');
  return `<${url.replace(/,/g, '%2C')}>`;
}

/** `phrase <list-id>` (RFC 2919 section 3) from a description, quoted or not. */
function listId(id: string): string {
  const match = /^([^<>\p{Cc}\p{Cs}]*)<([^<>]*)>$/u.exec(id);
  const bare = match ? (match[2] ?? '') : id;
  if (!/^[!#$%&'*+\-/0-9=?A-Z^_`a-z{|}~]+(?:\.[!#$%&'*+\-/0-9=?A-Z^_`a-z{|}~]+)+$/.test(bare)) {
    throw messageInvalid(
      'list.id',
      'expected a list identifier such as <news.example.com>, with a description before it if wanted',
    );
  }
  const given = (match?.[1] ?? '').trim();
  const description = /^"(?:[^"\\]|\\.)*"$/.test(given) ? given.slice(1, -1).replace(/\\(.)/g, '$1') : given;
  return tokenField('List-Id', [...(description === '' ? [] : nameTokens(description)), `<${bare}>`], 'list.id');
}
