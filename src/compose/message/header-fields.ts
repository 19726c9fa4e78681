/** The header fields of a message, in the order in which they are written; all but those of its content. */
import { nameTokens } from '../../address/format.js';
import type { ParsedMailbox } from '../../address/mailbox.js';
import { messageInvalid } from '../../errors/email-error.js';
import { formatDate } from '../../mime/date.js';
import { addressField, customField, textField, tokenField } from '../../mime/field.js';
import { checkedId } from '../../mime/identifier.js';
import type { ListFields, MailMessage } from '../../model/message.js';
import type {
  EmailProfile,
  HeaderField,
  HeaderFields,
  Importance,
  Priority,
  Sensitivity,
} from '../../model/profile.js';
import { fieldNameFault } from '../../util/header-name.js';
import { showText } from '../../util/show.js';
import type { MessageMailboxes } from './envelope.js';

/** A field that is written, with its name for header protection and DKIM. */
export interface WrittenField {
  readonly name: string;
  /** The whole field, folded, with its CRLF. */
  readonly text: string;
}

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
/** Importance, X-Priority, X-MSMail-Priority. */
const importances: Readonly<Record<Importance, readonly [string, string, string]>> = {
  unspecified: ['', '', ''],
  high: ['high', '1 (Highest)', 'High'],
  normal: ['normal', '3 (Normal)', 'Normal'],
  low: ['low', '5 (Lowest)', 'Low'],
};

/** What the fields are made from. */
export interface FieldSources {
  readonly profile: EmailProfile;
  readonly message: MailMessage;
  readonly mailboxes: MessageMailboxes;
  /** The field From, where it is that of the profile. */
  readonly from: string | undefined;
  /** With brackets. */
  readonly messageId: string;
  readonly date: Date;
}

/** The field From. */
export function fromField(from: ParsedMailbox): string {
  return addressField('From', [from], 'from');
}

/** Every field but MIME-Version and Content-*. Bcc is never among them. */
export function messageFields({
  profile,
  message,
  mailboxes,
  from: ready,
  messageId,
  date,
}: FieldSources): WrittenField[] {
  const fields: WrittenField[] = [];
  const add = (name: string, text: string): void => void fields.push({ name, text });
  const addresses = (name: string, list: readonly ParsedMailbox[], path: string): void => {
    if (list.length > 0) add(name, addressField(name, list, path));
  };
  const word = (name: string, value: string): void => {
    if (value !== '') add(name, `${name}: ${value}\r\n`);
  };
  const { from, sender } = mailboxes;
  add('From', ready ?? fromField(from));
  if (sender && sender.email !== from.email) addresses('Sender', [sender], 'sender');
  addresses('Reply-To', mailboxes.replyTo, 'replyTo');
  addresses('To', mailboxes.to, 'to');
  addresses('Cc', mailboxes.cc, 'cc');
  // RFC 5322 wants no destination field where all recipients are blind, but old servers and filters do.
  if (mailboxes.to.length === 0 && mailboxes.cc.length === 0) add('To', 'To: undisclosed-recipients:;\r\n');
  if (message.subject !== undefined) add('Subject', textField('Subject', message.subject, 'subject'));
  add('Date', `Date: ${formatDate(date)}\r\n`);
  add('Message-ID', `Message-ID: ${messageId}\r\n`);
  if (message.inReplyTo !== undefined)
    add('In-Reply-To', tokenField('In-Reply-To', [checkedId(message.inReplyTo, 'inReplyTo')], 'inReplyTo'));
  if (message.references && message.references.length > 0) {
    const ids = message.references.map((id, i) => checkedId(id, `references.${i}`));
    add('References', tokenField('References', ids, 'references'));
  }
  if (profile.sender.organization !== undefined) {
    add('Organization', textField('Organization', profile.sender.organization, 'sender.organization'));
  }
  if (mailboxes.readReceiptTo) addresses('Disposition-Notification-To', [mailboxes.readReceiptTo], 'readReceiptTo');
  if (mailboxes.returnReceiptTo) addresses('Return-Receipt-To', [mailboxes.returnReceiptTo], 'returnReceiptTo');
  word('Priority', choice(priorities, message.priority ?? profile.priority, 'priority'));
  word('Sensitivity', choice(sensitivities, message.sensitivity ?? profile.sensitivity, 'sensitivity'));
  const [importance, xPriority, msMail] = choice(importances, message.importance ?? profile.importance, 'importance');
  word('Importance', importance);
  word('X-Priority', xPriority);
  word('X-MSMail-Priority', msMail);
  if (message.list) listFields(message.list, add);
  const custom = customFields(profile.headers, message.headers);
  if (custom.length === 0) return fields;
  const written = new Set(fields.map(({ name }) => name.toLowerCase()));
  for (const { name, value, path } of custom) {
    if (written.has(name.toLowerCase()))
      throw messageInvalid(path, `the field ${name} is written from its own setting already; leave one of them out`);
    add(name, customField(name, value, path));
  }
  return fields;
}

function choice<K extends string, T>(table: Readonly<Record<K, T>>, value: K | undefined, path: string): T {
  if (value === undefined) return table['unspecified' as K];
  if (!Object.hasOwn(table, value)) throw messageInvalid(path, `expected one of ${Object.keys(table).join(', ')}`);
  return table[value];
}

interface CustomField extends HeaderField {
  readonly path: string;
}

/** The profile's first; a field of the message replaces those of the same name. */
function customFields(profiles: HeaderFields | undefined, messages: HeaderFields | undefined): CustomField[] {
  if (profiles === undefined && messages === undefined) return [];
  const own = readFields(messages, 'headers');
  const replaced = new Set(own.map(({ name }) => name.toLowerCase()));
  return [...readFields(profiles, 'profile.headers').filter(({ name }) => !replaced.has(name.toLowerCase())), ...own];
}

function readFields(fields: HeaderFields | undefined, path: string): CustomField[] {
  if (fields === undefined) return [];
  const isArray = Array.isArray(fields);
  const list = isArray
    ? (fields as readonly HeaderField[])
    : Object.entries(fields).map(([name, value]) => ({ name, value: value as string }));
  return list.map((field: HeaderField | null, i) => {
    const at = isArray ? `${path}.${i}` : `${path}.${showText(field?.name ?? '', 80)}`;
    if (
      typeof field !== 'object' ||
      field === null ||
      typeof field.name !== 'string' ||
      typeof field.value !== 'string'
    ) {
      throw messageInvalid(at, 'a header field has a name and a value, both text');
    }
    const fault = fieldNameFault(field.name);
    if (fault !== undefined) throw messageInvalid(at, fault);
    return { name: field.name, value: field.value, path: at };
  });
}

/** RFC 2369, 2919, 8058. */
function listFields(list: ListFields, add: (name: string, text: string) => void): void {
  const targets =
    list.unsubscribe === undefined ? [] : typeof list.unsubscribe === 'string' ? [list.unsubscribe] : list.unsubscribe;
  const urls = targets.map((target, i) => listUrl(target, `list.unsubscribe.${i}`));
  if (list.id !== undefined) add('List-Id', listId(list.id));
  if (list.help !== undefined)
    add('List-Help', tokenField('List-Help', [listUrl(list.help, 'list.help')], 'list.help'));
  if (list.archive !== undefined)
    add('List-Archive', tokenField('List-Archive', [listUrl(list.archive, 'list.archive')], 'list.archive'));
  if (urls.length > 0) {
    const tokens = urls.map((url, i) => (i < urls.length - 1 ? `${url},` : url));
    add('List-Unsubscribe', tokenField('List-Unsubscribe', tokens, 'list.unsubscribe'));
  }
  if (list.oneClick) {
    if (!urls.some((url) => /^<https:/i.test(url)))
      throw messageInvalid('list.oneClick', 'needs an https URL in list.unsubscribe (RFC 8058)');
    add('List-Unsubscribe-Post', 'List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n');
  }
}

/** With brackets and comma a URL of this length fits a line of 998 characters (RFC 5322 section 2.1.1). */
const maxUrl = 900;

/** `<url>` from a URL or an address; nothing in it may end the brackets or begin a comment. */
function listUrl(target: string, path: string): string {
  if (typeof target !== 'string') throw messageInvalid(path, 'expected a URL or an address');
  const bare = target.startsWith('<') && target.endsWith('>') ? target.slice(1, -1) : target;
  const url = /^[^:/?#@]+@[^/?#@]+$/.test(bare) ? `mailto:${bare}` : bare;
  if (url.length > maxUrl)
    throw messageInvalid(
      path,
      `the URL has ${url.length} characters, and fits a header field with up to ${maxUrl}: use a shorter one, such as one with a token in place of data`,
    );
  if (/[<>]/.test(url))
    throw messageInvalid(path, 'give each URL by itself, without angle brackets; several are an array');
  if (!/^(?:https?|mailto|ftp):[!#$%&'*+,\-./0-9:;=?@A-Z[\]_`a-z{|}~]+$/i.test(url))
    throw messageInvalid(path, 'expected an https, http or mailto URL in ASCII, or an address');
  return `<${url.replace(/,/g, '%2C')}>`;
}

/** `phrase <list-id>` (RFC 2919 section 3), from a description with or without quotes. */
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
