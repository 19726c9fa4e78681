/**
 * What `testSigning()` and `testEncryption()` say: everything that stands against a certificate, and whether a sample works.
 */
import { reasonOf } from '../errors/email-error.js';
import type { RenderedEntity } from '../model/entity.js';
import type { LoadedCertificate } from '../model/certificate.js';
import type { SmimeProblem, SmimeReport } from '../model/report.js';
import type { SmimeSignSettings } from '../model/smime.js';
import { parseCertificate } from '../pki/x509/certificate.js';
import type { Certificate } from '../pki/x509/certificate.js';
import { showText } from '../util/show.js';
import { prepareEncrypter } from './encrypt/encrypter.js';
import type { EncryptionSettings } from './encrypt/encrypter.js';
import { messageHead } from './entity/message.js';
import { verify } from './operations.js';
import { prepareSigner } from './sign/signer.js';
import { memoryEntity } from './entity/transfer.js';
import { infoOf, problemsOf } from './usability.js';

const sampleText = Buffer.from('A sample.\r\n');
const sample: RenderedEntity = {
  fields: 'Content-Type: text/plain; charset=us-ascii\r\n',
  body: sampleText,
  size: sampleText.length,
  encoding: '7bit',
};

/** Looks at the signer's certificate, then signs a sample and verifies it. Never rejects for what a certificate is like. */
export async function checkSigning(
  loaded: LoadedCertificate,
  settings: SmimeSignSettings,
  senderAddress: string,
  signal: AbortSignal,
): Promise<SmimeReport> {
  const certificate = await parseCertificate(loaded.certificate);
  const info = infoOf(certificate, loaded.privateKey !== undefined);
  const problems: SmimeProblem[] = [
    ...problemsOf(certificate, 'sign', new Date()),
    ...addressProblem(certificate, senderAddress),
  ];
  if (loaded.privateKey === undefined) {
    problems.push({
      severity: 'error',
      code: 'KEY_MISSING',
      message: 'There is no private key for the signing certificate.',
      certificate: info,
    });
  }
  if (settings.hashAlgorithm === 'sha1' && !certificate.key.kind.startsWith('ed')) {
    problems.push({
      severity: 'warning',
      code: 'WEAK_HASH',
      message: 'SHA-1 can be forged; use sha256 as soon as every receiver can.',
    });
  }
  if (problems.every(({ severity }) => severity !== 'error')) {
    const failure = await trySigning(loaded, settings, signal);
    if (failure !== undefined)
      problems.push({
        severity: 'error',
        code: 'SIGNING_FAILED',
        message: `A sample could not be signed: ${failure}`,
        certificate: info,
      });
  }
  return report([info], [], problems);
}

/** Why it does not work, undefined where it does. An abort rejects. */
async function trySigning(
  loaded: LoadedCertificate,
  settings: SmimeSignSettings,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const signer = await prepareSigner(loaded, settings);
    const signed = await signer.signBytes(memoryEntity(sample, sampleText), signal, (fields) =>
      messageHead(Buffer.alloc(0), fields),
    );
    const { signatures } = await verify(signed, { trustAnchors: [loaded.certificate] });
    return signatures[0]?.valid === true ? undefined : (signatures[0]?.problem ?? 'it has no signature');
  } catch (error) {
    if (signal.aborted) throw error;
    return reasonOf(error);
  }
}

/**
 * Looks at each recipient's certificate, then encrypts a sample for all of them. `found` and `reasons`, why there is none, are by address
 * as in `addresses`; `sender` is the sender's certificate, to which every message is encrypted too.
 */
export async function checkEncryption(
  addresses: readonly string[],
  found: ReadonlyMap<string, Certificate>,
  settings: EncryptionSettings,
  signal: AbortSignal,
  reasons: ReadonlyMap<string, string> = new Map(),
  sender?: Certificate | undefined,
): Promise<SmimeReport> {
  const problems: SmimeProblem[] = sender === undefined ? [] : [...problemsOf(sender, 'encrypt', new Date())];
  const usable = new Set<Certificate>();
  const missing: string[] = [];
  for (const address of addresses) {
    const certificate = found.get(address);
    const own = certificate === undefined ? [] : problemsOf(certificate, 'encrypt', new Date());
    if (certificate === undefined || own.some(({ severity }) => severity === 'error')) missing.push(address);
    else usable.add(certificate);
    problems.push(
      ...own,
      ...(certificate === undefined
        ? [missingProblem(address, reasons.get(address))]
        : addressProblem(certificate, address)),
    );
  }
  if (settings.algorithm === 'des-ede3-cbc') {
    problems.push({
      severity: 'warning',
      code: 'WEAK_CIPHER',
      message: '3DES is weak; use aes-256-cbc as soon as every receiver can.',
    });
  }
  if (usable.size > 0) {
    const failure = await tryEncryption(sender === undefined ? [...usable] : [...usable, sender], settings, signal);
    if (failure !== undefined)
      problems.push({
        severity: 'error',
        code: 'ENCRYPTION_FAILED',
        message: `A sample could not be encrypted: ${failure}`,
      });
  }
  const certificates = new Set(addresses.flatMap((address) => found.get(address) ?? []));
  return report(
    [...certificates].map((certificate) => infoOf(certificate, false)),
    missing,
    problems,
  );
}

async function tryEncryption(
  recipients: readonly Certificate[],
  settings: EncryptionSettings,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    await prepareEncrypter(settings).encrypt(sample, recipients, signal);
    return undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    return reasonOf(error);
  }
}

function missingProblem(address: string, reason: string | undefined): SmimeProblem {
  const why = reason === undefined ? '' : `: ${reason}`;
  return {
    severity: 'error',
    code: 'CERTIFICATE_MISSING',
    message: `There is no usable certificate for ${showText(address)}${why}.`,
  };
}

/** Receivers' programs warn where the address is not in the certificate. */
function addressProblem(certificate: Certificate, address: string): readonly SmimeProblem[] {
  const wanted = lowerAscii(address);
  if (certificate.emails.some((email) => lowerAscii(email) === wanted)) return [];
  const names =
    certificate.emails.length === 0 ? 'names no address' : `is for ${showText(certificate.emails.join(', '))}`;
  const message = `The certificate ${names}, not for ${showText(address)}.`;
  return [{ severity: 'warning', code: 'ADDRESS_MISMATCH', message, certificate: infoOf(certificate, false) }];
}

function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function report(
  certificates: SmimeReport['certificates'],
  missing: readonly string[],
  problems: readonly SmimeProblem[],
): SmimeReport {
  const ok = missing.length === 0 && problems.every(({ severity }) => severity !== 'error');
  return { ok, certificates, missing, problems };
}
