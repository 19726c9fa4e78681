import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { ChannelBinding } from '../model/sasl.js';
import { children, contentOf, type DerElement, oidText, readElement, tag } from '../util/der.js';

/** The channel binding of a TLS connection with the server of that certificate (DER); undefined where it has none of this type. */
export function channelBinding(
  socket: TLSSocket,
  certificate: Uint8Array,
  type: ChannelBinding['type'],
): ChannelBinding | undefined {
  if (type === 'tls-exporter') {
    // RFC 9266 section 2; under TLS 1.2 it is no good without extended master secret, of which Node tells nothing.
    if (socket.getProtocol() !== 'TLSv1.3') return undefined;
    return { type, data: socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)) };
  }
  const hash = endPointHash(certificate);
  return hash === undefined ? undefined : { type, data: createHash(hash).update(certificate).digest() };
}

/** Hash of each signature algorithm; RFC 5929 section 4.1 has SHA-256 in place of MD5 and SHA-1. */
const signatureHashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.4': 'sha256',
  '1.2.840.113549.1.1.5': 'sha256',
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.113549.1.1.14': 'sha224',
  '1.2.840.10040.4.3': 'sha256',
  '2.16.840.1.101.3.4.3.2': 'sha256',
  '1.2.840.10045.4.1': 'sha256',
  '1.2.840.10045.4.3.1': 'sha224',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
};
const pss = '1.2.840.113549.1.1.10';
const pssHashes: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha256',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
  '2.16.840.1.101.3.4.2.4': 'sha224',
};

/** The hash for tls-server-end-point; undefined for a signature with no hash of its own (EdDSA), for which none is defined. */
export function endPointHash(certificate: Uint8Array): string | undefined {
  try {
    const [, signatureAlgorithm] = [...children(certificate, readElement(certificate, 0))];
    if (signatureAlgorithm === undefined) return undefined;
    const [algorithm, parameters] = [...children(certificate, signatureAlgorithm)];
    const name = oidOf(certificate, algorithm);
    return name === pss ? pssHash(certificate, parameters) : signatureHashes[name];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** RFC 4055 section 3.1: hashAlgorithm [0], SHA-1 where it is absent. */
function pssHash(certificate: Uint8Array, parameters: DerElement | undefined): string | undefined {
  if (parameters === undefined) return undefined;
  for (const field of children(certificate, parameters)) {
    if (field.tag !== 0xa0) continue;
    const [algorithm] = children(certificate, field);
    if (algorithm === undefined) return undefined;
    const [name] = children(certificate, algorithm);
    return pssHashes[oidOf(certificate, name)];
  }
  return 'sha256';
}

function oidOf(bytes: Uint8Array, element: DerElement | undefined): string {
  return element?.tag === tag.oid ? oidText(contentOf(bytes, element)) : '';
}
