/** What a message may hold: unknown keys, wrong kinds and contradictions are found before anything is opened or sent. */
import { createEmailError } from '../errors/email-error.js';
import type { Problem } from '../model/error.js';
import type { MailMessage } from '../model/message.js';

type Kind = 'text' | 'boolean' | 'date' | 'list' | 'addresses' | 'address' | 'content' | 'object' | 'headers';

const messageFields: Readonly<Record<keyof MailMessage, Kind>> = {
  to: 'addresses',
  cc: 'addresses',
  bcc: 'addresses',
  from: 'address',
  sender: 'address',
  replyTo: 'addresses',
  subject: 'text',
  text: 'content',
  html: 'content',
  calendar: 'object',
  alternatives: 'list',
  attachments: 'list',
  headers: 'headers',
  date: 'date',
  messageId: 'text',
  inReplyTo: 'text',
  references: 'list',
  priority: 'text',
  sensitivity: 'text',
  importance: 'text',
  readReceiptTo: 'address',
  returnReceiptTo: 'address',
  list: 'object',
  smime: 'object',
  dkim: 'object',
  envelope: 'object',
  raw: 'content',
};
const known: ReadonlyMap<string, Kind> = new Map(Object.entries(messageFields));
const attachmentKeys = new Set(['filename', 'content', 'contentType', 'disposition', 'cid']);
const envelopeKeys = new Set(['from', 'to', 'dsn', 'requireTls', 'deliverBy', 'holdUntil', 'mtPriority']);
const listKeys = new Set(['unsubscribe', 'oneClick', 'id', 'help', 'archive']);
const calendarKeys = new Set(['method', 'content', 'filename']);
const smimeKeys = new Set(['sign', 'encrypt']);

/** The fields that `raw` brings itself. */
const excludedByRaw = [
  'from', 'sender', 'replyTo', 'subject', 'text', 'html', 'calendar', 'alternatives', 'attachments', 'headers', 'date', 'messageId',
  'inReplyTo', 'references', 'priority', 'sensitivity', 'importance', 'readReceiptTo', 'list',
] as const; // prettier-ignore

/** Refuses a message with ERR_MESSAGE_INVALID that names every problem. */
export function checkMessage(message: MailMessage): void {
  const problems: Problem[] = [];
  const add = (path: string, text: string): void => void problems.push({ path, message: text });
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw invalid([{ path: 'message', message: `expected an object, got ${kindOf(message)}` }]);
  }
  for (const key of Object.keys(message)) {
    const kind = known.get(key);
    const value: unknown = message[key as keyof MailMessage];
    if (kind === undefined) add(key, `not a field of a message${suggestion(key)}`);
    else if (value !== undefined) checkKind(key, kind, value, add);
  }
  if (problems.length === 0) checkTogether(message, add);
  if (problems.length > 0) throw invalid(problems);
}

function checkKind(path: string, kind: Kind, value: unknown, add: (path: string, text: string) => void): void {
  const wrong = (expected: string): void => add(path, `expected ${expected}, got ${kindOf(value)}`);
  switch (kind) {
    case 'text':
      if (typeof value !== 'string') wrong('text');
      return;
    case 'date':
      if (!(value instanceof Date) || Number.isNaN(value.getTime())) wrong('a valid Date');
      return;
    case 'list':
      if (!Array.isArray(value)) wrong('an array');
      else if (path === 'references') value.forEach((item, i) => typeof item === 'string' || add(`${path}.${i}`, `expected text, got ${kindOf(item)}`));
      else value.forEach((item, i) => checkAttachment(`${path}.${i}`, item, add));
      return;
    case 'content':
      if (!isContent(value)) wrong('text, bytes, a Blob, { file }, an async iterable of bytes, or a function that gives one');
      return;
    case 'object':
    case 'headers':
      if (typeof value !== 'object' || value === null) wrong('an object');
      return;
    default:
      return; // addresses are checked where they are parsed
  }
}

function checkAttachment(path: string, value: unknown, add: (path: string, text: string) => void): void {
  if (typeof value !== 'object' || value === null) return add(path, `expected an attachment object, got ${kindOf(value)}`);
  const attachment = value as Record<string, unknown>;
  for (const key of Object.keys(attachment)) if (!attachmentKeys.has(key)) add(`${path}.${key}`, `not a field of an attachment${attachmentHint(key)}`);
  if (!isContent(attachment['content'])) {
    add(`${path}.content`, 'expected text, bytes, a Blob, { file }, an async iterable of bytes, or a function that gives one');
  }
  for (const key of ['filename', 'contentType', 'cid']) {
    const text = attachment[key];
    if (text !== undefined && typeof text !== 'string') add(`${path}.${key}`, `expected text, got ${kindOf(text)}`);
  }
  const disposition = attachment['disposition'];
  if (disposition !== undefined && disposition !== 'attachment' && disposition !== 'inline') {
    add(`${path}.disposition`, `expected 'attachment' or 'inline', got ${kindOf(disposition)}`);
  }
}

function checkTogether(message: MailMessage, add: (path: string, text: string) => void): void {
  if (message.raw !== undefined) {
    for (const key of excludedByRaw) if (message[key] !== undefined) add(key, 'cannot stand beside raw, which is a finished message');
  }
  checkKeys('envelope', message.envelope, envelopeKeys, add);
  checkKeys('list', message.list, listKeys, add);
  checkKeys('calendar', message.calendar, calendarKeys, add);
  checkKeys('smime', message.smime, smimeKeys, add);
  if (message.calendar) {
    if (typeof message.calendar.content !== 'string') add('calendar.content', `expected text, got ${kindOf(message.calendar.content)}`);
    if (typeof message.calendar.method !== 'string' || !/^[A-Za-z-]{1,40}$/.test(message.calendar.method)) {
      add('calendar.method', 'expected an iTIP method such as REQUEST');
    }
  }
  for (const key of ['sign', 'encrypt'] as const) {
    const value: unknown = message.smime?.[key];
    if (value !== undefined && typeof value !== 'boolean') add(`smime.${key}`, `expected a boolean, got ${kindOf(value)}`);
  }
}

function checkKeys(path: string, value: object | undefined, allowed: ReadonlySet<string>, add: (path: string, text: string) => void): void {
  if (value === undefined) return;
  for (const key of Object.keys(value)) if (!allowed.has(key)) add(`${path}.${key}`, 'not a known field');
}

/** Is it one of the forms of ContentInput? */
export function isContent(value: unknown): boolean {
  if (typeof value === 'string' || typeof value === 'function') return true;
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Uint8Array || value instanceof ArrayBuffer || value instanceof Blob) return true;
  if (Symbol.asyncIterator in value) return true;
  const file: unknown = Object.hasOwn(value, 'file') ? (value as { file: unknown }).file : undefined;
  return typeof file === 'string' || file instanceof URL;
}

/** What others call it. */
function suggestion(key: string): string {
  const others: Readonly<Record<string, string>> = {
    body: 'text or html',
    recipients: 'to',
    replyto: 'replyTo',
    'reply-to': 'replyTo',
    attachment: 'attachments',
    icalevent: 'calendar',
    amp: 'alternatives',
    envelopefrom: 'envelope',
    plain: 'text',
  };
  const lower = key.toLowerCase();
  const exact = [...known.keys()].find((name) => name.toLowerCase() === lower);
  const hint = exact ?? (Object.hasOwn(others, lower) ? others[lower] : undefined);
  return hint ? `; did you mean ${hint}?` : '';
}

function attachmentHint(key: string): string {
  if (key === 'path' || key === 'href') return '; a file is content: { file }';
  if (key === 'name') return '; did you mean filename?';
  if (key === 'contentDisposition') return '; did you mean disposition?';
  return '';
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value === undefined) return 'nothing';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export function invalid(problems: readonly Problem[]): Error {
  const text = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return createEmailError('ERR_MESSAGE_INVALID', `The message cannot be sent: ${text}`, { problems });
}
