/**
 * The two forms of a signed entity (RFC 8551 section 3.5). An entity in memory is signed as a whole, a stream in one
 * pass with the signature after it.
 * @module
 */
import { abortError } from '../../errors/abort.js';
import { createBoundary } from '../../mime/identifier.js';
import type { RenderedEntity } from '../../model/entity.js';
import type { Certificate } from '../../pki/x509/certificate.js';
import { element, octetString, tag } from '../../util/der.js';
import { digestSizes } from '../cms/algorithms.js';
import { Base64Lines, base64Lines, base64LinesSize } from '../entity/base64-lines.js';
import type { SignData } from './private-key.js';
import { startDigest } from '../cms/signature.js';
import type { SigningScheme } from '../cms/signature.js';
import type { SignedDataTemplate } from './signed-data.js';
import { smimeError } from '../cms/smime-error.js';
import { chunksOf, contentError, sizeOfParts, streamOf } from '../entity/transfer.js';
import type { Lead } from '../entity/transfer.js';

/** A signer: certificate, algorithm, template and key. */
export interface Identity {
  readonly certificate: Certificate;
  readonly scheme: SigningScheme;
  readonly template: SignedDataTemplate;
  readonly signData: SignData;
}

/** A signature, and the digest that it covers. */
interface Signed {
  readonly digest: Buffer;
  readonly attributes: Buffer;
  readonly signature: Buffer;
}

/** An entity about to be signed. */
export interface SignedForm {
  readonly fields: string;
  readonly encoding: RenderedEntity['encoding'];
  /** The result of `lead`, then the body of the signed entity. `parts` is the entity to sign. */
  bytes(parts: readonly Uint8Array[], signal: AbortSignal, lead: Lead): Promise<Buffer>;
  /**
   * The body of the signed entity, and its size if it can be known. `head` is the header section of the entity to sign.
   */
  stream(
    head: Buffer,
    source: AsyncIterable<Uint8Array>,
    size: number | undefined,
    signal: AbortSignal,
  ): Pick<RenderedEntity, 'body' | 'size'>;
}

async function signDigest({ template, signData }: Identity, digest: Buffer, signal: AbortSignal): Promise<Signed> {
  const attributes = template.attributes(digest, new Date());
  const signature = await signData(element(tag.set, attributes), signal);
  if (signal.aborted) throw abortError(signal);
  return { digest, attributes, signature };
}

function digestOf(parts: readonly Uint8Array[], { digest }: SigningScheme): Buffer {
  const hash = startDigest(digest);
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** multipart/signed (section 3.5.3): the entity unchanged, and a signature that a reader without S/MIME may ignore. */
export function detachedForm(
  identity: Identity,
  encoding: RenderedEntity['encoding'],
  hasAsciiFields: boolean,
): SignedForm {
  if (encoding !== '7bit') {
    throw smimeError(
      'The message cannot be signed detached: ' +
        `it ${encoding === '8bit' ? 'has octets above ASCII' : 'has lines of more than 998 octets, CR or LF alone, or NUL'}, ` +
        'which servers may change in transit.',
      'Encode text as quoted-printable and other content as base64 before signing, or sign with format opaque.',
    );
  }
  const { scheme, template } = identity;
  const boundary = createBoundary();
  const name = scheme.digest.replace('sha', 'sha-');
  const fields =
    `Content-Type: multipart/signed; protocol="application/pkcs7-signature";\r\n micalg=${name};\r\n` +
    ` boundary="${boundary}"\r\n`;
  const open = Buffer.from(`--${boundary}\r\n`, 'latin1');
  const close = ({ attributes, signature }: Signed): Buffer => {
    const { before, after } = template.wrap(undefined, attributes, signature);
    const lines = base64Lines([before, after], Buffer.from(`\r\n--${boundary}\r\n${signatureFields}\r\n`, 'latin1'));
    return Buffer.concat([lines, Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1')]);
  };
  return {
    fields,
    encoding: hasAsciiFields ? '7bit' : '8bit', // protected header fields of an SMTPUTF8 message
    async bytes(parts, signal, lead) {
      const signed = await signDigest(identity, digestOf(parts, scheme), signal);
      return Buffer.concat([lead(fields), open, ...parts, close(signed)]);
    },
    stream(head, source, size, signal) {
      const once = new SignatureOnce(identity, signal);
      const closeBytes = signatureBytes(identity) === undefined ? undefined : close(placeholder(identity)).length;
      const body = streamOf(async function* () {
        const hash = startDigest(scheme.digest).update(head);
        yield Buffer.concat([open, head]);
        for await (const chunk of chunksOf(source, size, signal)) {
          hash.update(chunk);
          yield chunk;
        }
        yield close(await once.of(hash.digest()));
      });
      const isKnown = size !== undefined && closeBytes !== undefined;
      return { body, size: isKnown ? open.length + head.length + size + closeBytes : undefined };
    },
  };
}

/** Octets of every signature by this key; undefined for ECDSA, where they differ. */
function signatureBytes({ certificate: { key }, scheme }: Identity): number | undefined {
  if (scheme.kind === 'ecdsa') return undefined;
  return scheme.kind === 'ed25519' ? 64 : Math.ceil((key.bits ?? 0) / 8);
}

/** A dummy of the signature's length, to find the size of a stream before it is read. */
function placeholder(identity: Identity): Signed {
  const digest = Buffer.alloc(digestSizes[identity.scheme.digest]);
  return {
    digest,
    attributes: identity.template.attributes(digest, new Date()),
    signature: Buffer.alloc(signatureBytes(identity) ?? 0),
  };
}

const signatureFields =
  'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n' +
  'Content-Transfer-Encoding: base64\r\n' +
  'Content-Disposition: attachment; filename="smime.p7s"\r\n';

const opaqueFields =
  'Content-Type: application/pkcs7-mime; smime-type=signed-data;\r\n name="smime.p7m"\r\n' +
  'Content-Transfer-Encoding: base64\r\n' +
  'Content-Disposition: attachment; filename="smime.p7m"\r\n';

/** application/pkcs7-mime with the entity inside (section 3.5.2). */
export function opaqueForm(identity: Identity): SignedForm {
  const { scheme, template } = identity;
  return {
    fields: opaqueFields,
    encoding: '7bit',
    async bytes(parts, signal, lead) {
      const { attributes, signature } = await signDigest(identity, digestOf(parts, scheme), signal);
      const { before, after } = template.wrap(sizeOfParts(parts), attributes, signature);
      return base64Lines([before, ...parts, after], lead(opaqueFields));
    },
    stream(head, source, size, signal) {
      const total = size === undefined ? undefined : head.length + size;
      const once = new SignatureOnce(identity, signal);
      const cmsBytes =
        total === undefined || signatureBytes(identity) === undefined ? undefined : opaqueBytes(identity, total);
      const body = streamOf(async function* () {
        const hash = startDigest(scheme.digest).update(head);
        const lines = new Base64Lines();
        yield lines.update(template.streamed.before(total));
        yield lines.update(total === undefined ? octetString(head) : head);
        for await (const chunk of chunksOf(source, size, signal)) {
          hash.update(chunk);
          yield lines.update(total === undefined ? octetString(chunk) : chunk);
        }
        const { attributes, signature } = await once.of(hash.digest());
        yield lines.update(template.streamed.after(total, attributes, signature));
        yield lines.end();
      });
      return { body, size: cmsBytes === undefined ? undefined : base64LinesSize(cmsBytes) };
    },
  };
}

function opaqueBytes(identity: Identity, size: number): number {
  const { attributes, signature } = placeholder(identity);
  const { streamed } = identity.template;
  return streamed.before(size).length + size + streamed.after(size, attributes, signature).length;
}

/** Signs a stream once. DKIM and a second try read the stream again; it must then have the same octets. */
class SignatureOnce {
  readonly #identity: Identity;
  readonly #signal: AbortSignal;
  #signed: Promise<Signed> | undefined;

  constructor(identity: Identity, signal: AbortSignal) {
    this.#identity = identity;
    this.#signal = signal;
  }

  /** The signature over this digest. ERR_CONTENT if an earlier pass had another digest. */
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
