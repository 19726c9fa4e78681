/**
 * Checks revocation along a path by the available lists (RFC 5280 section 6.3).
 * @module
 */
import { children, contentOf, readElement } from '../../util/der.js';
import { extensionOids } from '../../util/oids.js';
import type { Certificate } from '../x509/certificate.js';
import { allReasons, findEntry, generalNameKey, readPointNames, readReasons } from '../x509/crl.js';
import type { RevocationList } from '../x509/crl.js';
import { comparableName, nameParts } from '../x509/distinguished-name.js';
import { isSignedBy } from '../x509/signature.js';

const distributionPointsOid = extensionOids.crlDistributionPoints;
const removeFromCrl = 8;

/** A place at which the CA publishes lists for a certificate. */
interface DistributionPoint {
  /** Comparable names; undefined if it gives none. */
  readonly names: readonly string[] | undefined;
  readonly reasons: number;
  /** Comparable `directory:` texts of the list's issuers, if they differ from the CA. */
  readonly crlIssuers: readonly string[] | undefined;
}

/** Functions of the path's validator that the check needs. */
export interface RevocationContext {
  readonly lists: readonly RevocationList[];
  readonly at: Date;
  /**
   * Trusted certificates whose keys may have signed a list in the name of `issuer` (comparable); the path's own CA
   * first.
   */
  signersOf(issuer: string): Iterable<Certificate>;
}

/** The problem, which may be that the status could not be determined; undefined if not revoked. */
export function revocationProblem(certificate: Certificate, context: RevocationContext): string | undefined {
  const issuer = comparableName(nameParts(certificate.issuer));
  const points = readPoints(certificate, issuer);
  let covered = 0;
  // The newest list comes first, because an older one that is still current may lack the entry.
  for (const list of [...context.lists].sort((a, b) => b.thisUpdate.getTime() - a.thisUpdate.getTime())) {
    if (list.base !== undefined) continue;
    const reasons = applicableReasons(list, certificate, issuer, points);
    if ((reasons & ~covered) === 0 || !isCurrent(list, context.at) || !isGenuine(list, context)) continue;
    let entry = findEntry(list, certificate.serialNumber, issuer);
    const delta = deltaOf(list, context);
    if (delta) entry = findEntry(delta, certificate.serialNumber, issuer) ?? entry;
    if (entry?.unclear) continue;
    if (entry && entry.reason !== removeFromCrl) return 'the certificate has been revoked';
    covered |= reasons;
  }
  return covered === allReasons
    ? undefined
    : 'its revocation status could not be determined from the revocation lists given';
}

function isCurrent(list: RevocationList, at: Date): boolean {
  return list.thisUpdate <= at && (list.nextUpdate === undefined || list.nextUpdate >= at) && !list.unusable;
}

function isGenuine(list: RevocationList, context: RevocationContext): boolean {
  for (const signer of context.signersOf(list.issuer)) {
    const mayWhat = signer.keyUsage;
    if (mayWhat && !mayWhat.has('cRLSign')) continue;
    if (isSignedBy(signer, list.signatureAlgorithm, list.tbs, list.signature)) return true;
  }
  return false;
}

/** The newest delta list for this list. */
function deltaOf(list: RevocationList, context: RevocationContext): RevocationList | undefined {
  let best: RevocationList | undefined;
  for (const delta of context.lists) {
    if (
      delta.base === undefined ||
      delta.issuer !== list.issuer ||
      list.number === undefined ||
      delta.number === undefined
    )
      continue;
    if (delta.base > list.number || delta.number < list.number || !sameScope(delta, list)) continue;
    if (best?.number !== undefined && best.number >= delta.number) continue;
    if (isCurrent(delta, context.at) && isGenuine(delta, context)) best = delta;
  }
  return best;
}

function sameScope(a: RevocationList, b: RevocationList): boolean {
  const [left, right] = [a.scope.der, b.scope.der];
  return left === right || (left !== undefined && right !== undefined && Buffer.compare(left, right) === 0);
}

/** The reasons that this list covers for this certificate, as bits; 0 if it does not cover the certificate. */
function applicableReasons(
  list: RevocationList,
  certificate: Certificate,
  issuer: string,
  points: readonly DistributionPoint[],
): number {
  const { scope } = list;
  const isCa = certificate.basicConstraints?.ca ?? false;
  if (scope.onlyAttribute || (scope.onlyUser && isCa) || (scope.onlyCa && !isCa)) return 0;
  let reasons = 0;
  const candidates: readonly DistributionPoint[] =
    points.length > 0 ? points : [{ names: undefined, reasons: allReasons, crlIssuers: undefined }];
  for (const point of candidates) {
    const issuers = point.crlIssuers ?? [`directory:${issuer}`];
    if (!issuers.includes(`directory:${list.issuer}`)) continue;
    if (point.crlIssuers && !scope.indirect && list.issuer !== issuer) continue;
    const names = point.names ?? point.crlIssuers;
    if (scope.names && names && !scope.names.some((name) => names.includes(name))) continue;
    if (scope.names && !names) continue;
    reasons |= point.reasons & scope.reasons;
  }
  // A list without a scope is complete for its issuer, whatever points the certificate names.
  if (!scope.der && list.issuer === issuer) reasons |= allReasons;
  return reasons;
}

function readPoints(certificate: Certificate, issuer: string): DistributionPoint[] {
  const extension = certificate.extensions.get(distributionPointsOid);
  if (!extension) return [];
  const { value } = extension;
  return [...children(value, readElement(value, 0))].map((point) => {
    let names: string[] | undefined;
    let reasons = allReasons;
    let crlIssuers: string[] | undefined;
    const fields = [...children(value, point)];
    const issuerField = fields.find((field) => field.tag === 0xa2);
    if (issuerField) crlIssuers = [...children(value, issuerField)].map((name) => generalNameKey(value, name));
    const base = crlIssuers?.[0]?.replace(/^directory:/, '') ?? issuer;
    for (const field of fields) {
      if (field.tag === 0xa0) names = readPointNames(value, readElement(value, field.start, field.end), base);
      else if (field.tag === 0x81) reasons = readReasons(contentOf(value, field));
    }
    return { names, reasons, crlIssuers };
  });
}
