/**
 * Reads the parameters of PSS and OAEP (RFC 4055). Both begin with a hash and an MGF1 hash; SHA-1 is the default of
 * each.
 * @module
 */
import type { PssParameters } from '../../pki/x509/pss.js';
import { noBytes } from '../../util/bytes.js';
import { tag } from '../../util/der.js';
import { hashByOid, keyOids } from '../../util/oids.js';
import type { FixedHash } from './algorithms.js';
import { BerFields, berInteger, berOctets, octetTags } from '../../util/ber.js';
import type { BerElement } from '../../util/ber.js';

/** Parameters of OAEP. */
export interface OaepParameters {
  readonly digest: FixedHash;
  readonly mgfDigest: FixedHash;
  readonly label: Uint8Array;
}

/** The parameters of PSS or OAEP. undefined if something in them is not supported. */
export function readMaskParameters(parameters: BerElement | undefined): (PssParameters & OaepParameters) | undefined {
  if (parameters === undefined || parameters.tag === tag.null)
    return { digest: 'sha1', mgfDigest: 'sha1', saltLength: 20, label: noBytes };
  const fields = new BerFields(parameters);
  const digest = readDigest(fields.optional(0xa0));
  const mgfDigest = readMgf(fields.optional(0xa1));
  const third = fields.optional(0xa2);
  const extra = third === undefined ? { saltLength: 20, label: noBytes } : readThird(third);
  const trailer = fields.optional(0xa3);
  // Only trailer number 1 is defined.
  if (trailer !== undefined && berInteger(new BerFields(trailer, 0xa3).required(tag.integer)) !== 1) return undefined;
  if (digest === undefined || mgfDigest === undefined || extra === undefined) return undefined;
  return { digest, mgfDigest, ...extra };
}

function readDigest(field: BerElement | undefined): FixedHash | undefined {
  return field === undefined ? 'sha1' : digestOf(new BerFields(field, 0xa0).required(tag.sequence));
}

function digestOf(algorithm: BerElement): FixedHash | undefined {
  const digest = hashByOid.get(new BerFields(algorithm).oid());
  return digest === 'shake256' ? undefined : digest;
}

function readMgf(field: BerElement | undefined): FixedHash | undefined {
  if (field === undefined) return 'sha1';
  const algorithm = new BerFields(new BerFields(field, 0xa1).required(tag.sequence));
  return algorithm.oid() === keyOids.mgf1 ? digestOf(algorithm.required(tag.sequence)) : undefined;
}

/** The salt length of PSS, or the label of OAEP. */
function readThird(field: BerElement): { readonly saltLength: number; readonly label: Uint8Array } | undefined {
  const value = new BerFields(field, 0xa2).required(tag.integer, tag.sequence);
  if (value.tag === tag.integer) return { saltLength: berInteger(value), label: noBytes };
  const source = new BerFields(value);
  if (source.oid() !== keyOids.pSpecified) return undefined;
  return { saltLength: 20, label: berOctets(source.required(...octetTags)) };
}
