/**
 * S/MIME certificates for tests.
 * @module
 */
import { createTestCertificateAuthority } from './certificate-authority.js';
import type { TestIdentity } from './certificate-authority.js';

/** S/MIME certificates issued by one throwaway authority. */
export interface TestIdentities {
  /** PEM of the authority: for `trustAnchors`. */
  readonly ca: string;
  /** Identities by address, in the order given. */
  readonly identities: ReadonlyMap<string, TestIdentity>;
}

/**
 * Makes S/MIME certificates (EC P-256, valid for a year) for ASCII addresses, so that tests can sign and encrypt
 * without files. Only programs that were given `ca` trust them.
 */
export function createTestIdentities(...addresses: readonly string[]): TestIdentities {
  const authority = createTestCertificateAuthority();
  return {
    ca: authority.certificate,
    identities: new Map(addresses.map((address) => [address, authority.issueEmail(address)])),
  };
}
