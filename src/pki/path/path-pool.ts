/**
 * The certificates from which paths are built, with cached facts and the remaining work.
 * @module
 */
import type { Certificate } from '../x509/certificate.js';
import { comparableName, nameParts } from '../x509/distinguished-name.js';
import { lacksParameters } from './inherited-parameters.js';
import { isSignedBy } from '../x509/signature.js';

/** The most signatures checked on certificates. */
const maxSignatureChecks = 200;
/** The most steps of all searches; each examines one issuer. */
const maxSteps = 5_000;
/** The most certificates; a larger bundle is refused at once. */
export const maxCandidates = 2_000;

/** A certificate that may have issued another. */
export interface Candidate {
  readonly certificate: Certificate;
  readonly anchor: boolean;
}

/** The candidates for an issuer's name, how many of them were tried, and those whose key fits. */
interface IssuerSearch {
  readonly candidates: readonly Candidate[];
  next: number;
  readonly found: Candidate[];
  /** The first candidate whose key does not fit. */
  refused?: Certificate;
}

/** Comparable texts of the names in a certificate. */
interface Names {
  readonly subject: string;
  readonly issuer: string;
}

/**
 * Shared by all searches of one check, such as of all signers of a message, so that its limits apply to them together.
 */
export class PathPool {
  readonly #bySubject = new Map<string, Candidate[]>();
  readonly #names = new Map<Certificate, Names>();
  readonly #issuers = new Map<Certificate, IssuerSearch>();
  readonly #seen = new Set<string>();
  /** Certificates that may sign lists, by nesting depth of the question. */
  readonly listSigners: readonly Map<Certificate, boolean>[] = [new Map(), new Map()];
  #signatures = 0;
  #steps = 0;
  #spent: string | undefined;

  constructor(anchors: readonly Certificate[], intermediates: readonly Certificate[]) {
    for (const certificate of anchors) this.#index(certificate, true);
    for (const certificate of intermediates.slice(0, maxCandidates)) this.#index(certificate, false);
  }

  #index(certificate: Certificate, anchor: boolean): void {
    if (this.#seen.has(certificate.info.fingerprint)) return;
    this.#seen.add(certificate.info.fingerprint);
    const { subject } = this.namesOf(certificate);
    const list = this.#bySubject.get(subject);
    if (list) list.push({ certificate, anchor });
    else this.#bySubject.set(subject, [{ certificate, anchor }]);
  }

  /** Certificates with this subject. */
  named(subject: string): readonly Candidate[] {
    return this.#bySubject.get(subject) ?? [];
  }

  namesOf(certificate: Certificate): Names {
    let names = this.#names.get(certificate);
    if (!names) {
      names = {
        subject: comparableName(certificate.subjectParts),
        issuer: comparableName(nameParts(certificate.issuer)),
      };
      this.#names.set(certificate, names);
    }
    return names;
  }

  /** The limit that was exceeded; then nothing more is tried. */
  get spent(): string | undefined {
    return this.#spent;
  }

  /**
   * The certificates with the issuer's name whose key made, or may have made, the signature, in the order of `rank`.
   * Each signature is checked once, and only after earlier candidates led to no path.
   */
  *issuersOf(certificate: Certificate, rank: (candidate: Candidate) => number): Generator<Candidate> {
    let search = this.#issuers.get(certificate);
    if (!search) {
      const candidates = [...this.named(this.namesOf(certificate).issuer)].sort((a, b) => rank(a) - rank(b));
      this.#issuers.set(certificate, (search = { candidates, next: 0, found: [] }));
    }
    for (let i = 0; ; i++) {
      while (i >= search.found.length) {
        const candidate = search.candidates[search.next++];
        if (candidate === undefined || this.#spent !== undefined) return;
        if (this.#maySign(candidate.certificate, certificate)) search.found.push(candidate);
        else search.refused ??= candidate.certificate;
      }
      if (++this.#steps > maxSteps) this.#spent = 'possibilities';
      if (this.#spent !== undefined) return;
      yield search.found[i] as Candidate;
    }
  }

  /** A candidate that was tried and whose key did not make the signature. */
  refusedIssuer(certificate: Certificate): Certificate | undefined {
    return this.#issuers.get(certificate)?.refused;
  }

  #maySign(issuer: Certificate, certificate: Certificate): boolean {
    if (lacksParameters(issuer)) return true; // decided once the path above it is known
    if (++this.#signatures > maxSignatureChecks) {
      this.#spent = 'signatures to check';
      return false;
    }
    return isIssuedBy(certificate, issuer);
  }
}

/**
 * Was a certificate signed by the key of another, and by the algorithm that both of its fields name (RFC 5280 section
 * 4.1.1.2)?
 */
export function isIssuedBy(
  { signatureAlgorithm, tbsSignatureAlgorithm, tbs, signature }: Certificate,
  issuer: Certificate,
): boolean {
  return (
    Buffer.compare(signatureAlgorithm.der, tbsSignatureAlgorithm.der) === 0 &&
    isSignedBy(issuer, signatureAlgorithm, tbs, signature)
  );
}
