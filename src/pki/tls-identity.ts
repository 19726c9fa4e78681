/**
 * Converts a client certificate and its key from any source into the form for TLS.
 * @module
 */
import type { CertificateSource, LoadedCertificate } from '../model/certificate.js';
import { isBytes } from '../util/bytes.js';
import { certificateError } from './certificate-error.js';
import { toPem } from './formats/pem.js';
import { loadCertificate } from './load-certificate.js';

/** The field named in errors by default. */
const defaultSlot = 'server.tls.clientCertificate';

/**
 * PEM of the certificate with its chain, leaf first, and of the key as PKCS#8. ERR_CERTIFICATE if it cannot be loaded,
 * or if its key cannot be exported: Node's TLS needs the key itself. ERR_SECRET if a password cannot be resolved.
 */
export async function loadTlsIdentity(
  source: CertificateSource,
  context: { readonly slot?: string; readonly signal?: AbortSignal } = {},
): Promise<{ cert: string; key: string }> {
  const slot = context.slot ?? defaultSlot;
  return tlsIdentityOf(await loadCertificate(source, { ...context, slot, purpose: 'client-auth' }), slot);
}

/** Converts a loaded certificate. ERR_CERTIFICATE if its key is absent or cannot be exported. */
export function tlsIdentityOf(
  { certificate, chain, privateKey }: LoadedCertificate,
  slot: string = defaultSlot,
): { cert: string; key: string } {
  if (!isBytes(privateKey)) {
    throw certificateError(
      `${slot}: TLS needs the private key itself, but this ` +
        `one ${privateKey === undefined ? 'is missing' : 'cannot be exported from its device or store'}`,
      'Use a certificate whose key can be exported.',
    );
  }
  return {
    cert: [certificate, ...chain].map((der) => toPem('CERTIFICATE', der)).join(''),
    key: toPem('PRIVATE KEY', privateKey),
  };
}
