/**
 * SignedData (RFC 5652 section 5) as others made it, down to the bytes that signatures are about. Limits first: all of it comes from
 * strangers.
 */
import { tag } from '../../util/der.js';
import { digestByOid, oids, signatureByOid } from './algorithms.js';
import type { DigestName } from './algorithms.js';
import {
  berChildren,
  berContent,
  BerFields,
  berInteger,
  berOctets,
  berOid,
  berRetagged,
  berWhole,
  readBer,
  octetTags,
} from './ber.js';
import type { BerElement } from './ber.js';
import { readCertificateId } from './certificate-id.js';
import type { CertificateId } from './certificate-id.js';
import { readMaskParameters } from './mask-parameters.js';
import type { SignatureScheme } from './signature.js';
import { smimeError } from './smime-error.js';

/** More than any chain and any number of signers needs; what is over them is refused before it costs anything. */
const limits = {
  certificates: 100,
  certificateBytes: 1 << 20,
  lists: 100,
  listBytes: 8 << 20,
  signers: 32,
  attributes: 64,
  values: 16,
  digests: 32,
} as const;

/** An attribute of a signer. */
export interface CmsAttribute {
  readonly type: string;
  readonly values: readonly BerElement[];
}

/** One signature. */
export interface SignerInfo {
  readonly id: CertificateId;
  /** Hash of the content; undefined where it is not one that is known, then `digestOid` tells. */
  readonly digest: DigestName | undefined;
  readonly digestOid: string;
  /** What the signature says of itself; a text where it cannot be checked. */
  readonly scheme: SignatureScheme | string;
  /** Attributes, and the SET of them in the forms that may have been signed: as received, then in DER order. */
  readonly signed: { readonly attributes: readonly CmsAttribute[]; readonly forms: readonly Buffer[] } | undefined;
  readonly signature: Buffer;
}

/** A SignedData. */
export interface SignedData {
  readonly contentType: string;
  /** The content, where it is inside. */
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

/** Reads a SignedData. ERR_SMIME where it is not well-formed or over a limit. */
export function readSignedData(element: BerElement): SignedData {
  const fields = new BerFields(element);
  berInteger(fields.required(tag.integer));
  [...berChildren(fields.required(tag.set), limits.digests)];
  const encapsulated = new BerFields(fields.required(tag.sequence));
  const contentType = encapsulated.oid();
  const explicit = encapsulated.optional(0xa0);
  const certificates = fields.optional(0xa0);
  const lists = fields.optional(0xa1);
  const signers = [...berChildren(fields.required(tag.set), limits.signers)];
  return {
    contentType,
    content: explicit === undefined ? undefined : berOctets(new BerFields(explicit, 0xa0).required(...octetTags)),
    certificates:
      certificates === undefined
        ? []
        : sequencesIn(certificates, 'certificates', limits.certificates, limits.certificateBytes),
    revocationLists: lists === undefined ? [] : sequencesIn(lists, 'revocation lists', limits.lists, limits.listBytes),
    signers: signers.map(readSigner),
  };
}

/** X.509 certificates or lists; those of other kinds, which have tags of their own, are left out. */
function sequencesIn(field: BerElement, what: string, maxCount: number, maxBytes: number): readonly Buffer[] {
  const size = field.end - field.start;
  if (size > maxBytes) {
    throw smimeError(
      `The signature comes with ${size} bytes of ${what}; more than ${maxBytes} are refused.`,
      `Ask the sender to embed the ${what} of its chain only.`,
    );
  }
  return [...berChildren(field, maxCount)].filter((element) => element.tag === tag.sequence).map(berWhole);
}

function readSigner(element: BerElement): SignerInfo {
  const fields = new BerFields(element);
  berInteger(fields.required(tag.integer));
  const id = readCertificateId(fields.required(tag.sequence, 0x80, 0xa0));
  const digestOid = new BerFields(fields.required(tag.sequence)).oid();
  const signed = fields.optional(0xa0);
  const algorithm = fields.required(tag.sequence);
  const signature = berOctets(fields.required(...octetTags));
  const digest = digestByOid.get(digestOid);
  return {
    id,
    digest,
    digestOid,
    scheme: readScheme(algorithm, digest),
    signed: signed === undefined ? undefined : readAttributes(signed),
    signature,
  };
}

function readAttributes(field: BerElement): NonNullable<SignerInfo['signed']> {
  const elements = [...berChildren(field, limits.attributes)];
  const attributes = elements.map((element): CmsAttribute => {
    const fields = new BerFields(element);
    return { type: fields.oid(), values: [...berChildren(fields.required(tag.set), limits.values)] };
  });
  const received = berRetagged(field, tag.set);
  const sorted = elements.map(berWhole).sort((a, b) => Buffer.compare(a, b));
  const inOrder = berRetagged(
    { ...field, bytes: Buffer.concat(sorted), start: 0, end: field.end - field.start },
    tag.set,
  );
  return { attributes, forms: inOrder.equals(received) ? [received] : [received, inOrder] };
}

/** RSA, PSS, ECDSA and EdDSA; the hash of the signature must be that of the content (RFC 4056 section 3, RFC 5754 section 3). */
function readScheme(algorithm: BerElement, digest: DigestName | undefined): SignatureScheme | string {
  const fields = new BerFields(algorithm);
  const name = fields.oid();
  const known = signatureByOid.get(name);
  if (known === undefined) return `the signature algorithm ${name} is not supported`;
  if (digest === undefined) return 'its hash algorithm is not supported';
  const { kind } = known;
  const expected = kind === 'ed25519' ? 'sha512' : kind === 'ed448' ? 'shake256' : undefined;
  if (expected !== undefined)
    return digest === expected ? { kind, digest } : `its hash algorithm is ${digest}, where RFC 8419 has ${expected}`;
  if (digest === 'shake256') return 'SHAKE256 goes with Ed448 only';
  if (known.digest !== undefined && known.digest !== digest)
    return `its signature is made with ${known.digest}, its digest with ${digest}`;
  if (kind !== 'pss') return { kind, digest };
  const pss = readMaskParameters(fields.any());
  if (pss === undefined) return 'its PSS parameters are not supported';
  if (pss.digest !== digest) return `its signature is made with ${pss.digest}, its digest with ${digest}`;
  return { kind, digest, pss };
}

/** The value of an attribute that has to be there once, with one value (RFC 5652 section 11); undefined where it is not so. */
export function singleValue(attributes: readonly CmsAttribute[], type: string): BerElement | undefined {
  const found = attributes.filter((attribute) => attribute.type === type);
  return found.length === 1 && found[0]?.values.length === 1 ? found[0].values[0] : undefined;
}

/** The content type that the attributes say. */
export function contentTypeOf(attributes: readonly CmsAttribute[]): string | undefined {
  const value = singleValue(attributes, oids.contentType);
  return value?.tag === tag.oid ? berOid(value) : undefined;
}

/** The message digest that the attributes say. */
export function messageDigestOf(attributes: readonly CmsAttribute[]): Buffer | undefined {
  const value = singleValue(attributes, oids.messageDigest);
  return value?.tag === tag.octetString ? berContent(value) : undefined;
}
