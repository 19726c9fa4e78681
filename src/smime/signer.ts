/**
 * Signs entities (RFC 8551 sections 3.4 and 3.5). What is in memory is signed whole; a stream in one pass, the signature behind it.
 */
import { randomBytes } from 'node:crypto';
import { abortError } from '../errors/abort.js';
import type { LoadedCertificate } from '../model/certificate.js';
import type { RenderedEntity } from '../model/entity.js';
import type { Warning } from '../model/reply.js';
import type { SmimeSignSettings } from '../model/smime.js';
import { parseCertificate } from '../pki/certificate.js';
import type { Certificate } from '../pki/certificate.js';
import { asBuffer, isAscii } from '../util/bytes.js';
import { element, octetString, tag } from '../util/der.js';
import { digestSizes } from './algorithms.js';
import { Base64Lines, base64Lines, base64LinesSize } from './base64-lines.js';
import { openPrivateKey } from './private-key.js';
import type { SignData } from './private-key.js';
import { signingScheme, startDigest } from './signature.js';
import type { SigningScheme } from './signature.js';
import { signedDataTemplate } from './signed-data.js';
import type { SignedDataTemplate } from './signed-data.js';
import { smimeError } from './smime-error.js';
import { chunksOf, contentError, headOf, sizeOf, streamOf } from './transfer.js';
import { problemsOf, refuseUnusable, warningsOf } from './usability.js';

/** Signs one entity after the other with one identity. */
export interface EntitySigner {
  /** What works but should not stay so: SHA-1, a weak key, a certificate about to expire. */
  readonly warnings: readonly Warning[];
  /**
   * The signed entity. A stream stays a stream, and gives the same octets each time it is read. ERR_SMIME where the entity is not
   * safe for 7-bit transport or the key fails; ERR_CERTIFICATE where the certificate has expired; ERR_ABORTED.
   */
  sign(entity: RenderedEntity, signal: AbortSignal): Promise<RenderedEntity>;
}

/** What the signing of every entity needs. */
interface Identity {
  readonly certificate: Certificate;
  readonly scheme: SigningScheme;
  readonly template: SignedDataTemplate;
  readonly signData: SignData;
}

/** A signature, and the digest it is about. */
interface Signed {
  readonly digest: Buffer;
  readonly attributes: Buffer;
  readonly signature: Buffer;
}

/** Reads the identity once. ERR_CERTIFICATE where it cannot sign mail: no key, expired, key usage, kind of key. */
export async function prepareSigner(loaded: LoadedCertificate, settings: SmimeSignSettings): Promise<EntitySigner> {
  const certificate = await parseCertificate(loaded.certificate);
  const problems = problemsOf(certificate, 'sign', new Date());
  refuseUnusable(problems);
  const scheme = signingScheme(certificate, settings);
  const identity: Identity = {
    certificate,
    scheme,
    template: signedDataTemplate(certificate, await embedded(loaded, settings.includeCertificate), scheme),
    signData: openPrivateKey(loaded, certificate, scheme),
  };
  const signEntity = settings.format === 'opaque' ? signOpaque : signDetached;
  return {
    warnings: [...warningsOf(problems), ...weakHash(scheme)],
    async sign(entity, signal) {
      if (signal.aborted) throw abortError(signal);
      refuseUnusable(problemsOf(certificate, 'sign', new Date()));
      return signEntity(identity, entity, signal);
    },
  };
}

function weakHash({ digest }: SigningScheme): readonly Warning[] {
  if (digest !== 'sha1') return [];
  return [{ code: 'SMIME_WEAK_HASH', message: 'Messages are signed with SHA-1, which can be forged; use sha256 as soon as every receiver can.' }];
}

/** The certificates that go along: none, the signer's, or the chain without its root, which a receiver must have anyway. */
async function embedded(loaded: LoadedCertificate, include: SmimeSignSettings['includeCertificate']): Promise<readonly Uint8Array[]> {
  if (include === false) return [];
  if (include !== 'chain') return [loaded.certificate];
  const chain = await Promise.all(loaded.chain.map(parseCertificate));
  const own = asBuffer(loaded.certificate);
  const issuers = chain.filter(({ der, issuer, subject }) => !asBuffer(issuer).equals(subject) && !own.equals(der));
  return [own, ...issuers.map(({ der }) => der)];
}

async function signDigest({ template, signData }: Identity, digest: Buffer, signal: AbortSignal): Promise<Signed> {
  const attributes = template.attributes(digest, new Date());
  const signature = await signData(element(tag.set, attributes), signal);
  if (signal.aborted) throw abortError(signal);
  return { digest, attributes, signature };
}

/** multipart/signed (RFC 8551 section 3.5.3): the entity as it is, and a signature that a reader without S/MIME may ignore. */
async function signDetached(identity: Identity, entity: RenderedEntity, signal: AbortSignal): Promise<RenderedEntity> {
  if (entity.encoding !== '7bit') {
    throw smimeError(
      `A part of the message is ${entity.encoding}: a detached signature over it would break on its way.`,
      'Encode text as quoted-printable and other content as base64 before signing, or sign with format opaque.',
    );
  }
  const { scheme } = identity;
  const boundary = `----=_smime_${randomBytes(18).toString('hex')}`;
  const name = scheme.digest.replace('sha', 'sha-');
  const fields =
    `Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n micalg=${name};\r\n boundary="${boundary}"\r\n`;
  const open = Buffer.from(`--${boundary}\r\n`, 'latin1');
  const head = headOf(entity);
  const encoding = isAscii(entity.fields) ? '7bit' : '8bit'; // protected header fields of an SMTPUTF8 message
  const close = (signed: Signed): Buffer => {
    const { before, after } = identity.template.wrap(undefined, signed.attributes, signed.signature);
    return Buffer.concat([
      Buffer.from(`\r\n--${boundary}\r\n${signatureFields}\r\n`, 'latin1'),
      base64Lines([before, after]),
      Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1'),
    ]);
  };
  if (entity.body instanceof Uint8Array) {
    const digest = startDigest(scheme.digest).update(head).update(entity.body).digest();
    const body = Buffer.concat([open, head, entity.body, close(await signDigest(identity, digest, signal))]);
    return { fields, body, size: body.length, encoding };
  }
  const once = new SignatureOnce(identity, signal);
  const { body: source, size } = entity;
  const closeBytes = signatureBytes(identity) === undefined ? undefined : close(placeholder(identity)).length;
  const total = size === undefined || closeBytes === undefined ? undefined : open.length + head.length + size + closeBytes;
  const body = streamOf(async function* () {
    const hash = startDigest(scheme.digest).update(head);
    yield Buffer.concat([open, head]);
    for await (const chunk of chunksOf(source, size, signal)) {
      hash.update(chunk);
      yield chunk;
    }
    yield close(await once.of(hash.digest()));
  });
  return { fields, body, size: total, encoding };
}

/** Octets of every signature by this key; undefined for ECDSA, where they differ. */
function signatureBytes({ certificate: { key }, scheme }: Identity): number | undefined {
  if (scheme.kind === 'ecdsa') return undefined;
  return scheme.kind === 'ed25519' ? 64 : Math.ceil((key.bits ?? 0) / 8);
}

/** As long as the signature will be, so that the size of a stream is known before it is read. */
function placeholder(identity: Identity): Signed {
  const digest = Buffer.alloc(digestSizes[identity.scheme.digest]);
  return { digest, attributes: identity.template.attributes(digest, new Date()), signature: Buffer.alloc(signatureBytes(identity) ?? 0) };
}

const signatureFields =
  'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n' +
  'Content-Transfer-Encoding: base64\r\n' +
  'Content-Disposition: attachment; filename="smime.p7s"\r\n';

const opaqueFields =
  'Content-Type: application/pkcs7-mime; smime-type=signed-data;\r\n name="smime.p7m"\r\n' +
  'Content-Transfer-Encoding: base64\r\n' +
  'Content-Disposition: attachment; filename="smime.p7m"\r\n';

/** application/pkcs7-mime with the entity inside (RFC 8551 section 3.5.2). */
async function signOpaque(identity: Identity, entity: RenderedEntity, signal: AbortSignal): Promise<RenderedEntity> {
  const { scheme, template } = identity;
  const head = headOf(entity);
  const size = sizeOf(entity);
  if (entity.body instanceof Uint8Array) {
    const digest = startDigest(scheme.digest).update(head).update(entity.body).digest();
    const { attributes, signature } = await signDigest(identity, digest, signal);
    const { before, after } = template.wrap(size, attributes, signature);
    const body = base64Lines([before, head, entity.body, after]);
    return { fields: opaqueFields, body, size: body.length, encoding: '7bit' };
  }
  const once = new SignatureOnce(identity, signal);
  const { body: source, size: bodySize } = entity;
  const cmsBytes = size === undefined || signatureBytes(identity) === undefined ? undefined : opaqueBytes(identity, size);
  const body = streamOf(async function* () {
    const hash = startDigest(scheme.digest).update(head);
    const lines = new Base64Lines();
    yield lines.update(template.streamed.before(size));
    yield lines.update(size === undefined ? octetString(head) : head);
    for await (const chunk of chunksOf(source, bodySize, signal)) {
      hash.update(chunk);
      yield lines.update(size === undefined ? octetString(chunk) : chunk);
    }
    const { attributes, signature } = await once.of(hash.digest());
    yield lines.update(template.streamed.after(size, attributes, signature));
    yield lines.end();
  });
  return { fields: opaqueFields, body, size: cmsBytes === undefined ? undefined : base64LinesSize(cmsBytes), encoding: '7bit' };
}

function opaqueBytes(identity: Identity, size: number): number {
  const { attributes, signature } = placeholder(identity);
  const { streamed } = identity.template;
  return streamed.before(size).length + size + streamed.after(size, attributes, signature).length;
}

/** A stream is read a second time where DKIM comes first or a send is tried again; it must then be the same to the last octet. */
class SignatureOnce {
  readonly #identity: Identity;
  readonly #signal: AbortSignal;
  #signed: Promise<Signed> | undefined;

  constructor(identity: Identity, signal: AbortSignal) {
    this.#identity = identity;
    this.#signal = signal;
  }

  /** The signature over this digest; ERR_CONTENT where an earlier pass had another. */
  async of(digest: Buffer): Promise<Signed> {
    this.#signed ??= signDigest(this.#identity, digest, this.#signal).catch((error: unknown) => {
      this.#signed = undefined; // a device that failed once may work at the next pass
      throw error;
    });
    const signed = await this.#signed;
    if (!signed.digest.equals(digest)) throw contentError('changed between two passes');
    return signed;
  }
}
