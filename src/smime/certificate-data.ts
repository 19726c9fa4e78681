/**
 * Certificates and revocation lists that a caller hands over: text, bytes, or a file.
 */
import { createEmailError } from '../errors/email-error.js';
import type { CertificateData } from '../model/certificate.js';
import type { Contents, FilePasswords } from '../pki/formats/contents.js';
import { readContents } from '../pki/formats/read-contents.js';
import { readCertificateFile } from '../pki/read-file.js';
import { parseCertificate } from '../pki/x509/certificate.js';
import type { Certificate } from '../pki/x509/certificate.js';
import { parseRevocationList } from '../pki/x509/crl.js';
import type { RevocationList } from '../pki/x509/crl.js';
import { isBytes, utf8 } from '../util/bytes.js';

const noPasswords: FilePasswords = {
  file: () => Promise.resolve(undefined),
  key: () => Promise.resolve(undefined),
  fileField: 'password',
  keyField: 'password',
};

/** What trust begins with. */
export interface TrustData {
  readonly anchors: readonly Certificate[];
  readonly revocationLists: readonly RevocationList[];
}

/** All certificates in it. ERR_CERTIFICATE where there is none, or where it cannot be read. */
export async function certificatesOf(data: CertificateData): Promise<readonly Certificate[]> {
  const { certificates } = await contentsOf(data);
  if (certificates.length === 0) throw nothingIn('certificate', 'Give a certificate as PEM text or DER bytes.');
  return Promise.all(certificates.map(({ der }) => parseCertificate(der)));
}

/** All certificates and revocation lists in them. ERR_CERTIFICATE where one of them holds neither. */
export async function trustDataOf(all: readonly CertificateData[]): Promise<TrustData> {
  const anchors: Certificate[] = [];
  const revocationLists: RevocationList[] = [];
  for (const data of all) {
    const { certificates, crls } = await contentsOf(data);
    if (certificates.length + crls.length === 0)
      throw nothingIn('trust anchor', 'Give certificates or revocation lists as PEM text or DER bytes.');
    revocationLists.push(...crls.map(parseRevocationList));
    for (const { der } of certificates) anchors.push(await parseCertificate(der));
  }
  return { anchors, revocationLists };
}

function nothingIn(what: string, remedy: string): Error {
  return createEmailError('ERR_CERTIFICATE', `There is no ${what} in what was given as one.`, { remedy });
}

async function contentsOf(data: CertificateData): Promise<Contents> {
  return readContents(await bytesOf(data), { passwords: noPasswords, wantKeys: false });
}

async function bytesOf(data: CertificateData): Promise<Uint8Array> {
  if (isBytes(data)) return data;
  if (typeof data === 'string') return utf8(data);
  return 'file' in data ? readCertificateFile(data.file) : utf8(data.base64);
}
