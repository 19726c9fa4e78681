/**
 * Builds identities from the contents of a file: each certificate with its key, found by the public key, and its chain.
 * @module
 */
import type { KeyObject } from 'node:crypto';
import { isEmailError } from '../errors/email-error.js';
import type { CertificateInfo, LoadedCertificate } from '../model/certificate.js';
import { asBuffer } from '../util/bytes.js';
import { atPlace, certificateError } from './certificate-error.js';
import { once } from './formats/contents.js';
import type { ContainedCertificate, ContainedKey, Contents } from './formats/contents.js';
import { openPrivateKey, publicHalf, spkiOf } from './formats/private-key.js';
import { Pace } from './formats/work-budget.js';
import { parseCertificate } from './x509/certificate.js';
import type { Certificate } from './x509/certificate.js';
import { isSignedBy } from './x509/signature.js';

/** A private key that has been opened. */
export interface OpenedKey {
  readonly privateKey: NonNullable<LoadedCertificate['privateKey']>;
  /** The chain, if opening the key provided more of it. DER, issuer first. */
  readonly chain?: readonly Uint8Array[] | undefined;
}

/** A certificate with its key and chain. */
export interface Identity {
  readonly certificate: Certificate;
  /** `hasPrivateKey` is true if `openKey` is present. */
  readonly info: CertificateInfo;
  /** DER, issuer first. Computed on demand, so that listing a bundle of certificates checks no signature. */
  readonly chain: () => readonly Uint8Array[];
  /**
   * Opens the key of this certificate; absent without a key. ERR_CERTIFICATE if it cannot be opened or belongs to
   * another certificate.
   */
  readonly openKey?: (() => Promise<OpenedKey>) | undefined;
}

/** An identity that may be the wanted one; its key is opened when it is loaded. */
export interface IdentityCandidate {
  readonly info: CertificateInfo;
  load(): Promise<LoadedCertificate>;
}

/** The identities that were found, and the errors of others. */
export interface Identities {
  readonly identities: readonly Identity[];
  /** Errors of certificates or files that were skipped. */
  readonly skipped: readonly Error[];
  /** Errors of keys that had to be opened to find their certificate; default none. */
  readonly lockedKeys?: readonly Error[] | undefined;
  /** Number of keys that belong to no certificate here; default none. */
  readonly strayKeys?: number | undefined;
  /** Revocation lists (DER) from the same place; default none. */
  readonly crls?: readonly Uint8Array[] | undefined;
}

const maxChain = 10;
/** The most signatures checked for one chain. */
const maxChecks = 100;

/**
 * Reads all certificates and finds the key and the chain of each. A key whose certificate the file names is not opened;
 * every other one is, to find its certificate. `believeFile: false` opens all of them.
 */
export async function identitiesOf(
  contents: Pick<Contents, 'certificates' | 'keys'> & Partial<Pick<Contents, 'crls'>>,
  { believeFile = true, signal }: { readonly believeFile?: boolean; readonly signal?: AbortSignal | undefined } = {},
): Promise<Identities> {
  const skipped: Error[] = [];
  const pace = new Pace(signal);
  const certificates = await readAll(contents.certificates, skipped, pace);
  const pool = [...certificates.keys()];
  const keys = new OwnedKeys(pool, pace);
  for (const key of contents.keys) {
    const isNamed = believeFile && key.certificate !== undefined && keys.claim(key, key.certificate);
    if (!isNamed) await keys.prove(key);
  }
  const bySubject = groupBySubject(pool);
  const identities = pool.map((certificate) => {
    const own = keys.of(certificate);
    const alias = certificates.get(certificate) ?? own.find((key) => key.alias !== undefined)?.alias;
    return {
      certificate,
      info: {
        ...certificate.info,
        hasPrivateKey: own.length > 0,
        ...(alias === undefined ? {} : { alias }),
      },
      chain: () => chainOf(certificate, bySubject),
      openKey: own.length === 0 ? undefined : once(() => openFirst(certificate, own)),
    };
  });
  return { identities, skipped, lockedKeys: keys.locked, strayKeys: keys.strays, crls: contents.crls };
}

/** The same key may be in several files, each with another password. */
async function openFirst(certificate: Certificate, keys: readonly ContainedKey[]): Promise<OpenedKey> {
  let failure: unknown;
  for (const key of keys) {
    try {
      return await openFor(certificate, key);
    } catch (error) {
      if (!isEmailError(error) || error.code !== 'ERR_CERTIFICATE') throw error;
      failure ??= error;
    }
  }
  throw failure;
}

async function openFor(certificate: Certificate, key: ContainedKey): Promise<OpenedKey> {
  const privateKey = await key.open();
  if (isSameKey(publicHalf(openPrivateKey(privateKey)), certificate)) return { privateKey };
  throw certificateError(
    'the private key that the file assigns to the certificate belongs to another certificate',
    'Export the certificate with its key again.',
  );
}

/** Maps certificates to their keys. They are looked up by public key, so that thousands of each are matched quickly. */
class OwnedKeys {
  /** Errors of keys that could not be opened. */
  readonly locked: Error[] = [];
  /** Number of keys that belong to no certificate. */
  strays = 0;
  readonly #pool: readonly Certificate[];
  readonly #pace: Pace;
  readonly #proved = new Map<Certificate, ContainedKey[]>();
  readonly #claimed = new Map<Certificate, ContainedKey[]>();
  readonly #byDer: ReadonlyMap<string, readonly Certificate[]>;
  readonly #bySpki: ReadonlyMap<string, readonly Certificate[]>;
  #byPoint: ReadonlyMap<string, readonly Certificate[]> | undefined;

  constructor(pool: readonly Certificate[], pace: Pace) {
    this.#pool = pool;
    this.#pace = pace;
    this.#byDer = groupBy(pool, ({ der }) => latin1(der));
    this.#bySpki = groupBy(pool, ({ spki }) => latin1(spki));
  }

  /** The keys of a certificate, opened ones first. */
  of(certificate: Certificate): readonly ContainedKey[] {
    return [...(this.#proved.get(certificate) ?? []), ...(this.#claimed.get(certificate) ?? [])];
  }

  /** Assigns the key to the certificate that the file names. False if that is not here. */
  claim(key: ContainedKey, certificate: Uint8Array): boolean {
    const owners = this.#byDer.get(latin1(certificate)) ?? [];
    for (const owner of owners) add(this.#claimed, owner, key);
    return owners.length > 0;
  }

  /** Opens the key, and assigns it to every certificate with its public key. */
  async prove(key: ContainedKey): Promise<void> {
    await this.#pace.step();
    try {
      const publicKey = publicHalf(openPrivateKey(await key.open()));
      const owners = await this.#ownersOf(publicKey);
      if (owners.length === 0) this.strays++;
      for (const owner of owners) add(this.#proved, owner, key);
    } catch (error) {
      if (!isEmailError(error) || error.code !== 'ERR_CERTIFICATE') throw error;
      this.locked.push(error);
    }
  }

  /** Equal bytes find nearly all. Points in compressed form are compared by their coordinates. */
  async #ownersOf(publicKey: KeyObject): Promise<readonly Certificate[]> {
    const same = this.#bySpki.get(latin1(spkiOf(publicKey)));
    if (same !== undefined || publicKey.asymmetricKeyType !== 'ec') return same ?? [];
    this.#byPoint ??= await this.#points();
    return this.#byPoint.get(pointOf(publicKey) ?? '') ?? [];
  }

  async #points(): Promise<ReadonlyMap<string, readonly Certificate[]>> {
    const points = new Map<Certificate, string>();
    for (const certificate of this.#pool) {
      if (certificate.key.kind !== 'ec') continue;
      await this.#pace.step();
      const point = pointOfCertificate(certificate);
      if (point !== undefined) points.set(certificate, point);
    }
    return groupBy([...points.keys()], (certificate) => points.get(certificate) ?? '');
  }
}

/** Curve and coordinates; undefined for a curve that JWK does not name. */
function pointOf(publicKey: KeyObject): string | undefined {
  try {
    const { crv, x, y } = publicKey.export({ format: 'jwk' });
    return `${crv} ${x} ${y}`;
  } catch {
    return undefined;
  }
}

function pointOfCertificate(certificate: Certificate): string | undefined {
  try {
    return pointOf(certificate.publicKey);
  } catch {
    // OpenSSL does not support the curve.
    return undefined;
  }
}

function isSameKey(publicKey: KeyObject, certificate: Certificate): boolean {
  try {
    return publicKey.equals(certificate.publicKey);
  } catch {
    // OpenSSL does not support this kind of key.
    return false;
  }
}

/** Reads each certificate once, with its alias. An unreadable one does not affect the others. */
async function readAll(
  contained: readonly ContainedCertificate[],
  skipped: Error[],
  pace: Pace,
): Promise<Map<Certificate, string | undefined>> {
  const read = new Map<Certificate, string | undefined>();
  const seen = new Map<string, Certificate>();
  for (const { der, alias, origin } of contained) {
    await pace.step();
    try {
      const certificate = await parseCertificate(der);
      const known = seen.get(certificate.info.fingerprint);
      if (known === undefined) seen.set(certificate.info.fingerprint, certificate);
      read.set(known ?? certificate, (known === undefined ? undefined : read.get(known)) ?? alias);
    } catch (error) {
      if (!isEmailError(error)) throw error;
      skipped.push(origin === undefined ? error : atPlace(error, origin));
    }
  }
  return read;
}

function groupBySubject(pool: readonly Certificate[]): ReadonlyMap<string, readonly Certificate[]> {
  return groupBy(pool, ({ subject }) => latin1(subject));
}

function groupBy<T>(all: readonly T[], keyOf: (each: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const each of all) add(groups, keyOf(each), each);
  return groups;
}

function add<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [value]);
  else group.push(value);
}

function latin1(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1');
}

function chainOf(leaf: Certificate, bySubject: ReadonlyMap<string, readonly Certificate[]>): readonly Uint8Array[] {
  const chain: Certificate[] = [];
  const visited = new Set([leaf]);
  let checks = 0;
  for (let last = leaf; chain.length < maxChain;) {
    const issuers = bySubject.get(latin1(last.issuer)) ?? [];
    const issuer = issuers.find(
      (candidate) =>
        !visited.has(candidate) &&
        mayHaveIssued(candidate, last) &&
        ++checks <= maxChecks &&
        hasSigned(candidate, last),
    );
    if (issuer === undefined) break;
    visited.add(issuer);
    chain.push(issuer);
    last = issuer;
  }
  return chain.map(({ der }) => der);
}

/** Compares key identifiers, if both have them. */
function mayHaveIssued(issuer: Certificate, certificate: Certificate): boolean {
  const wanted = certificate.authorityKeyIdentifier?.keyIdentifier;
  const has = issuer.subjectKeyIdentifier;
  return wanted === undefined || has === undefined || Buffer.compare(wanted, has) === 0;
}

function hasSigned(issuer: Certificate, { signatureAlgorithm, tbs, signature }: Certificate): boolean {
  return isSignedBy(issuer, signatureAlgorithm, tbs, signature);
}
