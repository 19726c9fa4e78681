/**
 * Message-IDs, Content-IDs and boundaries. Each has 122 random bits from randomUUID, which draws from a pool that Node
 * fills and takes well under 1 µs.
 * @module
 */
import { messageInvalid } from '../errors/email-error.js';
import { nodeCrypto } from '../util/crypto/node-crypto.js';

/** A new msg-id with its brackets. `domain` is an ASCII domain or an address literal. */
export function createMessageId(domain: string): string {
  return `<${nodeCrypto().randomUUID()}@${domain}>`;
}

/** A new boundary. `=_` can occur neither in quoted-printable nor in base64 (RFC 2045 section 6.7). */
export function createBoundary(): string {
  return `=_${nodeCrypto().randomUUID()}`;
}

/** Adds the brackets to a msg-id or Content-ID if they are missing, and checks it (RFC 5322 section 3.6.4). */
export function checkedId(text: string, path: string): string {
  const id = typeof text === 'string' && text.startsWith('<') && text.endsWith('>') ? text.slice(1, -1) : text;
  if (typeof id !== 'string' || !/^[!-;=?-~]{1,900}$/.test(id)) {
    throw messageInvalid(
      path,
      'an identifier is 1 to 900 printable ASCII characters without spaces and angle brackets',
    );
  }
  return `<${id}>`;
}
