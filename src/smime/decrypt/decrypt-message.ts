/**
 * `decrypt`: decrypts a whole message, or CMS from a file.
 * @module
 */
import { createEmailError, isEmailError } from '../../errors/email-error.js';
import type { CertificateSource, LoadedCertificate } from '../../model/certificate.js';
import type { IdentityCandidate } from '../../pki/identities.js';
import { identityCandidates } from '../../pki/identity-candidates.js';
import { parseCertificate } from '../../pki/x509/certificate.js';
import { certificateSource } from '../../profile/shape/certificate.js';
import { object, required } from '../../schema/object.js';
import { isBytes } from '../../util/bytes.js';
import { showText } from '../../util/show.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { bytes, checkArguments, format } from '../arguments.js';
import type { RecipientIndex } from '../cms/recipient-index.js';
import { smimeError, withTypedErrors } from '../cms/smime-error.js';
import { cmsOfFile, findSmime } from '../entity/find-smime.js';
import { known } from '../known.js';
import { never } from '../never.js';
import { readPrivateKey } from '../sign/private-key.js';
import { decryptContent } from './content-decryption.js';
import type { RecipientKey } from './content-key.js';

/** Options of `decrypt`. */
export interface DecryptOptions {
  /** As in `VerifyOptions`. */
  readonly format?: 'message' | 'cms' | undefined;
}

/** Result of `decrypt`. */
export interface DecryptResult {
  /** The entity that was encrypted, with its header fields. */
  readonly content: Uint8Array;
  /**
   * The cipher, such as `aes-256-cbc`. CBC does not protect the content from being altered; GCM and a signature inside
   * do.
   */
  readonly algorithm: string;
  /** 'whole': the whole message is encrypted. 'part': one of its parts is; `content` is only that part. */
  readonly covers: 'whole' | 'part';
}

const decryptArguments = object<
  DecryptOptions & { readonly message: Uint8Array; readonly recipient: CertificateSource }
>({ message: required(bytes), recipient: required(certificateSource), format });

/**
 * Decrypts a message with the recipient's certificate and key. Every identity of the source is compared with the
 * recipients that the message names, expired or not.
 *
 * ERR_SMIME if it is not encrypted, not for such a certificate, over a limit, or cannot be decrypted; the text of the
 * last is always the same. ERR_CERTIFICATE if there is no key for the certificate that it names, or `recipient` cannot
 * be loaded. ERR_SECRET if its password cannot be resolved. ERR_PROFILE_INVALID if an argument is not as documented.
 */
export async function decrypt(
  message: Uint8Array,
  recipient: CertificateSource,
  options: DecryptOptions = {},
): Promise<DecryptResult> {
  checkArguments(decryptArguments, { ...options, message, recipient });
  const { format: given } = withoutPrototype(options);
  return withTypedErrors('The message cannot be decrypted', async () => {
    const { cms, covers } = encryptedContent(message, given);
    const keysFor = (named: RecipientIndex): AsyncIterable<RecipientKey> => keysOf(candidatesOf(recipient), named);
    return { ...(await decryptContent(cms, keysFor, never)), covers };
  });
}

function encryptedContent(
  message: Uint8Array,
  format: DecryptOptions['format'],
): { readonly cms: Buffer; readonly covers: DecryptResult['covers'] } {
  if (format === 'cms') return { cms: cmsOfFile(message), covers: 'whole' };
  const found = findSmime(message);
  if (found?.kind === 'cms') return found;
  throw smimeError(
    found === undefined ? 'The message is not encrypted.' : 'The message is signed, not encrypted.',
    'Give a message of type application/pkcs7-mime.',
  );
}

/**
 * The identities of a source. Those of a store are loaded one by one, because the system may prompt its user for each.
 */
async function* candidatesOf(source: CertificateSource): AsyncGenerator<IdentityCandidate, undefined> {
  const own = withoutPrototype(source);
  if (own.store === undefined)
    yield* await known.candidates(source, async () => {
      const all: IdentityCandidate[] = [];
      for await (const candidate of identityCandidates(own)) all.push(candidate);
      return all;
    });
  else yield* identityCandidates(own);
  return undefined;
}

/**
 * The keys of the candidates that the message names. ERR_CERTIFICATE if it names some, and none of them has a usable
 * key.
 */
async function* keysOf(
  candidates: AsyncIterable<IdentityCandidate>,
  named: RecipientIndex,
): AsyncGenerator<RecipientKey, undefined> {
  let failure: Error | undefined;
  let hasKey = false;
  for await (const candidate of candidates) {
    if (!named.mayName(candidate.info)) continue;
    try {
      const loaded = await candidate.load();
      if (named.waysOf(await parseCertificate(loaded.certificate)).length === 0) continue;
      yield await recipientKey(loaded);
      hasKey = true;
    } catch (error) {
      if (!isEmailError(error)) throw error;
      failure ??= error;
    }
  }
  if (!hasKey && failure !== undefined) throw failure;
  return undefined;
}

/** The certificate with its key. ERR_CERTIFICATE if there is no key, or it cannot be read. */
export async function recipientKey(loaded: LoadedCertificate): Promise<RecipientKey> {
  const certificate = await parseCertificate(loaded.certificate);
  const { privateKey } = loaded;
  if (privateKey === undefined) {
    throw createEmailError(
      'ERR_CERTIFICATE',
      `There is no private key for the certificate of ${showText(certificate.info.subject)}.`,
      {
        remedy: 'Name the key beside the certificate (keyFile, key), or use a file or store that contains both.',
      },
    );
  }
  return { certificate, key: isBytes(privateKey) ? readPrivateKey(privateKey) : privateKey };
}
