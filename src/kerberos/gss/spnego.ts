/**
 * SPNEGO (RFC 4178) around a Kerberos token, for HTTP's Negotiate (RFC 4559). Only one mechanism is offered, so there
 * is nothing to negotiate.
 * @module
 */
import { context, element, octetString, oid, sequence } from '../../util/der.js';
import { mechanism } from './token.js';

const spnego = oid('1.3.6.1.5.5.2');

/** NegTokenInit with Kerberos as its one mechanism. */
export function negTokenInit(token: Uint8Array): Buffer {
  return element(0x60, spnego, context(0, sequence(context(0, sequence(mechanism)), context(2, octetString(token)))));
}
