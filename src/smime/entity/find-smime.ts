/**
 * Finds the S/MIME part of a received message (RFC 8551 section 3.9), and refuses messages that two readers could
 * interpret differently.
 * @module
 */
import { maxBoundary, parseMessage } from '../../mime/read/parse.js';
import type { ParsedPart } from '../../mime/read/parse.js';
import { asBuffer } from '../../util/bytes.js';
import { smimeError } from '../cms/smime-error.js';
import { readable, signedForms } from './message.js';

/** The extent of protection: 'whole' is the message without its outer header fields, 'part' one part of a multipart. */
export type Covered = 'whole' | 'part';

/** The S/MIME part of a message. */
export type SmimeContent =
  | {
      readonly kind: 'detached';
      readonly covers: Covered;
      /** CMS. */
      readonly signature: Buffer;
      /** The signed entity unchanged, and with CRLF if it has other line ends. */
      readonly contents: readonly Buffer[];
    }
  | { readonly kind: 'cms'; readonly covers: Covered; readonly cms: Buffer };

const signatureTypes = ['application/pkcs7-signature', 'application/x-pkcs7-signature'];
const cmsTypes = ['application/pkcs7-mime', 'application/x-pkcs7-mime'];

/**
 * Finds the S/MIME content of a message: the message itself, or the one part of a multipart that is signed or
 * encrypted, such as after a mailing list that adds a footer. undefined if there is none. ERR_SMIME if it is broken,
 * ambiguous, or not the only one.
 */
export function findSmime(message: Uint8Array): SmimeContent | undefined {
  const root = readable(() => parseMessage(message));
  if (isSmime(root) || isNamedCms(root)) return contentOf(root, 'whole');
  const found = [...smimeParts(root)];
  const [part] = found;
  if (part === undefined) return undefined;
  if (found.length > 1) {
    throw smimeError(
      `The message has ${found.length} parts that are signed or encrypted separately.`,
      'Pass each part separately, with its header fields.',
    );
  }
  return contentOf(part, 'part');
}

function isSmime({ contentType: { value, parameters } }: ParsedPart): boolean {
  if (value !== 'multipart/signed') return cmsTypes.includes(value);
  const protocol = parameters.get('protocol')?.toLowerCase();
  return protocol === undefined || signatureTypes.includes(protocol);
}

/** Is the whole message CMS, under a type that some programs use for it? */
function isNamedCms({ contentType: { value }, filename }: ParsedPart): boolean {
  return signatureTypes.includes(value) || (value === 'application/octet-stream' && /\.p7[mz]$/i.test(filename ?? ''));
}

/** The S/MIME parts of a multipart. Parts inside them are not searched. */
function* smimeParts(part: ParsedPart): Generator<ParsedPart, undefined> {
  for (const child of part.parts) {
    if (isSmime(child)) yield child;
    else yield* smimeParts(child);
  }
  return undefined;
}

function contentOf(part: ParsedPart, covers: Covered): SmimeContent | undefined {
  refuseRepeatedFields(part);
  if (part.contentType.value !== 'multipart/signed') return { kind: 'cms', covers, cms: part.content() };
  const { length = 0 } = part.contentType.parameters.get('boundary') ?? '';
  if (length > maxBoundary) {
    throw smimeError(
      `The boundary of the multipart/signed message has ${length} characters; at most ${maxBoundary} are allowed.`,
      'Ask the sender for a message that follows RFC 2046 section 5.1.1.',
    );
  }
  const [content, signature] = part.parts;
  if (content === undefined || signature === undefined || part.parts.length !== 2) {
    throw smimeError(
      `The multipart/signed message has ${part.parts.length} parts instead of two.`,
      'The message was damaged in transit.',
    );
  }
  if (!signatureTypes.includes(signature.contentType.value)) return undefined;
  refuseRepeatedFields(signature);
  return { kind: 'detached', covers, signature: signature.content(), contents: signedForms(content.raw) };
}

/** Refuses repeated fields: one reader uses the first of them, another the last. */
function refuseRepeatedFields({ header }: ParsedPart): void {
  for (const name of ['Content-Type', 'Content-Transfer-Encoding']) {
    const { length } = header.getAll(name);
    if (length > 1) {
      throw smimeError(
        `The header of the signed or encrypted part has ${length} ${name} fields; only one is allowed.`,
        'It may be made to mean different things to different readers. Ask the sender for another copy.',
      );
    }
  }
}

/** The CMS in a file: BER or DER, or base64 with or without PEM armour. ERR_SMIME for other bytes. */
export function cmsOfFile(file: Uint8Array): Buffer {
  const bytes = asBuffer(file);
  if (bytes[0] === 0x30) return bytes;
  const text = bytes.toString('latin1').trim();
  const armoured = /^-----BEGIN (PKCS7|CMS|PKCS #7 SIGNED DATA)-----([A-Za-z0-9+/=\s]*)-----END \1-----$/.exec(text);
  const base64 = armoured?.[2] ?? text;
  if (text === '' || !/^[A-Za-z0-9+/=\s]*$/.test(base64))
    throw smimeError(
      'The file is not CMS: it is neither BER, nor PEM, nor base64.',
      "Give the octets of a .p7m or .p7s file. For a message with header fields leave out format: 'cms'.",
    );
  return Buffer.from(base64, 'base64');
}
