/**
 * Chooses the best of several certificates for a recipient, and explains why the others were refused.
 * @module
 */
import { toAsciiDomain } from '../../address/domain.js';
import type { Warning } from '../../model/reply.js';
import { showText } from '../../util/show.js';
import type { Certificate } from '../x509/certificate.js';
import { findEntry, parseRevocationList } from '../x509/crl.js';
import type { RevocationList } from '../x509/crl.js';
import { comparableName, nameParts } from '../x509/distinguished-name.js';
import { validatePath } from '../path/path.js';
import { hasStrength } from '../x509/public-key.js';
import { foldAscii, misuse } from '../select.js';
import { hasOwn } from '../../util/own.js';

/** The certificates of a source for an address. */
export interface Offer {
  /** Certificates that may be the recipient's. */
  readonly certificates: readonly Certificate[];
  /**
   * Certificates of authorities from the source, for paths. A self-signed certificate is often its own authority, and
   * so in both.
   */
  readonly others: readonly Certificate[];
  /** Revocation lists (DER) from the source. */
  readonly crls: readonly Uint8Array[];
  /**
   * True if the source itself assigns the certificates to the recipient: a different address in them is then only a
   * warning. Otherwise the address must be the recipient's.
   */
  readonly vouched: boolean;
  /** Errors of unreadable parts of the source: a missing certificate may be in one of them. */
  readonly skipped?: readonly Error[] | undefined;
  /** Warnings about the source itself, the same for every address. */
  readonly warnings?: readonly Warning[] | undefined;
}

/** May it issue other certificates? */
export function isAuthority({ basicConstraints }: Certificate): boolean {
  return basicConstraints?.ca === true;
}

/** The criteria for certificates. */
export interface Requirements {
  readonly now: Date;
  /** undefined: paths are not checked. */
  readonly anchors: readonly Certificate[] | undefined;
  /** Revocation lists that came with the anchors. */
  readonly lists?: readonly RevocationList[] | undefined;
}

/** The chosen certificate, or the reasons why each was refused. */
export interface Choice {
  readonly certificate: Certificate | undefined;
  readonly refusals: readonly string[];
}

/** More certificates than a person has. Further ones of a source are not checked. */
const maxLooks = 100;
const minimumRsaBits = 2048;
const curves: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521']);

/** The best certificate of an offer: fit for encryption, preferably with the address, the newest. */
export function choose(offer: Offer, address: string, requirements: Requirements): Choice {
  const refusals: string[] = [];
  const lists = [...offer.crls.flatMap(readList), ...(requirements.lists ?? [])];
  const key = addressKey(address);
  const named = new Set(offer.certificates.filter((certificate) => namesAddress(certificate, key)));
  const mayBeTheirs = (certificate: Certificate): boolean =>
    named.has(certificate) || (offer.vouched && (!isAuthority(certificate) || offer.certificates.length === 1));
  const ordered = offer.certificates
    .filter(mayBeTheirs)
    .sort(
      (a, b) => Number(named.has(b)) - Number(named.has(a)) || b.info.validFrom.getTime() - a.info.validFrom.getTime(),
    );
  for (const certificate of ordered.slice(0, maxLooks)) {
    const problem =
      unfitness(certificate, requirements.now) ??
      revocation(certificate, lists) ??
      pathProblem(certificate, offer, requirements);
    if (problem === undefined) return { certificate, refusals };
    refusals.push(
      `the certificate ${showText(certificate.info.subject || certificate.info.serialNumber, 120)} ${problem}`,
    );
  }
  return { certificate: undefined, refusals };
}

/** A list that cannot be read is ignored. */
function readList(der: Uint8Array): RevocationList[] {
  try {
    return [parseRevocationList(der)];
  } catch {
    return [];
  }
}

/** The reason why it must not be used for encryption; undefined if it is fit. */
export function unfitness(certificate: Certificate, now: Date): string | undefined {
  const { info, key } = certificate;
  if (now < info.validFrom) return `is not valid before ${day(info.validFrom)}`;
  if (now > info.validTo) return `expired on ${day(info.validTo)}`;
  if (key.kind === 'rsa' && (key.bits ?? 0) < minimumRsaBits)
    return `has a weak RSA key of ${key.bits ?? 0} bits; at least ${minimumRsaBits} are needed`;
  if (key.kind === 'ec' && !curves.has(key.curve ?? ''))
    return `has an EC key on ${key.curve ?? 'an unknown curve'}, which is not supported`;
  if (key.kind !== 'rsa' && key.kind !== 'ec' && key.kind !== 'x25519')
    return `has a key of kind ${key.kind}, which cannot encrypt`;
  if (!isUsable(certificate)) return 'has a broken key, or an RSA exponent that is not safe';
  const problem = misuse(certificate, 'encrypt');
  return problem === undefined ? undefined : `cannot be used for encryption: ${problem}`;
}

/** Checked here, before copies for other recipients are sent. */
function isUsable(certificate: Certificate): boolean {
  try {
    const { key, publicKey } = certificate;
    return key.kind !== 'rsa' || hasStrength(publicKey);
  } catch {
    return false;
  }
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** The signatures of the lists are not checked: they come from configured places, and can only remove trust. */
function revocation(certificate: Certificate, lists: readonly RevocationList[]): string | undefined {
  try {
    return isRevoked(certificate, lists) ? 'was revoked' : undefined;
  } catch (error) {
    if (error instanceof RangeError) return `may have been revoked: a revocation list is damaged (${error.message})`;
    throw error;
  }
}

function isRevoked(certificate: Certificate, lists: readonly RevocationList[]): boolean {
  const issuer = comparableName(nameParts(certificate.issuer));
  const removedFromList = 8;
  for (const list of lists) {
    if (list.issuer !== issuer && !list.scope.indirect) continue;
    const entry = findEntry(list, certificate.serialNumber, issuer);
    if (entry !== undefined && entry.reason !== removedFromList) return true;
  }
  return false;
}

function pathProblem(
  certificate: Certificate,
  { others, certificates }: Offer,
  { anchors, now }: Requirements,
): string | undefined {
  if (anchors === undefined) return undefined;
  const result = validatePath(certificate, { anchors, intermediates: [...others, ...certificates], at: now });
  return result.trusted ? undefined : `is not trusted: ${result.problem}`;
}

/** Does the certificate contain the address? */
export function namesAddress(certificate: Certificate, key: string): boolean {
  return certificate.emails.some((email) => addressKey(email) === key);
}

/** A key that is equal for equal addresses: ASCII case is ignored, and domains are A-labels. */
export function addressKey(address: string): string {
  const at = address.lastIndexOf('@');
  const domain = toAsciiDomain(address.slice(at + 1));
  return at < 0 || hasOwn(domain, 'problem')
    ? foldAscii(address)
    : `${foldAscii(address.slice(0, at))}@${domain.domain}`;
}
