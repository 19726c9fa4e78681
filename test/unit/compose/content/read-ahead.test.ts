/**
 * Files are read ahead: while one block is used, the next one is read. Every way out of it closes the file.
 * @module
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { admitFile, readBlocks } from '../../../../src/compose/content/file-access.js';

const folder = mkdtempSync(join(tmpdir(), 'read-ahead-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const blockBytes = 128 * 1024;
const content = Buffer.alloc(2 * blockBytes + 5, 'x');
const path = join(folder, 'file.bin');
writeFileSync(path, content);

/** The methods that every open file has. */
async function methodsOfFiles(): Promise<FileHandle> {
  const handle = await open(path);
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}

/** Reads the file. `act` takes the place of the read at a position. `isOpen` is undefined before the first read. */
async function begin(act: (position: number, read: () => Promise<unknown>) => Promise<unknown>) {
  const methods = await methodsOfFiles();
  const { read: original } = methods;
  const positions: number[] = [];
  let handle: FileHandle | undefined;
  // Not a spy of vitest, which would handle the rejections that it hands on.
  methods.read = function (this: FileHandle, ...given: unknown[]) {
    handle = this;
    const position = given[3] as number;
    positions.push(position);
    return act(position, () => Reflect.apply(original, this, given) as Promise<unknown>) as never;
  };
  onTestFinished(() => void (methods.read = original));
  const isOpen = (): boolean | undefined => handle && handle.fd !== -1;
  return { blocks: readBlocks(await admitFile(path, 'attachments.0.content', true)), positions, isOpen };
}

test('the next block is read while one is used', async () => {
  const { blocks, positions, isOpen } = await begin((_, read) => read());
  const lengths: number[] = [];
  for (let block = await blocks.next(); block.done !== true; block = await blocks.next()) {
    lengths.push(block.value.length);
    // One read more than there are blocks so far: it began before this block was given.
    expect(positions).toHaveLength(lengths.length + 1);
  }
  expect(lengths).toEqual([blockBytes, blockBytes, 5]);
  expect(isOpen()).toBe(false);
});

test('a read ahead that fails is the error of the next block, not an unhandled rejection', async () => {
  const { blocks, isOpen } = await begin((position, read) =>
    position === 0 ? read() : Promise.reject(new Error('EIO')),
  );
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  onTestFinished(() => void process.off('unhandledRejection', unhandled));
  expect((await blocks.next()).value).toHaveLength(blockBytes);
  // The block is still in use when the read fails.
  await nextTurn();
  expect(unhandled).not.toHaveBeenCalled();
  await expect(blocks.next()).rejects.toThrow('EIO');
  expect(isOpen()).toBe(false);
});

test('a reader that leaves while the next block is read closes the file behind that read', async () => {
  let finish = (): void => {};
  const held = new Promise<void>((resolve) => (finish = resolve));
  const { blocks, isOpen } = await begin(async (position, read) => {
    if (position > 0) await held;
    return read();
  });
  await blocks.next();
  const left = blocks.return(undefined);
  await nextTurn();
  expect(isOpen()).toBe(true);
  finish();
  await left;
  expect(isOpen()).toBe(false);
});

test('a reader that leaves while the read ahead fails is not told of it, and the file is closed', async () => {
  const { blocks, isOpen } = await begin((position, read) =>
    position === 0 ? read() : Promise.reject(new Error('EIO')),
  );
  await blocks.next();
  expect(await blocks.return(undefined)).toEqual({ done: true, value: undefined });
  expect(isOpen()).toBe(false);
});
