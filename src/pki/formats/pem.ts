/**
 * PEM (RFC 7468): the blocks of a text, with the header fields of old encrypted keys (RFC 1421).
 */
import { asBuffer } from '../../util/bytes.js';
import { showText } from '../../util/show.js';
import { certificateError } from '../certificate-error.js';
import { maxItems } from './contents.js';

/** One block. */
export interface PemBlock {
  /** As in BEGIN, upper-case. */
  readonly label: string;
  /** `Proc-Type` and `DEK-Info`, where there. */
  readonly headers: ReadonlyMap<string, string>;
  readonly bytes: Buffer;
  /** Line of its BEGIN, from 1. */
  readonly line: number;
}

const boundary = /^-----(BEGIN|END) ([ -~]{1,60})-----\s*$/;
const headerField = /^([A-Za-z][A-Za-z0-9-]{0,40}):\s?(.*)$/;

/** Does the text hold a PEM block? */
export function isPem(text: string): boolean {
  return text.includes('-----BEGIN ');
}

/** The blocks of a text; what is between them is passed over. ERR_CERTIFICATE names the line that is wrong. */
export function parsePem(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: { label: string; line: number; headers: Map<string, string>; base64: string[] } | undefined;
  let number = 0;
  for (const line of text.split(/\r\n|\n|\r/)) {
    number++;
    const [, kind, label = ''] = boundary.exec(line.trimStart()) ?? [];
    if (kind === 'BEGIN') {
      if (open !== undefined) throw unfinished(open.label, open.line);
      open = { label: label.toUpperCase(), line: number, headers: new Map(), base64: [] };
    } else if (kind === 'END' && open !== undefined) {
      if (label.toUpperCase() !== open.label) throw unfinished(open.label, open.line);
      const { label: name, line: start, headers } = open;
      blocks.push({
        label: name,
        line: start,
        headers,
        bytes: decodeBase64(open.base64.join(''), `the PEM block ${name} of line ${start}`),
      });
      if (blocks.length > maxItems)
        throw certificateError(
          `it holds more than ${maxItems} PEM blocks`,
          'Give a file of the certificates that are meant.',
        );
      open = undefined;
    } else if (open !== undefined) {
      const [, name, value] = headerField.exec(line) ?? [];
      if (name !== undefined && value !== undefined) open.headers.set(name.toLowerCase(), value.trim());
      else open.base64.push(line.trim());
    }
  }
  if (open !== undefined) throw unfinished(open.label, open.line);
  return blocks;
}

function unfinished(label: string, line: number): Error {
  return certificateError(
    `the PEM block ${showText(label, 60)} that begins in line ${line} has no end: the file is truncated`,
    'Copy the whole file.',
  );
}

/** Strict base64, blanks aside. ERR_CERTIFICATE says that `what` is not. */
export function decodeBase64(text: string, what: string): Buffer {
  if (!isBase64(text)) {
    throw certificateError(
      `${what} is not base64: it is damaged or truncated`,
      'Copy the whole text, without changes.',
    );
  }
  return Buffer.from(text, 'base64');
}

/** 1 for what base64 is written with, 2 for blanks. */
const kinds = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[A-Za-z0-9+/]/.test(character) ? 1 : /[ \t\r\n]/.test(character) ? 2 : 0;
});

/** A loop, since a regular expression runs out of stack on megabytes. */
function isBase64(text: string): boolean {
  let digits = 0;
  let padding = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x3d) padding++;
    else if (kinds[code] === 1 && padding === 0) digits++;
    else if (kinds[code] !== 2) return false;
  }
  return digits % 4 !== 1 && padding <= 2;
}

/** A block of PEM text. */
export function toPem(label: 'CERTIFICATE' | 'PRIVATE KEY' | 'X509 CRL', der: Uint8Array): string {
  const lines = asBuffer(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
