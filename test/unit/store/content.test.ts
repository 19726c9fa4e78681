/**
 * Keys of tokens, and what a new name of a profile changes.
 * @module
 */
import { expect, test } from 'vitest';
import { emptyContent, profileOfTokens, resealed } from '../../../src/store/content.js';

test.each([
  ['["a","b"]', 'a'],
  ['["a"]', 'a'],
  ['[]', undefined],
  ['[5]', undefined],
  ['["a",5]', undefined],
  ['"a"', undefined],
  ['{"0":"a"}', undefined],
  ['null', undefined],
  ['a', undefined],
])('tokens with the key %s belong to the profile %s', (key, profile) => {
  expect(profileOfTokens(key)).toBe(profile);
});

test('tokens go with their profile, and keep keys of other forms', () => {
  const keys = ['["a","x"]', '[ "b", "x" ]', 'a', '["a",5]'];
  const content = { ...emptyContent, tokens: keys.map((key) => ({ key, sealed: 's' })) };
  const places: unknown[] = [];
  const { tokens } = resealed(
    content,
    (name) => (name === 'a' ? 'c' : name),
    (sealed, from, to) => {
      places.push([from, to]);
      return sealed;
    },
  );
  expect(tokens.map(({ key }) => key)).toEqual(['["c","x"]', ...keys.slice(1)]);
  expect(places[0]).toEqual([
    ['tokens', '["a","x"]'],
    ['tokens', '["c","x"]'],
  ]);
});
