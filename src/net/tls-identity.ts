/**
 * The certificate that a client presents in TLS.
 * @module
 */
import { createPrivateKey } from 'node:crypto';
import { createEmailError, profileInvalid } from '../errors/email-error.js';
import type { CertificateSource } from '../model/certificate.js';
import { withoutPrototype } from '../util/without-prototype.js';

/** A client's certificate and key in the form for TLS. */
export interface TlsIdentity {
  /** PEM, the leaf first, then its chain. */
  readonly cert: string;
  /** PEM, or PKCS#8 in DER. */
  readonly key: string | Buffer;
}

/** Reads a client certificate from its source. */
export type LoadClientIdentity = (source: CertificateSource) => Promise<TlsIdentity>;

/** The identity, with its key as PEM. ERR_CERTIFICATE and ERR_PROFILE_INVALID name `field`. */
export async function loadIdentity(
  source: CertificateSource,
  load: LoadClientIdentity | undefined,
  field: string,
): Promise<{ cert: string; key: string }> {
  if (load === undefined)
    throw profileInvalid(field, 'cannot be read here, because no reader of certificates was passed');
  const { cert, key } = await load(source);
  if (typeof key === 'string') return { cert, key };
  try {
    return {
      cert,
      key: createPrivateKey(withoutPrototype({ key, format: 'der', type: 'pkcs8' } as const))
        .export(withoutPrototype({ format: 'pem', type: 'pkcs8' } as const))
        .toString(),
    };
  } catch (cause) {
    throw createEmailError('ERR_CERTIFICATE', `The key of ${field} cannot be read as PKCS#8.`, {
      cause,
      phase: 'tls',
    });
  }
}
