/** The certificates that paths are made of, what has been found out about them, and how much may still be done. */
import type { Certificate } from './certificate.js';
import { comparableName, nameParts } from './distinguished-name.js';
import { isSignedBy } from './signature.js';

/** The most signatures checked on certificates. */
const maxSignatureChecks = 200;
/** The most steps of searches: each is a look at one possible issuer. */
const maxSteps = 5_000;
/** The most certificates looked at; a bundle of more is refused at once. */
export const maxCandidates = 2_000;

/** A certificate that may have issued another. */
export interface Candidate {
  readonly certificate: Certificate;
  readonly anchor: boolean;
}

/** Comparable texts of the names in a certificate. */
interface Names {
  readonly subject: string;
  readonly issuer: string;
}

/** Shared by all searches of one judgement, so that its limits hold for them together: of all signers of a message, say. */
export class PathPool {
  readonly #bySubject = new Map<string, Candidate[]>();
  readonly #names = new Map<Certificate, Names>();
  readonly #verified = new Map<string, boolean>();
  #signatures = 0;
  #steps = 0;

  constructor(anchors: readonly Certificate[], intermediates: readonly Certificate[]) {
    for (const certificate of anchors) this.#index(certificate, true);
    for (const certificate of intermediates.slice(0, maxCandidates)) this.#index(certificate, false);
  }

  #index(certificate: Certificate, anchor: boolean): void {
    const { subject } = this.namesOf(certificate);
    const list = this.#bySubject.get(subject);
    if (list) list.push({ certificate, anchor });
    else this.#bySubject.set(subject, [{ certificate, anchor }]);
  }

  /** Those with this subject. */
  named(subject: string): readonly Candidate[] {
    return this.#bySubject.get(subject) ?? [];
  }

  namesOf(certificate: Certificate): Names {
    let names = this.#names.get(certificate);
    if (!names) {
      names = { subject: comparableName(certificate.subjectParts), issuer: comparableName(nameParts(certificate.issuer)) };
      this.#names.set(certificate, names);
    }
    return names;
  }

  /** Counts a step; false where there have been too many. */
  step(): boolean {
    return ++this.#steps <= maxSteps;
  }

  /** Is there a step left? */
  get hasSteps(): boolean {
    return this.#steps < maxSteps;
  }

  /** Did this key sign this certificate? Looked at once; undefined where too many have been. */
  isSigned(certificate: Certificate, issuer: Certificate): boolean | undefined {
    const key = `${certificate.info.fingerprint}/${issuer.info.fingerprint}`;
    const known = this.#verified.get(key);
    if (known !== undefined) return known;
    if (++this.#signatures > maxSignatureChecks) return undefined;
    const result = isIssuedBy(certificate, issuer);
    this.#verified.set(key, result);
    return result;
  }
}

/** Is the signature on a certificate by the key of another, and by the algorithm that both its places name (RFC 5280 section 4.1.1.2)? */
export function isIssuedBy({ signatureAlgorithm, tbsSignatureAlgorithm, tbs, signature }: Certificate, issuer: Certificate): boolean {
  return Buffer.compare(signatureAlgorithm.der, tbsSignatureAlgorithm.der) === 0 && isSignedBy(issuer, signatureAlgorithm, tbs, signature);
}
