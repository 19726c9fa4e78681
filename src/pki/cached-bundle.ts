/**
 * `cache: true` on a source of recipients' certificates. All of its certificates are cached, because it may be a bundle
 * for many recipients.
 * @module
 */
import type { CertificateSource } from '../model/certificate.js';
import { certificateError } from './certificate-error.js';
import { copyIn, inStore } from './cached.js';
import type { CacheContext } from './cached.js';
import { contentsOf, loadCertificate } from './load-certificate.js';
import { filePasswords } from './loaded.js';
import { toPem } from './formats/pem.js';

/** A source with the same certificates, without keys, from the cached copy if there is one. */
export async function loadBundleCached(source: CertificateSource, context: CacheContext): Promise<CertificateSource> {
  const { profileName, slot, store, refresh, signal } = context;
  if (source.cache !== true || store === undefined) return source;
  if (refresh !== true) {
    const copy = await copyIn(store, profileName, slot);
    if (copy !== undefined) return { data: Buffer.from(copy).toString('latin1') };
  }
  const text = await bundleText(source, slot, signal);
  if (!text.includes('BEGIN CERTIFICATE'))
    throw certificateError(
      `${slot}: it contains no certificate`,
      'Give a file with the certificates of the recipients.',
    );
  await inStore('written', slot, () => store.saveCached(profileName, slot, Buffer.from(text, 'latin1')));
  return { data: text };
}

/** Revocation lists are included: the copy must not accept a certificate that the file revokes. */
async function bundleText(source: CertificateSource, slot: string, signal: AbortSignal | undefined): Promise<string> {
  if (source.store !== undefined) {
    const { certificate, chain } = await loadCertificate(source, { slot, signal, purpose: 'encrypt' });
    return [certificate, ...chain].map((der) => toPem('CERTIFICATE', der)).join('');
  }
  const { certificates, crls } = await contentsOf(source, slot, filePasswords(source, slot, signal), {
    purpose: 'encrypt',
    signal,
  });
  return [
    ...certificates.map(({ der }) => toPem('CERTIFICATE', der)),
    ...crls.map((der) => toPem('X509 CRL', der)),
  ].join('');
}
