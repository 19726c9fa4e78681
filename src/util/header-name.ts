/**
 * The header fields that a profile or a message may add.
 * @module
 */

/**
 * Fields that occur once or are written by the library (RFC 5322 section 3.6, RFC 2045), and fields that a sender must
 * not write.
 */
const refused: ReadonlySet<string> = new Set([
  'from',
  'sender',
  'reply-to',
  'to',
  'cc',
  'bcc',
  'resent-bcc',
  'subject',
  'date',
  'message-id',
  'in-reply-to',
  'references',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
  'content-disposition',
  'return-path',
  'received',
  'dkim-signature',
]);

/** A longer name leaves no room for a value on a line (RFC 5322 section 2.1.1). */
const maxName = 76;

/** The reason why a custom header field may not have this name, or undefined. */
export function fieldNameFault(name: string): string | undefined {
  if (name === '') return 'the name of the field is empty';
  if (name.length > maxName) return `the name of the field is longer than ${maxName} characters`;
  if (!/^[!-9;-~]+$/.test(name))
    return 'the name of the field contains characters other than printable ASCII without colon and space (RFC 5322 section 3.6.8)';
  if (refused.has(name.toLowerCase()))
    return `the field ${name} is not allowed: it is written from its own setting, or only servers may write it`;
  return undefined;
}
