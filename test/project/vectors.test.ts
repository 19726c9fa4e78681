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
    '358a06b55ec523c69c295e9818b65019999ec899ca73dff869125d2db6dc23cc',
    '671fdc991906201a6f3351432a0496abd243932ef0a30f618477acba17ad6886',
  ]);
});
