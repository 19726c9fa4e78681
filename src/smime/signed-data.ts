/**
 * SignedData (RFC 5652 section 5) as a template: all that is the same in every message of an identity is made once.
 */
import { createHash } from 'node:crypto';
import type { Certificate } from '../pki/certificate.js';
import { context, element, header, integer, octetString, oid, sequence, setOf, tag, time } from '../util/der.js';
import { contentCiphers, oids } from './algorithms.js';
import { issuerAndSerial } from './certificate-id.js';
import { Enclosure } from './enclosure.js';
import { digestIdentifier } from './signature.js';
import type { SigningScheme } from './signature.js';

/** What is the same in every message. */
export interface SignedDataTemplate {
  /** Contents of the SET OF signed attributes (RFC 5652 section 5.3), in DER order. What is signed is a SET of them. */
  attributes(digest: Uint8Array, at: Date): Buffer;
  /** ContentInfo in DER around a content of `contentBytes` octets (undefined: detached). */
  wrap(contentBytes: number | undefined, attributes: Buffer, signature: Buffer): { readonly before: Buffer; readonly after: Buffer };
  /** The same with indefinite lengths: the content is written before its signature is known. */
  readonly streamed: {
    /** A content of known size is one primitive OCTET STRING, else it is a constructed one of pieces. */
    before(contentBytes: number | undefined): Buffer;
    after(contentBytes: number | undefined, attributes: Buffer, signature: Buffer): Buffer;
  };
}

/** The capabilities that are announced, best first (RFC 8551 section 2.5.2): what everybody can decrypt comes before GCM. */
const announced = ['aes-256-cbc', 'aes-192-cbc', 'aes-128-cbc', 'aes-256-gcm', 'aes-128-gcm'] as const;

const endOfContents = Buffer.alloc(2);

/** Opens an element of indefinite length. */
function indefinite(tagByte: number): Buffer {
  return Buffer.of(tagByte, 0x80);
}

/** Contents of a SET OF in DER order, for a SET or the IMPLICIT tag that stands for one. */
function sorted(elements: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...elements].sort((a, b) => Buffer.compare(a, b)));
}

/** An attribute with one value. */
function attribute(type: string, value: Uint8Array): Buffer {
  return sequence(oid(type), setOf(value));
}

/** SigningCertificateV2 (RFC 5035): binds the signature to this very certificate. */
function signingCertificate({ der, issuer, serialNumber }: Certificate): Buffer {
  const hash = octetString(createHash('sha256').update(der).digest());
  const issuerSerial = sequence(sequence(context(4, issuer)), element(tag.integer, serialNumber));
  return sequence(sequence(sequence(hash, issuerSerial)));
}

/** The template of an identity. `certificates` (DER) are embedded. */
export function signedDataTemplate(certificate: Certificate, certificates: readonly Uint8Array[], scheme: SigningScheme): SignedDataTemplate {
  const dataOid = oid(oids.data);
  const digestAlgorithm = digestIdentifier(scheme.digest);
  const fixedAttributes = [
    attribute(oids.contentType, dataOid),
    attribute(oids.smimeCapabilities, sequence(...announced.map((name) => sequence(oid(contentCiphers[name].oid))))),
    attribute(oids.signingCertificateV2, signingCertificate(certificate)),
  ];
  const digestOid = oid(oids.messageDigest);
  const timeOid = oid(oids.signingTime);
  const contentInfoOid = oid(oids.signedData);
  const lead = Buffer.concat([integer(1), setOf(digestAlgorithm)]);
  const signerLead = Buffer.concat([integer(1), issuerAndSerial(certificate), digestAlgorithm]);
  const certificateField = certificates.length === 0 ? [] : [element(0xa0, sorted(certificates))];
  const tail = (attributes: Buffer, signature: Buffer): Buffer => {
    const signerInfo = sequence(signerLead, element(0xa0, attributes), scheme.identifier, octetString(signature));
    return Buffer.concat([...certificateField, setOf(signerInfo)]);
  };
  return {
    attributes: (digest, at) =>
      sorted([
        ...fixedAttributes,
        sequence(timeOid, element(tag.set, time(at))),
        sequence(digestOid, element(tag.set, octetString(digest))),
      ]),
    wrap(contentBytes, attributes, signature) {
      const after = tail(attributes, signature);
      const enclosure = new Enclosure(contentBytes ?? 0);
      if (contentBytes !== undefined) enclosure.wrap(tag.octetString, 0xa0);
      enclosure.prepend(dataOid).wrap(tag.sequence).prepend(lead).append(after.length).wrap(tag.sequence, 0xa0);
      return { before: enclosure.prepend(contentInfoOid).wrap(tag.sequence).before(), after };
    },
    streamed: {
      before: (contentBytes) =>
        Buffer.concat([
          ...[indefinite(tag.sequence), contentInfoOid, indefinite(0xa0), indefinite(tag.sequence), lead],
          ...[indefinite(tag.sequence), dataOid, indefinite(0xa0)],
          contentBytes === undefined ? indefinite(tag.octetString | 0x20) : header(tag.octetString, contentBytes),
        ]),
      after: (contentBytes, attributes, signature) =>
        Buffer.concat([
          ...(contentBytes === undefined ? [endOfContents] : []),
          ...[endOfContents, endOfContents, tail(attributes, signature), endOfContents, endOfContents, endOfContents],
        ]),
    },
  };
}
