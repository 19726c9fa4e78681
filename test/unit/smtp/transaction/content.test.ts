/**
 * Content as it leaves: whole content in canonical form, and the blocks of a stream.
 * @module
 */
import { expect, test } from 'vitest';
import type { OutgoingContent } from '../../../../src/model/transport.js';
import { blocksOf, canonicalBytes, flushBytes } from '../../../../src/smtp/transaction/content.js';

const stream = (more: Partial<OutgoingContent> = {}): OutgoingContent => ({
  body: '8bitmime',
  smtpUtf8: false,
  bytes: (async function* () {})(),
  ...more,
});

test.each<[string, Partial<OutgoingContent>, string]>([
  ['a\nb\r', {}, 'a\r\nb\r\n'],
  ['a\r\n', {}, 'a\r\n'],
  ['a\0\nb\r', { body: 'binarymime' }, 'a\0\nb\r'],
  ['a\nb', { canonical: true }, 'a\nb'],
])('%j (%j) leaves as %j', (text, more, expected) => {
  expect(Buffer.from(canonicalBytes(Buffer.from(text), stream(more))).toString()).toBe(expected);
});

test('a NUL is refused in text', () => {
  expect(() => canonicalBytes(Buffer.from('a\0'), stream({ canonical: true }))).toThrow(/contains a NUL at octet 1/);
});

test('a small chunk is kept, although its source reuses the memory', () => {
  const gathering = blocksOf(stream({ canonical: true })).next();
  expect(gathering.next().value).toMatchObject({ do: 'block' });
  const memory = Buffer.from('one');
  gathering.next(memory);
  memory.write('two');
  gathering.next(memory);
  expect(Buffer.from((gathering.next(undefined).value ?? []) as Uint8Array).toString()).toBe('onetwo');
});

test('a chunk of the size of a write leaves at once, without a copy', () => {
  const gathering = blocksOf(stream({ canonical: true })).next();
  gathering.next();
  const chunk = Buffer.alloc(flushBytes, 0x61);
  const { done, value } = gathering.next(chunk);
  expect(done).toBe(true);
  expect((value as Buffer).buffer).toBe(chunk.buffer);
});
