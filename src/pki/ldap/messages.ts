/**
 * The LDAP messages (RFC 4511) for a search for certificates.
 * @module
 */
import {
  boolean,
  children,
  contentOf,
  contextPrimitive,
  element,
  integer,
  octetString,
  readElement,
  sequence,
  tag,
} from '../../util/der.js';
import type { DerElement } from '../../util/der.js';

/** Requests, without their message ID. */
export const request = {
  bind: (dn: string, password: string): Buffer =>
    element(0x60, integer(3), octetString(Buffer.from(dn)), contextPrimitive(0, Buffer.from(password))),
  unbind: (): Buffer => Buffer.from([0x42, 0x00]),
  startTls: (): Buffer => element(0x77, contextPrimitive(0, Buffer.from('1.3.6.1.4.1.1466.20037'))),
  search: ({ baseDn, filter, attributes, sizeLimit, timeLimitSeconds }: SearchRequest): Buffer =>
    element(
      0x63,
      octetString(Buffer.from(baseDn)),
      element(tag.enumerated, Buffer.of(2)), // whole subtree
      element(tag.enumerated, Buffer.of(0)), // aliases are not followed
      integer(sizeLimit),
      integer(timeLimitSeconds),
      boolean(false),
      filter,
      sequence(...attributes.map((name) => octetString(Buffer.from(name)))),
    ),
};

/** A search (RFC 4511 section 4.5.1). */
export interface SearchRequest {
  readonly baseDn: string;
  readonly filter: Buffer;
  readonly attributes: readonly string[];
  readonly sizeLimit: number;
  readonly timeLimitSeconds: number;
}

/** One value of an attribute of an entry. */
export interface AttributeValue {
  /** In lower case, without options. */
  readonly attribute: string;
  readonly value: Buffer;
}

/** A message of a server. */
export type LdapMessage =
  | { readonly id: number; readonly kind: 'entry'; readonly values: readonly AttributeValue[] }
  | {
      readonly id: number;
      readonly kind: 'result';
      readonly operation: number;
      readonly code: number;
      readonly text: string;
    }
  | { readonly id: number; readonly kind: 'other' };

/** Frames a request. */
export function encodeMessage(id: number, operation: Buffer): Buffer {
  return sequence(integer(id), operation);
}

/**
 * Length of the message that begins here; undefined while its header is incomplete. RangeError if the bytes are not
 * LDAP.
 */
export function messageLength(bytes: Buffer, limit: number): number | undefined {
  const [first, second] = bytes;
  if (first !== undefined && first !== tag.sequence) throw new RangeError('the server does not speak LDAP');
  if (second === undefined) return undefined;
  const octets = second < 0x80 ? 0 : second & 0x7f;
  if (second === 0x80 || octets > 4) throw new RangeError('the length of a message is not well-formed');
  if (bytes.length < 2 + octets) return undefined;
  const length = octets === 0 ? second : bytes.readUIntBE(2, octets);
  if (length > limit) throw new RangeError(`a message has ${length} bytes, more than ${limit}`);
  return 2 + octets + length;
}

/** Tags of the answers that end an operation. */
export const tags = { bindResponse: 0x61, searchDone: 0x65, extendedResponse: 0x78 } as const;

const results: ReadonlySet<number> = new Set(Object.values(tags));

/** Reads one message. A RangeError if it is malformed. */
export function decodeMessage(bytes: Buffer): LdapMessage {
  const [idPart, operation] = children(bytes, readElement(bytes, 0));
  if (idPart?.tag !== tag.integer || operation === undefined) throw new RangeError('a message is not well-formed');
  const content = contentOf(bytes, idPart);
  if (content.length < 1 || content.length > 4) throw new RangeError('a message has no proper ID');
  const id = content.readIntBE(0, content.length);
  if (operation.tag === 0x64) return { id, kind: 'entry', values: readEntry(bytes, operation) };
  if (!results.has(operation.tag)) return { id, kind: 'other' };
  const [code, , text] = children(bytes, operation);
  if (code?.tag !== tag.enumerated || code.end - code.start !== 1) throw new RangeError('a result is not well-formed');
  return {
    id,
    kind: 'result',
    operation: operation.tag,
    code: bytes[code.start] ?? 0,
    text: text === undefined ? '' : contentOf(bytes, text).toString('utf8'),
  };
}

/** The most values of one search that are used. Further ones are skipped at no cost. */
export const maxValues = 1_000;

function readEntry(bytes: Buffer, operation: DerElement): AttributeValue[] {
  const read: AttributeValue[] = [];
  const [, attributes] = children(bytes, operation);
  if (attributes === undefined) throw new RangeError('an entry is not well-formed');
  for (const attribute of children(bytes, attributes)) {
    const [name, values] = children(bytes, attribute);
    if (name === undefined || values === undefined) throw new RangeError('an attribute is not well-formed');
    const [plain = ''] = contentOf(bytes, name).toString('latin1').toLowerCase().split(';');
    for (const value of children(bytes, values)) {
      if (read.push({ attribute: plain, value: contentOf(bytes, value) }) === maxValues) return read;
    }
  }
  return read;
}

/** Names of the result codes that a search may get (RFC 4511 appendix A). */
export function resultName(code: number): string {
  return resultNames.get(code) ?? 'an error';
}

const resultNames: ReadonlyMap<number, string> = new Map([
  [1, 'operationsError'],
  [2, 'protocolError'],
  [3, 'timeLimitExceeded'],
  [4, 'sizeLimitExceeded'],
  [7, 'authMethodNotSupported'],
  [8, 'strongerAuthRequired'],
  [10, 'referral'],
  [11, 'adminLimitExceeded'],
  [13, 'confidentialityRequired'],
  [32, 'noSuchObject'],
  [34, 'invalidDNSyntax'],
  [48, 'inappropriateAuthentication'],
  [49, 'invalidCredentials'],
  [50, 'insufficientAccessRights'],
  [51, 'busy'],
  [52, 'unavailable'],
  [53, 'unwillingToPerform'],
]);
