/**
 * DKIM signatures (RFC 6376), relaxed/relaxed: rsa-sha256, and ed25519-sha256 (RFC 8463).
 * @module
 */
import type { KeyObject } from 'node:crypto';
import { toAsciiDomain } from '../../address/domain.js';
import { messageInvalid } from '../../errors/email-error.js';
import type { ByteSource } from '../../model/entity.js';
import { relaxedBodyHash, relaxedField, splitFields } from './dkim-canonical.js';
import { nodeCrypto } from '../../util/crypto/node-crypto.js';
import { hasOwn } from '../../util/own.js';
import { withoutPrototype } from '../../util/without-prototype.js';

/** `a=` of a signature. */
export type DkimAlgorithm = 'rsa-sha256' | 'ed25519-sha256';

/** The settings of a signature without its key. */
export interface DkimNames {
  readonly domain: string;
  readonly selector: string;
  readonly headers?: readonly string[] | undefined;
}

/** `DkimSettings` with its secret resolved. */
export interface ResolvedDkimSettings extends DkimNames {
  /** PEM, or PKCS#8: base64 or DER. */
  readonly privateKey: string | Buffer;
}

/** Settings of a signature that were checked, with the key ready. */
export interface DkimSigner {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  /** Field names in lower case; undefined stands for the default. */
  readonly headers: readonly string[] | undefined;
  /** Signs the text of RFC 6376 section 3.7. */
  sign(input: Buffer, signal: AbortSignal): Promise<Buffer>;
}

const minRsaBits = 1024;

/**
 * RFC 6376 section 5.4.1, List-Unsubscribe-Post (RFC 8058 section 4), and the fields that tell how to read the body.
 */
const defaultHeaders = [
  ...[
    'from',
    'reply-to',
    'subject',
    'date',
    'to',
    'cc',
    'resent-date',
    'resent-from',
    'resent-to',
    'resent-cc',
    'in-reply-to',
  ],
  ...[
    'references',
    'list-id',
    'list-help',
    'list-unsubscribe',
    'list-unsubscribe-post',
    'list-subscribe',
    'list-post',
    'list-owner',
  ],
  ...['list-archive', 'message-id', 'mime-version', 'content-type', 'content-transfer-encoding'],
];

function readKey(given: string | Buffer, path: string): KeyObject {
  const { createPrivateKey } = nodeCrypto();
  try {
    // Environment variables often hold PEM with its line ends written as \\n.
    const input =
      typeof given !== 'string'
        ? ({ key: given, format: 'der', type: 'pkcs8' } as const)
        : given.includes('-----BEGIN')
          ? ({ key: given.replaceAll('\\n', '\n'), format: 'pem' } as const)
          : ({ key: Buffer.from(given, 'base64'), format: 'der', type: 'pkcs8' } as const);
    return createPrivateKey(withoutPrototype(input));
  } catch {
    // The error has no cause: the cause could quote the key.
    throw messageInvalid(
      path,
      'the key is not an unencrypted private key, as PEM or as base64 of PKCS#8; an encrypted one needs the password setting',
    );
  }
}

/** Checks the settings besides the key. */
export function checkedNames(settings: DkimNames, path: string): Pick<DkimSigner, 'domain' | 'selector' | 'headers'> {
  const domain = toAsciiDomain(settings.domain);
  if (hasOwn(domain, 'problem')) throw messageInvalid(`${path}.domain`, domain.problem);
  const { selector, headers } = settings;
  if (
    !/^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/i.test(selector) ||
    selector.length > 200
  ) {
    throw messageInvalid(
      `${path}.selector`,
      'a selector is labels of letters, digits and hyphens with dots between them',
    );
  }
  headers?.forEach((name, i) => {
    if (!/^[!-9;-~]+$/.test(name) || name.includes(';'))
      throw messageInvalid(`${path}.headers.${i}`, 'a field name is printable ASCII without colon and semicolon');
  });
  return {
    domain: domain.domain,
    selector: selector.toLowerCase(),
    headers: headers?.map((name) => name.toLowerCase()),
  };
}

/**
 * Makes a signer from settings and checks all of them; ERR_MESSAGE_INVALID names the wrong one. One signer serves many
 * messages.
 */
export function createDkimSigner(
  settings: ResolvedDkimSettings,
  path = 'dkim',
): DkimSigner & { readonly key: KeyObject } {
  const names = checkedNames(settings, path);
  const key = readKey(settings.privateKey, `${path}.privateKey`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ed25519') {
    throw messageInvalid(
      `${path}.privateKey`,
      `DKIM supports RSA and Ed25519 keys, not ${key.asymmetricKeyType ?? 'this'}`,
    );
  }
  if (key.asymmetricKeyType === 'rsa' && bits < minRsaBits) {
    throw messageInvalid(
      `${path}.privateKey`,
      `an RSA key of ${bits} bits is too weak; receivers require at least ${minRsaBits} and recommend 2048 (RFC 8301)`,
    );
  }
  const algorithm = key.asymmetricKeyType === 'rsa' ? 'rsa-sha256' : 'ed25519-sha256';
  return { ...names, key, algorithm, sign: (input) => signWith(key, algorithm, input) };
}

/**
 * The names for `h=`: each field as often as the message has it. From is named once more, so that no second one can be
 * added.
 */
function namesToSign(fields: readonly string[], chosen: readonly string[] | undefined): string[] {
  if (chosen !== undefined) return chosen.includes('from') ? [...chosen] : ['from', ...chosen];
  const present = fields.map((field) => field.slice(0, field.indexOf(':')).trimEnd().toLowerCase());
  const names = defaultHeaders.flatMap((name) => present.filter((other) => other === name));
  return [...names, 'from'];
}

/**
 * The text that is signed (RFC 6376 section 3.7): the named fields, the last of each name first, then the signature
 * field itself.
 */
export function dkimSigningInput(fields: readonly string[], names: readonly string[], signatureField: string): string {
  const left = new Map<string, string[]>();
  for (const field of fields.map(relaxedField)) {
    const name = field.slice(0, field.indexOf(':'));
    const list = left.get(name);
    if (list === undefined) left.set(name, [field]);
    else list.push(field);
  }
  const lines = names.map((name) => left.get(name.toLowerCase())?.pop()).filter((field) => field !== undefined);
  return [...lines, relaxedField(signatureField)].join('\r\n');
}

/** Breaks `text` into lines of `width` characters. */
function wrapped(text: string, width: number): string {
  return text.match(new RegExp(`.{1,${width}}`, 'g'))?.join('\r\n ') ?? '';
}

/** The names, separated by colons and folded. */
function wrappedNames(names: readonly string[]): string {
  let out = '';
  let column = 3;
  names.forEach((name, i) => {
    if (i > 0) {
      out += ':';
      if (column + name.length > 74) {
        out += '\r\n ';
        column = 1;
      }
    }
    out += name;
    column += name.length + 1;
  });
  return out;
}

function signWith(key: KeyObject, algorithm: DkimAlgorithm, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, signature: Buffer): void =>
      error === null ? resolve(signature) : reject(error);
    const { createHash, sign } = nodeCrypto();
    // An own object without a prototype: Node would read `padding` and `saltLength` from a polluted Object.prototype.
    const input = withoutPrototype({ key });
    if (algorithm === 'rsa-sha256') sign('sha256', bytes, input, done);
    // Ed25519 signs the hash, not the text (RFC 8463 section 3).
    else sign(null, createHash('sha256').update(bytes).digest(), input, done);
  });
}

/** For keys in memory, which are not interrupted. */
const neverAborted = new AbortController().signal;

/**
 * Makes a DKIM-Signature field for each signer, with its CRLF, to be put before `fields`.
 * `fields` is the header section as it will be sent, without the empty line; `body` is what follows that line. The
 * message must not change afterwards (RFC 6376 section 5.3: 7bit is best).
 */
export async function signDkim(
  fields: string,
  body: ByteSource,
  signers: readonly DkimSigner[],
  { date = new Date(), signal = neverAborted }: { readonly date?: Date; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const list = splitFields(fields);
  const bodyHash = (await relaxedBodyHash(body)).toString('base64');
  const seconds = Math.floor(date.getTime() / 1000);
  const signatures = signers.map(async (signer) => {
    const names = namesToSign(list, signer.headers);
    const unsigned =
      `DKIM-Signature: v=1; a=${signer.algorithm}; c=relaxed/relaxed;\r\n d=${signer.domain};\r\n` +
      ` s=${signer.selector}; t=${seconds};\r\n` +
      ` h=${wrappedNames(names)};\r\n bh=${bodyHash};\r\n b=`;
    const input = Buffer.from(dkimSigningInput(list, names, unsigned), 'utf8');
    const signature = await signer.sign(input, signal);
    return `${unsigned}${wrapped(signature.toString('base64'), 72)}\r\n`;
  });
  return (await Promise.all(signatures)).join('');
}
