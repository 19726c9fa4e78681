/**
 * Is each signature of a SignedData valid, and may its signer be believed? RFC 5652 sections 5.4, 5.6 and 11: mathematics here, and
 * apart from it the path to a trust anchor.
 */
import { timingSafeEqual } from 'node:crypto';
import { isEmailError, reasonOf } from '../../errors/email-error.js';
import type { CertificateInfo } from '../../model/certificate.js';
import { parseCertificate } from '../../pki/x509/certificate.js';
import type { Certificate } from '../../pki/x509/certificate.js';
import { parseRevocationList } from '../../pki/x509/crl.js';
import type { RevocationList } from '../../pki/x509/crl.js';
import { lacksParameters } from '../../pki/path/inherited-parameters.js';
import { pathValidator } from '../../pki/path/path.js';
import { readTime } from '../../pki/x509/time.js';
import { tag } from '../../util/der.js';
import { oids } from '../cms/algorithms.js';
import type { DigestName } from '../cms/algorithms.js';
import { isMeant } from '../cms/certificate-id.js';
import { readBer } from '../cms/ber.js';
import { checkSignature, startDigest } from '../cms/signature.js';
import { contentTypeOf, messageDigestOf, singleValue } from '../cms/signed-data-reader.js';
import type { SignedData, SignerInfo } from '../cms/signed-data-reader.js';
import { namesAnotherCertificate } from './signing-certificate.js';
import { infoOf } from '../usability.js';

/** What is known of one signature. */
export interface SignatureResult {
  /** The content is what was signed, by the key in the signer's certificate. */
  readonly valid: boolean;
  /** Valid, and a path leads from the signer's certificate to a trust anchor. */
  readonly trusted: boolean;
  /** Absent where the certificate is not in the message. */
  readonly signer?: CertificateInfo | undefined;
  /** When, in the signer's own words. */
  readonly signedAt?: Date | undefined;
  /** `sha256` and the like; the OID where it is not known. */
  readonly hashAlgorithm: string;
  /** Why it is not valid, or else why not trusted. */
  readonly problem?: string | undefined;
}

/** What signatures are judged by. */
export interface TrustOptions {
  readonly anchors: readonly Certificate[];
  /** Besides those in the message. */
  readonly revocationLists: readonly RevocationList[];
  readonly at: Date;
}

/** One result per signer. `contents` are the forms of the content that may have been signed; a result is about the first that fits. */
export async function checkSignatures(
  data: SignedData,
  contents: readonly Uint8Array[],
  options: TrustOptions,
): Promise<{ readonly results: readonly SignatureResult[]; readonly content: Uint8Array }> {
  const { certificates, broken } = await readAll(data.certificates);
  const revocationLists = [...options.revocationLists, ...data.revocationLists.flatMap(readableList)];
  const pathOf = pathValidator({
    ...options,
    intermediates: certificates,
    revocationLists,
    keyUsages: ['digitalSignature', 'nonRepudiation'],
  });
  const digests = new Digests();
  let signedContent: Uint8Array | undefined;
  const results = data.signers.map((signer): SignatureResult => {
    const certificate = [...certificates, ...options.anchors].find((candidate) => isMeant(signer.id, candidate));
    const signedAt = signingTimeOf(signer);
    const common = {
      hashAlgorithm: signer.digest ?? signer.digestOid,
      ...(certificate === undefined ? {} : { signer: infoOf(certificate, false) }),
      ...(signedAt === undefined ? {} : { signedAt }),
    };
    if (certificate === undefined) {
      const problem =
        broken > 0
          ? 'a certificate in the message cannot be read, and the signer is not among the others'
          : 'the certificate of the signer is not in the message';
      return { ...common, valid: false, trusted: false, problem };
    }
    const whole = lacksParameters(certificate) ? (pathOf(certificate).path?.[0] ?? certificate) : certificate;
    const verdict = judge(signer, data, contents, whole, digests);
    if (typeof verdict === 'string') return { ...common, valid: false, trusted: false, problem: verdict };
    signedContent ??= verdict;
    const distrust = options.anchors.length === 0 ? 'no trust anchors were given' : pathOf(certificate).problem;
    return {
      ...common,
      valid: true,
      trusted: distrust === undefined,
      ...(distrust === undefined ? {} : { problem: distrust }),
    };
  });
  return { results, content: signedContent ?? contents[0] ?? new Uint8Array(0) };
}

async function readAll(
  ders: readonly Uint8Array[],
): Promise<{ readonly certificates: readonly Certificate[]; readonly broken: number }> {
  const settled = await Promise.allSettled(ders.map(parseCertificate));
  const certificates = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  return { certificates, broken: ders.length - certificates.length };
}

/** A list that cannot be read speaks of nobody. */
function readableList(der: Buffer): readonly RevocationList[] {
  try {
    return [parseRevocationList(der)];
  } catch (error) {
    if (isEmailError(error)) return [];
    throw error;
  }
}

/** The form of the content that was signed, or what is wrong. */
function judge(
  signer: SignerInfo,
  data: SignedData,
  contents: readonly Uint8Array[],
  certificate: Certificate,
  digests: Digests,
): Uint8Array | string {
  const { scheme, signed, signature } = signer;
  if (typeof scheme === 'string') return scheme;
  let key;
  try {
    key = certificate.publicKey;
  } catch (error) {
    return reasonOf(error);
  }
  if (signed === undefined) {
    if (data.contentType !== oids.data) return 'it has no signed attributes, which content of this type must have';
    const content = contents.find((form) => checkSignature(key, scheme, form, signature));
    if (content === undefined) return 'the signature does not fit the content and the certificate';
    return looksLikeAttributes(content)
      ? 'the signed attributes of another message stand in place of the content'
      : content;
  }
  if (contentTypeOf(signed.attributes) !== data.contentType) {
    return 'the content-type attribute is missing, comes more than once, or is not the type of the content';
  }
  const expected = messageDigestOf(signed.attributes);
  if (expected === undefined) return 'the message-digest attribute is missing or comes more than once';
  if (
    signed.attributes.some(({ type }) => type === oids.signingTime) &&
    singleValue(signed.attributes, oids.signingTime) === undefined
  ) {
    return 'the signing-time attribute comes more than once, or with other than one value';
  }
  if (namesAnotherCertificate(signed.attributes, certificate))
    return 'the signing-certificate attribute names another certificate';
  const content = contents.find((form) => equal(digests.of(form, scheme.digest), expected));
  if (content === undefined) return 'the content is not what was signed: its digest differs';
  if (!signed.forms.some((form) => checkSignature(key, scheme, form, signature))) {
    return 'the signature does not fit the signed attributes and the certificate';
  }
  return content;
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * A signature over attributes is also one over a content of the same bytes, were the attributes taken away. No mail begins with a
 * DER SET that ends where the mail does.
 */
function looksLikeAttributes(content: Uint8Array): boolean {
  if (content[0] !== tag.set) return false;
  try {
    return readBer(content).next === content.length;
  } catch {
    return false;
  }
}

/** Each digest of each form once, however many signers there are. */
class Digests {
  readonly #known = new Map<Uint8Array, Map<DigestName, Buffer>>();

  of(content: Uint8Array, digest: DigestName): Buffer {
    const ofContent = this.#known.get(content) ?? new Map<DigestName, Buffer>();
    this.#known.set(content, ofContent);
    const value = ofContent.get(digest) ?? startDigest(digest).update(content).digest();
    ofContent.set(digest, value);
    return value;
  }
}

function signingTimeOf({ signed }: SignerInfo): Date | undefined {
  const value = signed === undefined ? undefined : singleValue(signed.attributes, oids.signingTime);
  if (value === undefined) return undefined;
  try {
    return readTime(value.bytes, value);
  } catch {
    return undefined;
  }
}
