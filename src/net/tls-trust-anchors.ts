/**
 * Reads the trust anchors of TLS: `ca` and `useSystemCa`.
 * @module
 */
import { X509Certificate } from 'node:crypto';
import * as tls from 'node:tls';
import { createEmailError, profileInvalid, reasonOf } from '../errors/email-error.js';
import type { CertificateData } from '../model/certificate.js';
import type { EmailError } from '../model/error.js';
import type { TlsSettings } from '../model/settings/server.js';
import { readFile } from '../system/read-file.js';
import { isBytes } from '../util/bytes.js';
import { withLineEnds } from '../util/line-ends.js';
import { showText } from '../util/show.js';
import { hasOwn } from '../util/own.js';

/**
 * The certificates that `ca` and `useSystemCa` trust, as PEM. Undefined if neither is set: Node's own list is used
 * then.
 */
export async function trustAnchors({ ca, useSystemCa }: TlsSettings, field: string): Promise<string[] | undefined> {
  const read = (data: CertificateData): Promise<string[]> => readCertificates(data, `${field}.ca`);
  const own = ca === undefined ? undefined : (await Promise.all((isList(ca) ? ca : [ca]).map(read))).flat();
  if (useSystemCa !== true) return own;
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default' | 'system') => string[] };
  if (getCACertificates === undefined)
    throw profileInvalid(
      `${field}.useSystemCa`,
      'needs Node 22.15 or later; this one cannot read the trust anchors of the system',
    );
  return [...(own ?? getCACertificates('default')), ...getCACertificates('system')];
}

function isList(ca: CertificateData | readonly CertificateData[]): ca is readonly CertificateData[] {
  return Array.isArray(ca);
}

/** The same limit as for all certificate files. */
const maxFileBytes = 16 << 20;

const pemCertificate =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]*-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/** Reads certificates of any form and returns them as PEM. */
async function readCertificates(data: CertificateData, place: string): Promise<string[]> {
  if (typeof data === 'string') return readPem(data, place);
  if (isBytes(data)) return readBytes(data, place);
  if (hasOwn(data, 'base64')) return readBytes(Buffer.from(data.base64, 'base64'), place);
  const file = `the file ${showText(data.file, 300)} of ${place}`;
  const bytes = await readFile(data.file, maxFileBytes);
  if (isBytes(bytes)) return readBytes(bytes, file);
  throw unreadable(file, bytes.reason, bytes.cause, 'Name a file with certificates that this process may read.');
}

function readBytes(bytes: Uint8Array, place: string): string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text.includes('-----BEGIN') ? readPem(text, place) : [toPem(bytes, place)];
}

function readPem(text: string, place: string): string[] {
  const found = withLineEnds(text).match(pemCertificate) ?? [];
  if (found.length === 0) throw unreadable(place, 'it contains no PEM certificate');
  return found.map((pem) => toPem(pem, place));
}

function toPem(certificate: string | Uint8Array, place: string): string {
  try {
    return new X509Certificate(certificate).toString();
  } catch (cause) {
    const reason = reasonOf(cause);
    // OpenSSL's words for octets that are neither.
    throw unreadable(
      place,
      /no start line|NOT_ENOUGH_DATA|asn1/i.test(reason) ? 'it contains no certificate' : reason,
      cause,
    );
  }
}

function unreadable(
  place: string,
  reason: string,
  cause?: unknown,
  remedy = 'Give certificates as PEM text, as DER, or a file of either.',
): EmailError {
  return createEmailError('ERR_CERTIFICATE', `The trust anchors cannot be read from ${place}: ${reason}`, {
    phase: 'tls',
    cause,
    remedy,
  });
}
