/**
 * Reads certificates and keys from bytes of any format. The format is found from the content, not from the file name.
 * @module
 */
import { children, readElement, tag } from '../../util/der.js';
import { showText } from '../../util/show.js';
import { atPlace, certificateError } from '../certificate-error.js';
import { maxItems, once, plainKey, tooMany } from './contents.js';
import type { ContainedCertificate, ContainedKey, Contents, FilePasswords, Reading } from './contents.js';
import { isJavaKeyStore, readJavaKeyStore } from './jks.js';
import { decodeBase64, isKnownLabel, isPem, isRequest, opensshRemedy, parsePem, requestRemedy } from './pem.js';
import type { PemBlock } from './pem.js';
import { readPkcs12 } from './pkcs12.js';
import { readPkcs7 } from './pkcs7.js';
import { decryptPem, decryptPkcs8, toPkcs8 } from './private-key.js';
import { WorkBudget } from './work-budget.js';

/** Options of reading. */
export interface ReadOptions {
  readonly passwords: FilePasswords;
  /** Are the private keys needed? Otherwise an encrypted key needs no password. */
  readonly wantKeys: boolean;
  /** The work that reading may cost; default: that of one file. */
  readonly budget?: WorkBudget | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Files over 16 MiB are refused without reading. */
export const maxFileBytes = 16 << 20;

/** Reads everything in the bytes. ERR_CERTIFICATE states the fault. */
export async function readContents(bytes: Uint8Array, options: ReadOptions): Promise<Contents> {
  const input = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { passwords, wantKeys, budget = new WorkBudget(options.signal) } = options;
  budget.check();
  if (input.length > maxFileBytes) throw tooLarge(input.length);
  if (input.length === 0) throw certificateError('it is empty', 'Give the whole file.');
  if (input.equals(Buffer.alloc(input.length)))
    throw certificateError(
      'it contains only zero bytes',
      'The file was damaged; take it from a backup, or export the certificate again.',
    );
  const text = textOf(input);
  const reading: Reading = { passwords, wantKeys, budget };
  if (text === undefined) return readBinary(input, reading);
  if (isPem(text)) return readPem(text, reading);
  if (!isMeantAsBase64(text)) throw notRecognised(input, wantKeys);
  const decoded = decodeBase64(text, 'the text');
  const inner = textOf(decoded);
  return inner !== undefined && isPem(inner) ? readPem(inner, reading) : readBinary(decoded, reading);
}

/** ERR_CERTIFICATE for a file over the limit. */
export function tooLarge(length: number): Error {
  return certificateError(
    `it has ${length} bytes, more than ${maxFileBytes}`,
    'Give a file with only the necessary certificates.',
  );
}

/** The text, in ASCII, UTF-8, or UTF-16 as PowerShell writes it; undefined for binary formats. */
function textOf(input: Buffer): string | undefined {
  if (input[0] === 0xff && input[1] === 0xfe) return input.toString('utf16le', 2);
  const start = input[0] === 0xef && input[1] === 0xbb && input[2] === 0xbf ? 3 : 0;
  const text = input.toString('latin1', start);
  if (isPem(text) && input[0] !== 0x30) return text;
  return input.every((octet) => octetKinds[octet] !== 0) && !looksLikeDer(input) ? text : undefined;
}

/** 0 for octets that do not occur in text, 2 for base64 and blanks. */
const octetKinds = Uint8Array.from({ length: 256 }, (_, octet) => {
  const character = String.fromCharCode(octet);
  return /[A-Za-z0-9+/=\t\n\v\f\r ]/.test(character) ? 2 : /[ -~]/.test(character) ? 1 : 0;
});

/** Does it consist of base64 only, at least 16 characters? */
function isMeantAsBase64(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (octetKinds[text.charCodeAt(i)] !== 2) return false;
  return text.trim().length >= 16;
}

/** Text may also begin with `0`, so the length is compared. */
function looksLikeDer(input: Buffer): boolean {
  return input[0] === 0x30 && input[1] === input.length - 2;
}

type Kind = 'certificate' | 'crl' | 'pkcs7' | 'pkcs8' | 'encrypted-pkcs8' | 'pkcs1' | 'sec1' | 'pkcs12';

/** Finds the kind of a structure from its first elements, even with indefinite lengths. */
function kindOf(bytes: Buffer): Kind | undefined {
  const outer = skipHeader(bytes, 0);
  if (bytes[0] !== 0x30 || outer === undefined) return undefined;
  const inner = skipHeader(bytes, outer);
  switch (bytes[outer]) {
    case 0x06:
      return 'pkcs7';
    case 0x30:
      if (inner !== undefined && bytes[inner] === 0x06) return 'encrypted-pkcs8';
      return isRevocationList(bytes) ? 'crl' : 'certificate';
    case 0x02:
      return kindByVersion(bytes[outer + 2], bytes[outer + 1] === 1 ? bytes[outer + 3] : 0);
    default:
      return undefined;
  }
}

/**
 * Both are a signed SEQUENCE. In a list the issuer's name is followed by a time, in a certificate by a SEQUENCE of two.
 */
function isRevocationList(der: Buffer): boolean {
  try {
    let fields = 0;
    for (const { tag: field } of children(der, readElement(der, readElement(der, 0).start))) {
      if (field === tag.utcTime || field === tag.generalizedTime) return true;
      if (++fields === 4) return false;
    }
    return false;
  } catch (error) {
    if (error instanceof RangeError) return false; // reading it as a certificate gives the error
    throw error;
  }
}

function kindByVersion(version: number | undefined, next: number | undefined): Kind | undefined {
  if (version === 3) return next === 0x30 ? 'pkcs12' : undefined;
  if (version !== 0 && version !== 1) return undefined;
  return next === 0x30 ? 'pkcs8' : next === 0x02 ? 'pkcs1' : next === 0x04 ? 'sec1' : undefined;
}

/** Offset of the content of the element at `at`. */
function skipHeader(bytes: Buffer, at: number): number | undefined {
  const length = bytes[at + 1];
  if (length === undefined) return undefined;
  return at + 2 + (length > 0x80 ? length & 0x7f : 0);
}

async function readBinary(bytes: Buffer, reading: Reading): Promise<Contents> {
  const inWords = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw damaged(error);
    }
  };
  return inWords(async () => {
    const contents = await (isJavaKeyStore(bytes) ? readJavaKeyStore(bytes, reading) : readDer(bytes, reading));
    return { ...contents, keys: contents.keys.map((key) => ({ ...key, open: once(() => inWords(key.open)) })) };
  });
}

/** Turns the RangeError of a reader into a message for people; returns other errors unchanged. */
function damaged(error: unknown): unknown {
  if (!(error instanceof RangeError)) return error;
  return certificateError(
    `it is damaged or truncated: ${error.message}`,
    'Copy the whole file in binary mode, or export the certificate again.',
    error,
  );
}

async function readDer(bytes: Buffer, reading: Reading): Promise<Contents> {
  const kind = kindOf(bytes);
  switch (kind) {
    case undefined:
      throw notRecognised(bytes, reading.wantKeys);
    case 'certificate':
    case 'crl':
      return readSigned(bytes);
    case 'pkcs7':
      return readPkcs7(bytes);
    case 'pkcs12':
      return readPkcs12(bytes, reading);
    case 'encrypted-pkcs8':
      return onlyKey('encrypted private key', reading.wantKeys ? await decryptPkcs8(bytes, reading) : undefined);
    default:
      return onlyKey('private key', toPkcs8(bytes, kind));
  }
}

/** Reads successive certificates and revocation lists. A tail of another kind, such as a line end, is ignored. */
function readSigned(bytes: Buffer): Contents {
  const certificates: ContainedCertificate[] = [];
  const crls: Uint8Array[] = [];
  for (let rest = bytes; ;) {
    const kind = kindOf(rest);
    if (kind !== 'certificate' && kind !== 'crl') break;
    const der = firstElement(rest);
    if (kind === 'crl') crls.push(der);
    else certificates.push({ der });
    if (certificates.length + crls.length > maxItems) throw tooMany('certificates');
    rest = rest.subarray(der.length);
  }
  const format = certificates.length > 0 ? 'certificate' : 'revocation list';
  return { format, certificates, keys: [], crls };
}

function onlyKey(format: string, pkcs8: Buffer | undefined): Contents {
  return { format, certificates: [], keys: pkcs8 === undefined ? [] : [plainKey(pkcs8)], crls: [] };
}

/** The error shows none of the bytes: they may be a password that was put into the wrong field. */
function notRecognised(bytes: Buffer, wantKeys: boolean): Error {
  const kind = /^[ -~\s]+$/.test(bytes.subarray(0, 8).toString('latin1')) ? 'plain text' : 'binary data';
  return certificateError(
    `it is not recognised: it is ${kind}, not a certificate in one of the formats PEM, DER, PKCS#7, PKCS#12 and JKS`,
    'It may be the wrong file: name the right one, or export the ' +
      `certificate${wantKeys ? ' with its private key' : ''} again ` +
      `as ${wantKeys ? 'PKCS#12 (.p12) or PEM' : 'PEM or DER'}.`,
  );
}

const keyTypes: ReadonlyMap<string, 'pkcs8' | 'pkcs1' | 'sec1'> = new Map([
  ['PRIVATE KEY', 'pkcs8'],
  ['RSA PRIVATE KEY', 'pkcs1'],
  ['EC PRIVATE KEY', 'sec1'],
]);

async function readPem(text: string, reading: Reading): Promise<Contents> {
  const certificates: ContainedCertificate[] = [];
  const keys: ContainedKey[] = [];
  const crls: Uint8Array[] = [];
  const unused: string[] = [];
  const blocks = parsePem(text);
  for (const block of blocks) {
    if (!isKnownLabel(block.label)) {
      unused.push(`${block.label} of line ${block.line}`);
      continue;
    }
    const place = `the PEM block ${block.label} of line ${block.line}`;
    try {
      const contents = await readBlock(block, reading);
      certificates.push(...contents.certificates);
      keys.push(...contents.keys);
      crls.push(...contents.crls);
    } catch (error) {
      throw atPlace(damaged(error), place);
    }
  }
  if (blocks.length === unused.length) throw nothingOfUse(unused);
  return { format: 'PEM', certificates, keys, crls, unused };
}

function nothingOfUse(unused: readonly string[]): Error {
  const remedy = unused.some(isRequest)
    ? requestRemedy
    : unused.some((block) => block.startsWith('OPENSSH'))
      ? opensshRemedy
      : 'Give a file with a CERTIFICATE block.';
  const held = unused.length > 0 ? unused.slice(0, 5).join(', ') : 'a BEGIN line that does not start a PEM block';
  return certificateError(
    `it contains no certificate and no private key that can be read, but ${showText(held, 300)}`,
    remedy,
  );
}

async function readBlock(block: PemBlock, reading: Reading): Promise<Contents> {
  const nothing = { format: 'PEM', certificates: [], keys: [], crls: [] };
  const keyType = keyTypes.get(block.label);
  if (keyType !== undefined) {
    if (!reading.wantKeys) return nothing;
    const isEncrypted = block.headers.has('dek-info');
    return onlyKey('PEM', isEncrypted ? await decryptPem(block, keyType, reading) : toPkcs8(block.bytes, keyType));
  }
  switch (block.label) {
    case 'CERTIFICATE':
    case 'X509 CERTIFICATE':
    case 'TRUSTED CERTIFICATE': // OpenSSL appends its trust settings
      return { ...nothing, certificates: [{ der: firstElement(block.bytes) }] };
    case 'X509 CRL':
      return { ...nothing, crls: [firstElement(block.bytes)] };
    default:
      return readBinary(block.bytes, reading);
  }
}

function firstElement(bytes: Buffer): Buffer {
  return bytes.subarray(0, readElement(bytes, 0).end);
}
