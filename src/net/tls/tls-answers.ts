/**
 * The protocol that a server spoke, as far as a failed handshake shows it.
 * @module
 */
import type { EmailError } from '../../model/error.js';
import { errorCode } from '../../util/error-code.js';

/** Codes of a connection that ended during the handshake. */
export const networkCodes = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT']);
/** OpenSSL's codes for bytes that are not TLS. */
export const plainTextCodes = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_RECORD_LAYER_FAILURE',
  'ERR_SSL_HTTP_REQUEST',
]);

/** Did a handshake fail because the peer speaks plain text? */
export function answeredInPlainText(error: EmailError): boolean {
  return error.code === 'ERR_TLS' && plainTextCodes.has(errorCode(error.cause));
}

/** Did a handshake fail because the connection ended, without any TLS from the peer? */
export function endedByNetwork({ code, cause }: EmailError): boolean {
  return code === 'ERR_TLS' && networkCodes.has(errorCode(cause));
}

/** Did it fail although the peer speaks TLS? Either its certificate was refused, or it sent an alert. */
export function answeredInTls({ code, cause }: EmailError): boolean {
  return code === 'ERR_TLS' && (cause === undefined || /_ALERT_|UNSUPPORTED_PROTOCOL/.test(errorCode(cause)));
}
