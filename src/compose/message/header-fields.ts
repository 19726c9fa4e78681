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

/** Collects fields while they are written. A problem of one field does not hide those of the others. */
class FieldWriter {
  readonly fields: WrittenField[] = [];

  constructor(
    readonly sources: FieldSources,
    readonly problems: MessageProblems,
  ) {}

  add(name: string, text: string): void {
    this.fields.push({ name, text });
  }

  /** Adds a value that needs no folding; '' adds nothing. */
  word(name: string, value: string): void {
    if (value !== '') this.add(name, `${name}: ${value}\r\n`);
  }

  addresses(name: string, list: readonly ParsedMailbox[], path: string): void {
    if (list.length === 0) return;
    try {
      this.add(name, addressField(name, list, path));
    } catch (error) {
      this.problems.keep(error);
    }
  }

  address(name: string, mailbox: ParsedMailbox | undefined, path: string): void {
    if (mailbox !== undefined) this.addresses(name, [mailbox], path);
  }

  text(name: string, value: string | undefined, path: string): void {
    if (value === undefined) return;
    try {
      this.add(name, textField(name, value, path));
    } catch (error) {
      this.problems.keep(error);
    }
  }
}

/**
 * All fields except MIME-Version and Content-*, in order. Bcc is never among them. Invalid values are added to
 * `problems`.
 */
export function messageFields(sources: FieldSources, problems: MessageProblems): readonly WrittenField[] {
  const writer = new FieldWriter(sources, problems);
  const { message, mailboxes, profile } = sources;
  const { from, sender, to, cc } = mailboxes;
  if (sources.from === undefined) writer.address('From', from, 'from');
  else writer.add('From', sources.from);
  if (sender !== undefined && sender.email !== from.email) writer.address('Sender', sender, 'sender');
  writer.addresses('Reply-To', mailboxes.replyTo, 'replyTo');
  writer.addresses('To', to, 'to');
  writer.addresses('Cc', cc, 'cc');
  // RFC 5322 requires no destination field if all recipients are blind, but old servers and filters do.
  if (to.length === 0 && cc.length === 0) writer.word('To', 'undisclosed-recipients:;');
  writer.text('Subject', message.subject, 'subject');
  writer.word('Date', formatDate(sources.date));
  writer.word('Message-ID', sources.messageId);
  if (message.inReplyTo !== undefined || message.references !== undefined) writeThread(writer);
  writer.text('Organization', profile.sender.organization, 'sender.organization');
  writer.address('Disposition-Notification-To', mailboxes.readReceiptTo, 'readReceiptTo');
  writer.address('Return-Receipt-To', mailboxes.returnReceiptTo, 'returnReceiptTo');
  writer.word('Priority', priorities[message.priority ?? profile.priority ?? 'unspecified']);
  writer.word('Sensitivity', sensitivities[message.sensitivity ?? profile.sensitivity ?? 'unspecified']);
  const [importance, xPriority, msMail] = importances[message.importance ?? profile.importance ?? 'unspecified'];
  writer.word('Importance', importance);
  writer.word('X-Priority', xPriority);
  writer.word('X-MSMail-Priority', msMail);
  writer.word('Auto-Submitted', message.autoSubmitted ?? '');
  if (message.list !== undefined) problems.attempt(() => writeList(writer));
  if (profile.headers !== undefined || message.headers !== undefined) problems.attempt(() => writeCustomFields(writer));
  return writer.fields;
}

function writeThread({ sources, problems, fields }: FieldWriter): void {
  const { inReplyTo, references = [] } = sources.message;
  problems.attempt(() => {
    if (inReplyTo === undefined) return;
    const text = tokenField('In-Reply-To', [checkedId(inReplyTo, 'inReplyTo')], 'inReplyTo');
    fields.push({ name: 'In-Reply-To', text });
  });
  problems.attempt(() => {
    if (references.length === 0) return;
    const ids = present(references, 'references').map(
      ([id, path]) => problems.attempt(() => checkedId(id, path)) ?? '',
    );
    fields.push({ name: 'References', text: tokenField('References', ids, 'references') });
  });
}

/** Writes the profile's custom fields, then the message's. A field of the message replaces those of the same name. */
function writeCustomFields(writer: FieldWriter): void {
  const { profile, message } = writer.sources;
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
      `the URL has ${url.length} characters, and a header field can contain up to ${maxUrl}: use a shorter one, ` +
        'such as one with a token instead of data',
    );
  if (/[<>]/.test(url))
    throw messageInvalid(path, 'give each URL separately, without angle brackets; for several use an array');
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
      'expected a list identifier such as <news.example.com>, optionally after a description',
    );
  }
  const given = (match?.[1] ?? '').trim();
  const description = /^"(?:[^"\\]|\\.)*"$/.test(given) ? given.slice(1, -1).replace(/\\(.)/g, '$1') : given;
  return tokenField('List-Id', [...(description === '' ? [] : nameTokens(description)), `<${bare}>`], 'list.id');
}
