import { describe, expect, it } from 'vitest';
import {
  anyText,
  choice,
  date,
  flag,
  list,
  oneOrMany,
  plain,
  variant,
  wholeNumber,
} from '../../../src/schema/combine.js';
import { object, optional, record, required } from '../../../src/schema/object.js';
import { accepts, problem } from '../../../src/schema/schema.js';
import type { Report, Schema } from '../../../src/schema/schema.js';
import { secret } from '../../../src/schema/secret.js';
import { host, text } from '../../../src/schema/text.js';
import { random } from '../../support/random.js';

interface Inner {
  readonly name: string;
  readonly at?: Date | undefined;
}
interface Outer {
  readonly word?: 'a' | 'b' | undefined;
  readonly flag?: boolean | undefined;
  readonly count?: number | undefined;
  readonly texts?: readonly string[] | undefined;
  readonly one?: string | readonly string[] | undefined;
  readonly inner?: Inner | undefined;
  readonly either?: string | Inner | undefined;
  readonly map?: Readonly<Record<string, string>> | undefined;
  readonly host?: string | undefined;
  readonly secret?: unknown;
  readonly odd?: number | undefined;
}
const inner = object<Inner>({ name: required(anyText), at: optional(date) }, { instances: true });
const outer: Schema<Outer> = object<Outer>(
  {
    word: optional(choice('a', 'b')),
    flag: optional(flag),
    count: optional(wholeNumber(0, 10)),
    texts: optional(list(text({ expected: 'text', max: 3 }), { max: 2 })),
    one: optional(oneOrMany(anyText)),
    inner: optional(inner),
    either: optional(variant<string | Inner>('either', (value) => (typeof value === 'string' ? anyText : inner))),
    map: optional(record(anyText, { expected: 'a map', max: 2, key: () => undefined })),
    host: optional(host),
    secret: optional(secret({ what: 'secret' })),
    odd: optional(
      plain<number>('an odd number', (value, path, report) =>
        typeof value === 'number' && value % 2 === 1 ? value : problem(report, path, 'is not odd'),
      ),
    ),
  },
  {
    others: { old: 'is called word here' },
    verify(value, given, path, report) {
      if (given('word') && value.flag === true) problem(report, path, 'word and flag');
    },
  },
);

const leaves: readonly unknown[] = [
  undefined, null, true, false, 0, 1, 11, -1, 1.5, NaN, '', 'a', 'b', 'abcd', 'mail.example', 'a\nb', '\ud800', [], ['a'], ['a', 'b', 'c'],
  ['a', 5], [, 'a'], new Date(0), new Date(NaN), {}, { name: 'x' }, { name: 5 }, { name: 'x', at: new Date(0) }, { name: 'x', more: 1 },
  new (class { name = 'x'; })(), { a: 'x' }, { a: 1 }, { a: 'x', b: 'x', c: 'x' }, { env: 'A' }, { file: '/x' }, () => 'x', Symbol('x'), 10n,
  Uint8Array.of(1), JSON.parse('{"__proto__": 1}'), Object.create({ name: 'inherited' }), new Map(),
]; // prettier-ignore
const keys = [
  'word',
  'flag',
  'count',
  'texts',
  'one',
  'inner',
  'either',
  'map',
  'host',
  'secret',
  'odd',
  'old',
  'unknown',
];

describe('the short look', () => {
  it('says yes to exactly the values in which a check finds no problem', () => {
    const seed = Date.now() % 1_000_000;
    const next = random(seed);
    const pick = <T>(from: readonly T[]): T => from[next(from.length)] as T;
    let right = 0;
    for (let i = 0; i < 20_000; i++) {
      const value: unknown =
        i < leaves.length
          ? leaves[i]
          : Object.fromEntries(Array.from({ length: 1 + next(3) }, () => [pick(keys), pick(leaves)]));
      const report: Report = { problems: [], allowReferences: true };
      outer.check(value, '', report);
      const isRight = report.problems.length === 0;
      if (isRight) right++;
      expect(accepts(outer, value), `seed ${seed}, ${i}: ${JSON.stringify(report.problems)}`).toBe(isRight);
    }
    expect(right).toBeGreaterThan(200);
  });
});
