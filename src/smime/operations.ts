/**
 * `sign` and `encrypt` of the entry `sealpost/smime`, for whole messages in memory.
 * @module
 */
import { createEmailError } from '../errors/email-error.js';
import type { CertificateData } from '../model/certificate.js';
import type { SmimeEncryptSettings, SmimeSignSettings } from '../model/settings/smime.js';
import { readCertificates, readTrustAnchors } from '../pki/certificate-data.js';
import { loadCertificate } from '../pki/load-certificate.js';
import { validatePath } from '../pki/path/path.js';
import { parseCertificate } from '../pki/x509/certificate.js';
import type { Certificate } from '../pki/x509/certificate.js';
import { encryptOptions, signSettings } from '../profile/shape/smime.js';
import { object, required } from '../schema/object.js';
import { showText } from '../util/show.js';
import { withoutPrototype } from '../util/without-prototype.js';
import { any, bytes, certificate, checkArguments } from './arguments.js';
import { withTypedErrors } from './cms/smime-error.js';
import { prepareEncrypter } from './encrypt/encrypter.js';
import { messageHead, splitMessage } from './entity/message.js';
import { known } from './known.js';
import { never } from './never.js';
import { prepareSigner } from './sign/signer.js';

export { decrypt } from './decrypt/decrypt-message.js';
export { verify } from './verify/verify-message.js';

const signedEntity = object<{ readonly entity: Uint8Array }>({ entity: required(bytes) });
/** Checked when a signer is prepared, because it serves many messages. */
const signArguments = object<{ readonly settings: SmimeSignSettings }>({ settings: required(signSettings) });

/**
 * Signs a message, or an entity: Content-* fields go inside, others stay outside.
 *
 * ERR_CERTIFICATE if the certificate cannot be used, ERR_SECRET if its password cannot be resolved, ERR_SMIME if the
 * content is not fit for signing, ERR_PROFILE_INVALID if an argument is not as documented.
 */
export async function sign(entity: Uint8Array, settings: SmimeSignSettings): Promise<Uint8Array> {
  checkArguments(signedEntity, { entity });
  return withTypedErrors('The message cannot be signed', async () => {
    const signer = await known.signer(settings, async () => {
      checkArguments(signArguments, { settings });
      const own = withoutPrototype(settings);
      return prepareSigner(await loadCertificate(withoutPrototype(own.certificate), { purpose: 'sign' }), own);
    });
    const { outer, entity: inner } = splitMessage(entity);
    return signer.signBytes(inner, never, (fields) => messageHead(outer, fields));
  });
}

const encryptArguments = object<{
  readonly entity: Uint8Array;
  readonly certificates: readonly (string | Uint8Array)[];
  readonly settings: Omit<SmimeEncryptSettings, 'certificates'>;
}>({ entity: required(bytes), certificates: required(any(certificate)), settings: required(encryptOptions) });

/**
 * Encrypts a message, or an entity, for all of the certificates (PEM text or DER): Content-* fields go inside, others
 * stay outside, in plain text.
 *
 * ERR_CERTIFICATE if one of them cannot be used or is not trusted, ERR_SMIME if the content cannot be encrypted,
 * ERR_PROFILE_INVALID if an argument is not as documented.
 */
export async function encrypt(
  entity: Uint8Array,
  certificates: readonly (string | Uint8Array)[],
  settings: Omit<SmimeEncryptSettings, 'certificates'> = {},
): Promise<Uint8Array> {
  checkArguments(encryptArguments, { entity, certificates, settings });
  return withTypedErrors('The message cannot be encrypted', () =>
    encryptFor(entity, certificates, withoutPrototype(settings)),
  );
}

async function encryptFor(
  entity: Uint8Array,
  certificates: readonly (string | Uint8Array)[],
  settings: Omit<SmimeEncryptSettings, 'certificates'>,
): Promise<Uint8Array> {
  const given = await Promise.all(certificates.map((each, i) => givenCertificates(each, `certificates.${i}`)));
  const recipients = given.flatMap(leavesOf);
  if (settings.trustAnchors !== undefined) await refuseUntrusted(recipients, given.flat(), settings.trustAnchors);
  if (settings.encryptToSelf !== undefined) {
    const own = await loadCertificate(withoutPrototype(settings.encryptToSelf), {
      slot: 'encryptToSelf',
      purpose: 'encrypt',
    });
    recipients.push(await parseCertificate(own.certificate));
  }
  const { outer, entity: inner } = splitMessage(entity);
  const encrypter = known.encrypter(settings, () => prepareEncrypter(settings));
  return encrypter.encryptBytes(inner, recipients, (fields) => messageHead(outer, fields));
}

function givenCertificates(given: string | Uint8Array, field: string): Promise<readonly Certificate[]> {
  const read = (): Promise<readonly Certificate[]> => readCertificates(given, field);
  return typeof given === 'string' ? known.certificates(given, read) : read();
}

/** The certificates that are not those of issuers. Of a certificate with its issuers, only the certificate is meant. */
function leavesOf(bundle: readonly Certificate[]): readonly Certificate[] {
  const leaves = bundle.filter(({ basicConstraints }) => basicConstraints?.ca !== true);
  return leaves.length > 0 ? leaves : bundle;
}

async function refuseUntrusted(
  recipients: readonly Certificate[],
  intermediates: readonly Certificate[],
  trustAnchors: readonly CertificateData[],
): Promise<void> {
  const trust = await readTrustAnchors(trustAnchors, 'trustAnchors');
  const at = new Date();
  for (const recipient of recipients) {
    const { problem } = validatePath(recipient, {
      ...trust,
      intermediates,
      at,
      keyUsages: ['keyEncipherment', 'keyAgreement'],
    });
    if (problem !== undefined) {
      throw createEmailError(
        'ERR_CERTIFICATE',
        `The certificate of ${showText(recipient.info.subject)} is not trusted: ${problem}.`,
        {
          remedy: 'Check the certificate with its owner, or name the authority that issued it in trustAnchors.',
        },
      );
    }
  }
}
