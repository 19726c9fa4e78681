/**
 * Escapes names for SCRAM.
 * @module
 */
/** A saslname (RFC 5802 section 5.1, RFC 5801 section 4), with comma and equals sign escaped. */
export function escapeSaslName(name: string): string {
  return name.replaceAll('=', '=3D').replaceAll(',', '=2C');
}
