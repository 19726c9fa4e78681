/**
 * The message of a command: from options, from standard input, or a finished one.
 * @module
 */
import { parseAddressList, type HeaderField, type Mailbox, type MailMessage } from '../index.js';
import { parseHeader } from '../mime/read/header.js';
import { readGiven } from './files.js';
import { readInput } from './terminal.js';
import { UsageError, type Given, type OptionRules } from './usage.js';

export const messageOptions: OptionRules = {
  to: { type: 'string', multiple: true, value: 'ADDRESS', help: 'recipients; may be given several times' },
  cc: { type: 'string', multiple: true, value: 'ADDRESS', help: 'further recipients' },
  bcc: { type: 'string', multiple: true, value: 'ADDRESS', help: 'recipients that the message does not show' },
  subject: { type: 'string', value: 'TEXT', help: 'the subject' },
  text: { type: 'string', value: 'TEXT', help: 'the text; without it, standard input if that is a pipe' },
  'text-file': { type: 'string', value: 'FILE', help: 'the text is in this file; - is standard input' },
  'html-file': { type: 'string', value: 'FILE', help: 'the HTML is in this file' },
  attach: { type: 'string', multiple: true, value: 'FILE', help: 'attach this file' },
  header: { type: 'string', multiple: true, value: "'NAME: TEXT'", help: 'a header field' },
  eml: { type: 'string', value: 'FILE', help: 'a complete message instead of all these; - is standard input' },
};

const maxHeaderBytes = 1024 * 1024;
const contentOptions = ['subject', 'text', 'text-file', 'html-file', 'attach', 'header'] as const;

/** UsageError for options that exclude each other. */
export async function messageOf(given: Given): Promise<MailMessage> {
  const recipients = { to: listOf(given, 'to'), cc: listOf(given, 'cc'), bcc: listOf(given, 'bcc') };
  const eml = given.text('eml');
  if (eml !== undefined) {
    const beside = contentOptions.find((name) => given.has(name));
    if (beside !== undefined)
      throw new UsageError(`--${beside} cannot be combined with --eml, which is a complete message`);
    const raw = await readGiven(eml);
    const named = [...recipients.to, ...recipients.cc, ...recipients.bcc].length > 0;
    return { raw, ...(named ? recipients : { to: recipientsOf(raw) }) };
  }
  const html = given.text('html-file');
  const attachments = given.texts('attach').map((file) => ({ content: { file } }));
  return {
    ...recipients,
    subject: given.text('subject'),
    text: await textOf(given),
    html: html === undefined ? undefined : { file: html },
    attachments,
    headers: given.texts('header').map(headerOf),
  };
}

function listOf(given: Given, name: string): readonly Mailbox[] {
  return given.texts(name).flatMap((text) => parseAddressList(text));
}

async function textOf(given: Given): Promise<string | Buffer | undefined> {
  const [text, file] = [given.text('text'), given.text('text-file')];
  if (text !== undefined && file !== undefined) throw new UsageError('--text and --text-file exclude each other');
  if (text !== undefined) return text;
  if (file !== undefined) return readGiven(file);
  return given.has('html-file') || process.stdin.isTTY ? undefined : readInput();
}

function headerOf(text: string): HeaderField {
  const [, name, value] = /^([^:]+):[ \t]*([^]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new UsageError("--header: expected 'Name: text'");
  return { name, value };
}

/** The recipients that a finished message names itself. */
function recipientsOf(raw: Buffer): readonly Mailbox[] {
  const header = parseHeader(raw, 0, raw.length, maxHeaderBytes);
  const found = ['To', 'Cc'].flatMap((name) => header.getAll(name)).flatMap((value) => parseAddressList(value));
  if (found.length === 0) throw new UsageError('the message has no recipients in To and Cc: give --to');
  return found;
}
