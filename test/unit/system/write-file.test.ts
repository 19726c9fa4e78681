/**
 * Files that are replaced as a whole.
 * @module
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { removeLeftovers, stageFile, writeFileAtomically } from '../../../src/system/write-file.js';
import { bundle } from '../../support/bundle.js';
import { random } from '../../support/random.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-write-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let directories = 0;
const freshDirectory = (): string => {
  const path = join(scratch, String(++directories));
  mkdirSync(path);
  return path;
};

describe('writeFileAtomically', () => {
  it('makes a file of mode 0600, and gives one that it replaces that mode', async () => {
    const path = join(freshDirectory(), 'file');
    await writeFileAtomically(path, Buffer.from('one'));
    expect(readFileSync(path, 'utf8')).toBe('one');
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o644);
    await writeFileAtomically(path, Buffer.from('two'));
    expect(readFileSync(path, 'utf8')).toBe('two');
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('replaces a symbolic link and leaves the file that it points to', async () => {
    const directory = freshDirectory();
    const target = join(directory, 'target');
    writeFileSync(target, 'theirs');
    symlinkSync(target, join(directory, 'link'));
    await writeFileAtomically(join(directory, 'link'), Buffer.from('ours'));
    expect(readFileSync(target, 'utf8')).toBe('theirs');
    expect(lstatSync(join(directory, 'link')).isFile()).toBe(true);
  });

  it('leaves nothing behind where it fails', async () => {
    const directory = freshDirectory();
    mkdirSync(join(directory, 'file'));
    writeFileSync(join(directory, 'file', 'in it'), '');
    await expect(writeFileAtomically(join(directory, 'file'), Buffer.from('x'))).rejects.toMatchObject({
      code: expect.stringMatching(/^(EISDIR|ENOTEMPTY|EEXIST|EPERM)$/) as string,
    });
    expect(readdirSync(directory)).toEqual(['file']);
    await expect(writeFileAtomically(join(directory, 'missing', 'file'), Buffer.from('x'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('leaves the old or the new file where its process is killed', async () => {
    const modules = await bundle({ write: 'src/system/write-file.ts' });
    const path = join(freshDirectory(), 'file');
    const worker = join(modules, 'worker.mjs');
    writeFileSync(
      worker,
      `import { writeFileAtomically } from './write.mjs';
       for (let n = Number(process.argv[3]); ; n++) {
         await writeFileAtomically(process.argv[2], Buffer.from(String(n).repeat(100_000)));
         console.log(n);
       }`,
    );
    const isWhole = (text: string): boolean => text === text.slice(0, text.length / 100_000).repeat(100_000);
    const seed = Date.now() >>> 0;
    const next = random(seed);
    for (let round = 1; round <= 10; round++) {
      const child = spawn(process.execPath, [worker, path, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
      let left = 1 + next(6);
      for await (const _ of child.stdout) {
        expect(isWhole(readFileSync(path, 'utf8')), `seed ${seed}`).toBe(true);
        if (--left > 0) continue;
        child.kill('SIGKILL');
        break;
      }
      if (child.signalCode === null) await once(child, 'exit');
      expect(isWhole(readFileSync(path, 'utf8')), `seed ${seed}`).toBe(true);
    }
    await removeLeftovers(path);
    expect(readdirSync(join(path, '..'))).toEqual(['file']);
  });
});

describe('stageFile', () => {
  it('leaves the path alone until it is committed, and nothing where it is discarded', async () => {
    const directory = freshDirectory();
    const path = join(directory, 'file');
    writeFileSync(path, 'old');
    const [kept, dropped] = [await stageFile(path, Buffer.from('new')), await stageFile(path, Buffer.from('other'))];
    expect([readFileSync(path, 'utf8'), readdirSync(directory).length]).toEqual(['old', 3]);
    await dropped.discard();
    await kept.commit();
    expect([readFileSync(path, 'utf8'), readdirSync(directory)]).toEqual(['new', ['file']]);
    await dropped.discard();
  });
});

describe('removeLeftovers', () => {
  it('removes temporary files of this file alone', async () => {
    const directory = freshDirectory();
    for (const name of ['a', 'a.0123456789ab.tmp', 'a.tmp', 'a.b.0123456789ab.tmp', 'b.0123456789ab.tmp'])
      writeFileSync(join(directory, name), '');
    await removeLeftovers(join(directory, 'a'));
    expect(readdirSync(directory).sort()).toEqual(['a', 'a.b.0123456789ab.tmp', 'a.tmp', 'b.0123456789ab.tmp']);
  });
});
