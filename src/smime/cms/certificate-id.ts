/**
 * The name of a certificate in CMS: issuer and serial number when writing, these or the subject key identifier when
 * reading.
 * @module
 */
import type { Certificate } from '../../pki/x509/certificate.js';
import { element, sequence, tag } from '../../util/der.js';
import { berContent, BerFields, berOctets, berWhole } from '../../util/ber.js';
import type { BerElement } from '../../util/ber.js';

/** IssuerAndSerialNumber (RFC 5652 section 10.2.4), with the same octets as in the certificate. */
export function issuerAndSerial({ issuer, serialNumber }: Pick<Certificate, 'issuer' | 'serialNumber'>): Buffer {
  return sequence(issuer, element(tag.integer, serialNumber));
}

/** The certificate that a SignerInfo or RecipientInfo names. */
export type CertificateId =
  { readonly issuer: Buffer; readonly serialNumber: Buffer } | { readonly keyIdentifier: Buffer };

/** Reads a SignerIdentifier or RecipientIdentifier: IssuerAndSerialNumber or [0] SubjectKeyIdentifier. */
export function readCertificateId(field: BerElement): CertificateId {
  if (field.tag !== tag.sequence) return { keyIdentifier: berOctets(field) };
  const fields = new BerFields(field);
  const issuer = berWhole(fields.required(tag.sequence));
  return { issuer, serialNumber: berContent(fields.required(tag.integer)) };
}

/** Is the certificate named by its subject key identifier? */
export function isKeyIdentifier(id: CertificateId): id is Extract<CertificateId, { readonly keyIdentifier: unknown }> {
  return Object.hasOwn(id, 'keyIdentifier');
}

/** Does the name mean this certificate? */
export function isMeant(id: CertificateId, certificate: Certificate): boolean {
  if (isKeyIdentifier(id)) {
    const own = certificate.subjectKeyIdentifier;
    return own !== undefined && id.keyIdentifier.equals(own);
  }
  return id.serialNumber.equals(certificate.serialNumber) && id.issuer.equals(certificate.issuer);
}
