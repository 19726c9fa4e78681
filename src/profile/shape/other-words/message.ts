/**
 * Words of other programs for a message and its envelope; see `phrases.ts`.
 * @module
 */
import type { OtherWords } from '../../../schema/suggest.js';
import { called, inProfile, inSmime, quoted } from './phrases.js';

const fileContent = 'is not a known key; a file is content: { file }';
const chosenEncoding = 'is not a known key: the library chooses the transfer encoding';

/** Keys, by the object in which they may occur. */
export const otherKeys = {
  message: {
    body: called('text or html'),
    content: called('text or html'),
    message: called('text or html'),
    plain: called('text'),
    recipients: called('to'),
    mailto: called('to'),
    attachment: called('attachments'),
    files: called('attachments'),
    icalevent: called('calendar'),
    ical: called('calendar'),
    amp: 'belongs in alternatives',
    watchhtml: 'belongs in alternatives',
    dsn: 'belongs in envelope, as envelope.dsn',
    requiretls: 'belongs in envelope, as envelope.requireTls',
    envelopefrom: 'is envelope.from here',
    returnpath: 'is envelope.from here',
    bounceto: 'is envelope.from here',
    unsubscribe: 'belongs in list, as list.unsubscribe',
    dispositionnotificationto: called('readReceiptTo'),
    readreceipt: called('readReceiptTo'),
    deliveryreceipt: called('returnReceiptTo'),
    sign: inSmime,
    encrypt: inSmime,
    encoding: chosenEncoding,
    textencoding: chosenEncoding,
    charset: 'is not a known key: text is always sent as UTF-8',
    attachdataurls: 'is html: { content, embedDataUrls: true } here',
    organization: 'belongs in sender of the profile, or in headers',
    customheaders: called('headers'),
    xpriority: called('importance'),
    server: inProfile,
    auth: 'is authentication of the profile here',
    host: 'belongs in server of the profile',
    signal: 'belongs in the second argument of send()',
    timeout: 'is signal: AbortSignal.timeout(milliseconds) in the second argument of send()',
  },
  attachment: {
    path: fileContent,
    file: fileContent,
    filepath: fileContent,
    href: 'is not a known key: nothing is fetched from URLs; give the body of a fetch as content',
    url: 'is not a known key: nothing is fetched from URLs; give the body of a fetch as content',
    name: called('filename'),
    encoding: "is not a known key: content takes bytes, such as Buffer.from(text, 'base64')",
    contenttransferencoding: chosenEncoding,
    contentdisposition: called('disposition'),
    inline: "is disposition: 'inline' here",
    type: called('contentType'),
    mimetype: called('contentType'),
    mediatype: called('contentType'),
    contentid: called('cid'),
    id: called('cid'),
    data: called('content'),
    body: called('content'),
    buffer: called('content'),
    raw: called('content'),
    headers: 'is not a known key: the header fields of a part are written by the library',
  },
  calendar: {
    path: "is not a known key; content is the text: await readFile(path, 'utf8')",
    href: 'is not a known key: nothing is fetched from URLs; content is the text',
    icalendar: called('content'),
    ics: called('content'),
    event: called('content'),
    data: called('content'),
    name: called('filename'),
    encoding: chosenEncoding,
  },
  list: {
    unsubscribepost: called('oneClick'),
    listunsubscribe: called('unsubscribe'),
    listid: called('id'),
    subscribe: "is a field of headers here: headers: { 'List-Subscribe': '<…>' }",
    post: "is a field of headers here: headers: { 'List-Post': '<…>' }",
    owner: "is a field of headers here: headers: { 'List-Owner': '<…>' }",
  },
  content: {
    path: 'a file is { file }',
    filepath: 'a file is { file }',
    filename: 'a file is { file }',
    href: 'nothing is fetched from URLs; give the body of a fetch',
    url: 'nothing is fetched from URLs; give the body of a fetch',
    content: 'give the value of its content itself',
    raw: 'give the value of its raw itself',
  },
  envelope: {
    mailfrom: called('from'),
    sender: called('from'),
    rcpt: called('to'),
    rcptto: called('to'),
    recipients: called('to'),
    cc: 'is part of to here: an envelope has one list of recipients',
    bcc: 'is part of to here: an envelope has one list of recipients',
    notify: 'belongs in dsn',
    priority: called('mtPriority'),
  },
  dsn: {
    ret: called('return'),
    id: called('envelopeId'),
    envid: called('envelopeId'),
    orcpt: 'is recipients[address].originalRecipient here',
    originalrecipient: 'belongs in recipients, by address',
    recipient: 'is recipients[address].originalRecipient here',
  },
} as const satisfies Readonly<Record<string, OtherWords>>;

/** Values, by the choice for which they may be given. */
export const otherValues = {
  dsnReturn: { hdrs: quoted('headers'), message: quoted('full') },
} as const satisfies Readonly<Record<string, OtherWords>>;
