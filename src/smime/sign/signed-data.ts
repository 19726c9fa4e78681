/**
 * SignedData (RFC 5652 section 5) as a template: everything that the messages of an identity share is made once.
 * @module
 */
import { element, header, octetString, sequence, setOf, tag, time } from '../../util/der.js';
import { Enclosure } from '../cms/enclosure.js';
import type { SignedDataPieces } from './signed-data-skeleton.js';

/** Writes the SignedData of the messages of one identity. */
export interface SignedDataTemplate {
  /** Content of the SET OF signed attributes (RFC 5652 section 5.3), in DER order. The signature is over the SET. */
  attributes(digest: Uint8Array, at: Date): Buffer;
  /** ContentInfo in DER around a content of `contentBytes` octets (undefined: detached). */
  wrap(
    contentBytes: number | undefined,
    attributes: Buffer,
    signature: Buffer,
  ): { readonly before: Buffer; readonly after: Buffer };
  /** The same with indefinite lengths: the content is written before its signature is known. */
  readonly streamed: {
    /** A content of known size is one primitive OCTET STRING, else it is a constructed one of pieces. */
    before(contentBytes: number | undefined): Buffer;
    after(contentBytes: number | undefined, attributes: Buffer, signature: Buffer): Buffer;
  };
}

const endOfContents = Buffer.alloc(2);

/** Opens an element of indefinite length. */
function indefinite(tagByte: number): Buffer {
  return Buffer.of(tagByte, 0x80);
}

/** Content of a SET OF in DER order, for a SET or an IMPLICIT tag in its place. */
function sorted(elements: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...elements].sort((a, b) => Buffer.compare(a, b)));
}

/** The template of an identity. `certificates` (DER) are embedded. */
export function signedDataTemplate(pieces: SignedDataPieces, certificates: readonly Uint8Array[]): SignedDataTemplate {
  const { contentInfoType, lead, contentType, signerLead, signatureAlgorithm } = pieces;
  const certificateField = certificates.length === 0 ? [] : [element(0xa0, sorted(certificates))];
  const tail = (attributes: Buffer, signature: Buffer): Buffer => {
    const signerInfo = sequence(signerLead, element(0xa0, attributes), signatureAlgorithm, octetString(signature));
    return Buffer.concat([...certificateField, setOf(signerInfo)]);
  };
  return {
    attributes: (digest, at) =>
      sorted([
        ...pieces.attributes,
        sequence(pieces.signingTimeType, element(tag.set, time(at))),
        sequence(pieces.messageDigestType, element(tag.set, octetString(digest))),
      ]),
    wrap(contentBytes, attributes, signature) {
      const after = tail(attributes, signature);
      const enclosure = new Enclosure(contentBytes ?? 0);
      if (contentBytes !== undefined) enclosure.wrap(tag.octetString, 0xa0);
      enclosure.prepend(contentType).wrap(tag.sequence).prepend(lead).append(after.length).wrap(tag.sequence, 0xa0);
      return { before: enclosure.prepend(contentInfoType).wrap(tag.sequence).before(), after };
    },
    streamed: {
      before: (contentBytes) =>
        Buffer.concat([
          ...[indefinite(tag.sequence), contentInfoType, indefinite(0xa0), indefinite(tag.sequence), lead],
          ...[indefinite(tag.sequence), contentType, indefinite(0xa0)],
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
