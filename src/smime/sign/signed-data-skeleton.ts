/**
 * Encodes a SignedData once per identity with PKI.js (which takes milliseconds) and cuts out the parts common to all
 * its messages. The DER writer of this library adds digest, time and signature of each message.
 * @module
 */
import { createHash } from 'node:crypto';
import { createEmailError, reasonOf } from '../../errors/email-error.js';
import { decode, loadPkijs } from '../../pki/library.js';
import type { Libraries } from '../../pki/library.js';
import type { Certificate } from '../../pki/x509/certificate.js';
import { children, context, element, octetString, readElement, sequence, setOf, tag, wholeOf } from '../../util/der.js';
import { cmsOids, hashOids } from '../../util/oids.js';
import { showText } from '../../util/show.js';
import { contentCiphers } from '../cms/algorithms.js';
import { issuerAndSerial } from '../cms/certificate-id.js';
import type { SigningScheme } from '../cms/signature.js';

/** DER elements that are the same in every message. */
export interface SignedDataPieces {
  /** The content type of the ContentInfo. */
  readonly contentInfoType: Buffer;
  /** Version and digest algorithms of the SignedData. */
  readonly lead: Buffer;
  /** The type of the signed content. */
  readonly contentType: Buffer;
  /** Version, signer and digest algorithm of the SignerInfo. */
  readonly signerLead: Buffer;
  readonly signatureAlgorithm: Buffer;
  /** contentType, SMIMECapabilities and signingCertificateV2. */
  readonly attributes: readonly Buffer[];
  /** The types of the attributes that differ in each message. */
  readonly messageDigestType: Buffer;
  readonly signingTimeType: Buffer;
}

/**
 * The capabilities that are announced, preferred first (RFC 8551 section 2.5.2): CBC, which every program decrypts,
 * before GCM.
 */
const announced = ['aes-256-cbc', 'aes-192-cbc', 'aes-128-cbc', 'aes-256-gcm', 'aes-128-gcm'] as const;

/** Makes the pieces of an identity. ERR_CERTIFICATE if PKI.js cannot read the certificate. */
export async function signedDataPieces(certificate: Certificate, scheme: SigningScheme): Promise<SignedDataPieces> {
  const libraries = await loadPkijs();
  try {
    return cut(encodeSkeleton(libraries, certificate, scheme), certificate);
  } catch (error) {
    throw createEmailError(
      'ERR_CERTIFICATE',
      `The signing certificate of ${showText(certificate.info.subject)} cannot be used: ${reasonOf(error)}.`,
      {
        remedy: 'Ask its issuer for a certificate that is well-formed DER.',
        cause: error,
      },
    );
  }
}

/** A ContentInfo with an empty message digest, an empty signature and no time. These are not among the pieces. */
function encodeSkeleton({ pkijs, asn1js }: Libraries, certificate: Certificate, scheme: SigningScheme): Buffer {
  const signer = new pkijs.Certificate({ schema: decode(asn1js, certificate.der) });
  const digestAlgorithm = new pkijs.AlgorithmIdentifier({ algorithmId: hashOids[scheme.digest] });
  const oidOf = (value: string): InstanceType<Libraries['asn1js']['ObjectIdentifier']> =>
    new asn1js.ObjectIdentifier({ value });
  const capabilities = announced.map((name) => new asn1js.Sequence({ value: [oidOf(contentCiphers[name].oid)] }));
  const attributes = [
    new pkijs.Attribute({ type: cmsOids.contentType, values: [oidOf(cmsOids.data)] }),
    new pkijs.Attribute({ type: cmsOids.smimeCapabilities, values: [new asn1js.Sequence({ value: capabilities })] }),
    new pkijs.Attribute({
      type: cmsOids.signingCertificateV2,
      values: [decode(asn1js, signingCertificate(certificate))],
    }),
    new pkijs.Attribute({ type: cmsOids.messageDigest, values: [new asn1js.OctetString()] }),
    new pkijs.Attribute({ type: cmsOids.signingTime, values: [] }),
  ];
  const signerInfo = new pkijs.SignerInfo({
    version: 1,
    sid: new pkijs.IssuerAndSerialNumber({ issuer: signer.issuer, serialNumber: signer.serialNumber }),
    digestAlgorithm,
    signedAttrs: new pkijs.SignedAndUnsignedAttributes({ type: 0, attributes }),
    signatureAlgorithm: new pkijs.AlgorithmIdentifier({ schema: decode(asn1js, scheme.identifier) }),
    signature: new asn1js.OctetString(),
  });
  const signedData = new pkijs.SignedData({
    version: 1,
    digestAlgorithms: [digestAlgorithm],
    encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: cmsOids.data }),
    signerInfos: [signerInfo],
  });
  const info = new pkijs.ContentInfo({ contentType: cmsOids.signedData, content: signedData.toSchema(true) });
  return Buffer.from(info.toSchema().toBER());
}

/** SigningCertificateV2 (RFC 5035): binds the signature to this very certificate. */
function signingCertificate({ der, issuer, serialNumber }: Certificate): Buffer {
  const hash = octetString(createHash('sha256').update(der).digest());
  const issuerSerial = sequence(sequence(context(4, issuer)), element(tag.integer, serialNumber));
  return sequence(sequence(sequence(hash, issuerSerial)));
}

/**
 * Cuts the skeleton. Issuer and serial number are copied from the certificate, because receivers compare octets. PKI.js
 * encodes them again, and its encoding may differ if the certificate is not strict DER.
 */
function cut(skeleton: Buffer, certificate: Certificate): SignedDataPieces {
  const [contentInfoType, explicit] = partsOf(skeleton);
  const [version, digestAlgorithms, encapsulated, signerInfos] = partsOf(partsOf(explicit)[0]);
  const [contentType] = partsOf(encapsulated);
  const [signerVersion, , digestAlgorithm, signedAttributes, signatureAlgorithm] = partsOf(partsOf(signerInfos)[0]);
  const [typeAttribute, capabilities, signing, messageDigest, signingTime] = partsOf(signedAttributes);
  const typeOf = (attribute: Buffer | undefined): Buffer => present(partsOf(attribute)[0]);
  return {
    contentInfoType: present(contentInfoType),
    lead: Buffer.concat([present(version), present(digestAlgorithms)]),
    contentType: present(contentType),
    signerLead: Buffer.concat([present(signerVersion), issuerAndSerial(certificate), present(digestAlgorithm)]),
    signatureAlgorithm: present(signatureAlgorithm),
    attributes: [
      present(typeAttribute),
      present(capabilities),
      sequence(typeOf(signing), setOf(signingCertificate(certificate))),
    ],
    messageDigestType: typeOf(messageDigest),
    signingTimeType: typeOf(signingTime),
  };
}

function partsOf(der: Buffer | undefined): readonly Buffer[] {
  const bytes = present(der);
  return [...children(bytes, readElement(bytes, 0))].map((part) => wholeOf(bytes, part));
}

function present(der: Buffer | undefined): Buffer {
  if (der === undefined) throw new RangeError('PKI.js left out a part of the signature');
  return der;
}
