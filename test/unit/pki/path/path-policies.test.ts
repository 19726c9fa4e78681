/**
 * Policies along a path, by the rules of RFC 5280 section 6.1. Only the extensions are given, because the checker reads
 * nothing else.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { PolicyChecker } from '../../../../src/pki/path/path-policies.js';
import type { Certificate } from '../../../../src/pki/x509/certificate.js';
import * as der from '../../../../src/util/der.js';
import { extensionOids } from '../../../../src/util/oids.js';

const [gold, silver, bronze] = ['1.2.3.1', '1.2.3.2', '1.2.3.3'] as const;
const any = extensionOids.anyPolicy;

interface Policies {
  readonly policies?: readonly string[];
  readonly mappings?: readonly (readonly string[])[];
  readonly explicit?: number;
  readonly noMapping?: number;
  readonly inhibitAny?: number;
  readonly selfIssued?: boolean;
}

function certificate({ policies, mappings, explicit, noMapping, inhibitAny }: Policies): Certificate {
  const extensions = new Map<string, { readonly value: Uint8Array }>();
  const put = (oid: string, value: Uint8Array): unknown => extensions.set(oid, { value });
  if (policies)
    put(extensionOids.certificatePolicies, der.sequence(...policies.map((id) => der.sequence(der.oid(id)))));
  if (mappings)
    put(
      extensionOids.policyMappings,
      der.sequence(...mappings.map((pair) => der.sequence(...pair.map((id) => der.oid(id))))),
    );
  if (explicit !== undefined || noMapping !== undefined)
    put(
      extensionOids.policyConstraints,
      der.sequence(
        ...(explicit === undefined ? [] : [der.contextPrimitive(0, Buffer.from([explicit]))]),
        ...(noMapping === undefined ? [] : [der.contextPrimitive(1, Buffer.from([noMapping]))]),
      ),
    );
  if (inhibitAny !== undefined) put(extensionOids.inhibitAnyPolicy, der.integer(inhibitAny));
  return { extensions } as unknown as Certificate;
}

/** Checks the certificates from the one below the anchor to the leaf. Returns the first problem. */
function problemOf(path: readonly Policies[]): string | undefined {
  const checker = new PolicyChecker(path.length);
  for (const [index, one] of path.entries()) {
    const problem = checker.check(certificate(one), index, one.selfIssued === true);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const none = 'no certificate policy is valid for the whole path';
const explicit = { explicit: 0 };

describe('the policies of a path (RFC 5280 section 6.1)', () => {
  it.each<[string, readonly Policies[], string | undefined]>([
    ['no policies where none is required', [{}, {}], undefined],
    ['no policies where one is required', [{ explicit: 0 }, {}], none],
    ['one that all have', [{ policies: [gold], ...explicit }, { policies: [gold] }], undefined],
    ['one that the leaf has not', [{ policies: [gold], ...explicit }, { policies: [silver] }], none],
    ['one of several', [{ policies: [gold, silver], ...explicit }, { policies: [silver, bronze] }], undefined],
    ['none in the middle', [{ policies: [gold], ...explicit }, {}, { policies: [gold] }], none],
    ['any policy, and then one', [{ policies: [any], ...explicit }, { policies: [gold] }], undefined],
    ['one, and then any policy', [{ policies: [gold], ...explicit }, { policies: [any] }], undefined],
    [
      'one lost behind any policy',
      [{ policies: [gold], ...explicit }, { policies: [any] }, { policies: [silver] }],
      none,
    ],
    ['a requirement that begins later', [{ policies: [gold], explicit: 2 }, { policies: [silver] }, {}], none],
    [
      'a requirement that begins after the path',
      [{ policies: [gold], explicit: 3 }, { policies: [silver] }, {}],
      undefined,
    ],
    ['a requirement by the leaf', [{ policies: [gold] }, { policies: [silver], explicit: 0 }], none],
    [
      'a later requirement by the leaf, which is none',
      [{ policies: [gold] }, { policies: [silver], explicit: 1 }],
      undefined,
    ],
    [
      'a requirement that a later one cannot lift',
      [{ policies: [gold], explicit: 0 }, { policies: [gold], explicit: 5 }, {}],
      none,
    ],
    ['a self-issued certificate, which does not count', [{ explicit: 1 }, { selfIssued: true }, {}], none],
    ['one that counts', [{ explicit: 1 }, {}, {}], none],
  ])('%s', (_, path, expected) => {
    expect(problemOf(path)).toBe(expected);
  });

  it.each<[string, readonly Policies[], string | undefined]>([
    [
      'leads from one to another',
      [{ policies: [gold], mappings: [[gold, silver]], ...explicit }, { policies: [silver] }],
      undefined,
    ],
    [
      'leaves none of the first',
      [{ policies: [gold], mappings: [[gold, silver]], ...explicit }, { policies: [gold] }],
      none,
    ],
    [
      'leads to several',
      [
        {
          policies: [gold],
          mappings: [
            [gold, silver],
            [gold, bronze],
          ],
          ...explicit,
        },
        { policies: [bronze] },
      ],
      undefined,
    ],
    [
      'of a policy that is not there',
      [{ policies: [gold], mappings: [[silver, bronze]], ...explicit }, { policies: [bronze] }],
      none,
    ],
    [
      'of any policy that is there',
      [{ policies: [any], mappings: [[gold, silver]], ...explicit }, { policies: [silver] }],
      undefined,
    ],
    [
      'that is forbidden',
      [
        { policies: [gold], noMapping: 0, ...explicit },
        { policies: [gold], mappings: [[gold, silver]] },
        { policies: [silver] },
      ],
      none,
    ],
    [
      'that is forbidden later',
      [
        { policies: [gold], noMapping: 1, ...explicit },
        { policies: [gold], mappings: [[gold, silver]] },
        { policies: [silver] },
      ],
      undefined,
    ],
    [
      'that is forbidden, of one policy of two',
      [
        { policies: [gold, bronze], noMapping: 0, ...explicit },
        { policies: [gold, bronze], mappings: [[gold, silver]] },
        { policies: [bronze] },
      ],
      undefined,
    ],
    ['from any policy', [{ policies: [any], mappings: [[any, gold]] }, {}], 'a policy mapping names anyPolicy'],
    ['to any policy', [{ policies: [gold], mappings: [[gold, any]] }, {}], 'a policy mapping names anyPolicy'],
    ['where no policy is left', [{ mappings: [[gold, silver]] }, { policies: [silver] }], undefined],
    [
      'of a leaf, which counts for nothing',
      [
        { policies: [gold], ...explicit },
        { policies: [gold], mappings: [[any, gold]] },
      ],
      undefined,
    ],
  ])('a mapping %s', (_, path, expected) => {
    expect(problemOf(path)).toBe(expected);
  });

  it.each<[string, readonly Policies[], string | undefined]>([
    ['at once', [{ policies: [gold], inhibitAny: 0, ...explicit }, { policies: [any] }], none],
    ['later', [{ policies: [gold], inhibitAny: 1, ...explicit }, { policies: [any] }, { policies: [any] }], none],
    [
      'after the path',
      [{ policies: [gold], inhibitAny: 2, ...explicit }, { policies: [any] }, { policies: [any] }],
      undefined,
    ],
    [
      'but for a self-issued CA',
      [{ policies: [gold], inhibitAny: 0, ...explicit }, { policies: [any], selfIssued: true }, { policies: [gold] }],
      undefined,
    ],
    [
      'for a self-issued leaf too',
      [
        { policies: [gold], inhibitAny: 0, ...explicit },
        { policies: [any], selfIssued: true },
      ],
      none,
    ],
    [
      'and by a huge number, which is none',
      [{ policies: [gold], inhibitAny: 2 ** 31, ...explicit }, { policies: [any] }],
      undefined,
    ],
  ])('any policy, inhibited %s', (_, path, expected) => {
    expect(problemOf(path)).toBe(expected);
  });

  it('refuses a policy that comes twice, and half a mapping', () => {
    expect(() => problemOf([{ policies: [gold, gold] }, {}])).toThrow(RangeError);
    expect(() => problemOf([{ policies: [gold], mappings: [[gold]] }, {}])).toThrow(RangeError);
  });
});
