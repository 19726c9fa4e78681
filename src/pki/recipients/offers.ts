/**
 * Types shared by the sources of recipients' certificates.
 * @module
 */
import type { LoadClientIdentity } from '../../net/tls-identity.js';
import { readableCertificates } from '../certificate-data.js';
import type { Contents } from '../formats/contents.js';
import type { CommandRunner } from '../stores/run-command.js';
import type { RecipientCache } from './cache.js';
import { isAuthority } from './candidates.js';
import type { Offer } from './candidates.js';

/** One source, opened for one look-up of all recipients. */
export interface RecipientSource {
  /** Its name in messages. */
  readonly name: string;
  find(address: string): Promise<Offer>;
  close?(): void;
}

/** Context for opening sources. */
export interface SourceContext {
  /** The profile's field. */
  readonly slot: string;
  /** Are the certificates of the source checked against trust anchors? */
  readonly anchored: boolean;
  readonly signal: AbortSignal;
  readonly cache: RecipientCache;
  readonly run?: CommandRunner | undefined;
  /** Reads TLS client certificates of a field, if they are not simply loaded from their sources. */
  readonly identityFor?: ((slot: string) => LoadClientIdentity) | undefined;
}

/** Should the answer be cached? An empty one is not, so that a new certificate is found at once. */
export function hasAny({ certificates }: Offer): boolean {
  return certificates.length > 0;
}

/** An offer of a source that assigns the certificates to the recipient. */
export async function vouchedOffer(contents: readonly Contents[]): Promise<Offer> {
  const read = await readableCertificates({ certificates: contents.flatMap(({ certificates }) => certificates) });
  return {
    certificates: read.certificates,
    others: read.certificates.filter(isAuthority),
    crls: contents.flatMap(({ crls }) => crls),
    vouched: true,
    skipped: read.skipped,
  };
}
