/**
 * Selects a certificate: by a selector, by a purpose, and finally the one that is most likely to work.
 * @module
 */
import type { CertificateInfo, CertificateSelector } from '../model/certificate.js';
import { keyPurposeOids, nameOids } from '../util/oids.js';
import { showText } from '../util/show.js';
import { certificateError } from './certificate-error.js';
import type { Certificate } from './x509/certificate.js';
import { comparableName, comparableText } from './x509/distinguished-name.js';
import { hasOwn } from '../util/own.js';

/** The purpose of a certificate. */
export type Purpose = 'sign' | 'encrypt' | 'client-auth';

/** One of the certificates to choose from. */
export interface Candidate {
  readonly certificate: Certificate;
  readonly info: CertificateInfo;
}

/** The candidates that match the selector. ERR_CERTIFICATE if the selector is invalid. */
export function matching<T extends Candidate>(candidates: readonly T[], selector: CertificateSelector): readonly T[] {
  const matches = matcherOf(selector);
  return candidates.filter(matches);
}

function matcherOf(selector: CertificateSelector): (candidate: Candidate) => boolean {
  if (hasOwn(selector, 'subject')) return subjectMatcher(selector.subject);
  if (hasOwn(selector, 'email')) {
    const wanted = foldAscii(selector.email);
    return ({ certificate }) => certificate.emails.some((email) => foldAscii(email) === wanted);
  }
  if (hasOwn(selector, 'fingerprint')) {
    const wanted = fingerprintDigits(selector.fingerprint);
    return ({ info }) => info.fingerprint.replaceAll(':', '') === wanted;
  }
  if (hasOwn(selector, 'alias')) return ({ info }) => info.alias === selector.alias;
  throw certificateError(
    'the selector names none of subject, email, fingerprint and alias',
    'Give one of them in `select`.',
  );
}

function subjectMatcher(subject: string): (candidate: Candidate) => boolean {
  const name = subject.includes('=') ? comparableText(subject) : undefined;
  if (name !== undefined) return ({ certificate }) => comparableName(certificate.subjectParts) === name;
  const wanted = subject.trim().toLowerCase();
  return ({ certificate }) =>
    wanted !== '' &&
    certificate.subjectParts
      .flat()
      .some(({ type, value }) => type === nameOids.commonName && value?.trim().toLowerCase() === wanted);
}

function fingerprintDigits(text: string): string {
  const digits = text.replace(/[\s:]/g, '').toUpperCase();
  if (/^[0-9A-F]{64}$/.test(digits)) return digits;
  const hint =
    digits.length === 40 ? ' A thumbprint of 40 digits is SHA-1, which does not identify a certificate safely.' : '';
  throw certificateError(
    'the fingerprint is not 64 hexadecimal digits',
    `Give the SHA-256 fingerprint: \`openssl x509 -noout -fingerprint -sha256\`.${hint}`,
  );
}

/** ASCII letters in lower case, other letters unchanged: mail systems compare this way. */
export function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** A description of a selector for errors. */
export function selectorText(selector: CertificateSelector): string {
  const [kind, value] = Object.entries(selector)[0] ?? ['', ''];
  return `${kind} ${JSON.stringify(showText(String(value), 200))}`;
}

/** Signing and TLS need the private key. */
export function needsKey(purpose: Purpose | undefined): boolean {
  return purpose === 'sign' || purpose === 'client-auth';
}

/** The candidates, best first: with a key if one is needed, valid now, fit for the purpose, the newest. */
export function ranked<T extends Candidate>(
  candidates: readonly T[],
  purpose: Purpose | undefined,
  now: Date = new Date(),
): readonly T[] {
  const keyWeight = needsKey(purpose) ? 8 : 2;
  const rank = ({ info, certificate }: T): number =>
    (info.hasPrivateKey ? keyWeight : 0) +
    (isValidAt(certificate, now) ? 4 : 0) +
    (misuse(certificate, purpose) === undefined ? 1 : 0);
  return [...candidates].sort((a, b) => rank(b) - rank(a) || b.info.validFrom.getTime() - a.info.validFrom.getTime());
}

/** Is `now` within its dates? */
export function isValidAt({ info }: Certificate, now: Date): boolean {
  return info.validFrom <= now && now <= info.validTo;
}

/** The reason why its usages forbid a purpose; undefined if they allow it. */
export function misuse(
  { keyUsage, extendedKeyUsage, key }: Certificate,
  purpose: Purpose | undefined,
): string | undefined {
  if (purpose === undefined) return undefined;
  const has = (
    ...usages: readonly ('digitalSignature' | 'nonRepudiation' | 'keyEncipherment' | 'keyAgreement')[]
  ): boolean => keyUsage === undefined || usages.some((usage) => keyUsage.has(usage));
  if (purpose === 'encrypt') {
    const needed = key.kind === 'rsa' ? 'keyEncipherment' : 'keyAgreement';
    if (!has(needed)) return `its key usage lacks ${needed}`;
  } else if (purpose === 'sign' ? !has('digitalSignature', 'nonRepudiation') : !has('digitalSignature'))
    return 'its key usage lacks digitalSignature';
  const wanted = purpose === 'client-auth' ? 'clientAuth' : 'emailProtection';
  if (
    extendedKeyUsage === undefined ||
    extendedKeyUsage.includes(keyPurposeOids.any) ||
    extendedKeyUsage.includes(keyPurposeOids[wanted])
  )
    return undefined;
  return `its extended key usage lacks ${wanted}`;
}
