/**
 * Reads a message.
 * @module
 */
import type { Mailbox } from '../../model/address.js';
import type { Envelope } from '../../model/envelope.js';
import type { HeaderField } from '../../model/header.js';
import type { Attachment, CalendarPart, MailMessage } from '../../model/message.js';
import type { Subject } from '../../schema/check.js';
import { own } from '../../schema/schema.js';
import { isBytes, isValidDate } from '../../util/bytes.js';
import { Fields, newFindings, present } from './fields.js';
import type { Findings } from './fields.js';
import { readAddress, readAddresses } from './addresses.js';
import { contentOf, isPlainContent, readContent } from './content.js';
import type { ReadContext } from './content.js';
import { readDkim } from './dkim.js';
import { readDsnOf } from './dsn.js';
import { givenHeaders, headerFields, listFields, messageFieldOf } from './headers.js';
import { refusedFields, refusedParts } from './refused.js';

export const messageSubject: Subject = {
  code: 'ERR_MESSAGE_INVALID',
  sentence: 'The message cannot be sent',
  root: 'message',
};

/** A message in the terms of sealpost, with the problems that were found. */
export interface ReadMessage {
  readonly message: MailMessage;
  readonly signal: unknown;
  readonly recipients: number;
  readonly maxRecipients: number | undefined;
  readonly findings: Findings;
  /** Streams of the message, which have to be closed if it is not sent. */
  readonly streams: readonly object[];
}

/** Settings that all messages of a transport share. */
export interface MessageSettings {
  readonly defaults: object;
  readonly allowsFiles: boolean;
  readonly attachesDataUrls: boolean;
}

/** Reads the message; what it leaves out the defaults say. */
export function readMessage(data: object, settings: MessageSettings): ReadMessage {
  const { defaults, allowsFiles } = settings;
  const findings = newFindings();
  const { given, custom } = merge(data, defaults, findings);
  const fields = new Fields(given, '', findings);
  const disabled = fields.flag('disableFileAccess') ?? false;
  fields.flag('disableUrlAccess');
  fields.any('headers');
  const context: ReadContext = { findings, allowsFiles: allowsFiles && !disabled, streams: [] };
  const addresses = readParties(fields);
  const maxRecipients = fields.any('maxRecipients') === 0 ? Infinity : fields.number('maxRecipients');
  const envelope = readEnvelope(fields, addresses);
  const raw = readContent(fields.any('raw'), 'raw', context)?.content;
  const dkim = fields.fields('dkim');
  const headers = [...custom, ...mailer(fields), ...listFields(fields.any('list'), findings)];
  const message: MailMessage = {
    ...(raw === undefined ? shownParties(addresses) : { raw }),
    ...readBodies(fields, context, settings),
    ...readTexts(fields),
    headers: headers.length === 0 ? undefined : headers,
    dkim: dkim && readDkim(dkim),
    envelope: raw === undefined ? envelope : { from: addresses.from?.email ?? '', to: addresses.all, ...envelope },
  };
  if (raw === undefined && addresses.from === undefined) fields.refuse('from', 'is missing');
  if (raw !== undefined && envelope.from === undefined && addresses.from === undefined)
    fields.refuse('envelope', 'from is missing');
  const signal = fields.any('signal');
  fields.end(refusedFields);
  const recipients = (envelope.to ?? addresses.all).length;
  return { message: present(message), signal, recipients, maxRecipients, findings, streams: context.streams };
}

/**
 * Fields of the defaults that the message lacks; headers one by one. A header field that has a field of the message
 * becomes that.
 */
function merge(
  data: object,
  defaults: object,
  findings: Findings,
): { readonly given: object; readonly custom: readonly HeaderField[] } {
  const given: Record<string, unknown> = Object.assign(Object.create(null), defaults);
  for (const key of Object.keys(data)) given[key] = own(data, key) ?? given[key];
  if (own(defaults, 'disableFileAccess') === true) given['disableFileAccess'] = true;
  const headers = givenHeaders(own(data, 'headers'), 'headers', findings);
  const names = new Set(headers.map(({ name }) => name.toLowerCase()));
  const further = givenHeaders(own(defaults, 'headers'), 'defaults.headers', findings);
  const all = [...headers, ...further.filter(({ name }) => !names.has(name.toLowerCase()))];
  const custom: HeaderField[] = [];
  for (const header of all) {
    const field = messageFieldOf.get(header.name.toLowerCase());
    if (field === undefined) custom.push(...headerFields(header, findings));
    else given[field] ??= header.value;
  }
  return { given, custom };
}

interface Parties {
  readonly from: Mailbox | undefined;
  readonly sender: Mailbox | undefined;
  readonly replyTo: readonly Mailbox[];
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
  /** Addresses of all recipients. */
  readonly all: readonly string[];
}

function readParties(fields: Fields): Parties {
  const many = (key: string): readonly Mailbox[] => readAddresses(fields.any(key), key, fields.findings);
  const [to, cc, bcc] = [many('to'), many('cc'), many('bcc')];
  return {
    from: readAddress(fields.any('from'), 'from', fields.findings),
    sender: readAddress(fields.any('sender'), 'sender', fields.findings),
    replyTo: many('replyTo'),
    to,
    cc,
    bcc,
    all: [...to, ...cc, ...bcc].map(({ email }) => email),
  };
}

function shownParties({ from, sender, replyTo, to, cc, bcc }: Parties): MailMessage {
  return { from, sender, to, cc, bcc, replyTo: replyTo.length === 0 ? undefined : replyTo };
}

function readBodies(fields: Fields, context: ReadContext, { attachesDataUrls }: MessageSettings): MailMessage {
  const body = (key: string, contentType: string): readonly Attachment[] => {
    const read = readContent(fields.any(key), key, context);
    return read === undefined ? [] : [{ content: read.content, contentType }];
  };
  const alternatives = [
    ...body('watchHtml', 'text/watch-html'),
    ...body('amp', 'text/x-amp-html'),
    ...fields.list('alternatives').flatMap(([value, path]) => readPart(value, path, context)),
  ];
  const { calendar, copies } = readCalendar(fields, context);
  const parts = fields.list('attachments').flatMap(([value, path]) => readPart(value, path, context));
  const attachments = [...parts, ...copies];
  const html = readContent(fields.any('html'), 'html', context)?.content;
  // As in nodemailer, a message can turn this on, and not off.
  const embedDataUrls = fields.flag('attachDataUrls') === true || attachesDataUrls;
  return {
    text: readContent(fields.any('text'), 'text', context)?.content,
    html: html !== undefined && embedDataUrls ? { content: html, embedDataUrls } : html,
    calendar,
    alternatives: alternatives.length === 0 ? undefined : alternatives,
    attachments: attachments.length === 0 ? undefined : attachments,
  };
}

function readPart(value: unknown, path: string, context: ReadContext): readonly Attachment[] {
  const fields = new Fields(Object(value), path, context.findings);
  const read = contentOf(fields, context);
  const disposition = fields.text('contentDisposition')?.toLowerCase();
  const filename = fields.any('filename') === false ? undefined : fields.text('filename');
  const cid = fields.text('cid')?.replace(/[<>]/g, '');
  const contentType = fields.text('contentType') ?? read?.contentType;
  if (disposition !== undefined && disposition !== 'inline' && disposition !== 'attachment')
    fields.refuse('contentDisposition', "expected 'attachment' or 'inline'");
  fields.end(refusedParts);
  if (read === undefined) return [];
  const kind = disposition === 'inline' || disposition === 'attachment' ? disposition : undefined;
  return [present({ content: read.content, filename, contentType, cid, disposition: kind })];
}

interface ReadCalendar {
  readonly calendar?: CalendarPart | undefined;
  /** The attached copy, of nodemailer's type. */
  readonly copies: readonly Attachment[];
}

function readCalendar(fields: Fields, context: ReadContext): ReadCalendar {
  const value = fields.any('icalEvent');
  if (value === undefined || value === false) return { copies: [] };
  const simple = isPlainContent(value);
  const event = new Fields(simple ? { content: value } : Object(value), 'icalEvent', context.findings);
  const filename = event.any('filename') === false ? undefined : (event.text('filename') ?? 'invite.ics');
  const read = contentOf(event, { ...context, allowsFiles: false })?.content;
  const method = event.text('method');
  event.any('contentType');
  event.end(refusedParts);
  const content = typeof read === 'string' ? read : isBytes(read) ? Buffer.from(read).toString('utf8') : undefined;
  if (content === undefined) {
    if (read !== undefined) event.refuse('content', 'expected text or bytes: a stream is not supported here');
    return { copies: [] };
  }
  return {
    calendar: { method: method ?? /^METHOD:([A-Z-]+)\s*$/im.exec(content)?.[1] ?? 'PUBLISH', content },
    copies: filename === undefined ? [] : [{ content, filename, contentType: 'application/ics' }],
  };
}

function readTexts(fields: Fields): MailMessage {
  const references = readReferences(fields);
  const priority = fields.text('priority')?.toLowerCase();
  if (priority !== undefined && !['high', 'normal', 'low'].includes(priority))
    fields.refuse('priority', "expected 'high', 'normal' or 'low'");
  return {
    subject: fields.text('subject'),
    messageId: fields.text('messageId'),
    inReplyTo: fields.text('inReplyTo'),
    references: references.length === 0 ? undefined : references,
    date: readDate(fields),
    importance: priority === 'high' || priority === 'low' ? priority : undefined,
  };
}

function readReferences(fields: Fields): readonly string[] {
  const value = fields.any('references');
  return typeof value === 'string' ? words(value) : fields.list('references').flatMap(([id]) => words(String(id)));
}

function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== '');
}

function readDate(fields: Fields): Date | undefined {
  const value = fields.any('date');
  if (value === undefined || isValidDate(value)) return value;
  const date = typeof value === 'string' ? new Date(value) : undefined;
  return isValidDate(date) ? date : fields.refuse('date', 'expected a Date, or text that Date reads');
}

function mailer(fields: Fields): readonly HeaderField[] {
  const value = fields.any('xMailer') === false ? undefined : fields.text('xMailer');
  return value === undefined ? [] : [{ name: 'X-Mailer', value }];
}

function readEnvelope(fields: Fields, { all }: Parties): Partial<Envelope> {
  const given = fields.fields('envelope');
  const at = (key: string): readonly Mailbox[] =>
    given === undefined ? [] : readAddresses(given.any(key), `envelope.${key}`, fields.findings);
  const to = [...at('to'), ...at('cc'), ...at('bcc')].map(({ email }) => email);
  const from = given?.any('from');
  const path =
    given === undefined || from === undefined
      ? undefined
      : (readAddress(from, 'envelope.from', fields.findings)?.email ?? '');
  const dsn = fields.fields('dsn');
  const nested = given?.fields('dsn');
  const requireTls = [given, fields].map((one) => one?.flag('requireTLSExtensionEnabled')).includes(true);
  given?.any('size');
  given?.any('use8BitMime');
  given?.end({});
  const recipients = given === undefined ? all : to;
  if (given !== undefined && to.length === 0) given.refuse('to', 'is missing');
  const request = nested ?? dsn;
  if (nested !== undefined && dsn !== undefined)
    fields.refuse('dsn', 'cannot be combined with envelope.dsn; set only one of them');
  return {
    ...(path === undefined ? {} : { from: path }),
    ...(given === undefined ? {} : { to }),
    ...(request === undefined ? {} : { dsn: readDsnOf(request, recipients) }),
    ...(requireTls ? { requireTls } : {}),
  };
}
