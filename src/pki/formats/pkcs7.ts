/**
 * Reads PKCS#7 bundles (`.p7b`, `.p7c`): a SignedData (RFC 5652) with certificates and CRLs, signed or not.
 * @module
 */
import type { BerElement } from '../../util/ber.js';
import { cmsOids } from '../../util/oids.js';
import { certificateError } from '../certificate-error.js';
import { isContext, itemsOf, octetsOf, oidOf, rawOf, readStructure } from './ber-structure.js';
import { maxItems, tooMany } from './contents.js';
import type { Contents } from './contents.js';

/** Larger bundles are refused without reading: a thousand certificates need less. */
const maxBundleBytes = 4 << 20;

const signedData = cmsOids.signedData;

/**
 * Reads the certificates and CRLs of a bundle. RangeError if it is damaged, ERR_CERTIFICATE for another kind of PKCS#7.
 */
export function readPkcs7(bytes: Uint8Array): Contents {
  if (bytes.length > maxBundleBytes) {
    throw certificateError(
      `the PKCS#7 bundle has ${bytes.length} bytes; the limit is ${maxBundleBytes}`,
      'Give a bundle with only the necessary certificates.',
    );
  }
  const [type, content] = itemsOf(readStructure(bytes, { allowTail: true }), 'the PKCS#7 structure');
  const oid = oidOf(type, 'the PKCS#7 structure');
  if (oid !== signedData)
    throw certificateError(
      `the PKCS#7 structure is of type ${oid} and contains no certificates`,
      'Give a bundle of certificates (.p7b).',
    );
  const fields = itemsOf(itemsOf(content, 'signed data')[0], 'signed data');
  const certificates = setOf(fields.find((field) => isContext(field, 0)));
  const crls = setOf(fields.find((field) => isContext(field, 1)));
  if (certificates.length + crls.length > maxItems) throw tooMany('certificates');
  return { format: 'PKCS#7', certificates: certificates.map((der) => ({ der })), keys: [], crls };

  /**
   * Certificates and CRLs are SEQUENCEs. Context tags are attribute certificates and other kinds, which are left out.
   */
  function setOf(field: BerElement | undefined): Uint8Array[] {
    if (field === undefined) return [];
    if ((field.tag & 0x20) === 0 && octetsOf(field, 'certificates').length === 0) return [];
    return itemsOf(field, 'certificates')
      .filter((each) => (each.tag & 0xc0) === 0)
      .map((each) => rawOf(each, 'a certificate'));
  }
}
