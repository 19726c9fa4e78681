/**
 * The WebAssembly in vectors-module.ts is that of vectors.wat: neither changes alone. docs/CONTRIBUTING.md says how the one is made of the
 * other.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { vectorsModule } from '../../src/util/vectors/vectors-module.js';
import { read } from './sources.js';

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('vectors.wat and the bytes made of it are these two', () => {
  expect([sha256(read('src/util/vectors/vectors.wat')), sha256(vectorsModule)]).toEqual([
    '0290e6d09a55e3582cbb642ba8be52b0f9adcf3a9b89b83a53a0ee7ac3df3e90',
    '25daa202dec42a71235e9c3a2fd0e42cae417127f62bd1b92ca9539b0df65ceb',
  ]);
});
