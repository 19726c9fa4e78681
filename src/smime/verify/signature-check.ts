/**
 * Checks the signatures of a SignedData: their validity, the trust in their signers, and the exact octets that they
 * cover.
 * @module
 */
import { isEmailError } from '../../errors/email-error.js';
import type { CertificateInfo } from '../../model/certificate.js';
import { lacksParameters } from '../../pki/path/inherited-parameters.js';
import { pathValidator } from '../../pki/path/path.js';
import { parseCertificate } from '../../pki/x509/certificate.js';
import type { Certificate } from '../../pki/x509/certificate.js';
import { parseRevocationList } from '../../pki/x509/crl.js';
import type { RevocationList } from '../../pki/x509/crl.js';
import { readTime } from '../../pki/x509/time.js';
import { cmsOids } from '../../util/oids.js';
import { isMeant } from '../cms/certificate-id.js';
import { singleValue } from '../cms/signed-data-reader.js';
import type { SignedData, SignerInfo } from '../cms/signed-data-reader.js';
import { infoOf } from '../usability.js';
import { Judge } from './judgement.js';

/** The result of one signature. */
export interface SignatureResult {
  /** The `content` in the result is exactly the content that the key of the signer's certificate signed. */
  readonly valid: boolean;
  /** Valid, and a path leads from the signer's certificate to a trust anchor. */
  readonly trusted: boolean;
  /** Absent if the certificate is neither in the message nor among those that were given. */
  readonly signer?: CertificateInfo | undefined;
  /** The signing time that the signer claims. */
  readonly signedAt?: Date | undefined;
  /** The hash, such as `sha256`; its OID if it is unknown. */
  readonly hashAlgorithm: string;
  /** The reason why it is not valid, or not trusted. */
  readonly problem?: string | undefined;
}

/** Anchors, certificates and lists for checking signers. */
export interface TrustOptions {
  readonly anchors: readonly Certificate[];
  /** Certificates that the message may have left out. They are not trusted on their own. */
  readonly certificates: readonly Certificate[];
  /** Lists in addition to those in the message. */
  readonly revocationLists: readonly RevocationList[];
  readonly at: Date;
}

/** The result for a single signature. */
interface Judged {
  readonly common: Pick<SignatureResult, 'signer' | 'signedAt' | 'hashAlgorithm'>;
  /** The form of the content that was signed; undefined if the signature is not valid. */
  readonly form: Uint8Array | undefined;
  /** The reason why it is not valid, or else why it is not trusted. */
  readonly problem: string | undefined;
}

/**
 * One result per signer, and the content that was signed. `forms` are the forms of the content that may have been
 * signed. Only signatures over one and the same form are valid: that of the first trusted signer, else that of the
 * first valid signature. Otherwise content signed by one could be shown as signed by another.
 */
export async function checkSignatures(
  data: SignedData,
  forms: readonly Uint8Array[],
  options: TrustOptions,
): Promise<{ readonly results: readonly SignatureResult[]; readonly content: Uint8Array }> {
  const { certificates, broken } = await readAll(data.certificates);
  const intermediates = [...certificates, ...options.certificates];
  const candidates = [...intermediates, ...options.anchors];
  const revocationLists = [...options.revocationLists, ...data.revocationLists.flatMap(readableList)];
  const pathOf = onceFor(
    pathValidator({
      ...options,
      intermediates,
      revocationLists,
      keyUsages: ['digitalSignature', 'nonRepudiation'],
    }),
  );
  const judge = new Judge(data, forms);
  const judged = data.signers.map((signer): Judged => {
    const certificate = candidates.find((candidate) => isMeant(signer.id, candidate));
    const common = describe(signer, certificate);
    if (certificate === undefined) return { common, form: undefined, problem: missingSigner(broken) };
    const whole = lacksParameters(certificate) ? (pathOf(certificate).path?.[0] ?? certificate) : certificate;
    const form = judge.judge(signer, whole);
    if (typeof form === 'string') return { common, form: undefined, problem: form };
    const distrust = options.anchors.length === 0 ? 'no trust anchors were given' : pathOf(certificate).problem;
    return { common, form, problem: distrust };
  });
  const valid = judged.filter(({ form }) => form !== undefined);
  const signed = (valid.find(({ problem }) => problem === undefined) ?? valid[0])?.form;
  return {
    results: judged.map((one) => resultOf(one, signed)),
    content: signed ?? forms[0] ?? new Uint8Array(0),
  };
}

/** The same function, called once for each certificate: a signer may have signed many times. */
function onceFor<T>(work: (certificate: Certificate) => T): (certificate: Certificate) => T {
  const known = new Map<Certificate, T>();
  return (certificate) => {
    const value = known.get(certificate) ?? work(certificate);
    known.set(certificate, value);
    return value;
  };
}

function resultOf({ common, form, problem }: Judged, signed: Uint8Array | undefined): SignatureResult {
  if (form !== undefined && form !== signed)
    return { ...common, valid: false, trusted: false, problem: 'it covers another form of the content' };
  const result = { ...common, valid: form !== undefined, trusted: form !== undefined && problem === undefined };
  return problem === undefined ? result : { ...result, problem };
}

function describe(signer: SignerInfo, certificate: Certificate | undefined): Judged['common'] {
  const signedAt = signingTimeOf(signer);
  return {
    hashAlgorithm: signer.digest ?? signer.digestOid,
    ...(certificate === undefined ? {} : { signer: infoOf(certificate, false) }),
    ...(signedAt === undefined ? {} : { signedAt }),
  };
}

function missingSigner(broken: number): string {
  return broken > 0
    ? 'a certificate in the message cannot be read, and the signer is not among the others'
    : 'the certificate of the signer is neither in the message nor among the given certificates';
}

async function readAll(
  ders: readonly Uint8Array[],
): Promise<{ readonly certificates: readonly Certificate[]; readonly broken: number }> {
  const settled = await Promise.allSettled(ders.map(parseCertificate));
  const certificates = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  return { certificates, broken: ders.length - certificates.length };
}

/** A list that cannot be read is ignored. */
function readableList(der: Buffer): readonly RevocationList[] {
  try {
    return [parseRevocationList(der)];
  } catch (error) {
    if (isEmailError(error)) return [];
    throw error;
  }
}

function signingTimeOf({ signed }: SignerInfo): Date | undefined {
  const value = signed === undefined ? undefined : singleValue(signed.attributes, cmsOids.signingTime);
  if (value === undefined) return undefined;
  try {
    return readTime(value.bytes, value);
  } catch {
    return undefined;
  }
}
