import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readFile } from '../../../src/system/read-file.js';

const directory = mkdtempSync(join(tmpdir(), 'sealpost-read-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
function file(bytes: Uint8Array | string): string {
  const path = join(directory, 'file');
  writeFileSync(path, bytes);
  return path;
}

describe('reading a file', () => {
  it.each([0, 1, 4095, 4096, 4097, 8193, 100_000])('gives all of %i bytes, up to its limit', async (length) => {
    const bytes = Buffer.alloc(length, 'abc');
    expect(await readFile(file(bytes), length)).toEqual(bytes);
    expect(await readFile(file(bytes), length + 1)).toEqual(bytes);
    if (length > 0) expect(await readFile(file(bytes), length - 1)).toMatchObject({ problem: 'too-long' });
  });

  it.runIf(process.platform === 'linux')('gives a file whose size the system does not tell', async () => {
    const environment = await readFile('/proc/self/environ', 1 << 20);
    expect(environment.toString()).toContain('PATH=');
    expect(await readFile('/proc/self/environ', 3)).toMatchObject({ problem: 'too-long' });
  });

  it('says of every other thing what it is, and never rejects', async () => {
    expect(await readFile(join(directory, 'none'), 10)).toMatchObject({ problem: 'missing' });
    expect(await readFile(join(file('x'), 'below'), 10)).toMatchObject({ problem: 'missing' });
    expect(await readFile(directory, 10)).toMatchObject({ problem: 'not-a-file' });
    expect(await readFile('/dev/null', 10)).toMatchObject({ problem: 'not-a-file' });
    expect(await readFile('a\0b', 10)).toMatchObject({ problem: 'failed' });
    expect(await readFile('x'.repeat(5000), 10)).toMatchObject({
      problem: 'failed',
      reason: 'it cannot be read (ENAMETOOLONG)',
    });
  });
});
