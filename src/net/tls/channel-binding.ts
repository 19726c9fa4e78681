/**
 * The channel binding of a TLS connection for SASL: tls-exporter (RFC 9266) or tls-server-end-point (RFC 5929).
 * @module
 */
import { createHash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { ChannelBinding } from '../../model/sasl.js';
import { children, contentOf, oidText, readElement, tag } from '../../util/der.js';
import type { DerElement } from '../../util/der.js';
import { hashByOid, keyOids, rsaSignatureOids, signatureByOid } from '../../util/oids.js';

/**
 * The channel binding of a TLS connection to the server with this certificate (DER). Undefined if the connection or the
 * runtime has none of this type; SCRAM then tells the server so (gs2 flag 'n').
 */
export function channelBinding(
  socket: TLSSocket,
  certificate: Uint8Array,
  type: ChannelBinding['type'],
): ChannelBinding | undefined {
  if (type === 'tls-exporter') {
    // RFC 9266 section 2. Under TLS 1.2 it is only safe with the extended master secret, and Node does not report
    // whether that was used.
    const data = socket.getProtocol() === 'TLSv1.3' ? exportedKey(socket) : undefined;
    return data && { type, data };
  }
  const hash = endPointHash(certificate);
  return hash === undefined ? undefined : { type, data: createHash(hash).update(certificate).digest() };
}

/** The key of tls-exporter; undefined on a runtime whose TLS sockets cannot export one (Deno). */
export function exportedKey(socket: TLSSocket): Buffer | undefined {
  const { exportKeyingMaterial } = socket as { readonly exportKeyingMaterial?: TLSSocket['exportKeyingMaterial'] };
  return exportKeyingMaterial?.call(socket, 32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
}

/** The hash of the signature algorithm, with SHA-256 instead of MD5 and SHA-1 (RFC 5929 section 4.1). */
function bindingHash(hash: string | undefined): string | undefined {
  return hash === 'md5' || hash === 'sha1' ? 'sha256' : hash;
}

/**
 * The hash for tls-server-end-point; undefined for a signature with no hash of its own (EdDSA), for which none is
 * defined.
 */
export function endPointHash(certificate: Uint8Array): string | undefined {
  try {
    const [, signatureAlgorithm] = [...children(certificate, readElement(certificate, 0))];
    if (signatureAlgorithm === undefined) return undefined;
    const [algorithm, parameters] = [...children(certificate, signatureAlgorithm)];
    const name = oidOf(certificate, algorithm);
    if (name === keyOids.rsaPss) return bindingHash(pssHash(certificate, parameters));
    return bindingHash(name === rsaSignatureOids.md5 ? 'md5' : signatureByOid.get(name)?.hash);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** hashAlgorithm [0], SHA-1 if absent (RFC 4055 section 3.1). */
function pssHash(certificate: Uint8Array, parameters: DerElement | undefined): string | undefined {
  if (parameters === undefined) return undefined;
  for (const field of children(certificate, parameters)) {
    if (field.tag !== 0xa0) continue;
    const [algorithm] = children(certificate, field);
    if (algorithm === undefined) return undefined;
    const [name] = children(certificate, algorithm);
    return hashByOid.get(oidOf(certificate, name));
  }
  return 'sha1';
}

function oidOf(bytes: Uint8Array, element: DerElement | undefined): string {
  return element?.tag === tag.oid ? oidText(contentOf(bytes, element)) : '';
}
