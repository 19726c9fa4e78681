/**
 * Stores of the caller. Their errors become ERR_CERTIFICATE, and their results are checked before use.
 * @module
 */
import { isEmailError, reasonOf } from '../../errors/email-error.js';
import type {
  CertificateInfo,
  CertificateSelector,
  CertificateStore,
  LoadedCertificate,
} from '../../model/certificate.js';
import { isBytes } from '../../util/bytes.js';
import { showText } from '../../util/show.js';
import { certificateError } from '../certificate-error.js';

/** The checked list of a store. */
export async function listOf(store: CertificateStore): Promise<readonly CertificateInfo[]> {
  const list: unknown = await asked(() => store.list());
  if (Array.isArray(list) && list.every(isInfo)) return list;
  throw certificateError(
    'the store returned no list of certificates',
    'list() must return an array of CertificateInfo.',
  );
}

/** The checked certificate that a store loads. */
export async function loadOf(
  store: CertificateStore,
  selector: CertificateSelector,
  options: Parameters<CertificateStore['load']>[1],
): Promise<LoadedCertificate> {
  const loaded: unknown = await asked(() => store.load(selector, options));
  if (isLoaded(loaded)) return loaded;
  throw certificateError(
    'the store returned no certificate',
    'load() must return info, certificate (DER bytes) and chain, or reject if there is none.',
  );
}

async function asked(work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    if (isEmailError(error)) throw error;
    throw certificateError(
      `the store failed: ${showText(reasonOf(error), 200)}`,
      'See the cause of this error.',
      error,
    );
  }
}

function isInfo(value: unknown): value is CertificateInfo {
  const { fingerprint, emails }: Partial<CertificateInfo> = Object(value);
  return typeof fingerprint === 'string' && Array.isArray(emails) && emails.every((email) => typeof email === 'string');
}

function isLoaded(value: unknown): value is LoadedCertificate {
  const { info, certificate, chain }: Partial<LoadedCertificate> = Object(value);
  return (
    typeof info?.subject === 'string' &&
    isBytes(certificate) &&
    Array.isArray(chain) &&
    chain.every((each) => isBytes(each))
  );
}
