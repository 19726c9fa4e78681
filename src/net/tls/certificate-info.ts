/**
 * What people are shown of a certificate that a peer showed.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto';
import type { CertificateInfo } from '../../model/certificate.js';

/** The fields of a certificate that a peer showed. */
export function describeCertificate(der: Uint8Array): CertificateInfo {
  const certificate = new X509Certificate(der);
  const names = namesOf(certificate);
  return {
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    emails: names.filter(([type]) => type === 'email').map(([, value]) => value),
    serialNumber: certificate.serialNumber,
    fingerprint: certificate.fingerprint256,
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
    hasPrivateKey: false,
  };
}

/** The hosts that a certificate is for: DNS names and IP addresses. */
export function hostNamesOf(der: Uint8Array): readonly string[] {
  return namesOf(new X509Certificate(der))
    .filter(([type]) => type === 'DNS' || type === 'IP Address')
    .map(([, value]) => value);
}

/** Node's text of subjectAltName: `DNS:a, IP Address:b`, with JSON strings where a value could be mistaken. */
function namesOf(certificate: X509Certificate): readonly (readonly [string, string])[] {
  const names: [string, string][] = [];
  for (const match of (certificate.subjectAltName ?? '').matchAll(
    /(?:^|, )(DNS|IP Address|email):("(?:[^"\\]|\\.)*"|[^,]*)/g,
  )) {
    const [, kind = '', value = ''] = match;
    names.push([kind, value.startsWith('"') ? String(JSON.parse(value)) : value]);
  }
  return names;
}

/** Node's text has an attribute a line, the highest first; RFC 4514 has them in one line, the lowest first. */
function distinguishedName(lines: string | undefined): string {
  return (lines ?? '').split('\n').reverse().join(',');
}
