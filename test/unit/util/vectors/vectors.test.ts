import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { encodeBase64 } from '../../../../src/mime/base64.js';
import { encodeLines, hasVectors } from '../../../../src/util/vectors/vectors.js';

afterEach(() => vi.unstubAllGlobals());

const wrapped = (bytes: Buffer): string => bytes.toString('base64').replace(/.{76}(?=.)/g, '$&\r\n');

test('lines are those of RFC 4648, each after a CRLF, over several passes, and nothing else is written', () => {
  for (const count of [1, 2, 1535, 1536, 1537, 4000]) {
    const bytes = randomBytes(count * 57 + 9);
    const out = Buffer.alloc(count * 78 + 20, 'x');
    encodeLines(bytes, 5, count, out, 10);
    const lines = `\r\n${wrapped(bytes.subarray(5, 5 + count * 57))}`;
    expect(out.equals(Buffer.from(`${'x'.repeat(10)}${lines}${'x'.repeat(10)}`))).toBe(true);
  }
});

test('every group of three octets has its four characters', () => {
  const bytes = Buffer.alloc(3 * 65536);
  for (let i = 0; i < 65536; i++) bytes.writeUIntBE((i << 8) | ((i * 31) % 256), i * 3, 3);
  expect(encodeBase64(bytes).toString('latin1')).toBe(wrapped(bytes));
});

test('where WebAssembly or its vectors cannot be compiled the same is made line by line', async () => {
  const bytes = randomBytes(400_000);
  const fast = encodeBase64(bytes);
  class Module {
    constructor() {
      throw new Error('Wasm SIMD unsupported');
    }
  }
  vi.stubGlobal('WebAssembly', { Module });
  vi.resetModules();
  const anew = await import('../../../../src/mime/base64.js');
  expect(anew.encodeBase64(bytes).equals(fast)).toBe(true);
});

test('without WebAssembly the same is made line by line', () => {
  const bytes = randomBytes(10_000);
  expect(hasVectors(Infinity)).toBe(true);
  const fast = encodeBase64(bytes);
  vi.stubGlobal('WebAssembly', undefined);
  expect(hasVectors(Infinity)).toBe(false);
  expect(encodeBase64(bytes).equals(fast)).toBe(true);
  const seen = execFileSync(process.execPath, ['--jitless', '-p', 'typeof WebAssembly'], { encoding: 'utf8' });
  expect(seen.trim()).toBe('undefined');
});

test('little work does not start WebAssembly, which takes longer than the work', async () => {
  let starts = 0;
  class Module {
    constructor() {
      starts++;
      throw new Error('seen');
    }
  }
  vi.stubGlobal('WebAssembly', { Module });
  vi.resetModules();
  const anew = await import('../../../../src/util/vectors/vectors.js');
  for (let i = 0; i < 255; i++) anew.hasVectors(1024);
  expect(starts).toBe(0);
  anew.hasVectors(1024);
  anew.hasVectors(1024);
  expect(starts).toBe(1);
});
