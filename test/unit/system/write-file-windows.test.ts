/**
 * Replacing a file on Windows while another program uses it open.
 * @module
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type * as Fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { writeFileAtomically } from '../../../src/system/write-file.js';

/** The codes that the next renames fail with. */
const failures = vi.hoisted((): string[] => []);
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof Fs>();
  return {
    ...fs,
    rename: async (from: string, to: string) => {
      const code = failures.shift();
      if (code !== undefined) throw Object.assign(new Error(code), { code });
      await fs.rename(from, to);
    },
  };
});

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-windows-'));
const platform = Object.getOwnPropertyDescriptor(process, 'platform') ?? {};
afterEach(() => {
  failures.length = 0;
  Object.defineProperty(process, 'platform', platform);
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const pretend = (value: NodeJS.Platform): void => {
  Object.defineProperty(process, 'platform', { ...platform, value });
};

describe('writeFileAtomically on Windows', () => {
  it('tries again while the file is open elsewhere', async () => {
    pretend('win32');
    const path = join(scratch, 'file');
    failures.push('EPERM', 'EBUSY', 'EACCES');
    await writeFileAtomically(path, Buffer.from('new'));
    expect([readFileSync(path, 'utf8'), failures]).toEqual(['new', []]);
  });

  it('gives up in the end, and leaves no temporary file', async () => {
    pretend('win32');
    failures.push(...Array<string>(60).fill('EPERM'));
    await expect(writeFileAtomically(join(scratch, 'kept'), Buffer.from('x'))).rejects.toMatchObject({ code: 'EPERM' });
    expect([failures.length, readdirSync(scratch)]).toEqual([10, ['file']]);
  });

  it.each([
    ['win32', 'ENOSPC'],
    ['linux', 'EPERM'],
  ] as const)('and on %s does not for %s', async (value, code) => {
    pretend(value);
    failures.push(code, code);
    await expect(writeFileAtomically(join(scratch, 'kept'), Buffer.from('x'))).rejects.toMatchObject({ code });
    expect(failures).toEqual([code]);
  });
});
