/**
 * `verify`: finds out what was signed and by whom, in a whole message, or in CMS from a file.
 * @module
 */
import type { CertificateData } from '../../model/certificate.js';
import { readCertificates, readTrustAnchors } from '../../pki/certificate-data.js';
import { date } from '../../schema/combine.js';
import { object, optional, required } from '../../schema/object.js';
import { problem } from '../../schema/schema.js';
import { asBuffer } from '../../util/bytes.js';
import { cmsOids } from '../../util/oids.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { any, bytes, certificateData, checkArguments, format } from '../arguments.js';
import { Budget } from '../cms/budget.js';
import { readContentInfo, readSignedData } from '../cms/signed-data-reader.js';
import type { SignedData } from '../cms/signed-data-reader.js';
import { smimeError, withTypedErrors } from '../cms/smime-error.js';
import { cmsOfFile, findSmime } from '../entity/find-smime.js';
import type { SmimeContent } from '../entity/find-smime.js';
import { signedForms } from '../entity/message.js';
import { checkSignatures } from './signature-check.js';
import type { SignatureResult } from './signature-check.js';

/** Options of `verify`. */
export interface VerifyOptions {
  /**
   * Trust anchors in which paths must end; absent: nothing is trusted. Revocation lists (PEM `X509 CRL`, DER) may be
   * among them. If there are lists, here or in the message, each certificate below the anchor must have its status in
   * one that is valid at `at`.
   */
  readonly trustAnchors?: readonly CertificateData[] | undefined;
  /** Signers and intermediates that the message may leave out. They are never anchors, and not trusted on their own. */
  readonly certificates?: readonly CertificateData[] | undefined;
  /**
   * The time at which certificates must be valid. Default: now, because the time in a signature is only the signer's
   * claim.
   */
  readonly at?: Date | undefined;
  /**
   * The format of the octets. 'message' (default): an RFC 5322 message or an entity with its header fields; 'cms': the
   * content of a `.p7m` or `.p7s` file, as DER, BER, PEM or base64.
   */
  readonly format?: 'message' | 'cms' | undefined;
  /**
   * The octets that were signed, with `format: 'cms'` and a detached signature (`.p7s`). Their line ends may have
   * become LF.
   */
  readonly content?: Uint8Array | undefined;
}

/** Result of `verify`. */
export interface VerifyResult {
  /**
   * If a signature is valid: exactly the octets that it covers, and nothing else in the message is covered. In a
   * message they are an entity with its header fields; with `format: 'cms'` they may be anything. If no signature is
   * valid: the content as received.
   */
  readonly content: Uint8Array;
  /** One result for each signature. All valid ones cover `content`. */
  readonly signatures: readonly SignatureResult[];
  /**
   * 'whole': the whole message is signed. 'part': one part of it is, and content beside that part is not, such as a
   * footer that a mailing list added; `content` is only the signed part.
   */
  readonly covers: 'whole' | 'part';
}

const verifyArguments = object<VerifyOptions & { readonly message: Uint8Array }>(
  {
    message: required(bytes),
    trustAnchors: optional(any(certificateData)),
    certificates: optional(any(certificateData)),
    // `date` refuses an invalid Date: comparisons with it are all false, so every certificate would pass.
    at: optional(date),
    format,
    content: optional(bytes),
  },
  {
    verify(value, given, _path, report) {
      if (given('content') && value.format !== 'cms')
        problem(report, 'content', "is only allowed together with format: 'cms'");
    },
  },
);

/**
 * Checks the signatures of a message, detached or opaque. `valid` (the mathematics) is separate from `trusted` (a path
 * to a trust anchor). The caller must compare the address in From with `signer.emails`.
 *
 * ERR_SMIME if the message is not signed, malformed, ambiguous or over a limit. ERR_CERTIFICATE if an entry of
 * `trustAnchors` or `certificates` cannot be read. ERR_PROFILE_INVALID if an argument is not as documented.
 */
export async function verify(message: Uint8Array, options: VerifyOptions = {}): Promise<VerifyResult> {
  checkArguments(verifyArguments, { ...options, message });
  const own = withoutPrototype(options);
  const { trustAnchors = [], certificates = [], at = new Date() } = own;
  return withTypedErrors('The message cannot be verified', async () => {
    const budget = new Budget();
    const found = signedContent(message, own);
    const data = signedDataOf(found, budget);
    const contents = contentsOf(found, data);
    const trust = await readTrustAnchors(trustAnchors, 'trustAnchors');
    const given = (
      await Promise.all(certificates.map((each, i) => readCertificates(each, `certificates.${i}`)))
    ).flat();
    const checked = await checkSignatures(data, contents, { ...trust, certificates: given, at });
    return { content: checked.content, signatures: checked.results, covers: found.covers };
  });
}

function signedContent(message: Uint8Array, { format, content }: VerifyOptions): SmimeContent {
  if (format !== 'cms') return findSmime(message) ?? refuseUnsigned('The message is not signed.');
  const cms = cmsOfFile(message);
  if (content === undefined) return { kind: 'cms', covers: 'whole', cms };
  return { kind: 'detached', covers: 'whole', signature: cms, contents: signedForms(asBuffer(content)) };
}

function signedDataOf(found: SmimeContent, budget: Budget): SignedData {
  const { type, content } = readContentInfo(found.kind === 'detached' ? found.signature : found.cms);
  if (type !== cmsOids.signedData) {
    const isEncrypted = type === cmsOids.envelopedData || type === cmsOids.authEnvelopedData;
    refuseUnsigned(
      isEncrypted
        ? 'The message is encrypted; a signature may be inside.'
        : `The message contains CMS of type ${type}, which is not signed data.`,
    );
  }
  const data = readSignedData(content, budget);
  if (data.signers.length === 0) refuseUnsigned('The message contains certificates, but no signature.');
  return data;
}

/** The forms of the content that may have been signed. */
function contentsOf(found: SmimeContent, data: SignedData): readonly Uint8Array[] {
  if (found.kind === 'detached') {
    if (data.content !== undefined) {
      throw smimeError(
        'The detached signature contains its own content: readers could disagree about which content was signed.',
        'Ask the sender for a signature without content, or for the signed content alone.',
      );
    }
    return found.contents;
  }
  if (data.content !== undefined) return [data.content];
  return refuseUnsigned(
    'The message has a signature without the signed content.',
    "Give the whole multipart/signed message, or the signature with format: 'cms' and the octets that it signs as content.",
  );
}

function refuseUnsigned(
  message: string,
  remedy = 'Give a multipart/signed message, or application/pkcs7-mime with signed data.',
): never {
  throw smimeError(message, remedy);
}
