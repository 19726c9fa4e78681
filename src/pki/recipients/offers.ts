/**
 * What sources of recipients' certificates share.
 *
 * @module
 */
import type { LoadClientIdentity } from '../../net/tls-identity.js';
import { readableCertificates } from '../certificate-data.js';
import type { Contents } from '../formats/contents.js';
import type { CommandRunner } from '../stores/run-command.js';
import type { RecipientCache } from './cache.js';
import { isAuthority } from './candidates.js';
import type { Offer } from './candidates.js';

/** One place, open for one look-up of all recipients. */
export interface RecipientSource {
  /** For messages. */
  readonly name: string;
  find(address: string): Promise<Offer>;
  close?(): void;
}

/** What sources are opened with. */
export interface SourceContext {
  /** The profile's field. */
  readonly slot: string;
  /** Do trust anchors judge the certificates that the source gives? */
  readonly anchored: boolean;
  readonly signal: AbortSignal;
  readonly cache: RecipientCache;
  readonly run?: CommandRunner | undefined;
  /** Reads TLS client certificates of a field, where that is done otherwise than from their sources alone. */
  readonly identityFor?: ((slot: string) => LoadClientIdentity) | undefined;
}

/** Is the answer kept? An empty one is not, so that a new certificate is found at once. */
export function hasAny({ certificates }: Offer): boolean {
  return certificates.length > 0;
}

/** An offer whose source says whose certificates they are. */
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
