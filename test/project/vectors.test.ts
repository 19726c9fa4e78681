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
    '5933aa32580f0ae37acc58c19c7fe9e5c4f258e87f4f77920043176338e5dec3',
    '08b1ceee0f61ade30e4505dae76785bf4fcdd589ff91195c1a49c96b8d911814',
  ]);
});
