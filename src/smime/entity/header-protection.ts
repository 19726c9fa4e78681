/**
 * Header protection (RFC 9788): copies the message's own header fields inside the signature or the envelope, and
 * records there which fields are outside, so that a receiver can tell what was hidden and what was altered.
 * @module
 */
import { messageInvalid } from '../../errors/email-error.js';
import { parseStructured } from '../../mime/read/structured.js';
import type { RenderedEntity } from '../../model/entity.js';

/** A header field: its name, and the whole of it folded, with its CRLF. */
export interface ProtectedField {
  readonly name: string;
  readonly text: string;
}

/** The entity with the fields inside, and the outer fields. */
export interface ProtectedHeader {
  readonly inner: RenderedEntity;
  readonly outer: readonly ProtectedField[];
}

/** Replaces the outer subject by the baseline policy (RFC 9788 section 3.2.1). */
const hiddenSubject = 'Subject: [...]\r\n';

/**
 * Copies `fields`, all of the message but MIME-Version and Content-*, into the entity. `isEncrypted` says whether it
 * will be encrypted (signed or not); only then can `hideSubject` apply the baseline policy, which hides the subject and
 * removes Comments and Keywords outside. ERR_MESSAGE_INVALID if the message has HP-Outer fields of its own: a receiver
 * would apply them to other fields.
 */
export function protectHeader(
  entity: RenderedEntity,
  fields: readonly ProtectedField[],
  isEncrypted: boolean,
  hideSubject: boolean,
): ProtectedHeader {
  if (fields.some(({ name }) => name.toLowerCase() === 'hp-outer'))
    throw messageInvalid('headers.HP-Outer', 'header protection writes this field itself (RFC 9788 section 2.2)');
  const outer = isEncrypted && hideSubject ? fields.flatMap(baselinePolicy) : fields;
  const inside = [
    ...fields.map(({ text }) => text),
    ...(isEncrypted ? outer.map(({ text }) => `HP-Outer: ${text}`) : []),
  ].join('');
  return {
    inner: { ...entity, fields: inside + withParameter(entity.fields, isEncrypted ? 'cipher' : 'clear') },
    outer,
  };
}

/** The policy hcp_baseline (RFC 9788 section 3.2.1). */
function baselinePolicy(field: ProtectedField): readonly ProtectedField[] {
  switch (field.name.toLowerCase()) {
    case 'subject':
      return [{ name: field.name, text: hiddenSubject }];
    case 'comments':
    case 'keywords':
      return [];
    default:
      return [field];
  }
}

/**
 * The entity's fields with the `hp` parameter (RFC 9788 section 2.1.1) in Content-Type. ERR_MESSAGE_INVALID if the
 * message has one there.
 */
function withParameter(fields: string, value: 'clear' | 'cipher'): string {
  const match = /^Content-Type:(?:[^\r\n]|\r\n(?=[ \t]))*/im.exec(fields);
  if (match === null) return `Content-Type: text/plain; charset=us-ascii; hp="${value}"\r\n${fields}`;
  if (parseStructured(match[0].replace(/\r\n/g, '')).parameters.has('hp'))
    throw messageInvalid('contentType', 'header protection writes the parameter hp itself (RFC 9788 section 2.1.1)');
  const end = match.index + match[0].length;
  return `${fields.slice(0, end)};\r\n hp="${value}"${fields.slice(end)}`;
}
