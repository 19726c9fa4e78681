/**
 * Signs entities (RFC 8551 sections 3.4 and 3.5). Everything that the messages of an identity share is made once.
 * @module
 */
import { abortError } from '../../errors/abort.js';
import type { LoadedCertificate } from '../../model/certificate.js';
import type { RenderedEntity } from '../../model/entity.js';
import type { Warning } from '../../model/reply.js';
import type { SmimeSignSettings } from '../../model/settings/smime.js';
import { parseCertificate } from '../../pki/x509/certificate.js';
import { asBuffer, isAscii, isBytes } from '../../util/bytes.js';
import { signingScheme } from '../cms/signature.js';
import type { SigningScheme } from '../cms/signature.js';
import { headOf, noLead } from '../entity/transfer.js';
import type { Lead, MemoryEntity } from '../entity/transfer.js';
import { addressProblem, problemsOf, refuseUnusable, usabilityCheck, warningsOf } from '../usability.js';
import { openPrivateKey } from './private-key.js';
import { signedDataPieces } from './signed-data-skeleton.js';
import { signedDataTemplate } from './signed-data.js';
import { detachedForm, opaqueForm } from './signed-forms.js';
import type { Identity, SignedForm } from './signed-forms.js';

/** Signs one entity after the other with one identity. */
export interface EntitySigner {
  /** Warnings: SHA-1, a weak key, a certificate about to expire. */
  readonly warnings: readonly Warning[];
  /** A warning if the certificate contains none of these addresses, those of From and Sender. */
  addressWarnings(addresses: readonly string[]): readonly Warning[];
  /**
   * The signed entity. A stream stays a stream, and gives the same octets each time it is read. ERR_SMIME if the entity
   * is not safe for 7-bit transport or the key fails; ERR_CERTIFICATE if the certificate has expired; ERR_ABORTED.
   */
  sign(entity: RenderedEntity, signal: AbortSignal): Promise<RenderedEntity>;
  /** Signs in memory. The result of `lead` precedes the body. */
  signBytes(entity: MemoryEntity, signal: AbortSignal, lead: Lead): Promise<Buffer>;
}

/** Prepares an identity. ERR_CERTIFICATE if it cannot sign mail: no key, expired, key usage, kind of key. */
export async function prepareSigner(loaded: LoadedCertificate, settings: SmimeSignSettings): Promise<EntitySigner> {
  const certificate = await parseCertificate(loaded.certificate);
  const problems = problemsOf(certificate, 'sign', new Date());
  refuseUnusable(problems);
  const scheme = signingScheme(certificate, settings);
  const signData = openPrivateKey(loaded, certificate, scheme);
  const pieces = await signedDataPieces(certificate, scheme);
  const template = signedDataTemplate(pieces, await embedded(loaded, settings.includeCertificate));
  const identity: Identity = { certificate, scheme, template, signData };
  const formOf = settings.format === 'opaque' ? opaqueForm : detachedForm;
  const check = usabilityCheck(certificate, 'sign');
  const start = (signal: AbortSignal, encoding: RenderedEntity['encoding'], hasAsciiFields: boolean): SignedForm => {
    if (signal.aborted) throw abortError(signal);
    check(new Date());
    return formOf(identity, encoding, hasAsciiFields);
  };
  return {
    warnings: [...warningsOf(problems), ...weakHash(scheme)],
    addressWarnings(addresses) {
      const mismatch = addressProblem(certificate, addresses, 'sign');
      if (mismatch === undefined) return [];
      return [{ code: 'WARN_CERTIFICATE_ADDRESS', message: mismatch.message.replace(/^The/, 'The signing') }];
    },
    async sign(entity, signal) {
      const form = start(signal, entity.encoding, isAscii(entity.fields));
      const { fields, encoding } = form;
      if (!isBytes(entity.body))
        return { fields, encoding, ...form.stream(headOf(entity), entity.body, entity.size, signal) };
      const body = await form.bytes([headOf(entity), entity.body], signal, noLead);
      return { fields, encoding, body, size: body.length };
    },
    signBytes: async ({ parts, encoding, hasAsciiFields }, signal, lead) =>
      start(signal, encoding, hasAsciiFields).bytes(parts, signal, lead),
  };
}

function weakHash({ digest }: SigningScheme): readonly Warning[] {
  if (digest !== 'sha1') return [];
  return [
    {
      code: 'WARN_WEAK_HASH',
      message: 'Messages are signed with SHA-1, which can be forged; use sha256 as soon as every receiver supports it.',
    },
  ];
}

/** The certificates to embed: none, the signer's, or the chain without its root, which a receiver must have anyway. */
async function embedded(
  loaded: LoadedCertificate,
  include: SmimeSignSettings['includeCertificate'],
): Promise<readonly Uint8Array[]> {
  if (include === false) return [];
  if (include !== 'chain') return [loaded.certificate];
  const chain = await Promise.all(loaded.chain.map(parseCertificate));
  const own = asBuffer(loaded.certificate);
  const issuers = chain.filter(({ der, issuer, subject }) => !asBuffer(issuer).equals(subject) && !own.equals(der));
  return [own, ...issuers.map(({ der }) => der)];
}
