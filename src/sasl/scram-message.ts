/**
 * Reads the server's two SCRAM messages (RFC 5802 section 7), strictly and within limits.
 * @module
 */
import { challengeInvalid } from './mechanism.js';

/** A message with which the server refuses. */
export interface ServerError {
  readonly error: string;
}
/** Server-first-message. */
export interface ServerFirst {
  /** The client's nonce, followed by the server's. */
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
}
/** Server-final-message. */
export interface ServerFinal {
  readonly signature: Buffer;
}

/**
 * With fewer iterations a stolen database is too easily searched (RFC 5802 section 4). More would let a server waste
 * the client's time.
 */
const minIterations = 4096;
const maxIterations = 1_000_000;
const maxSaltBytes = 1024;

/** Reads `r=…,s=…,i=…` with extensions that are not mandatory, or `e=…`. */
export function parseServerFirst(mechanism: string, message: string, clientNonce: string): ServerFirst | ServerError {
  const parts = message.split(',', 64);
  if (parts[0]?.startsWith('m='))
    throw challengeInvalid(mechanism, 'requires an extension that this client does not support (m=)');
  const error = errorOf(parts[0]);
  if (error !== undefined) return error;

  const nonce = attribute(mechanism, parts[0], 'r');
  if (!nonce.startsWith(clientNonce) || nonce.length === clientNonce.length || !/^[!-~]+$/.test(nonce)) {
    throw challengeInvalid(mechanism, 'sent a nonce that does not begin with the nonce of the client');
  }
  const salt = base64(attribute(mechanism, parts[1], 's'));
  if (salt === undefined || salt.length > maxSaltBytes) {
    throw challengeInvalid(mechanism, `sent a salt that is not 1 to ${maxSaltBytes} bytes in base64`);
  }
  const count = attribute(mechanism, parts[2], 'i');
  const iterations = /^[1-9][0-9]{0,8}$/.test(count) ? Number(count) : 0;
  if (iterations < minIterations || iterations > maxIterations) {
    throw challengeInvalid(mechanism, `requires an iteration count that is not ${minIterations} to ${maxIterations}`);
  }
  return { nonce, salt, iterations };
}

/** Reads `v=…` with extensions, or `e=…`. */
export function parseServerFinal(mechanism: string, message: string): ServerFinal | ServerError {
  const [first] = message.split(',', 1);
  const error = errorOf(first);
  if (error !== undefined) return error;
  const signature = base64(attribute(mechanism, first, 'v'));
  if (signature === undefined) throw challengeInvalid(mechanism, 'sent a signature that is not base64');
  return { signature };
}

/** The error values of RFC 5802 section 7, in words. */
const reasons: ReadonlyMap<string, string> = new Map([
  ['invalid-encoding', 'it could not read the message'],
  ['extensions-not-supported', 'it does not know an extension'],
  ['invalid-proof', 'the password is wrong'],
  ['channel-bindings-dont-match', 'it sees another TLS channel: a third party decrypts the connection'],
  [
    'server-does-support-channel-binding',
    'it supports channel binding, but that was removed from its list of mechanisms in transit',
  ],
  ['channel-binding-not-supported', 'it does not support channel binding'],
  ['unsupported-channel-binding-type', 'it does not support this type of channel binding'],
  ['unknown-user', 'it does not know the user'],
  ['invalid-username-encoding', 'the user name was not prepared as SCRAM requires'],
  ['no-resources', 'it has no resources left'],
]);

function errorOf(part: string | undefined): ServerError | undefined {
  if (!part?.startsWith('e=')) return undefined;
  const value = part.slice(2);
  const reason = reasons.get(value);
  return { error: reason === undefined ? value || 'other-error' : `${value}: ${reason}` };
}

function attribute(mechanism: string, part: string | undefined, name: string): string {
  if (!part?.startsWith(`${name}=`))
    throw challengeInvalid(mechanism, `sent a message without ${name}= in the right place`);
  return part.slice(2);
}

/** Decodes base64 (RFC 4648 section 4) of at least one byte, in its canonical form only. */
function base64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return text !== '' && bytes.toString('base64') === text ? bytes : undefined;
}
