/** `cache: true` on a source of recipients' certificates: all of its certificates are kept, since it may be a bundle for many. */
import type { CertificateSource } from '../model/certificate.js';
import { certificateError } from './certificate-error.js';
import { inStore } from './cached.js';
import type { CacheContext } from './cached.js';
import { contentsOf, loadCertificate } from './load-certificate.js';
import { filePasswords } from './loaded.js';

/** A source that holds the same certificates, without keys, from the copy where there is one. */
export async function loadBundleCached(source: CertificateSource, context: CacheContext): Promise<CertificateSource> {
  const { profileName, slot, store, refresh, signal } = context;
  if (source.cache !== true || store === undefined) return source;
  if (refresh !== true) {
    const copy = await inStore('read', slot, () => store.loadCached(profileName, slot));
    if (copy !== undefined) return { data: Buffer.from(copy).toString('latin1') };
  }
  const text = (await certificatesIn(source, slot, signal)).map(pem).join('');
  if (text === '') throw certificateError(`${slot}: it holds no certificate`, 'Give a file with the certificates of the recipients.');
  await inStore('written', slot, () => store.saveCached(profileName, slot, Buffer.from(text, 'latin1')));
  return { data: text };
}

async function certificatesIn(source: CertificateSource, slot: string, signal: AbortSignal | undefined): Promise<readonly Uint8Array[]> {
  if (source.store !== undefined) return [(await loadCertificate(source, { slot, signal, purpose: 'encrypt' })).certificate];
  const contents = await contentsOf(source, slot, filePasswords(source, slot, signal), { purpose: 'encrypt', signal });
  return contents.certificates.map(({ der }) => der);
}

function pem(der: Uint8Array): string {
  return `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}
