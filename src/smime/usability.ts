/**
 * Is a certificate fit for its job? One list of problems for reports, warnings and refusals, so that they agree.
 */
import { createEmailError } from '../errors/email-error.js';
import type { CertificateInfo } from '../model/certificate.js';
import type { SmimeProblem } from '../model/report.js';
import type { Warning } from '../model/reply.js';
import type { Certificate } from '../pki/x509/certificate.js';
import { keyPurpose } from '../pki/x509/extensions.js';
import type { KeyUsage } from '../pki/x509/extensions.js';
import { showText } from '../util/show.js';

/** What a certificate is used for. */
export type CertificatePurpose = 'sign' | 'encrypt';

const dayMs = 86_400_000;
const soonDays = 30;
const refusedBits = 1024;
const weakBits = 2048;

/** What people are shown of a certificate. */
export function infoOf(certificate: Certificate, hasPrivateKey: boolean): CertificateInfo {
  return { ...certificate.info, hasPrivateKey };
}

/** Everything that stands against using it for that, at that time. An 'error' fails a send. */
export function problemsOf(certificate: Certificate, purpose: CertificatePurpose, at: Date): readonly SmimeProblem[] {
  const info = infoOf(certificate, purpose === 'sign');
  const who = showText(info.subject || info.emails[0] || info.serialNumber);
  const problems: SmimeProblem[] = [];
  const add = (severity: SmimeProblem['severity'], code: string, message: string): void => {
    problems.push({ severity, code, message, certificate: info });
  };
  const now = at.getTime();
  const end = info.validTo.getTime();
  if (now < info.validFrom.getTime())
    add(
      'error',
      'CERTIFICATE_NOT_YET_VALID',
      `The certificate of ${who} is valid only from ${day(info.validFrom)} on.`,
    );
  else if (now > end) add('error', 'CERTIFICATE_EXPIRED', `The certificate of ${who} expired on ${day(info.validTo)}.`);
  else if (end - now < soonDays * dayMs) {
    add(
      'warning',
      'CERTIFICATE_EXPIRES_SOON',
      `The certificate of ${who} expires on ${day(info.validTo)}, in ${Math.floor((end - now) / dayMs)} days.`,
    );
  }
  const usages = requiredUsages(certificate, purpose);
  if (usages.length === 0) {
    add(
      'error',
      'KEY_KIND',
      `The certificate of ${who} has a key of kind ${certificate.key.kind}, which cannot ${purpose}.`,
    );
  } else if (certificate.keyUsage !== undefined && !usages.some((usage) => certificate.keyUsage?.has(usage))) {
    add(
      'error',
      'KEY_USAGE',
      `The certificate of ${who} does not allow its key to ${purpose}: keyUsage lacks ${usages.join(' and ')}.`,
    );
  }
  const purposes = certificate.extendedKeyUsage;
  if (purposes !== undefined && !purposes.includes(keyPurpose.emailProtection) && !purposes.includes(keyPurpose.any)) {
    add(
      'error',
      'EXTENDED_KEY_USAGE',
      `The certificate of ${who} is not for e-mail: extendedKeyUsage lacks emailProtection.`,
    );
  }
  addWeakness(certificate, add, who);
  return problems;
}

function addWeakness(
  { key }: Certificate,
  add: (severity: SmimeProblem['severity'], code: string, message: string) => void,
  who: string,
): void {
  if ((key.kind !== 'rsa' && key.kind !== 'rsa-pss') || key.bits === undefined || key.bits >= weakBits) return;
  const severity = key.bits < refusedBits ? 'error' : 'warning';
  add(
    severity,
    'WEAK_KEY',
    `The certificate of ${who} has an RSA key of ${key.bits} bits; at least ${weakBits} are safe.`,
  );
}

/** The usages of which one is needed; none where this kind of key cannot do it at all. */
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
  throw createEmailError('ERR_CERTIFICATE', problem.message, {
    remedy: 'Use a certificate that is valid now and issued for this use of e-mail.',
  });
}

/**
 * Refuses a certificate like `refuseUnusable`, message after message: once it has been found fit, nothing but the time can change that.
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
