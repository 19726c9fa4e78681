/**
 * Encodes LDAP search filters (RFC 4515) as BER, with a value instead of `{address}`. The template is parsed first and
 * the value is inserted as octets afterwards, so that no address can change the filter.
 * @module
 */
import { profileInvalid } from '../../errors/email-error.js';
import { boolean, context, contextPrimitive, element, octetString, sequence } from '../../util/der.js';

const placeholder = '{address}';
const maxDepth = 20;
const maxLength = 10_000;

/** Makes the filter for one address. */
export type FilterTemplate = (address: string) => Buffer;

/** Parses a template. ERR_PROFILE_INVALID names the position at which it is invalid. */
export function parseFilter(template: string, field: string): FilterTemplate {
  const parser = new FilterParser(template, field);
  return parser.parse();
}

class FilterParser {
  #at = 0;
  #hasPlaceholder = false;

  constructor(
    readonly text: string,
    readonly field: string,
  ) {}

  parse(): FilterTemplate {
    if (this.text.length > maxLength) throw profileInvalid(this.field, `is longer than ${maxLength} characters`);
    const template = this.#filter(0);
    if (this.#at < this.text.length) throw this.#error('the end of the filter');
    if (!this.#hasPlaceholder)
      throw profileInvalid(this.field, `must contain ${placeholder}, which is replaced by the address of a recipient`);
    return template;
  }

  #error(expected: string): Error {
    return profileInvalid(
      this.field,
      `is not an LDAP filter (RFC 4515): at character ${this.#at + 1} there should be ${expected}`,
    );
  }

  #take(expected: string): void {
    if (!this.text.startsWith(expected, this.#at)) throw this.#error(JSON.stringify(expected));
    this.#at += expected.length;
  }

  #filter(depth: number): FilterTemplate {
    if (depth > maxDepth) throw profileInvalid(this.field, `nests filters deeper than ${maxDepth}`);
    this.#take('(');
    const operator = this.text[this.#at] ?? '';
    const template = '&|!'.includes(operator) && operator !== '' ? this.#combination(operator, depth) : this.#item();
    this.#take(')');
    return template;
  }

  #combination(operator: string, depth: number): FilterTemplate {
    this.#at++;
    const parts: FilterTemplate[] = [];
    while (this.text[this.#at] === '(') parts.push(this.#filter(depth + 1));
    if (parts.length === 0 || (operator === '!' && parts.length > 1))
      throw this.#error(operator === '!' ? '")"' : '"("');
    const tag = operator === '&' ? 0 : operator === '|' ? 1 : 2;
    return (address) => context(tag, ...parts.map((part) => part(address)));
  }

  #item(): FilterTemplate {
    const [, attribute = '', extension = '', operator = ''] =
      this.#match(
        /([A-Za-z][A-Za-z0-9.;-]*|\d+(?:\.\d+)*(?:;[A-Za-z0-9-]+)*)?((?::[A-Za-z0-9.-]+)*)(:=|=|~=|>=|<=)/y,
      ) ?? [];
    if (operator === '' || (operator !== ':=' && (attribute === '' || extension !== '')))
      throw this.#error('an attribute and =, ~=, >=, <= or :=');
    const [, raw = ''] = this.#match(/([^()\0]*)/y) ?? [];
    const end = this.#at;
    this.#at -= raw.length;
    const values = raw.split('*').map((piece) => this.#value(piece));
    this.#at = end;
    if (operator === ':=') return this.#extensible(attribute, extension, values);
    const name = octetString(Buffer.from(attribute));
    if (operator === '=' && raw === '*') return () => contextPrimitive(7, Buffer.from(attribute));
    if (operator === '=' && values.length > 1) return substrings(name, values);
    const [value] = values;
    if (value === undefined || values.length > 1) throw this.#error('a value without "*"');
    const tag = operator === '=' ? 3 : operator === '>=' ? 5 : operator === '<=' ? 6 : 8;
    return (address) => context(tag, name, octetString(value(address)));
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.text);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  /** Matching rules, as in `(cn:caseExactMatch:=x)` and Active Directory's `(memberOf:1.2.840.113556.1.4.1941:=…)`. */
  #extensible(attribute: string, extension: string, values: readonly ((address: string) => Buffer)[]): FilterTemplate {
    const names = extension.split(':').slice(1);
    const dnAttributes = names[0]?.toLowerCase() === 'dn';
    const rules = dnAttributes ? names.slice(1) : names;
    const [value] = values;
    if (value === undefined || values.length > 1 || rules.length > 1 || (attribute === '' && rules.length === 0))
      throw this.#error('a matching rule and one value');
    const [rule] = rules;
    return (address) =>
      context(
        9,
        ...(rule === undefined ? [] : [contextPrimitive(1, Buffer.from(rule))]),
        ...(attribute === '' ? [] : [contextPrimitive(2, Buffer.from(attribute))]),
        contextPrimitive(3, value(address)),
        ...(dnAttributes ? [contextPrimitive(4, boolean(true).subarray(2))] : []),
      );
  }

  /** Octets of an assertion value: `\2a` stands for an octet, `{address}` for the address. */
  #value(text: string): (address: string) => Buffer {
    const pieces = text.split(placeholder).map((piece) => this.#unescape(piece));
    if (pieces.length > 1) this.#hasPlaceholder = true;
    return (address) =>
      Buffer.concat(pieces.flatMap((piece, i) => (i === 0 ? [piece] : [Buffer.from(address, 'utf8'), piece])));
  }

  #unescape(text: string): Buffer {
    if (/\\(?![0-9A-Fa-f]{2})/.test(text)) throw this.#error('two hexadecimal digits after each backslash');
    const octets = text.split(/\\([0-9A-Fa-f]{2})/).map((piece, i) => Buffer.from(piece, i % 2 === 1 ? 'hex' : 'utf8'));
    return Buffer.concat(octets);
  }
}

function substrings(name: Buffer, values: readonly ((address: string) => Buffer)[]): FilterTemplate {
  return (address) => {
    const last = values.length - 1;
    const parts = values.flatMap((value, i) => {
      const octets = value(address);
      return octets.length === 0 ? [] : [contextPrimitive(i === 0 ? 0 : i === last ? 2 : 1, octets)];
    });
    return element(0xa4, name, sequence(...parts));
  };
}
