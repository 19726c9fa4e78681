/**
 * The shape of a message. Addresses, identifiers and URLs are only checked for their type here; their contents are
 * checked where they are parsed.
 * @module
 */
import { types } from 'node:util';
import { isEmailError } from '../../errors/email-error.js';
import type { AddressInput } from '../../model/address.js';
import type { DeliverBy, DsnNotify, DsnRecipient, DsnRequest, Envelope } from '../../model/envelope.js';
import type {
  Attachment,
  CalendarPart,
  ContentInput,
  DkimSettings,
  HtmlContent,
  ListFields,
  MailMessage,
  MessageProtectionChoice,
} from '../../model/message.js';
import { headerFields } from '../../profile/shape/headers.js';
import { otherKeys, otherValues } from '../../profile/shape/other-words/message.js';
import { otherKeys as keysOfProfile } from '../../profile/shape/other-words/profile.js';
import { addressExpected, dkimSettings, importance, priority, sensitivity } from '../../profile/shape/profile.js';
import {
  anyText,
  choice,
  choiceAmong,
  date,
  flag,
  kind,
  list,
  plain,
  variant,
  wholeNumber,
} from '../../schema/combine.js';
import { object, optional, record, required, unknownKey } from '../../schema/object.js';
import type { Fields, ObjectRules, OptionalField } from '../../schema/object.js';
import { isPlainObject, kindOf, problem, unexpected } from '../../schema/schema.js';
import type { Report, Schema } from '../../schema/schema.js';
import { otherWord } from '../../schema/suggest.js';
import { text } from '../../schema/text.js';
import { isAscii } from '../../util/bytes.js';
import { isContent } from '../content/content.js';
import { isHtmlContent } from '../content/html-choices.js';
import { parseMediaType } from '../content/media-type.js';

/** Messages may be instances of the program's own classes. */
const ofAnyClass = { instances: true } as const;

/** A list of any length, including an empty one. */
function any<T>(item: Schema<T>): Schema<readonly T[]> {
  return list(item, { min: 0, max: Number.MAX_SAFE_INTEGER });
}

/**
 * Reports an object whose address has another field name. The contents of an address are checked where it is parsed.
 */
const partsAddress: Schema<AddressInput> = plain(addressExpected, (value, path, report) => {
  const parts = Object(value) as AddressInput & object;
  if (Object.hasOwn(parts, 'email')) return parts;
  const others = Object.keys(parts).filter((key) => key !== 'name');
  for (const key of others) unknownKey(key, path, report, { known: ['name', 'email'], others: keysOfProfile.address });
  return others.length > 0 ? undefined : parts;
});
const address: Schema<AddressInput> = variant(addressExpected, (value) => {
  if (typeof value === 'string') return anyText;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? partsAddress : undefined;
});
const manyAddresses = any(address);
const addresses = variant<AddressInput | readonly AddressInput[]>(
  `${address.expected}, or an array of these`,
  (value) => (Array.isArray(value) ? manyAddresses : address),
);
const no = choice(false);

/** A field for which false switches off the profile's value. */
function orFalse<T>(schema: Schema<T>): OptionalField<T | false> {
  return optional(variant<T | false>(`${schema.expected}, or false`, (value) => (value === false ? no : schema)));
}

const contentExpected = 'text, bytes, a Blob, { file }, an async iterable of bytes, or a function that gives one';
const content: Schema<ContentInput> = {
  ...kind<ContentInput>(contentExpected, isContent),
  check(value, path, report) {
    if (isContent(value)) return value;
    const meant = isPlainObject(value)
      ? Object.keys(value).map((key) => otherWord(otherKeys.content, key))
      : [types.isPromise(value) ? 'await it first' : isResponse(value) ? 'its body is content' : undefined];
    const hint = meant.find((sentence) => sentence !== undefined);
    const got = types.isPromise(value) ? 'a promise' : isResponse(value) ? 'a response' : kindOf(value);
    return problem(report, path, `expected ${contentExpected}, got ${got}${hint === undefined ? '' : `: ${hint}`}`);
  },
};

/** Is it the Response of a fetch? */
function isResponse(value: unknown): boolean {
  const { arrayBuffer, ok }: { readonly arrayBuffer?: unknown; readonly ok?: unknown } = Object(value);
  return typeof arrayBuffer === 'function' && typeof ok === 'boolean';
}

const htmlObject = object<HtmlContent>({ content: required(content), embedDataUrls: optional(flag) }, ofAnyClass);
const html = variant<ContentInput | HtmlContent>(contentExpected, (value) =>
  isHtmlContent(value) ? htmlObject : content,
);

const fileName = text({ expected: 'the name of a file' });
const plainMediaType = /^(?!multipart\/)[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/i;
const mediaType: Schema<string> = {
  ...plain('a media type such as application/pdf', (value, path, report) => {
    if (typeof value !== 'string') return unexpected(report, path, 'a media type such as application/pdf', value);
    try {
      parseMediaType(value, path);
    } catch (error) {
      if (!isEmailError(error) || error.problems === undefined) throw error;
      for (const found of error.problems) problem(report, found.path, found.message);
    }
    return value;
  }),
  accepts: (value) => typeof value === 'string' && plainMediaType.test(value),
};

const attachment = object<Attachment>(
  {
    filename: optional(fileName),
    content: required(content),
    contentType: optional(mediaType),
    disposition: optional(choice('attachment', 'inline')),
    cid: optional(text({ expected: 'a Content-ID' })),
  },
  {
    ...ofAnyClass,
    expected: 'an attachment: an object with content',
    others: otherKeys.attachment,
  },
);

const calendar = object<CalendarPart>(
  {
    method: required(
      text({
        expected: 'an iTIP method such as REQUEST',
        fault: (value) =>
          /^[A-Za-z-]{1,40}$/.test(value) ? undefined : 'expected an iTIP method such as REQUEST, got other text',
      }),
    ),
    content: required(anyText),
    filename: optional(fileName),
  },
  { ...ofAnyClass, others: otherKeys.calendar },
);

const texts = any(anyText);
/** Other libraries take the URL in an object. */
const urlObject: Schema<string> = plain<string>('text', (value, path, report) =>
  problem(
    report,
    path,
    `expected a URL or an address, or an array of these, got ${kindOf(value)}: give the URL itself`,
  ),
);

function isUrlObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'url' in value;
}
const listFields = object<ListFields>(
  {
    unsubscribe: optional(
      variant<string | readonly string[]>('a URL or an address, or an array of these', (value) =>
        Array.isArray(value) ? texts : isUrlObject(value) ? urlObject : anyText,
      ),
    ),
    oneClick: optional(flag),
    id: optional(anyText),
    help: optional(anyText),
    archive: optional(anyText),
  },
  { ...ofAnyClass, others: otherKeys.list },
);

/** An empty list: the message gets no signature, whatever the profile has. */
const noSignatures = list<never>(
  kind('nothing', (_value): _value is never => false),
  { min: 0, max: 0 },
);
const dkim = variant<DkimSettings | readonly DkimSettings[]>(dkimSettings.expected, (value) =>
  Array.isArray(value) && value.length === 0 ? noSignatures : dkimSettings,
);

/** RFC 3461 section 4.4. */
const envelopeId = text({
  expected: 'printable ASCII',
  max: 100,
  fault: (value) => (isAscii(value) ? undefined : 'expected printable ASCII, got other characters'),
});
const never = choice('never');
const outcomes = list(choice('success', 'failure', 'delay'));
const notify = variant<DsnNotify>("'never', or an array of 'success', 'failure' and 'delay'", (value) =>
  Array.isArray(value) ? outcomes : never,
);
const dsn = object<DsnRequest>(
  {
    return: optional(choiceAmong(['full', 'headers'], otherValues.dsnReturn)),
    envelopeId: optional(envelopeId),
    notify: optional(notify),
    recipients: optional(
      record(object<DsnRecipient>({ notify: optional(notify), originalRecipient: optional(anyText) }, ofAnyClass), {
        expected: 'an object of recipients, by address',
        max: Number.MAX_SAFE_INTEGER,
        key: () => undefined,
      }),
    ),
  },
  { ...ofAnyClass, others: otherKeys.dsn },
);

const envelope = object<Partial<Envelope>>(
  {
    from: optional(anyText),
    to: optional(texts),
    dsn: optional(dsn),
    requireTls: optional(flag),
    deliverBy: optional(
      object<DeliverBy>(
        { seconds: required(wholeNumber(1, 999_999_999)), mode: required(choice('return', 'notify')) },
        ofAnyClass,
      ),
    ),
    holdUntil: optional(date),
    mtPriority: optional(wholeNumber(-9, 9)),
  },
  { ...ofAnyClass, others: otherKeys.envelope },
);

/** Fields that cannot be combined with `raw`, which contains them. */
const excludedByRaw = [
  'from',
  'sender',
  'replyTo',
  'subject',
  'text',
  'html',
  'calendar',
  'alternatives',
  'attachments',
  'headers',
  'date',
  'messageId',
  'inReplyTo',
  'references',
  'priority',
  'sensitivity',
  'importance',
  'autoSubmitted',
  'readReceiptTo',
  'list',
  'dkim',
] as const;

const messageRules: ObjectRules<MailMessage> = {
  ...ofAnyClass,
  expected: 'a message: an object',
  others: otherKeys.message,
  verify(_message, given, _path, report: Report) {
    if (!given('raw')) return;
    for (const key of excludedByRaw)
      if (given(key)) problem(report, key, 'cannot be combined with raw, which is a complete message');
  },
};

const messageFields: Fields<MailMessage> = {
  to: optional(addresses),
  cc: optional(addresses),
  bcc: optional(addresses),
  from: optional(address),
  sender: optional(address),
  replyTo: orFalse(addresses),
  subject: optional(anyText),
  text: optional(content),
  html: optional(html),
  calendar: optional(calendar),
  alternatives: optional(any(attachment)),
  attachments: optional(any(attachment)),
  headers: optional(headerFields),
  date: optional(date),
  messageId: optional(anyText),
  inReplyTo: optional(anyText),
  references: optional(texts),
  priority: optional(priority),
  sensitivity: optional(sensitivity),
  importance: optional(importance),
  autoSubmitted: optional(choice('no', 'auto-generated', 'auto-replied', 'auto-notified')),
  readReceiptTo: orFalse(address),
  returnReceiptTo: orFalse(address),
  list: optional(listFields),
  smime: optional(object<MessageProtectionChoice>({ sign: optional(flag), encrypt: optional(flag) }, ofAnyClass)),
  dkim: optional(dkim),
  envelope: optional(envelope),
  raw: optional(content),
};

/** The schema of `MailMessage`. */
export const messageSchema: Schema<MailMessage> = object<MailMessage>(messageFields, messageRules);

/** The field names of a message. */
export const messageKeys: readonly string[] = Object.keys(messageFields);
