/**
 * The WebAssembly in vectors-module.ts comes from vectors.wat: neither changes alone. docs/CONTRIBUTING.md has the
 * command that makes one from the other.
 * @module
 */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { vectorsModule } from '../../src/util/vectors/vectors-module.js';
import { read } from './sources.js';

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('vectors.wat and the bytes made of it are these two', () => {
  expect([sha256(read('src/util/vectors/vectors.wat')), sha256(vectorsModule)]).toEqual([
    '57bcec406aa268b4306c8dda522ff2f2f0bfdbc68e7e85b3179552f13bf1a1ca',
    '54e2a5ebcd2560cf76813ee80c7d1fb752f74ca5b49f46024b063c1f512113f5',
  ]);
});
