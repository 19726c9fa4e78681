/**
 * Certificates that a caller hands over as `CertificateData`: text, bytes, or a file.
 */
import { isEmailError } from '../errors/email-error.js';
import type { CertificateData } from '../model/certificate.js';
import { isBytes } from '../util/bytes.js';
import { showText } from '../util/show.js';
import { atPlace, certificateError } from './certificate-error.js';
import type { ContainedCertificate, Contents, FilePasswords } from './formats/contents.js';
import { readContents } from './formats/read-contents.js';
import { readCertificateFile } from './read-file.js';
import { parseCertificate } from './x509/certificate.js';
import type { Certificate } from './x509/certificate.js';
import { parseRevocationList } from './x509/crl.js';
import type { RevocationList } from './x509/crl.js';

/** For what holds no secrets. */
export const noPasswords: FilePasswords = {
  file: () => Promise.resolve(undefined),
  key: () => Promise.resolve(undefined),
  fileField: 'password',
  keyField: 'password',
};

/** What trust begins with. */
export interface TrustAnchors {
  readonly anchors: readonly Certificate[];
  /** Revocation lists that came with them. */
  readonly lists: readonly RevocationList[];
}

/** All in it; `field` names it in errors. ERR_CERTIFICATE where it holds neither certificate nor list, or one cannot be read. */
export async function readTrustAnchors(data: CertificateData, field: string): Promise<TrustAnchors> {
  const isFile = typeof data === 'object' && 'file' in data;
  const place = isFile ? `${field}: ${showText(data.file, 300)}` : field;
  try {
    const bytes = isFile ? await readCertificateFile(data.file) : bytesOf(data);
    const { certificates, crls } = await readContents(bytes, { passwords: noPasswords, wantKeys: false });
    if (certificates.length + crls.length === 0)
      throw certificateError('it holds no certificate', 'Give a certificate as PEM text or DER bytes.');
    return {
      anchors: await Promise.all(certificates.map(({ der }) => parseCertificate(der))),
      lists: crls.map(parseRevocationList),
    };
  } catch (error) {
    throw atPlace(error, place);
  }
}

/** Text as it is: `readContents` knows PEM and base64. */
export function bytesOf(data: string | Uint8Array | { readonly base64: string }): Uint8Array {
  if (isBytes(data)) return data;
  return Buffer.from(typeof data === 'string' ? data : data.base64, 'utf8');
}

/** Those that can be read; one that cannot does not take the others along. */
export async function readableCertificates(contents: Pick<Contents, 'certificates'>): Promise<readonly Certificate[]> {
  const read = await Promise.all(contents.certificates.map(parseOrPass));
  return read.filter((certificate) => certificate !== undefined);
}

async function parseOrPass({ der }: ContainedCertificate): Promise<Certificate | undefined> {
  try {
    return await parseCertificate(der);
  } catch (error) {
    if (isEmailError(error)) return undefined;
    throw error;
  }
}
