/**
 * Reads certificates that a caller gives as `CertificateData`: text, bytes, or a file.
 * @module
 */
import { isEmailError } from '../errors/email-error.js';
import type { CertificateData } from '../model/certificate.js';
import { isBytes } from '../util/bytes.js';
import { hasOwn } from '../util/own.js';
import { showText } from '../util/show.js';
import { atPlace, certificateError } from './certificate-error.js';
import type { Contents, FilePasswords } from './formats/contents.js';
import { readContents } from './formats/read-contents.js';
import { certificatesMs, Pace, WorkBudget } from './formats/work-budget.js';
import { readCertificateFile } from './read-file.js';
import { parseCertificate } from './x509/certificate.js';
import type { Certificate } from './x509/certificate.js';
import { parseRevocationList } from './x509/crl.js';
import type { RevocationList } from './x509/crl.js';

/** Passwords for data without secrets: none. */
export const noPasswords: FilePasswords = {
  file: () => Promise.resolve(undefined),
  key: () => Promise.resolve(undefined),
  fileField: 'password',
  keyField: 'password',
  ownKeyField: 'keyPassword',
};

/** The certificates that are trusted. */
export interface TrustAnchors {
  readonly anchors: readonly Certificate[];
  /** Revocation lists that came with them. */
  readonly revocationLists: readonly RevocationList[];
}

/**
 * Reads all certificates; `field` names the data in errors. ERR_CERTIFICATE if there is none, or one cannot be read.
 */
export async function readCertificates(data: CertificateData, field: string): Promise<readonly Certificate[]> {
  return await reading(data, field, async ({ certificates }) => {
    if (certificates.length === 0) throw nothing('certificate');
    return await Promise.all(certificates.map(({ der }) => parseCertificate(der)));
  });
}

/**
 * Reads all certificates and revocation lists; `field` names the list. ERR_CERTIFICATE if an entry contains neither, or
 * cannot be read.
 */
export async function readTrustAnchors(all: readonly CertificateData[], field: string): Promise<TrustAnchors> {
  const read = await Promise.all(all.map((data, i) => readAnchor(data, `${field}.${i}`)));
  return {
    anchors: read.flatMap(({ anchors }) => anchors),
    revocationLists: read.flatMap(({ revocationLists }) => revocationLists),
  };
}

async function readAnchor(data: CertificateData, field: string): Promise<TrustAnchors> {
  return await reading(data, field, async ({ certificates, crls }) => {
    if (certificates.length + crls.length === 0) throw nothing('trust anchor');
    const anchors = await Promise.all(certificates.map(({ der }) => parseCertificate(der)));
    return { anchors, revocationLists: crls.map(parseRevocationList) };
  });
}

async function reading<T>(data: CertificateData, field: string, use: (contents: Contents) => Promise<T>): Promise<T> {
  const isFile = typeof data === 'object' && hasOwn(data, 'file');
  try {
    const bytes = isFile ? await readCertificateFile(data.file) : bytesOf(data);
    const budget = new WorkBudget(undefined, certificatesMs);
    return await use(await readContents(bytes, { passwords: noPasswords, wantKeys: false, budget }));
  } catch (error) {
    throw atPlace(error, isFile ? `${field}: ${showText(data.file, 300)}` : field);
  }
}

function nothing(what: string): Error {
  return certificateError(
    `it contains no ${what}`,
    'Give certificates as PEM text, DER bytes, base64 or a file of these.',
  );
}

/** Text is passed on unchanged: `readContents` handles PEM and base64. */
export function bytesOf(data: string | Uint8Array | { readonly base64: string }): Uint8Array {
  if (isBytes(data)) return data;
  return Buffer.from(typeof data === 'string' ? data : data.base64, 'utf8');
}

/** Certificates that can be read, and the errors of the others. */
export interface ReadableCertificates {
  readonly certificates: readonly Certificate[];
  readonly skipped: readonly Error[];
}

/** Reads the certificates of a file or a directory. Unreadable ones are skipped. */
export async function readableCertificates(
  contents: Pick<Contents, 'certificates'>,
  signal?: AbortSignal,
): Promise<ReadableCertificates> {
  const certificates: Certificate[] = [];
  const skipped: Error[] = [];
  const pace = new Pace(signal);
  for (const { der, origin } of contents.certificates) {
    await pace.step();
    try {
      certificates.push(await parseCertificate(der));
    } catch (error) {
      if (!isEmailError(error)) throw error;
      skipped.push(origin === undefined ? error : atPlace(error, origin));
    }
  }
  return { certificates, skipped };
}
