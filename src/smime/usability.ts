/**
 * Checks whether a certificate is fit for its use. Reports, warnings and refusals share one list of problems, so that
 * they agree.
 * @module
 */
import { createEmailError } from '../errors/email-error.js';
import type { CertificateInfo } from '../model/certificate.js';
import type { Warning } from '../model/reply.js';
import type { SmimeProblem } from '../model/report.js';
import type { Certificate } from '../pki/x509/certificate.js';
import type { KeyUsage } from '../pki/x509/extensions.js';
import { keyPurposeOids } from '../util/oids.js';
import { showText } from '../util/show.js';

/** The use of a certificate. */
export type CertificatePurpose = 'sign' | 'encrypt';

const dayMs = 86_400_000;
const soonDays = 30;
const refusedBits = 1024;
const weakBits = 2048;

/** The public description of a certificate. */
export function infoOf(certificate: Certificate, hasPrivateKey: boolean): CertificateInfo {
  return { ...certificate.info, hasPrivateKey };
}

/** Adds a problem. `what` follows the certificate's name in the sentence. */
type Add = (severity: SmimeProblem['severity'], code: string, what: string, remedy: string) => void;

/** All problems of a certificate for a use at a time. One of severity 'error' fails a send. */
export function problemsOf(certificate: Certificate, purpose: CertificatePurpose, at: Date): readonly SmimeProblem[] {
  const info = infoOf(certificate, purpose === 'sign');
  const of = `The certificate of ${showText(info.subject || info.emails[0] || info.serialNumber)}`;
  const problems: SmimeProblem[] = [];
  const add: Add = (severity, code, what, remedy) => {
    problems.push({ severity, code, message: `${of} ${what}.`, remedy, certificate: info });
  };
  addDates(info, at, add);
  addUsages(certificate, purpose, add);
  addPurposes(certificate, add);
  addStrength(certificate, add);
  return problems;
}

function addDates({ validFrom, validTo }: CertificateInfo, at: Date, add: Add): void {
  const left = validTo.getTime() - at.getTime();
  if (at < validFrom) {
    const remedy = 'Wait until then, use the certificate before it, or correct the clock of this machine.';
    add('error', 'CERTIFICATE_NOT_YET_VALID', `is valid only from ${day(validFrom)} on`, remedy);
  } else if (left < 0) {
    const remedy = 'Get a new certificate from its issuer, and replace this one by it.';
    add('error', 'CERTIFICATE_EXPIRED', `expired on ${day(validTo)}`, remedy);
  } else if (left < soonDays * dayMs) {
    const what = `expires on ${day(validTo)}, in ${Math.floor(left / dayMs)} days`;
    const remedy = 'Get a new one before that day: messages are not sent with an expired certificate.';
    add('warning', 'CERTIFICATE_EXPIRES_SOON', what, remedy);
  }
}

function addUsages(certificate: Certificate, purpose: CertificatePurpose, add: Add): void {
  const { key, keyUsage } = certificate;
  const usages = requiredUsages(certificate, purpose);
  if (usages.length === 0) {
    const kinds = purpose === 'sign' ? 'an RSA, EC or Ed25519 key' : 'an RSA, EC or X25519 key';
    const what = `has a key of kind ${key.kind}, which cannot ${purpose}`;
    add('error', 'KEY_KIND', what, `Use a certificate with ${kinds}.`);
  } else if (keyUsage !== undefined && !usages.some((usage) => keyUsage.has(usage))) {
    const what = `does not allow its key to ${purpose}: keyUsage lacks ${usages.join(' and ')}`;
    const allowed = usages.join(' or ');
    add('error', 'KEY_USAGE', what, `Use another certificate of its owner, one whose keyUsage has ${allowed}.`);
  }
}

function addPurposes({ extendedKeyUsage: purposes }: Certificate, add: Add): void {
  if (
    purposes === undefined ||
    purposes.includes(keyPurposeOids.emailProtection) ||
    purposes.includes(keyPurposeOids.any)
  )
    return;
  const what = 'is not for e-mail: extendedKeyUsage lacks emailProtection';
  add('error', 'EXTENDED_KEY_USAGE', what, 'Use a certificate that was issued for e-mail (S/MIME).');
}

function addStrength({ key }: Certificate, add: Add): void {
  if ((key.kind !== 'rsa' && key.kind !== 'rsa-pss') || key.bits === undefined || key.bits >= weakBits) return;
  const severity = key.bits < refusedBits ? 'error' : 'warning';
  const what = `has an RSA key of ${key.bits} bits; at least ${weakBits} are safe`;
  const remedy = `Ask for a certificate with an RSA key of ${weakBits} bits or more, or with an EC key.`;
  add(severity, 'WEAK_KEY', what, remedy);
}

/** The key usages of which one is needed. Empty if this kind of key cannot do it at all. */
function requiredUsages({ key }: Certificate, purpose: CertificatePurpose): readonly KeyUsage[] {
  if (purpose === 'sign')
    return ['rsa', 'rsa-pss', 'ec', 'ed25519'].includes(key.kind) ? ['digitalSignature', 'nonRepudiation'] : [];
  if (key.kind === 'rsa') return ['keyEncipherment'];
  return ['ec', 'x25519', 'x448'].includes(key.kind) ? ['keyAgreement'] : [];
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** Throws ERR_CERTIFICATE with the first problem that fails a send. */
export function refuseUnusable(problems: readonly SmimeProblem[]): void {
  const problem = problems.find(({ severity }) => severity === 'error');
  if (problem === undefined) return;
  throw createEmailError('ERR_CERTIFICATE', problem.message, { remedy: problem.remedy });
}

/**
 * Refuses an unusable certificate, message after message. Once a certificate has been found usable, only its dates are
 * compared again: nothing else in it can change.
 */
export function usabilityCheck(certificate: Certificate, purpose: CertificatePurpose): (at: Date) => void {
  const { validFrom, validTo } = certificate.info;
  let isFit = false;
  return (at) => {
    if (isFit && at >= validFrom && at <= validTo) return;
    refuseUnusable(problemsOf(certificate, purpose, at));
    isFit = true;
  };
}

/** The other problems, as warnings. */
export function warningsOf(problems: readonly SmimeProblem[]): readonly Warning[] {
  return problems
    .filter(({ severity }) => severity === 'warning')
    .map(({ code, message }) => ({ code: `WARN_${code}`, message }));
}

/**
 * A warning if the certificate contains none of the addresses. Receivers compare From and Sender with the signer's
 * certificate (RFC 8550 section 3) and warn if neither is in it; encrypting to a certificate of another person is
 * usually a mistake. undefined if one of the addresses is in it; ASCII case is ignored.
 */
export function addressProblem(
  certificate: Certificate,
  addresses: readonly string[],
  purpose: CertificatePurpose,
): SmimeProblem | undefined {
  const wanted = new Set(addresses.map(lowerAscii));
  if (certificate.emails.some((email) => wanted.has(lowerAscii(email)))) return undefined;
  const names =
    certificate.emails.length === 0 ? 'names no address' : `is for ${showText(certificate.emails.join(', '))}`;
  return {
    severity: 'warning',
    code: 'ADDRESS_MISMATCH',
    message: `The certificate ${names}, not for ${showText(addresses.join(' or '))}.`,
    remedy:
      purpose === 'sign'
        ? "Sign with a certificate of the sender, or send from an address in this one: receivers' programs compare them."
        : 'Check that the recipient has the key of this certificate, and that it was not taken for another one.',
    certificate: infoOf(certificate, purpose === 'sign'),
  };
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
