/**
 * The frame of GSS-API tokens (RFC 2743 section 3.1) around Kerberos ones (RFC 4121 section 4.1).
 * @module
 */
import { contentOf, element, oid, readElement } from '../../util/der.js';
import { MalformedError } from '../errors.js';

/** Kerberos 5 as a mechanism of GSS-API (RFC 1964 section 1): its OBJECT IDENTIFIER. */
export const mechanism = oid('1.2.840.113554.1.2.2');
const frameTag = 0x60;

/** The kind of a token, in its first two bytes. */
export const tokenId = { apRequest: 0x0100, apReply: 0x0200, error: 0x0300, wrapRc4: 0x0201 } as const;

/** A token in its frame. */
export function frame(id: number, ...body: readonly Uint8Array[]): Buffer {
  return element(frameTag, mechanism, Buffer.of(id >> 8, id & 0xff), ...body);
}

/** The content of a frame. MalformedError if the bytes are not a frame, or belong to another mechanism. */
export function unframe(token: Uint8Array): { readonly id: number; readonly body: Buffer } {
  const content = framed(token);
  if (!content.subarray(0, mechanism.length).equals(mechanism))
    throw new MalformedError('it is of another mechanism than Kerberos 5');
  if (content.length < mechanism.length + 2) throw new MalformedError('it has no token ID');
  return { id: content.readUInt16BE(mechanism.length), body: content.subarray(mechanism.length + 2) };
}

function framed(token: Uint8Array): Buffer {
  try {
    const found = readElement(token, 0);
    if (found.tag === frameTag && found.end === token.length) return contentOf(token, found);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new MalformedError('it is not a GSS-API token');
}
