/**
 * Converts ECDSA signatures: devices and Windows return r and s side by side (IEEE P1363), CMS requires DER (RFC 5753).
 * @module
 */
import { integer, sequence } from '../../util/der.js';

/** DER of a signature in P1363 form. RangeError if its length is odd or 0. */
export function ecdsaToDer(signature: Uint8Array): Buffer {
  if (signature.length === 0 || signature.length % 2 !== 0)
    throw new RangeError('the signature is not two numbers of one length');
  const half = signature.length / 2;
  return sequence(integer(signature.subarray(0, half)), integer(signature.subarray(half)));
}
