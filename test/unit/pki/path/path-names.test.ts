/**
 * Name constraints along a path, by the rules of RFC 5280 section 4.2.1.10. Only names and constraints are given.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { NameChecker } from '../../../../src/pki/path/path-names.js';
import type { Certificate } from '../../../../src/pki/x509/certificate.js';
import { readGeneralName } from '../../../../src/pki/x509/extensions.js';
import * as der from '../../../../src/util/der.js';
import { extensionOids } from '../../../../src/util/oids.js';

const name = (tag: number, content: string | readonly number[]): Buffer =>
  der.contextPrimitive(tag, Buffer.from(content as string));
const email = (text: string): Buffer => name(1, text);
const dns = (text: string): Buffer => name(2, text);
const uri = (text: string): Buffer => name(6, text);
const ip = (...bytes: readonly number[]): Buffer => name(7, bytes);
const registered = name(8, [0x2a, 3]);
const other = (oid: string): Buffer => der.context(0, der.oid(oid), der.context(0, der.text(der.tag.utf8String, 'x')));
const rdn = (oid: string, text: string): Buffer =>
  der.setOf(der.sequence(der.oid(oid), der.text(der.tag.utf8String, text)));
const directory = (...rdns: readonly Buffer[]): Buffer => der.context(4, der.sequence(...rdns));
const organization = rdn('2.5.4.10', 'Example Ltd');
const person = rdn('2.5.4.3', 'Ann');

interface Constraints {
  readonly permitted?: readonly Buffer[];
  readonly excluded?: readonly Buffer[];
}

function authority({ permitted, excluded }: Constraints): Certificate {
  const trees = (tag: number, list: readonly Buffer[] | undefined): readonly Buffer[] =>
    list === undefined ? [] : [der.context(tag, ...list.map((base) => der.sequence(base)))];
  const value = der.sequence(...trees(0, permitted), ...trees(1, excluded));
  return { extensions: new Map([[extensionOids.nameConstraints, { value }]]) } as unknown as Certificate;
}

function holder(...names: readonly Buffer[]): Certificate {
  const subjectAltNames = names.map((bytes) => readGeneralName(bytes, der.readElement(bytes, 0)));
  return { subjectAltNames, subjectParts: [], emails: [], extensions: new Map() } as unknown as Certificate;
}

function verdict(constraints: readonly Constraints[], ...names: readonly Buffer[]): string {
  const checker = new NameChecker();
  for (const each of constraints) checker.add(authority(each));
  const problem = checker.check(holder(...names));
  return problem === undefined ? 'held' : /excluded/.test(problem) ? 'excluded' : 'not permitted';
}

describe('name constraints (RFC 5280 section 4.2.1.10)', () => {
  it.each<[string, Buffer, Buffer, boolean]>([
    ['a mailbox, that one', email('ann@example.com'), email('ann@EXAMPLE.com'), true],
    ['a mailbox without a local part, that one', email('@example.com'), email('@example.com'), true],
    ['a mailbox, another', email('ann@example.com'), email('bob@example.com'), false],
    ['a mailbox, in other case', email('Ann@example.com'), email('ann@example.com'), false],
    ['a host, a mailbox there', email('example.com'), email('ann@example.com'), true],
    ['a host, a mailbox below it', email('example.com'), email('ann@a.example.com'), false],
    ['hosts below, a mailbox there', email('.example.com'), email('ann@a.example.com'), true],
    ['hosts below, a mailbox of the host', email('.example.com'), email('ann@example.com'), false],
    ['a DNS name, that one', dns('example.com'), dns('EXAMPLE.com'), true],
    ['a DNS name, one below it', dns('example.com'), dns('a.example.com'), true],
    ['a DNS name with a dot in front', dns('.example.com'), dns('a.example.com'), true],
    ['a DNS name, one that ends like it', dns('example.com'), dns('badexample.com'), false],
    ['every DNS name', dns(''), dns('example.org'), true],
    ['a host of URIs, that one', uri('example.com'), uri('https://u@example.com:8/x'), true],
    ['a host of URIs, one below', uri('example.com'), uri('https://a.example.com'), false],
    ['hosts of URIs below, one there', uri('.example.com'), uri('https://a.example.com?x'), true],
    ['hosts of URIs below, the host', uri('.example.com'), uri('https://example.com/'), false],
    ['a block of addresses, one in it', ip(10, 1, 0, 0, 255, 255, 0, 0), ip(10, 1, 2, 3), true],
    ['a block of addresses, one beside it', ip(10, 1, 0, 0, 255, 255, 0, 0), ip(10, 2, 2, 3), false],
    [
      'a block of addresses, one of another family',
      ip(0, 0, 0, 0, 0, 0, 0, 0),
      ip(...new Array<number>(16).fill(0)),
      false,
    ],
    ['a directory, a name below', directory(organization), directory(organization, person), true],
    ['a directory, in other case', directory(rdn('2.5.4.10', 'EXAMPLE  ltd')), directory(organization, person), true],
    ['a directory, another', directory(organization), directory(person, organization), false],
    ['a directory, a shorter name', directory(organization, person), directory(organization), false],
  ])('of %s', (_, constraint, given, isWithin) => {
    expect(verdict([{ permitted: [constraint] }], given)).toBe(isWithin ? 'held' : 'not permitted');
    expect(verdict([{ excluded: [constraint] }], given)).toBe(isWithin ? 'excluded' : 'held');
  });

  it('refuse what cannot be compared, whichever they say', () => {
    for (const [constraint, given] of [
      [uri('example.com'), uri('urn:x:y')],
      [uri('example.com'), uri('https://[::1]/')],
      [registered, registered],
      [other('1.2.3'), other('1.2.3')],
    ] as const) {
      expect(verdict([{ permitted: [constraint] }], given)).toBe('not permitted');
      expect(verdict([{ excluded: [constraint] }], given)).toBe('excluded');
    }
  });

  it('say nothing of names of other kinds', () => {
    expect(verdict([{ permitted: [dns('example.com')] }], email('ann@example.org'))).toBe('held');
    expect(verdict([{ permitted: [other('1.2.3')] }], other('1.2.4'))).toBe('held');
    expect(verdict([], dns('example.org'))).toBe('held');
  });

  it('hold together: each level, each name, excluded before permitted', () => {
    const levels = [{ permitted: [dns('example.com'), dns('example.org')] }, { permitted: [dns('example.com')] }];
    expect(verdict(levels, dns('a.example.com'))).toBe('held');
    expect(verdict(levels, dns('a.example.org'))).toBe('not permitted');
    expect(verdict(levels, dns('a.example.com'), dns('example.net'))).toBe('not permitted');
    const both = [{ permitted: [dns('example.com')], excluded: [dns('a.example.com')] }];
    expect(verdict(both, dns('a.example.com'))).toBe('excluded');
    expect(verdict(both, dns('b.example.com'))).toBe('held');
  });

  it('hold for the subject, and for its e-mail address where that is the only one', () => {
    const checker = new NameChecker();
    checker.add(authority({ permitted: [email('example.com')] }));
    const subject = { subject: Buffer.from(''), subjectParts: [], extensions: new Map(), subjectAltNames: [] };
    expect(checker.check({ ...subject, emails: ['ann@example.com'] } as unknown as Certificate)).toBeUndefined();
    expect(checker.check({ ...subject, emails: ['ann@example.org'] } as unknown as Certificate)).toMatch(
      /ann@example\.org/,
    );
  });

  it('are refused with a minimum or maximum, and where there are too many to compare', () => {
    const value = der.sequence(der.context(0, der.sequence(dns('a'), der.contextPrimitive(0, Buffer.from([1])))));
    const odd = { extensions: new Map([[extensionOids.nameConstraints, { value }]]) } as unknown as Certificate;
    expect(() => new NameChecker().add(odd)).toThrow(RangeError);
    const many = Array.from({ length: 2000 }, (_, i) => dns(`a${i}.example`));
    expect(() => verdict([{ excluded: many }], ...many.map((_, i) => dns(`b${i}.example`)))).toThrow(RangeError);
  });
});
