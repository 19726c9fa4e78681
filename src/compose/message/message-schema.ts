/**
 * The shape of a message. Addresses, identifiers and URLs are of the right kind here; what they hold is checked where it is read.
 *
 * @module
 */
import { isEmailError } from '../../errors/email-error.js';
import type { AddressInput } from '../../model/address.js';
import type { DeliverBy, DsnNotify, DsnRecipient, DsnRequest, Envelope } from '../../model/envelope.js';
import type {
  Attachment,
  CalendarPart,
  ContentInput,
  DkimSettings,
  ListFields,
  MailMessage,
  MessageProtectionChoice,
} from '../../model/message.js';
import { headerFields } from '../../profile/shape/headers.js';
import { addressExpected, dkimSettings, importance, priority, sensitivity } from '../../profile/shape/profile.js';
import { anyText, choice, date, flag, kind, list, plain, variant, wholeNumber } from '../../schema/combine.js';
import { object, optional, record, required } from '../../schema/object.js';
import type { Fields, ObjectRules, OptionalField } from '../../schema/object.js';
import { problem, unexpected } from '../../schema/schema.js';
import type { Report, Schema } from '../../schema/schema.js';
import { text } from '../../schema/text.js';
import { isContent } from '../content/content.js';
import { parseMediaType } from '../content/media-type.js';

/** Programs make messages of classes of their own, too. */
const ofAnyClass = { instances: true } as const;

/** A list of any length, the empty one included. */
function any<T>(item: Schema<T>): Schema<readonly T[]> {
  return list(item, { min: 0, max: Number.MAX_SAFE_INTEGER });
}

const address = kind<AddressInput>(
  addressExpected,
  (value): value is AddressInput =>
    typeof value === 'string' || (typeof value === 'object' && value !== null && !Array.isArray(value)),
);
const manyAddresses = any(address);
const addresses = variant<AddressInput | readonly AddressInput[]>(
  `${address.expected}, or an array of such`,
  (value) => (Array.isArray(value) ? manyAddresses : address),
);
const no = choice(false);

/** The profile's value can be switched off. */
function orFalse<T>(schema: Schema<T>): OptionalField<T | false> {
  return optional(variant<T | false>(`${schema.expected}, or false`, (value) => (value === false ? no : schema)));
}

const content = kind<ContentInput>(
  'text, bytes, a Blob, { file }, an async iterable of bytes, or a function that gives one',
  isContent,
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
    others: { name: 'filename', contentdisposition: 'disposition' },
    refuse: {
      path: 'is not a known key; a file is content: { file }',
      href: 'is not a known key; a file is content: { file }, and nothing is fetched from URLs',
    },
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
  ofAnyClass,
);

const texts = any(anyText);
const listFields = object<ListFields>(
  {
    unsubscribe: optional(
      variant<string | readonly string[]>('a URL or an address, or an array of such', (value) =>
        Array.isArray(value) ? texts : anyText,
      ),
    ),
    oneClick: optional(flag),
    id: optional(anyText),
    help: optional(anyText),
    archive: optional(anyText),
  },
  ofAnyClass,
);

/** An empty list is a message without signatures, whatever the profile has. */
const noSignatures = list<never>(
  kind('nothing', (_value): _value is never => false),
  { min: 0, max: 0 },
);
const dkim = variant<DkimSettings | readonly DkimSettings[]>(dkimSettings.expected, (value) =>
  Array.isArray(value) && value.length === 0 ? noSignatures : dkimSettings,
);

const never = choice('never');
const outcomes = list(choice('success', 'failure', 'delay'));
const notify = variant<DsnNotify>("'never', or an array of 'success', 'failure' and 'delay'", (value) =>
  Array.isArray(value) ? outcomes : never,
);
const dsn = object<DsnRequest>(
  {
    return: optional(choice('full', 'headers')),
    envelopeId: optional(anyText),
    notify: optional(notify),
    recipients: optional(
      record(object<DsnRecipient>({ notify: optional(notify), originalRecipient: optional(anyText) }, ofAnyClass), {
        expected: 'an object of recipients, by address',
        max: Number.MAX_SAFE_INTEGER,
        key: () => undefined,
      }),
    ),
  },
  ofAnyClass,
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
  ofAnyClass,
);

/** The fields that `raw` brings itself. */
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
  'readReceiptTo',
  'list',
  'dkim',
] as const;

const messageRules: ObjectRules<MailMessage> = {
  ...ofAnyClass,
  expected: 'a message: an object',
  others: {
    body: 'text or html',
    recipients: 'to',
    attachment: 'attachments',
    icalevent: 'calendar',
    amp: 'alternatives',
    envelopefrom: 'envelope',
    plain: 'text',
  },
  verify(_message, given, _path, report: Report) {
    if (!given('raw')) return;
    for (const key of excludedByRaw)
      if (given(key)) problem(report, key, 'cannot stand beside raw, which is a finished message');
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
  html: optional(content),
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
  readReceiptTo: orFalse(address),
  returnReceiptTo: orFalse(address),
  list: optional(listFields),
  smime: optional(object<MessageProtectionChoice>({ sign: optional(flag), encrypt: optional(flag) }, ofAnyClass)),
  dkim: optional(dkim),
  envelope: optional(envelope),
  raw: optional(content),
};

/** `MailMessage`. */
export const messageSchema: Schema<MailMessage> = object<MailMessage>(messageFields, messageRules);

/** The keys of a message. */
export const messageKeys: readonly string[] = Object.keys(messageFields);
