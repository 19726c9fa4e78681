/**
 * A `toJSON` on Object.prototype, put there by another package: JSON.stringify then gives its result for every object.
 * The library writes JSON by `jsonText` alone.
 * @module
 */
import { expect, it } from 'vitest';
import { jsonText } from '../../src/util/own.js';
import { filesBelow, read } from '../project/sources.js';

it('has no effect on the JSON that the library writes', () => {
  const date = new Date('2026-12-01T00:00:00Z');
  const value = { list: [1, { a: 'b' }], date, none: undefined };
  const texts: string[] = [];
  // No other code runs meanwhile: that of the test runner would not stand it.
  Object.defineProperty(Object.prototype, 'toJSON', { value: () => 'another', configurable: true });
  try {
    texts.push(JSON.stringify(value), jsonText(value));
  } finally {
    Reflect.deleteProperty(Object.prototype, 'toJSON');
  }
  expect(texts).toEqual(['"another"', '{"list":[1,{"a":"b"}],"date":"2026-12-01T00:00:00.000Z"}']);
});

it('cannot have an effect elsewhere: JSON.stringify gets text alone', () => {
  const objects = filesBelow('src', '.ts').filter(
    (path) =>
      !/^src\/(?:cli|testing)\/|^src\/util\/own\.ts$/.test(path) && /JSON\.stringify\([^)]*[[{]/.test(read(path)),
  );
  expect(objects).toEqual([]);
});
