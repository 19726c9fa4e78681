/**
 * Describes a peer's certificate for people.
 * @module
 */
import { X509Certificate } from 'node:crypto';
import type { CertificateInfo } from '../../model/certificate.js';

/** The fields of a peer's certificate. */
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

/** The hosts in a certificate: DNS names and IP addresses. */
export function hostNamesOf(der: Uint8Array): readonly string[] {
  return namesOf(new X509Certificate(der))
    .filter(([type]) => type === 'DNS' || type === 'IP Address')
    .map(([, value]) => value);
}

/** Parses Node's text of subjectAltName: `DNS:a, IP Address:b`, with JSON strings for ambiguous values. */
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

/** Node puts each attribute on a line, the highest first; RFC 4514 has them on one line, the lowest first. */
function distinguishedName(lines: string | undefined): string {
  return (lines ?? '').split('\n').reverse().join(',');
}
