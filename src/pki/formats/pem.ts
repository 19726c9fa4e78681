/**
 * Parses PEM (RFC 7468): the blocks of a text, with the header fields of old encrypted keys (RFC 1421).
 * @module
 */
import { asBuffer } from '../../util/bytes.js';
import { withLineEnds } from '../../util/line-ends.js';
import { showText } from '../../util/show.js';
import { certificateError } from '../certificate-error.js';
import { maxItems, tooMany } from './contents.js';

/** One block. */
export interface PemBlock {
  /** The label of BEGIN, in upper case. */
  readonly label: string;
  /** `Proc-Type` and `DEK-Info`, if present. */
  readonly headers: ReadonlyMap<string, string>;
  /** Decoded on first access, because skipped blocks may contain anything. ERR_CERTIFICATE if it is not base64. */
  readonly bytes: Buffer;
  /** Line of its BEGIN, from 1. */
  readonly line: number;
}

const boundary = /^-----(BEGIN|END) ([ -~]{1,60}?)-----\s*$/;
const joined = /^-----END [ -~]{1,60}?----------BEGIN /;
const headerField = /^([A-Za-z][A-Za-z0-9-]{0,40}):\s?(.*)$/;

/** The blocks that are read. Others may occur beside them. */
const known =
  /^(?:(?:X509 |TRUSTED )?CERTIFICATE|X509 CRL|(?:ENCRYPTED |RSA |EC )?PRIVATE KEY|PKCS7|CMS|PKCS #7 SIGNED DATA|PKCS12)$/;

/** Is a block of this label read? */
export function isKnownLabel(label: string): boolean {
  return known.test(label);
}

/** Is it a certificate request, or the text that names one? */
export function isRequest(label: string): boolean {
  return /^(?:NEW )?CERTIFICATE REQUEST\b/.test(label);
}

/** The remedy for a certificate request. */
export const requestRemedy =
  'A request is not a certificate: give the certificate that the certification authority issued for it.';

/** The remedy for a key in OpenSSH's format. */
export const opensshRemedy = 'Convert the key: `ssh-keygen -p -m PKCS8 -f FILE`.';

/** Lists the skipped blocks, for the error about a missing certificate or key. */
export function unusedText(unused: readonly string[] = []): string {
  return unused.length === 0 ? '' : `; not read: ${showText(unused.slice(0, 3).join(', '), 200)}`;
}

/** Does the text hold a PEM block? */
export function isPem(text: string): boolean {
  return text.includes('-----BEGIN ');
}

interface OpenBlock {
  readonly label: string;
  readonly line: number;
  readonly headers: Map<string, string>;
  readonly base64: string[];
}

/** The blocks of a text; other text is skipped. ERR_CERTIFICATE names the faulty line. */
export function parsePem(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: OpenBlock | undefined;
  let number = 0;
  for (const line of linesOf(withLineEnds(text))) {
    number++;
    if (joined.test(line.trimStart())) throw joinedFiles(number);
    const [, kind, label = ''] = boundary.exec(line.trimStart()) ?? [];
    if (kind === 'BEGIN') {
      if (open !== undefined && isKnownLabel(open.label)) throw unfinished(open);
      open = { label: label.toUpperCase(), line: number, headers: new Map(), base64: [] };
    } else if (kind === 'END' && open !== undefined) {
      if (label.toUpperCase() !== open.label) throw unfinished(open);
      blocks.push(blockOf(open));
      if (blocks.length > maxItems) throw tooMany('PEM blocks');
      open = undefined;
    } else if (open !== undefined) {
      const [, name, value] = headerField.exec(line) ?? [];
      if (name !== undefined && value !== undefined) open.headers.set(name.toLowerCase(), value.trim());
      else open.base64.push(line.trim());
    }
  }
  if (open !== undefined && isKnownLabel(open.label)) throw unfinished(open);
  return blocks;
}

/** Yields lines one by one: an array of all lines could be megabytes of strings. */
function* linesOf(text: string): Generator<string> {
  const lineEnd = /\r\n|\n|\r/g;
  let start = 0;
  for (let match = lineEnd.exec(text); match !== null; match = lineEnd.exec(text)) {
    yield text.slice(start, match.index);
    start = lineEnd.lastIndex;
  }
  yield text.slice(start);
}

function blockOf({ label, line, headers, base64 }: OpenBlock): PemBlock {
  let bytes: Buffer | undefined;
  return {
    label,
    line,
    headers,
    get bytes() {
      return (bytes ??= decodeBase64(base64.join('\n'), `the PEM block ${label} of line ${line}`));
    },
  };
}

function unfinished({ label, line }: OpenBlock): Error {
  return certificateError(
    `the PEM block ${showText(label, 60)} that begins in line ${line} has no end: the file is truncated`,
    'Copy the whole file.',
  );
}

function joinedFiles(line: number): Error {
  return certificateError(
    `an END and a BEGIN are both in line ${line}: two PEM files were joined, and the first had no line end`,
    'Insert a line break between -----END …----- and -----BEGIN …-----.',
  );
}

/** Decodes strict base64, ignoring blanks. ERR_CERTIFICATE names `what`. */
export function decodeBase64(text: string, what: string): Buffer {
  if (!isBase64(text)) {
    throw certificateError(
      `${what} is not base64: it is damaged or truncated`,
      'Copy the whole text, without changes.',
    );
  }
  return Buffer.from(text, 'base64');
}

/** 1 for characters of base64, 2 for blanks. */
const kinds = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[A-Za-z0-9+/]/.test(character) ? 1 : /[ \t\r\n]/.test(character) ? 2 : 0;
});

/** A loop, because a regular expression overflows the stack on megabytes. */
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
