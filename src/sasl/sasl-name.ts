/**
 * Names as SCRAM writes them.
 * @module
 */
/** A saslname (RFC 5802 section 5.1, RFC 5801 section 4): comma and equals sign are escaped. */
export function escapeSaslName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}
