/**
 * When buffered output is flushed, and which callbacks report it.
 * @module
 */
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { Outbound } from '../../../../src/connection/channel/outbound.js';
import { flushBytes } from '../../../../src/smtp/transaction/content.js';

/** A stream that keeps its chunks and acknowledges them when the test says so. */
class Keeper extends Duplex {
  readonly written: string[] = [];
  readonly #taken: (() => void)[] = [];
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written.push(chunk.toString());
    this.#taken.push(done);
  }
  accept(): void {
    for (const done of this.#taken.splice(0)) done();
  }
}

function start(stallMs = 0): { outbound: Outbound; stream: Keeper; told: unknown[] } {
  const stream = new Keeper();
  const told: unknown[] = [];
  const outbound = new Outbound(stream, stallMs, {
    onFlush: (replies) => told.push(replies),
    onWritten: () => told.push('written'),
    onStall: () => told.push('stall'),
    onFailure: (error) => told.push(error.message),
  });
  return { outbound, stream, told };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('all of one turn leaves as one, and calls for its replies then', async () => {
  const { outbound, stream, told } = start();
  outbound.gather('MAIL\r\n', undefined, 1);
  outbound.flushSoon();
  outbound.gather('BDAT 2 LAST\r\n', [Buffer.from('hi')], 1, () => told.push('sent'));
  outbound.flushSoon();
  expect([stream.written, told]).toEqual([[], []]);
  await turn();
  expect([stream.written, told]).toEqual([['MAIL\r\nBDAT 2 LAST\r\nhi'], [2, 'sent']]);
  expect(outbound.hasRoom).toBe(false);
  stream.accept();
  await turn();
  expect([told.at(-1), outbound.hasRoom]).toEqual(['written', true]);
});

test('a block of content is passed on without a copy, with the command before it', () => {
  const given: Buffer[][] = [];
  const stream = new Duplex({
    read() {},
    writev: (chunks, done) => {
      given.push(chunks.map(({ chunk }) => chunk as Buffer));
      done();
    },
  });
  const nothing = (): void => {};
  const listener = { onFlush: nothing, onWritten: nothing, onStall: nothing, onFailure: nothing };
  const outbound = new Outbound(stream, 0, listener);
  const block = Buffer.alloc(flushBytes, 'x');
  outbound.gather(`BDAT ${block.length}\r\n`, [block], 1);
  outbound.flush();
  expect(given).toHaveLength(1);
  expect(given[0]?.map((chunk) => chunk.buffer === block.buffer)).toEqual([false, true]);
});

test('is full from flushBytes on, and has no room until the stream took it', () => {
  const { outbound } = start();
  outbound.gather('', [Buffer.alloc(flushBytes - 1)], 0);
  expect(outbound.isFull).toBe(false);
  outbound.gather('x', undefined, 0);
  expect([outbound.isFull, outbound.flush(), outbound.isFull, outbound.hasRoom]).toEqual([true, false, false, false]);
});

test('nothing leaves while it is held, nor once it was stopped', async () => {
  const { outbound, stream, told } = start();
  outbound.hold();
  outbound.gather('QUIT\r\n', undefined, 1);
  outbound.flushSoon();
  expect(outbound.flush()).toBe(false);
  await turn();
  expect([stream.written, told]).toEqual([[], []]);
  outbound.release();
  outbound.flush();
  expect(stream.written).toEqual(['QUIT\r\n']);
  outbound.stop();
  outbound.gather('NOOP\r\n', undefined, 1);
  expect([outbound.flush(), stream.written.length]).toEqual([false, 1]);
});

test('tells of a stream that throws, and of one that takes nothing', async () => {
  const { outbound, stream, told } = start();
  stream.write = () => {
    throw new Error('a bug');
  };
  outbound.gather('QUIT\r\n', undefined, 1);
  expect([outbound.flush(), told]).toEqual([false, [1, 'a bug']]);
  const slow = start(1);
  slow.outbound.gather('QUIT\r\n', undefined, 1);
  slow.outbound.flush();
  await expect.poll(() => slow.told).toContain('stall');
});
