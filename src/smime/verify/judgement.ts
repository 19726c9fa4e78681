/**
 * Checks one signature of a SignedData (RFC 5652 sections 5.4, 5.6 and 11): only the mathematics, not the path from its
 * signer to a trust anchor.
 * @module
 */
import { timingSafeEqual } from 'node:crypto';
import { reasonOf } from '../../errors/email-error.js';
import type { Certificate } from '../../pki/x509/certificate.js';
import { tag } from '../../util/der.js';
import { cmsOids } from '../../util/oids.js';
import type { HashName } from '../../util/oids.js';
import { readBer } from '../../util/ber.js';
import { checkSignature, startDigest } from '../cms/signature.js';
import { contentTypeOf, messageDigestOf } from '../cms/signed-data-reader.js';
import type { CmsAttribute, SignedData, SignerInfo } from '../cms/signed-data-reader.js';
import { namesAnotherCertificate } from './signing-certificate.js';

/**
 * Attributes that a signature must cover, and that occur once with one value (RFC 5652 section 11, RFC 2634 section
 * 5.4, RFC 5035).
 */
const signedOnly: ReadonlyMap<string, string> = new Map([
  [cmsOids.contentType, 'content-type'],
  [cmsOids.messageDigest, 'message-digest'],
  [cmsOids.signingTime, 'signing-time'],
  [cmsOids.signingCertificate, 'signing-certificate'],
  [cmsOids.signingCertificateV2, 'signing-certificate'],
]);

/** Checks signatures over one content, of which there may be several forms. */
export class Judge {
  readonly #data: SignedData;
  readonly #forms: readonly Uint8Array[];
  /** Each digest of each form is computed once, for any number of signers. */
  readonly #digests = new Map<Uint8Array, Map<HashName, Buffer>>();

  constructor(data: SignedData, forms: readonly Uint8Array[]) {
    this.#data = data;
    this.#forms = forms;
  }

  /** The form of the content that was signed, or the reason why the signature is not valid. */
  judge(signer: SignerInfo, certificate: Certificate): Uint8Array | string {
    const { scheme, signed, signature } = signer;
    if (this.#data.contentType !== cmsOids.data)
      return `it covers content of type ${this.#data.contentType}, which is not a message`;
    const misplaced = misplacedAttribute(signer);
    if (misplaced !== undefined) return misplaced;
    if (typeof scheme === 'string') return scheme;
    let key;
    try {
      key = certificate.publicKey;
    } catch (error) {
      return reasonOf(error);
    }
    if (signed === undefined) {
      const content = this.#forms.find((form) => checkSignature(key, scheme, form, signature));
      if (content === undefined) return 'the signature does not fit the content and the certificate';
      return looksLikeAttributes(content)
        ? 'the content is replaced by the signed attributes of another message'
        : content;
    }
    const expected = expectedDigest(signed.attributes, this.#data.contentType);
    if (typeof expected === 'string') return expected;
    if (namesAnotherCertificate(signed.attributes, certificate))
      return 'the signing-certificate attribute names another certificate';
    const content = this.#forms.find((form) => equal(this.#digestOf(form, scheme.digest), expected));
    if (content === undefined) return 'the content was changed after it was signed: its digest differs';
    if (!signed.forms.some((form) => checkSignature(key, scheme, form, signature)))
      return 'the signature does not fit the signed attributes and the certificate';
    return content;
  }

  #digestOf(form: Uint8Array, digest: HashName): Buffer {
    const known = this.#digests.get(form) ?? new Map<HashName, Buffer>();
    this.#digests.set(form, known);
    const value = known.get(digest) ?? startDigest(digest).update(form).digest();
    known.set(digest, value);
    return value;
  }
}

/** Names an attribute that is unsigned but must be signed, or that occurs twice. undefined if there is none. */
function misplacedAttribute({ signed, unsigned }: SignerInfo): string | undefined {
  for (const { type } of unsigned) {
    const name = signedOnly.get(type);
    if (name !== undefined) return `the ${name} attribute is among the unsigned attributes`;
  }
  const seen = new Set<string>();
  for (const { type, values } of signed?.attributes ?? []) {
    const name = signedOnly.get(type);
    if (name === undefined) continue;
    if (seen.has(type) || values.length !== 1)
      return `the ${name} attribute occurs more than once, or does not have exactly one value`;
    seen.add(type);
  }
  return undefined;
}

/** The digest in the attributes, or the reason why they are wrong. */
function expectedDigest(attributes: readonly CmsAttribute[], contentType: string): Buffer | string {
  if (contentTypeOf(attributes) !== contentType)
    return 'the content-type attribute is missing, occurs more than once, or is not the type of the content';
  return messageDigestOf(attributes) ?? 'the message-digest attribute is missing or occurs more than once';
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/**
 * Refuses a known forgery: drop the signed attributes and present their DER SET as the content, and the signature still
 * verifies. No real mail is exactly one DER SET.
 */
function looksLikeAttributes(content: Uint8Array): boolean {
  if (content[0] !== tag.set) return false;
  try {
    return readBer(content).next === content.length;
  } catch {
    return false;
  }
}
