/** What a message may hold: unknown keys, wrong kinds and contradictions are found before anything is opened or sent. */
import { correctFields, createEmailError } from '../../errors/email-error.js';
import type { Problem } from '../../model/error.js';
import type { MailMessage } from '../../model/message.js';
import { dkimSettings } from '../../profile/shape/profile.js';
import { problemsOf } from '../../schema/check.js';
import { isValidDate } from '../../util/bytes.js';
import { showText } from '../../util/show.js';
import { isContent } from '../content/content.js';

type Kind =
  | 'text'
  | 'texts'
  | 'boolean'
  | 'number'
  | 'date'
  | 'attachments'
  | 'addresses'
  | 'content'
  | 'object'
  | 'headers'
  | 'any';
type Add = (path: string, text: string) => void;

const messageFields: Readonly<Record<keyof MailMessage, Kind>> = {
  to: 'addresses',
  cc: 'addresses',
  bcc: 'addresses',
  from: 'addresses',
  sender: 'addresses',
  replyTo: 'addresses',
  subject: 'text',
  text: 'content',
  html: 'content',
  calendar: 'object',
  alternatives: 'attachments',
  attachments: 'attachments',
  headers: 'headers',
  date: 'date',
  messageId: 'text',
  inReplyTo: 'text',
  references: 'texts',
  priority: 'text',
  sensitivity: 'text',
  importance: 'text',
  readReceiptTo: 'addresses',
  returnReceiptTo: 'addresses',
  list: 'object',
  smime: 'object',
  dkim: 'any',
  envelope: 'object',
  raw: 'content',
};
const known: ReadonlyMap<string, Kind> = new Map(Object.entries(messageFields));

/** The fields of objects in a message, by their place. */
const nested: Readonly<Record<string, ReadonlyMap<string, Kind>>> = {
  calendar: new Map<string, Kind>([['method', 'text'], ['content', 'text'], ['filename', 'text']]),
  list: new Map<string, Kind>([['unsubscribe', 'texts'], ['oneClick', 'boolean'], ['id', 'text'], ['help', 'text'], ['archive', 'text']]),
  smime: new Map<string, Kind>([['sign', 'boolean'], ['encrypt', 'boolean']]),
  envelope: new Map<string, Kind>([
    ['from', 'text'], ['to', 'addresses'], ['dsn', 'object'], ['requireTls', 'boolean'], ['deliverBy', 'object'], ['holdUntil', 'date'], ['mtPriority', 'number'],
  ]),
  'envelope.dsn': new Map<string, Kind>([['return', 'text'], ['envelopeId', 'text'], ['notify', 'any'], ['recipients', 'headers']]),
  'envelope.deliverBy': new Map<string, Kind>([['seconds', 'number'], ['mode', 'text']]),
}; // prettier-ignore
const attachmentFields: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['filename', 'text'], ['content', 'content'], ['contentType', 'text'], ['disposition', 'text'], ['cid', 'text'],
]); // prettier-ignore

/** The fields that `raw` brings itself. */
const excludedByRaw = [
  'from', 'sender', 'replyTo', 'subject', 'text', 'html', 'calendar', 'alternatives', 'attachments', 'headers', 'date', 'messageId',
  'inReplyTo', 'references', 'priority', 'sensitivity', 'importance', 'readReceiptTo', 'list', 'dkim',
] as const; // prettier-ignore

/** So many stand in the error's message, all in `problems`; past the second number nobody reads on. */
const shownProblems = 5;
const maxProblems = 100;
const contentExpected = 'text, bytes, a Blob, { file }, an async iterable of bytes, or a function that gives one';

/** Refuses a message with ERR_MESSAGE_INVALID that names every problem. `message` holds the own fields of what was `given`. */
export function checkMessage(message: MailMessage, given: MailMessage): void {
  const problems: Problem[] = [];
  const add: Add = (path, text) => {
    if (problems.length < maxProblems) problems.push({ path, message: text });
  };
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw invalid([{ path: 'message', message: `expected an object, got ${kindOf(message)}` }]);
  }
  const prototype: unknown = Object.getPrototypeOf(given);
  const inherits = prototype !== Object.prototype && prototype !== null;
  if (inherits)
    for (const key of known.keys())
      if (isInherited(key, given)) add(key, 'is inherited from another object; a message has its fields itself');
  checkFields('', message, known, suggestion, add);
  if (problems.length === 0) checkTogether(message, add);
  if (problems.length > 0) throw invalid(problems);
}

/** From a class or another object: then it was meant. What was put on Object.prototype was not, and is not looked at. */
function isInherited(key: string, given: object): boolean {
  return key in given && !Object.hasOwn(given, key) && !(key in Object.prototype);
}

function checkFields(
  path: string,
  value: object,
  fields: ReadonlyMap<string, Kind>,
  hint: (key: string) => string,
  add: Add,
): void {
  for (const key of Object.keys(value)) {
    const entry = (value as Record<string, unknown>)[key];
    const kind = fields.get(key);
    if (kind !== undefined && isPlainlyRight(kind, entry)) continue;
    const name = showText(key, 60);
    const at = path === '' ? name : `${path}.${name}`;
    if (kind === undefined) add(at, `not ${whatIs(path)}${hint(key)}`);
    else checkKind(at, kind, entry, add);
  }
}

/** The short way for most fields: nothing to look into, nothing to say. */
function isPlainlyRight(kind: Kind, entry: unknown): boolean {
  if (entry === undefined || kind === 'addresses' || kind === 'any') return true;
  return typeof entry === 'string' && (kind === 'text' || kind === 'content');
}

function whatIs(path: string): string {
  if (path === '') return 'a field of a message';
  return path.startsWith('attachments') || path.startsWith('alternatives')
    ? 'a field of an attachment'
    : 'a known field';
}

function checkKind(path: string, kind: Kind, value: unknown, add: Add): void {
  const wrong = (expected: string): void => add(path, `expected ${expected}, got ${kindOf(value)}`);
  switch (kind) {
    case 'text':
      if (typeof value !== 'string') wrong('text');
      return;
    case 'boolean':
    case 'number':
      if (typeof value !== kind) wrong(`a ${kind}`);
      return;
    case 'date':
      if (!isValidDate(value)) wrong('a valid Date');
      return;
    case 'texts':
      if (typeof value === 'string' && path === 'list.unsubscribe') return;
      if (!Array.isArray(value)) wrong('an array of texts');
      else
        value.forEach(
          (item, i) => typeof item === 'string' || add(`${path}.${i}`, `expected text, got ${kindOf(item)}`),
        );
      return;
    case 'attachments':
      if (!Array.isArray(value)) wrong('an array of attachments');
      else value.forEach((item, i) => checkAttachment(`${path}.${i}`, item, add));
      return;
    case 'content':
      if (!isContent(value)) wrong(contentExpected);
      return;
    case 'object':
      if (!isRecord(value)) wrong('an object');
      else checkFields(path, value, nested[path] as ReadonlyMap<string, Kind>, () => '', add);
      return;
    case 'headers':
      if (typeof value !== 'object' || value === null) wrong('an object');
      // A Map or Headers has no fields of its own, and would be nothing.
      else if (Symbol.iterator in value && !Array.isArray(value))
        add(path, 'expected a plain object, got something to iterate');
      return;
    case 'addresses': // checked where they are parsed
    case 'any':
      return;
  }
}

function checkAttachment(path: string, value: unknown, add: Add): void {
  if (!isRecord(value)) return add(path, `expected an attachment object, got ${kindOf(value)}`);
  const { content, filename, disposition } = value as Record<string, unknown>;
  checkFields(path, value, attachmentFields, attachmentHint, add);
  if (content === undefined) add(`${path}.content`, `expected ${contentExpected}, got nothing`);
  if (filename === '') add(`${path}.filename`, 'is empty; leave it out instead');
  if (typeof disposition === 'string' && disposition !== 'attachment' && disposition !== 'inline') {
    add(`${path}.disposition`, "expected 'attachment' or 'inline', got another text");
  }
}

function checkTogether(message: MailMessage, add: Add): void {
  const { raw, calendar, dkim } = message;
  if (raw !== undefined) {
    for (const key of excludedByRaw)
      if (message[key] !== undefined) add(key, 'cannot stand beside raw, which is a finished message');
  }
  if (calendar) {
    if (calendar.content === undefined) add('calendar.content', 'expected text, got nothing');
    if (calendar.filename === '') add('calendar.filename', 'is empty; leave it out instead');
    if (!/^[A-Za-z-]{1,40}$/.test(calendar.method ?? ''))
      add('calendar.method', 'expected an iTIP method such as REQUEST');
  }
  // An empty list is a message without signatures, whatever the profile has.
  if (dkim !== undefined && !(Array.isArray(dkim) && dkim.length === 0)) {
    for (const { path, message: text } of problemsOf(dkimSettings, dkim, 'dkim')) add(path, text);
  }
}

/** What others call it. */
function suggestion(key: string): string {
  const others: Readonly<Record<string, string>> = {
    body: 'text or html',
    recipients: 'to',
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

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value === undefined) return 'nothing';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function invalid(problems: readonly Problem[]): Error {
  const shown = problems.slice(0, shownProblems).map(({ path, message }) => `${path}: ${message}`);
  const more = problems.length - shown.length;
  return createEmailError(
    'ERR_MESSAGE_INVALID',
    `The message cannot be sent: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
    { problems, remedy: correctFields },
  );
}
