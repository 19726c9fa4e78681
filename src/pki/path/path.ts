/**
 * Certification paths (RFC 5280 section 6): found by a bounded search, then checked from the anchor down. Certificates
 * are untrusted input, so every loop has a limit: two CAs that certify each other must not cause endless work.
 * @module
 */
import { extensionOids, keyPurposeOids } from '../../util/oids.js';
import { showText } from '../../util/show.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import type { Certificate } from '../x509/certificate.js';
import type { RevocationList } from '../x509/crl.js';
import type { KeyUsage } from '../x509/extensions.js';
import { lacksParameters, withWholeKeys } from './inherited-parameters.js';
import { NameChecker } from './path-names.js';
import { PolicyChecker, policyExtensions } from './path-policies.js';
import { isIssuedBy, maxCandidates, PathPool } from './path-pool.js';
import type { Candidate } from './path-pool.js';
import { revocationProblem } from './path-revocation.js';

/** The most certificates in a path, the anchor included. */
const maxDepth = 12;

const understood = new Set<string>([
  extensionOids.keyUsage,
  extensionOids.subjectAltName,
  extensionOids.basicConstraints,
  extensionOids.crlDistributionPoints,
  extensionOids.authorityKeyIdentifier,
  extensionOids.extendedKeyUsage,
  extensionOids.subjectKeyIdentifier,
  extensionOids.nameConstraints,
  ...policyExtensions,
]);

/** The criteria for a path. */
export interface PathOptions {
  readonly anchors: readonly Certificate[];
  /** Certificates that may be between; they are not trusted on their own. */
  readonly intermediates: readonly Certificate[];
  /** If any is given, every certificate below the anchor must have its status in one of them. */
  readonly revocationLists?: readonly RevocationList[] | undefined;
  readonly at: Date;
  /**
   * OID of the extended key usage that the leaf, and CAs that limit theirs, must allow; 'any' requires none. Default
   * emailProtection.
   */
  readonly purpose?: string | undefined;
  /** The leaf's key usage, if it has one, must allow one of these. */
  readonly keyUsages?: readonly KeyUsage[] | undefined;
}

/** `trusted` with the path from leaf to anchor, or `problem` in words. */
export type PathResult =
  | { readonly trusted: true; readonly path: readonly Certificate[]; readonly problem?: undefined }
  | { readonly trusted: false; readonly path?: undefined; readonly problem: string };

/**
 * Finds a path from the leaf to an anchor that passes all checks. Never throws because of the contents of certificates.
 */
export function validatePath(leaf: Certificate, options: PathOptions): PathResult {
  return pathValidator(options)(leaf);
}

/** Makes a function that checks several leaves within the limits of one. */
export function pathValidator(options: PathOptions): (leaf: Certificate) => PathResult {
  const own = withoutPrototype(options);
  let pool: PathPool | undefined;
  return (leaf) => new PathSearch(own, (pool ??= new PathPool(own.anchors, own.intermediates)), 0).validate(leaf);
}

class PathSearch {
  readonly #options: PathOptions;
  readonly #pool: PathPool;
  readonly #forLists: number;
  #problem = 'no path to a trust anchor was found: an intermediate certificate or the right anchor is missing';
  #problemDepth = 0;

  /** `forLists` is the number of enclosing searches for signers of revocation lists. */
  constructor(options: PathOptions, pool: PathPool, forLists: number) {
    this.#options = options;
    this.#pool = pool;
    this.#forLists = forLists;
  }

  validate(leaf: Certificate): PathResult {
    if (this.#options.intermediates.length > maxCandidates) {
      return {
        trusted: false,
        path: undefined,
        problem: `there are more than ${maxCandidates} candidate certificates`,
      };
    }
    const direct = this.#options.anchors.find((anchor) => sameBytes(anchor.der, leaf.der));
    if (direct) {
      const problem = this.#guard(() => dateProblem(leaf, this.#options.at) ?? this.#leafProblem(leaf));
      return problem === undefined
        ? { trusted: true, path: [leaf], problem: undefined }
        : { trusted: false, path: undefined, problem };
    }
    const path = this.#extend([leaf]);
    return path
      ? { trusted: true, path, problem: undefined }
      : { trusted: false, path: undefined, problem: this.#problem };
  }

  /** Searches depth first from the leaf upwards. Returns the first path that passes all checks. */
  #extend(path: readonly Certificate[]): readonly Certificate[] | undefined {
    if (path.length >= maxDepth) return this.#note(path.length, `the path has more than ${maxDepth} certificates`);
    const current = path[path.length - 1] as Certificate;
    for (const { certificate: issuer, anchor } of this.#pool.issuersOf(current, rankFor(current))) {
      if (path.some((member) => sameBytes(member.der, issuer.der))) continue;
      const longer = [...path, issuer];
      if (!anchor) {
        const found = this.#extend(longer);
        if (found) return found;
        continue;
      }
      const whole = withWholeKeys(longer);
      const problem = this.#guard(() => this.#pathProblem(whole));
      if (problem === undefined) return whole;
      this.#note(longer.length, problem);
    }
    if (this.#pool.spent !== undefined)
      return this.#note(maxDepth, `the search for a path was abandoned: too many ${this.#pool.spent}`);
    const refused = this.#pool.refusedIssuer(current);
    return refused && this.#note(1, signatureText(current, refused));
  }

  /** Records the problem of the deepest attempt, which is the most useful one for a person. */
  #note(depth: number, problem: string): undefined {
    if (depth > this.#problemDepth) {
      this.#problemDepth = depth;
      this.#problem = problem;
    }
    return undefined;
  }

  /**
   * The problem of a path. It is leaf first, anchor last, and its signatures verify, except those by keys that lacked
   * their parameters. Revocation is checked last: it is the expensive part, and a path that passes everything else can
   * only have been made by trusted CAs, not by a stranger.
   */
  #pathProblem(path: readonly Certificate[]): string | undefined {
    const anchor = path[path.length - 1] as Certificate;
    const below = path.slice(0, -1).reverse();
    const problem = this.#structureProblem(anchor, below);
    if (problem !== undefined) return problem;
    for (const [index, certificate] of below.entries()) {
      const revocation = this.#revocation(certificate, below[index - 1] ?? anchor);
      if (revocation !== undefined) return revocation;
    }
    return undefined;
  }

  #structureProblem(anchor: Certificate, below: readonly Certificate[]): string | undefined {
    const { at, purpose = keyPurposeOids.emailProtection } = this.#options;
    const names = new NameChecker();
    const policies = new PolicyChecker(below.length);
    let pathLength = below.length;
    const anchorProblem = dateProblem(anchor, at) ?? this.#caProblem(anchor, purpose, anchor.version === 3);
    if (anchorProblem !== undefined) return anchorProblem;
    names.add(anchor);
    if (anchor.basicConstraints?.pathLength !== undefined)
      pathLength = Math.min(pathLength, anchor.basicConstraints.pathLength);
    for (const [index, certificate] of below.entries()) {
      const isLeaf = index === below.length - 1;
      const selfIssued = this.#isSelfIssued(certificate);
      const issuer = below[index - 1] ?? anchor;
      const problem =
        (lacksParameters(issuer) && !isIssuedBy(certificate, issuer)
          ? signatureText(certificate, issuer)
          : undefined) ??
        dateProblem(certificate, at) ??
        (selfIssued && !isLeaf ? undefined : prefixed(certificate, names.check(certificate))) ??
        prefixed(certificate, policies.check(certificate, index, selfIssued)) ??
        criticalProblem(certificate);
      if (problem !== undefined) return problem;
      if (isLeaf) return this.#leafProblem(certificate);
      const ca = this.#caProblem(certificate, purpose, true);
      if (ca !== undefined) return ca;
      names.add(certificate);
      if (!selfIssued && --pathLength < 0)
        return `${nameOf(certificate)}: the path is longer than a certificate above it allows`;
      const limit = certificate.basicConstraints?.pathLength;
      if (limit !== undefined) pathLength = Math.min(pathLength, limit);
    }
    return undefined;
  }

  #caProblem(certificate: Certificate, purpose: string, mustSayCa: boolean): string | undefined {
    if (mustSayCa && !certificate.basicConstraints?.ca) return `${nameOf(certificate)} is not a CA (basicConstraints)`;
    if (certificate.keyUsage && !certificate.keyUsage.has('keyCertSign'))
      return `${nameOf(certificate)} may not sign certificates (keyUsage)`;
    if (!allowsPurpose(certificate, purpose)) {
      return `${nameOf(certificate)} limits the purposes of its certificates, and this is not one of them (extendedKeyUsage)`;
    }
    return undefined;
  }

  #leafProblem(leaf: Certificate): string | undefined {
    const { purpose = keyPurposeOids.emailProtection, keyUsages } = this.#options;
    if (!allowsPurpose(leaf, purpose)) return `${nameOf(leaf)} is not for this purpose (extendedKeyUsage)`;
    if (keyUsages && leaf.keyUsage && !keyUsages.some((usage) => leaf.keyUsage?.has(usage))) {
      return `${nameOf(leaf)} may not be used for this (keyUsage has none of ${keyUsages.join(', ')})`;
    }
    return undefined;
  }

  #revocation(certificate: Certificate, issuer: Certificate): string | undefined {
    const lists = this.#options.revocationLists ?? [];
    if (lists.length === 0) return undefined;
    const problem = revocationProblem(certificate, {
      lists,
      at: this.#options.at,
      signersOf: (name) => this.#listSigners(name, issuer, certificate),
    });
    return prefixed(certificate, problem);
  }

  /** The CA itself, then each certificate of the same name that has its own path to an anchor. */
  *#listSigners(name: string, issuer: Certificate, subject: Certificate): Generator<Certificate> {
    if (this.#pool.namesOf(issuer).subject === name) yield issuer;
    const known = this.#pool.listSigners[this.#forLists];
    if (!known) return;
    for (const { certificate, anchor } of this.#pool.named(name)) {
      if (certificate === issuer) continue;
      // The list may contain the status of its own signer, whose path is being validated right now.
      const isItself = sameBytes(certificate.der, subject.der);
      if (isItself && this.#forLists === 0) continue;
      if (anchor || isItself) yield certificate;
      else {
        let trusted = known.get(certificate);
        if (trusted === undefined) {
          const search = new PathSearch(
            { ...this.#options, keyUsages: ['cRLSign'], purpose: keyPurposeOids.any },
            this.#pool,
            this.#forLists + 1,
          );
          trusted = search.validate(certificate).trusted;
          known.set(certificate, trusted);
        }
        if (trusted) yield certificate;
      }
    }
  }

  #isSelfIssued(certificate: Certificate): boolean {
    const { subject, issuer } = this.#pool.namesOf(certificate);
    return subject === issuer;
  }

  /** A certificate that cannot be read makes its path invalid; nothing is thrown. */
  #guard(check: () => string | undefined): string | undefined {
    try {
      return check();
    } catch (error) {
      if (error instanceof RangeError) return `an extension is not well-formed: ${error.message}`;
      throw error;
    }
  }
}

/** Ranks candidates: first those that key identifiers match, then anchors. */
function rankFor(subject: Certificate): (candidate: Candidate) => number {
  const wanted = subject.authorityKeyIdentifier?.keyIdentifier;
  return ({ certificate, anchor }) => {
    const identifier = certificate.subjectKeyIdentifier;
    const fits = wanted !== undefined && identifier !== undefined && sameBytes(wanted, identifier);
    return (fits ? 0 : 2) + (anchor ? 0 : 1);
  };
}

/** Without extendedKeyUsage everything is allowed. So is everything if no purpose is required. */
function allowsPurpose(certificate: Certificate, purpose: string): boolean {
  const purposes = certificate.extendedKeyUsage;
  return (
    purpose === keyPurposeOids.any || !purposes || purposes.includes(purpose) || purposes.includes(keyPurposeOids.any)
  );
}

function signatureText(certificate: Certificate, issuer: Certificate): string {
  return `the signature on the certificate of ${nameOf(certificate)} does not verify with the key of ${nameOf(issuer)}`;
}

function dateProblem(certificate: Certificate, at: Date): string | undefined {
  const { validFrom, validTo } = certificate.info;
  if (at < validFrom) return `${nameOf(certificate)} is not valid before ${validFrom.toISOString()}`;
  if (at > validTo) return `${nameOf(certificate)} expired on ${validTo.toISOString()}`;
  return undefined;
}

function criticalProblem(certificate: Certificate): string | undefined {
  for (const [oid, { critical }] of certificate.extensions) {
    if (critical && !understood.has(oid))
      return `${nameOf(certificate)} has the critical extension ${oid}, which is not understood`;
  }
  return undefined;
}

function prefixed(certificate: Certificate, problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${nameOf(certificate)}: ${problem}`;
}

function nameOf(certificate: Certificate): string {
  return showText(
    certificate.info.subject === '' ? `certificate ${certificate.info.serialNumber}` : certificate.info.subject,
    200,
  );
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0;
}
