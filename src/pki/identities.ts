/**
 * From what a file holds to who it names: each certificate with its key, found by the public key, and its chain.
 */
import type { CertificateInfo, LoadedCertificate } from '../model/certificate.js';
import { isEmailError } from '../errors/email-error.js';
import { asBuffer } from '../util/bytes.js';
import { parseCertificate } from './x509/certificate.js';
import type { Certificate } from './x509/certificate.js';
import type { ContainedCertificate, Contents } from './formats/contents.js';
import { openPrivateKey, publicHalf } from './formats/private-key.js';
import { isSignedBy } from './x509/signature.js';

/** A certificate in its surroundings. */
export interface Identity {
  readonly certificate: Certificate;
  readonly info: CertificateInfo;
  /** DER, issuer first. Looked for when it is asked for: a bundle of strangers' certificates is listed without a signature checked. */
  readonly chain: () => readonly Uint8Array[];
  /** PKCS#8 DER, or what signs in its place. */
  readonly privateKey: LoadedCertificate['privateKey'];
  /** Why the key that belongs to it is not here. */
  readonly locked?: Error | undefined;
}

/** An identity that may be the one that is looked for; its key is opened when it is loaded. */
export interface IdentityCandidate {
  readonly info: CertificateInfo;
  load(): Promise<LoadedCertificate>;
}

/** What was found, and what could not be read. */
export interface Identities {
  readonly identities: readonly Identity[];
  /** Why certificates or keys were passed over. */
  readonly skipped: readonly Error[];
  /** Keys that belong to no certificate here; default none. */
  readonly strayKeys?: number | undefined;
  /** Revocation lists (DER) that lay beside them; default none. */
  readonly crls?: readonly Uint8Array[] | undefined;
}

const maxChain = 10;
/** Signatures looked at for one chain. */
const maxChecks = 100;

/** Reads all certificates and gives each its key and its chain. */
export async function identitiesOf(
  contents: Pick<Contents, 'certificates' | 'keys' | 'locked'> & Partial<Pick<Contents, 'crls'>>,
): Promise<Identities> {
  const skipped: Error[] = [];
  const certificates = await readAll(contents.certificates, skipped);
  const keys = new Map<Certificate, Buffer>();
  const aliases = new Map<Certificate, string>();
  let strayKeys = 0;
  for (const { pkcs8, alias } of contents.keys) {
    const owners = ownersOf(pkcs8, certificates, skipped);
    if (owners?.length === 0) strayKeys++;
    for (const owner of owners ?? []) {
      keys.set(owner, pkcs8);
      if (alias !== undefined) aliases.set(owner, alias);
    }
  }
  const pool = [...certificates.keys()];
  const bySubject = groupBySubject(pool);
  const identities = pool.map((certificate) => {
    const privateKey = keys.get(certificate);
    const alias = certificates.get(certificate) ?? aliases.get(certificate);
    const locked =
      privateKey === undefined
        ? contents.locked?.find((each) => Buffer.compare(each.certificate, certificate.der) === 0)?.reason
        : undefined;
    return {
      certificate,
      info: {
        ...certificate.info,
        hasPrivateKey: privateKey !== undefined || locked !== undefined,
        ...(alias === undefined ? {} : { alias }),
      },
      chain: () => chainOf(certificate, bySubject),
      privateKey,
      locked,
    };
  });
  return { identities, skipped, strayKeys, crls: contents.crls };
}

/** Each certificate once, with its alias. One that cannot be read does not take the others along. */
async function readAll(
  contained: readonly ContainedCertificate[],
  skipped: Error[],
): Promise<Map<Certificate, string | undefined>> {
  const read = new Map<Certificate, string | undefined>();
  const seen = new Map<string, Certificate>();
  for (const { der, alias } of contained) {
    try {
      const certificate = await parseCertificate(der);
      const known = seen.get(certificate.info.fingerprint);
      if (known === undefined) seen.set(certificate.info.fingerprint, certificate);
      read.set(known ?? certificate, (known === undefined ? undefined : read.get(known)) ?? alias);
    } catch (error) {
      if (!isEmailError(error)) throw error;
      skipped.push(error);
    }
  }
  return read;
}

/** The certificates of a key; undefined where the key itself cannot be read. */
function ownersOf(
  pkcs8: Buffer,
  certificates: ReadonlyMap<Certificate, unknown>,
  skipped: Error[],
): readonly Certificate[] | undefined {
  try {
    const publicKey = publicHalf(openPrivateKey(pkcs8));
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    // Byte equality finds nearly all; points in compressed form need the slower comparison.
    const pool = [...certificates.keys()];
    const same = pool.filter((certificate) => spki.equals(certificate.spki));
    return same.length > 0
      ? same
      : pool.filter((certificate) => certificate.key.kind === 'ec' && isSameKey(publicKey, certificate));
  } catch (error) {
    if (!isEmailError(error)) throw error;
    skipped.push(error);
    return undefined;
  }
}

function isSameKey(publicKey: ReturnType<typeof publicHalf>, certificate: Certificate): boolean {
  try {
    return publicKey.equals(certificate.publicKey);
  } catch {
    // A curve that OpenSSL does not know has no key here.
    return false;
  }
}

function groupBySubject(pool: readonly Certificate[]): ReadonlyMap<string, readonly Certificate[]> {
  const groups = new Map<string, Certificate[]>();
  for (const certificate of pool) {
    const key = latin1(certificate.subject);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [certificate]);
    else group.push(certificate);
  }
  return groups;
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

/** By key identifiers, where both have them. */
function mayHaveIssued(issuer: Certificate, certificate: Certificate): boolean {
  const wanted = certificate.authorityKeyIdentifier?.keyIdentifier;
  const has = issuer.subjectKeyIdentifier;
  return wanted === undefined || has === undefined || Buffer.compare(wanted, has) === 0;
}

function hasSigned(issuer: Certificate, { signatureAlgorithm, tbs, signature }: Certificate): boolean {
  return isSignedBy(issuer, signatureAlgorithm, tbs, signature);
}
