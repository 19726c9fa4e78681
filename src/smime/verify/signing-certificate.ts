/**
 * The attributes that bind a signature to one certificate (RFC 2634 section 5.4, RFC 5035). Without them the signer's
 * certificate could be replaced by another one for the same key.
 * @module
 */
import { createHash } from 'node:crypto';
import type { Certificate } from '../../pki/x509/certificate.js';
import { tag } from '../../util/der.js';
import { cmsOids, hashByOid } from '../../util/oids.js';
import type { HashName } from '../../util/oids.js';
import { BerFields, berOctets, octetTags } from '../../util/ber.js';
import type { BerElement } from '../../util/ber.js';
import { singleValue } from '../cms/signed-data-reader.js';
import type { CmsAttribute } from '../cms/signed-data-reader.js';

/** The attributes, and their default hash. */
const kinds: readonly (readonly [string, HashName])[] = [
  [cmsOids.signingCertificate, 'sha1'],
  [cmsOids.signingCertificateV2, 'sha256'],
];

/**
 * Does one of the attributes name another certificate? False if there is none, or its hash is not supported; true if it
 * is malformed.
 */
export function namesAnotherCertificate(attributes: readonly CmsAttribute[], { der }: Certificate): boolean {
  return kinds.some(([type, defaultDigest]) => {
    const value = singleValue(attributes, type);
    if (value === undefined) return false;
    try {
      const { digest, hash } = readFirst(value, defaultDigest);
      return digest !== undefined && !hash.equals(createHash(digest).update(der).digest());
    } catch {
      return true;
    }
  });
}

/** Reads the first identifier, that of the signer's own certificate. */
function readFirst(
  value: BerElement,
  defaultDigest: HashName,
): { readonly digest: HashName | undefined; readonly hash: Buffer } {
  const identifiers = new BerFields(value).required(tag.sequence);
  const fields = new BerFields(new BerFields(identifiers).required(tag.sequence));
  const algorithm = fields.optional(tag.sequence);
  const digest = algorithm === undefined ? defaultDigest : hashByOid.get(new BerFields(algorithm).oid());
  return { digest, hash: berOctets(fields.required(...octetTags)) };
}
