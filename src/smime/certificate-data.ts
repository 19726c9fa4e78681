/**
 * Certificates that a caller hands over: text, bytes, or a file.
 */
import { createEmailError } from '../errors/email-error.js';
import type { CertificateData } from '../model/certificate.js';
import { parseCertificate } from '../pki/certificate.js';
import type { Certificate } from '../pki/certificate.js';
import type { FilePasswords } from '../pki/contents.js';
import { readContents } from '../pki/read-contents.js';
import { readCertificateFile } from '../pki/read-file.js';
import { utf8 } from '../util/bytes.js';

const noPasswords: FilePasswords = {
  file: () => Promise.resolve(undefined),
  key: () => Promise.resolve(undefined),
  fileField: 'password',
  keyField: 'password',
};

/** All certificates in it. ERR_CERTIFICATE where there is none, or where it cannot be read. */
export async function certificatesOf(data: CertificateData): Promise<readonly Certificate[]> {
  const { certificates } = await readContents(await bytesOf(data), { passwords: noPasswords, wantKeys: false });
  if (certificates.length === 0) {
    throw createEmailError('ERR_CERTIFICATE', 'There is no certificate in what was given as one.', { remedy: 'Give a certificate as PEM text or DER bytes.' });
  }
  return Promise.all(certificates.map(({ der }) => parseCertificate(der)));
}

async function bytesOf(data: CertificateData): Promise<Uint8Array> {
  if (data instanceof Uint8Array) return data;
  if (typeof data === 'string') return utf8(data);
  return 'file' in data ? readCertificateFile(data.file) : utf8(data.base64);
}
