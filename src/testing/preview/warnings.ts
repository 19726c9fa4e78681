/**
 * Warnings about a message: faults that receivers may find in it.
 * @module
 */
import { fieldOf, type PreviewContent } from './content.js';
import { showSize } from './text.js';

/** Mail programs on telephones show about half of it. */
const maxSubject = 78;
/** Many servers refuse larger messages. */
const maxBytes = 10_000_000;
/** Gmail shows no more of the HTML. */
const maxHtmlBytes = 102_000;

/** Sentences for people. The text of an encrypted message cannot be seen, and is not missed. */
export function warningsOf(content: PreviewContent, isEncrypted: boolean): readonly string[] {
  const warnings: string[] = [];
  const subject = fieldOf(content, 'subject') ?? '';
  const unsubscribe = fieldOf(content, 'list-unsubscribe');
  if (content.fault !== undefined) warnings.push(`The parts of the message cannot be read: ${content.fault}`);
  if (subject.trim() === '') warnings.push('There is no subject.');
  const length = [...subject].length;
  if (length > maxSubject)
    warnings.push(`The subject has ${length} characters; mail programs show about 60 to ${maxSubject} of them.`);
  if (content.text === undefined && !isEncrypted && content.fault === undefined)
    warnings.push('There is no text part: give text beside html, for filters and for readers without HTML.');
  if (content.size > maxBytes)
    warnings.push(`The message has ${showSize(content.size)}; many servers refuse more than ${showSize(maxBytes)}.`);
  if (content.html !== undefined && Buffer.byteLength(content.html) > maxHtmlBytes)
    warnings.push(`The HTML has more than ${showSize(maxHtmlBytes)}, of which Gmail shows only the beginning.`);
  if (unsubscribe === undefined)
    warnings.push(
      'There is no List-Unsubscribe: Gmail and Yahoo want it in newsletters and other bulk mail (RFC 8058).',
    );
  else if (/<https:/i.test(unsubscribe) && fieldOf(content, 'list-unsubscribe-post') === undefined)
    warnings.push(
      'There is a List-Unsubscribe without List-Unsubscribe-Post: one click does not unsubscribe (RFC 8058).',
    );
  return warnings;
}
