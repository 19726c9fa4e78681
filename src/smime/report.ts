/**
 * The findings of `testSigning()` and `testEncryption()`: all problems of a certificate, and whether a sample works.
 * @module
 */
import { isEmailError, reasonOf } from '../errors/email-error.js';
import type { LoadedCertificate } from '../model/certificate.js';
import type { RenderedEntity } from '../model/entity.js';
import type { EmailError } from '../model/error.js';
import type { SmimeProblem, SmimeReport } from '../model/report.js';
import type { SmimeSignSettings } from '../model/settings/smime.js';
import { parseCertificate } from '../pki/x509/certificate.js';
import type { Certificate } from '../pki/x509/certificate.js';
import { showText } from '../util/show.js';
import { prepareEncrypter } from './encrypt/encrypter.js';
import type { EncryptionSettings } from './encrypt/encrypter.js';
import { messageHead } from './entity/message.js';
import { memoryEntity } from './entity/transfer.js';
import { createSmimeReport } from './report-text.js';
import { prepareSigner } from './sign/signer.js';
import { addressProblem, infoOf, problemsOf } from './usability.js';
import { verify } from './verify/verify-message.js';

const sampleText = Buffer.from('A sample.\r\n');
const sample: RenderedEntity = {
  fields: 'Content-Type: text/plain; charset=us-ascii\r\n',
  body: sampleText,
  size: sampleText.length,
  encoding: '7bit',
};

/**
 * Checks the signer's certificate, then signs a sample and verifies it. A bad certificate is a problem in the report,
 * not a rejection.
 */
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
    ...listed(addressProblem(certificate, [senderAddress], 'sign')),
  ];
  if (loaded.privateKey === undefined) {
    problems.push({
      severity: 'error',
      code: 'KEY_MISSING',
      message: 'There is no private key for the signing certificate.',
      remedy: 'Name the key beside the certificate (keyFile, key), or use a file or store that contains both.',
      certificate: info,
    });
  }
  if (settings.hashAlgorithm === 'sha1' && !certificate.key.kind.startsWith('ed')) {
    problems.push({
      severity: 'warning',
      code: 'WEAK_HASH',
      message: 'Messages are signed with SHA-1, which can be forged.',
      remedy: "Leave out smime.sign.hashAlgorithm ('sha256' is the default) as soon as every receiver reads SHA-256.",
    });
  }
  if (problems.every(({ severity }) => severity !== 'error')) {
    const failure = await trySigning(loaded, settings, signal);
    if (failure !== undefined) {
      const { reason, remedy } = failure;
      const message = `A sample could not be signed: ${reason}`;
      problems.push({ severity: 'error', code: 'SIGNING_FAILED', message, remedy, certificate: info });
    }
  }
  return createSmimeReport([info], [], problems);
}

/** The reason why a sample does not work. */
interface Failure {
  readonly reason: string;
  readonly remedy: string | undefined;
}

function failureOf(error: unknown): Failure {
  return { reason: reasonOf(error), remedy: isEmailError(error) ? error.remedy : undefined };
}

/** Signs and verifies a sample. Returns the failure, undefined if all is well. An abort rejects. */
async function trySigning(
  loaded: LoadedCertificate,
  settings: SmimeSignSettings,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  try {
    const signer = await prepareSigner(loaded, settings);
    const signed = await signer.signBytes(memoryEntity(sample, sampleText), signal, (fields) =>
      messageHead(Buffer.alloc(0), fields),
    );
    const { signatures } = await verify(signed, { trustAnchors: [loaded.certificate] });
    const [signature] = signatures;
    if (signature?.valid === true) return undefined;
    const remedy = 'Check that the key belongs to the certificate, and the device or service that holds it.';
    return { reason: signature?.problem ?? 'it has no signature', remedy };
  } catch (error) {
    if (signal.aborted) throw error;
    return failureOf(error);
  }
}

/** A recipient with the certificate that was found, or the reason why there is none. */
export interface CheckedRecipient {
  readonly address: string;
  readonly certificate?: Certificate | undefined;
  readonly reason?: string | undefined;
  /** The error of a source that could not be queried; its remedy says more than the general one. */
  readonly failure?: EmailError | undefined;
}

/**
 * Checks each recipient's certificate, then encrypts a sample for all of them. `sender` is the sender's own
 * certificate, for which every message is encrypted too.
 */
export async function checkEncryption(
  recipients: readonly CheckedRecipient[],
  settings: EncryptionSettings,
  signal: AbortSignal,
  sender?: Certificate | undefined,
): Promise<SmimeReport> {
  const problems: SmimeProblem[] = sender === undefined ? [] : [...problemsOf(sender, 'encrypt', new Date())];
  const usable = new Set<Certificate>();
  const missing: string[] = [];
  for (const { address, certificate, reason, failure } of recipients) {
    const own = certificate === undefined ? [] : problemsOf(certificate, 'encrypt', new Date());
    if (certificate === undefined || own.some(({ severity }) => severity === 'error')) missing.push(address);
    else usable.add(certificate);
    problems.push(
      ...own,
      ...(certificate === undefined
        ? [missingProblem(address, reason, failure)]
        : listed(addressProblem(certificate, [address], 'encrypt'))),
    );
  }
  if (settings.algorithm === 'des-ede3-cbc') {
    problems.push({
      severity: 'warning',
      code: 'WEAK_CIPHER',
      message: 'Messages are encrypted with 3DES, which is weak.',
      remedy: "Leave out smime.encrypt.algorithm ('aes-256-cbc' is the default) as soon as every receiver reads AES.",
    });
  }
  if (usable.size > 0) {
    const failure = await tryEncryption(sender === undefined ? [...usable] : [...usable, sender], settings, signal);
    if (failure !== undefined) {
      const { reason, remedy } = failure;
      const message = `A sample could not be encrypted: ${reason}`;
      problems.push({ severity: 'error', code: 'ENCRYPTION_FAILED', message, remedy });
    }
  }
  const certificates = new Set(recipients.flatMap(({ certificate }) => certificate ?? []));
  return createSmimeReport(
    [...certificates].map((certificate) => infoOf(certificate, false)),
    missing,
    problems,
  );
}

async function tryEncryption(
  recipients: readonly Certificate[],
  settings: EncryptionSettings,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  try {
    await prepareEncrypter(settings).encrypt(sample, recipients, signal);
    return undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    return failureOf(error);
  }
}

function missingProblem(address: string, reason: string | undefined, failure: EmailError | undefined): SmimeProblem {
  const why = reason === undefined ? '' : `: ${reason}`;
  return {
    severity: 'error',
    code: 'CERTIFICATE_MISSING',
    message: `There is no usable certificate for ${showText(address)}${why}.`,
    remedy:
      failure?.remedy ??
      'Get a valid certificate of this recipient into one of the sources in smime.encrypt.certificates.',
  };
}

function listed(problem: SmimeProblem | undefined): readonly SmimeProblem[] {
  return problem === undefined ? [] : [problem];
}
