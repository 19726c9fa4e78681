/**
 * Reads SignedData (RFC 5652 section 5) from other programs, including the octets that each signature covers. The input
 * is untrusted, so it is read within a budget.
 * @module
 */
import { tag } from '../../util/der.js';
import { cmsOids, hashByOid } from '../../util/oids.js';
import type { HashName } from '../../util/oids.js';
import { signatureByOid } from './algorithms.js';
import {
  berContent,
  BerFields,
  berInteger,
  berOctets,
  berOid,
  berRetagged,
  berWhole,
  octetTags,
  readBer,
} from '../../util/ber.js';
import type { BerElement } from '../../util/ber.js';
import { Budget } from './budget.js';
import { readCertificateId } from './certificate-id.js';
import type { CertificateId } from './certificate-id.js';
import { readMaskParameters } from './mask-parameters.js';
import type { SignatureScheme } from './signature.js';

/** A signed or unsigned attribute. */
export interface CmsAttribute {
  readonly type: string;
  readonly values: readonly BerElement[];
}

/** One signature, with what identifies its signer. */
export interface SignerInfo {
  readonly id: CertificateId;
  /** Hash of the content. undefined if it is not supported; `digestOid` is always set. */
  readonly digest: HashName | undefined;
  readonly digestOid: string;
  /** The signature algorithm, or the reason why the signature cannot be checked. */
  readonly scheme: SignatureScheme | string;
  /**
   * Attributes, and the SET of them in the forms that may have been signed: as received, then in DER order. undefined
   * if the signer has no signed attributes.
   */
  readonly signed: { readonly attributes: readonly CmsAttribute[]; readonly forms: readonly Buffer[] } | undefined;
  /** Attributes that no signature covers. */
  readonly unsigned: readonly CmsAttribute[];
  readonly signature: Buffer;
}

/** The fields of a SignedData that a verification uses. */
export interface SignedData {
  readonly contentType: string;
  /** The content if it is inside. */
  readonly content: Buffer | undefined;
  /** DER of the X.509 certificates inside. */
  readonly certificates: readonly Buffer[];
  /** DER of the revocation lists inside. */
  readonly revocationLists: readonly Buffer[];
  readonly signers: readonly SignerInfo[];
}

/** Type and content of a ContentInfo. */
export function readContentInfo(cms: Uint8Array): { readonly type: string; readonly content: BerElement } {
  const fields = new BerFields(readBer(cms));
  const type = fields.oid();
  const explicit = new BerFields(fields.required(0xa0), 0xa0);
  return { type, content: explicit.any() ?? explicit.required(tag.sequence) };
}

/** Reads a SignedData. BerError if it is malformed, ERR_SMIME if it is over a limit. */
export function readSignedData(element: BerElement, budget: Budget = new Budget()): SignedData {
  const fields = new BerFields(element);
  berInteger(fields.required(tag.integer));
  for (const _ of budget.children(fields.required(tag.set), 'digest algorithms'));
  const encapsulated = new BerFields(fields.required(tag.sequence));
  const contentType = encapsulated.oid();
  const explicit = encapsulated.optional(0xa0);
  const certificates = fields.optional(0xa0);
  const lists = fields.optional(0xa1);
  const signers = [...budget.children(fields.required(tag.set), 'signatures')];
  return {
    contentType,
    content: explicit === undefined ? undefined : berOctets(new BerFields(explicit, 0xa0).required(...octetTags)),
    certificates: certificates === undefined ? [] : sequencesIn(certificates, 'certificates', budget),
    revocationLists: lists === undefined ? [] : sequencesIn(lists, 'revocation lists', budget),
    signers: signers.map((signer) => readSigner(signer, budget)),
  };
}

/** Returns the X.509 certificates or revocation lists. Other kinds have another tag and are skipped. */
function sequencesIn(field: BerElement, what: 'certificates' | 'revocation lists', budget: Budget): readonly Buffer[] {
  budget.take(`bytes of ${what}`, field.end - field.start);
  return [...budget.children(field, what)].filter((element) => element.tag === tag.sequence).map(berWhole);
}

function readSigner(element: BerElement, budget: Budget): SignerInfo {
  const fields = new BerFields(element);
  berInteger(fields.required(tag.integer));
  const id = readCertificateId(fields.required(tag.sequence, 0x80, 0xa0));
  const digestOid = new BerFields(fields.required(tag.sequence)).oid();
  const signed = fields.optional(0xa0);
  const algorithm = fields.required(tag.sequence);
  const signature = berOctets(fields.required(...octetTags));
  const unsigned = fields.optional(0xa1);
  const digest = hashByOid.get(digestOid);
  if (signed === undefined) budget.take('signatures without attributes');
  return {
    id,
    digest,
    digestOid,
    scheme: readScheme(algorithm, digest),
    signed: signed === undefined ? undefined : readSignedAttributes(signed, budget),
    unsigned: unsigned === undefined ? [] : readAttributes(attributesIn(unsigned, budget), budget),
    signature,
  };
}

function attributesIn(field: BerElement, budget: Budget): readonly BerElement[] {
  const elements: BerElement[] = [];
  for (const element of budget.children(field, 'attributes'))
    budget.check('attributes of one signature', elements.push(element));
  return elements;
}

function readAttributes(elements: readonly BerElement[], budget: Budget): readonly CmsAttribute[] {
  return elements.map((element): CmsAttribute => {
    const fields = new BerFields(element);
    return { type: fields.oid(), values: [...budget.children(fields.required(tag.set), 'attribute values')] };
  });
}

function readSignedAttributes(field: BerElement, budget: Budget): NonNullable<SignerInfo['signed']> {
  const elements = attributesIn(field, budget);
  const received = berRetagged(field, tag.set);
  const sorted = elements.map(berWhole).sort((a, b) => Buffer.compare(a, b));
  const inOrder = berRetagged(
    { ...field, bytes: Buffer.concat(sorted), start: 0, end: field.end - field.start },
    tag.set,
  );
  return {
    attributes: readAttributes(elements, budget),
    forms: inOrder.equals(received) ? [received] : [received, inOrder],
  };
}

/**
 * Reads a signature algorithm. The hash of the signature must be that of the content (RFC 4056 section 3, RFC 5754
 * section 3).
 */
function readScheme(algorithm: BerElement, digest: HashName | undefined): SignatureScheme | string {
  const fields = new BerFields(algorithm);
  const name = fields.oid();
  const known = signatureByOid.get(name);
  if (known === undefined) return `the signature algorithm ${name} is not supported`;
  if (digest === undefined) return 'its hash algorithm is not supported';
  const { kind } = known;
  const expected = kind === 'ed25519' ? 'sha512' : kind === 'ed448' ? 'shake256' : undefined;
  if (expected !== undefined)
    return digest === expected
      ? { kind, digest }
      : `its hash algorithm is ${digest}, but RFC 8419 requires ${expected}`;
  if (digest === 'shake256') return 'SHAKE256 is for Ed448 only';
  if (known.digest !== undefined && known.digest !== digest)
    return `its signature is made with ${known.digest}, its digest with ${digest}`;
  if (kind !== 'pss') return { kind, digest };
  const pss = readMaskParameters(fields.any());
  if (pss === undefined) return 'its PSS parameters are not supported';
  if (pss.digest !== digest) return `its signature is made with ${pss.digest}, its digest with ${digest}`;
  return { kind, digest, pss };
}

/** The value of an attribute. undefined unless the attribute comes once, with one value (RFC 5652 section 11). */
export function singleValue(attributes: readonly CmsAttribute[], type: string): BerElement | undefined {
  const found = attributes.filter((attribute) => attribute.type === type);
  return found.length === 1 && found[0]?.values.length === 1 ? found[0].values[0] : undefined;
}

/** The value of the content-type attribute; undefined if it is absent, repeated or of another type. */
export function contentTypeOf(attributes: readonly CmsAttribute[]): string | undefined {
  const value = singleValue(attributes, cmsOids.contentType);
  return value?.tag === tag.oid ? berOid(value) : undefined;
}

/** The value of the message-digest attribute; undefined if it is absent, repeated or of another type. */
export function messageDigestOf(attributes: readonly CmsAttribute[]): Buffer | undefined {
  const value = singleValue(attributes, cmsOids.messageDigest);
  return value?.tag === tag.octetString ? berContent(value) : undefined;
}
