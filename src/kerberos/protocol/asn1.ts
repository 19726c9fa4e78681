/**
 * Reads the ASN.1 of Kerberos (RFC 4120 appendix A). Its messages are small, their depth is fixed by the schema, and
 * every field has its own context tag: walking them with `readElement` and asking for each field by number and type is
 * shorter and stricter than a general parser, makes no object for fields that are not asked for, and cannot recurse on
 * a message.
 * @module
 */
import { children, contentOf, readElement, tag, wholeOf } from '../../util/der.js';
import type { DerElement } from '../../util/der.js';
import { MalformedError } from '../errors.js';

/** The most elements in one SEQUENCE OF; more is refused. */
const maxElements = 1000;

/** Runs `read`. Malformed DER is a MalformedError. */
function wellFormed<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw new MalformedError(error.message);
    throw error;
  }
}

/** All elements inside another; reading them all checks that none is malformed. */
function listChildren(bytes: Uint8Array, parent: DerElement): DerElement[] {
  return wellFormed(() => {
    const list: DerElement[] = [];
    for (const child of children(bytes, parent)) {
      if (list.push(child) > maxElements)
        throw new MalformedError(`more than ${maxElements} elements at byte ${parent.offset}`);
    }
    return list;
  });
}

function expectTag(element: DerElement, expected: number, what: string): DerElement {
  if (element.tag === expected) return element;
  throw new MalformedError(
    `${what} has tag 0x${element.tag.toString(16)} instead of 0x${expected.toString(16)}, at byte ${element.offset}`,
  );
}

/** The only element in the bytes; nothing may follow it. */
function onlyElement(bytes: Uint8Array): DerElement {
  const element = wellFormed(() => readElement(bytes, 0));
  if (element.end !== bytes.length) throw new MalformedError(`data follows the message at byte ${element.end}`);
  return element;
}

function onlyChild(bytes: Uint8Array, parent: DerElement): DerElement {
  const [child, second] = listChildren(bytes, parent);
  if (child === undefined || second !== undefined)
    throw new MalformedError(`byte ${parent.offset} begins a tag that does not contain exactly one element`);
  return child;
}

/** The fields of a SEQUENCE whose members are `[n] EXPLICIT`. Unknown numbers are ignored. */
export class Fields {
  readonly #bytes: Uint8Array;
  readonly #fields = new Map<number, DerElement>();

  constructor(bytes: Uint8Array, element: DerElement) {
    this.#bytes = bytes;
    for (const field of listChildren(bytes, expectTag(element, tag.sequence, 'a sequence'))) {
      if ((field.tag & 0xe0) !== 0xa0)
        throw new MalformedError(`a field has tag 0x${field.tag.toString(16)} at byte ${field.offset}`);
      const number = field.tag & 0x1f;
      if (this.#fields.has(number)) throw new MalformedError(`field ${number} occurs twice, at byte ${field.offset}`);
      this.#fields.set(number, onlyChild(bytes, field));
    }
  }

  has(number: number): boolean {
    return this.#fields.has(number);
  }

  #element(number: number): DerElement {
    const element = this.#fields.get(number);
    if (element === undefined) throw new MalformedError(`field ${number} is missing`);
    return element;
  }

  #content(number: number, tagByte: number): Buffer {
    return contentOf(this.#bytes, expectTag(this.#element(number), tagByte, `field ${number}`));
  }

  /** INTEGER of up to 32 bits, signed or not. */
  integer(number: number): number {
    const content = this.#content(number, tag.integer);
    if (content.length < 1 || content.length > 5)
      throw new MalformedError(`field ${number} is an integer of ${content.length} bytes`);
    return content.readIntBE(0, content.length);
  }

  octets(number: number): Buffer {
    return this.#content(number, tag.octetString);
  }

  /** KerberosString: a GeneralString, in practice UTF-8. */
  string(number: number): string {
    return this.#content(number, tag.generalString).toString('utf8');
  }

  stringBytes(number: number): Buffer {
    return this.#content(number, tag.generalString);
  }

  /** KerberosTime in milliseconds. */
  time(number: number): number {
    const text = this.#content(number, tag.generalizedTime).toString('latin1');
    const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
    if (match === null) throw new MalformedError(`field ${number} is not a time`);
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
    return Date.UTC(year, month - 1, day, hour, minute, second);
  }

  /** The first 32 bits of a BIT STRING. */
  flags(number: number): number {
    const content = this.#content(number, tag.bitString);
    if (content.length < 5) throw new MalformedError(`field ${number} is a bit string of ${content.length} bytes`);
    return content.readUInt32BE(1);
  }

  fields(number: number): Fields {
    return new Fields(this.#bytes, this.#element(number));
  }

  /** The elements of a SEQUENCE OF. */
  list(number: number): DerElement[] {
    return listChildren(this.#bytes, expectTag(this.#element(number), tag.sequence, `field ${number}`));
  }

  fieldsList(number: number): Fields[] {
    return this.list(number).map((element) => new Fields(this.#bytes, element));
  }

  stringList(number: number): string[] {
    return this.list(number).map((element) =>
      contentOf(this.#bytes, expectTag(element, tag.generalString, 'a string')).toString('utf8'),
    );
  }

  /** The bytes of the element in field `number`, and the fields inside its `[APPLICATION n]`. */
  application(number: number, application: number): { readonly der: Buffer; readonly fields: Fields } {
    const element = this.#element(number);
    const inside = onlyChild(this.#bytes, expectTag(element, 0x60 | application, `field ${number}`));
    return { der: wholeOf(this.#bytes, element), fields: new Fields(this.#bytes, inside) };
  }
}

/** The `[APPLICATION n]` of a message; nothing may follow the message. */
export function applicationOf(bytes: Uint8Array): number {
  const element = onlyElement(bytes);
  if ((element.tag & 0xe0) !== 0x60)
    throw new MalformedError(`tag 0x${element.tag.toString(16)} is not the start of a Kerberos message`);
  return element.tag & 0x1f;
}

/** The fields of a message. */
export function readApplication(bytes: Uint8Array, ...allowed: readonly number[]): Fields {
  const application = applicationOf(bytes);
  if (!allowed.includes(application))
    throw new MalformedError(`message ${application} instead of ${allowed.join(' or ')}`);
  return new Fields(bytes, onlyChild(bytes, onlyElement(bytes)));
}

/** The fields of a standalone SEQUENCE. */
export function readSequence(bytes: Uint8Array): Fields {
  return new Fields(bytes, onlyElement(bytes));
}

/** The fields of each element of a SEQUENCE OF SEQUENCE. */
export function readSequenceOf(bytes: Uint8Array): Fields[] {
  return listChildren(bytes, expectTag(onlyElement(bytes), tag.sequence, 'a sequence')).map(
    (element) => new Fields(bytes, element),
  );
}
