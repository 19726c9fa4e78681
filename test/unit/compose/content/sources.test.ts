import { createReadStream, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LateComposer } from '../../../../src/compose/late-composer.js';
import type { PreparedMessage } from '../../../../src/compose/prepared-message.js';
import { createEmailError } from '../../../../src/errors/email-error.js';
import type { ContentInput, MailMessage } from '../../../../src/model/message.js';
import { turns } from '../../../support/clock.js';

const base = { name: 'p', sender: { email: 'ann@example.com' }, server: { host: 'mail.example.com' } };
const folder = mkdtempSync(join(tmpdir(), 'sources-test-'));
const file = join(folder, 'large.bin');
const { TMPDIR } = process.env;
beforeAll(() => {
  writeFileSync(file, Buffer.alloc(3_000_000, 'x'));
  process.env['TMPDIR'] = folder;
});
afterAll(() => {
  if (TMPDIR === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = TMPDIR;
  rmSync(folder, { recursive: true, force: true });
});

const kept = (): string[] => readdirSync(folder).filter((name) => name.startsWith('sealpost-'));
const openFiles = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`);
      return target.startsWith(folder) ? [target] : [];
    } catch {
      return []; // the descriptor was closed meanwhile
    }
  });
/** Waits for open files to be closed: a destroyed stream closes its file asynchronously. */
const filesClosed = () => expect.poll(openFiles).toEqual([]);
const attach = (content: ContentInput, more: Partial<MailMessage> = {}): MailMessage => ({
  to: 'b@example.org',
  attachments: [{ filename: 'a.bin', content }],
  ...more,
});
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
const composer = () => new LateComposer(base, true, undefined);

async function read(prepared: PreparedMessage): Promise<number> {
  const { bytes } = await prepared.copies[0]!.compose();
  if (bytes instanceof Uint8Array) return bytes.length;
  let length = 0;
  for await (const chunk of bytes) length += chunk.length;
  return length;
}

/** Yields some bytes, then never yields again. */
async function* stalled(): AsyncGenerator<Uint8Array> {
  yield Buffer.alloc(2_000_000);
  await new Promise(() => undefined);
}

describe('a stream', () => {
  const signal = new AbortController().signal;
  const ways: [string, () => ContentInput][] = [
    ['of Node', () => Readable.from([Buffer.from('once')])],
    ['of the web', () => new Blob(['once']).stream()],
    [
      'of a generator',
      () =>
        (async function* () {
          yield Buffer.from('once');
        })(),
    ],
  ];

  it.each(ways)('%s that was sent is not sent again as nothing', async (_, make) => {
    const one = composer();
    const message = attach(make());
    const prepared = await one.prepare(message, signal);
    expect(await read(prepared)).toBeGreaterThan(300);
    await prepared.dispose?.();
    expect(await failure(one.prepare(message, signal))).toMatchObject({
      code: 'ERR_CONTENT',
      message: expect.stringContaining('attachments.0.content') as string,
      remedy: expect.stringContaining('function') as string,
    });
  });

  it.each(ways)('%s is one message’s, while that is under way too', async (_, make) => {
    const one = composer();
    const message = attach(make());
    await one.prepare(message, signal);
    expect(await failure(one.prepare(message, signal))).toMatchObject({ code: 'ERR_CONTENT' });
    const twice = make();
    expect(await failure(one.prepare({ to: 'b@example.org', text: twice, html: twice }, signal))).toMatchObject({
      code: 'ERR_CONTENT',
      message: expect.stringMatching(/^html:/) as string,
    });
  });

  it.each(ways)('%s that a function gives again is not read again as nothing', async (_, make) => {
    const one = composer();
    const stream = make() as AsyncIterable<Uint8Array>;
    const prepared = await one.prepare(
      attach(() => stream),
      signal,
    );
    expect(await read(prepared)).toBeGreaterThan(300);
    const again = {
      code: 'ERR_CONTENT',
      message: expect.stringContaining('attachments.0.content') as string,
      remedy: expect.stringContaining('function') as string,
    };
    expect(await failure(read(prepared))).toMatchObject(again);
    expect(
      await failure(
        one
          .prepare(
            attach(() => stream),
            signal,
          )
          .then(read),
      ),
    ).toMatchObject(again);
    const anew = { [Symbol.asyncIterator]: () => (make() as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]() };
    const reusable = await one.prepare(
      attach(() => anew),
      signal,
    );
    expect(await read(reusable)).toBe(await read(reusable));
  });

  it('that was read elsewhere, or is destroyed, is refused by any mailer', async () => {
    const spent = Readable.from([Buffer.from('once')]);
    for await (const _ of spent);
    for (const stream of [spent, new PassThrough().destroy()]) {
      expect(await failure(composer().prepare(attach(stream), signal))).toMatchObject({ code: 'ERR_CONTENT' });
    }
  });

  it('that fails before it is read ends neither the process nor without its reason', async () => {
    const missing = createReadStream(join(folder, 'none.bin'));
    const prepared = await composer().prepare(attach(missing), signal);
    if (missing.errored === null) await new Promise((resolve) => missing.on('error', resolve));
    expect(await failure(read(prepared))).toMatchObject({
      code: 'ERR_CONTENT',
      message: expect.stringMatching(/attachments\.0\.content.*ENOENT/) as string,
    });
    const failed = createReadStream(join(folder, 'none.bin'));
    await new Promise((resolve) => failed.on('error', resolve));
    expect(await failure(composer().prepare(attach(failed), signal))).toMatchObject({
      code: 'ERR_CONTENT',
      message: expect.stringContaining('ENOENT') as string,
    });
  });

  it.each<[string, Partial<MailMessage>]>([
    ['is sent to no recipient', { to: 'broken' }],
    ['has an unknown field', { body: 'x' } as Partial<MailMessage>],
    ['is raw and not', { raw: 'Subject: x\r\n\r\n' }],
  ])('is closed where its message %s', async (_, more) => {
    const streams = [createReadStream(file), createReadStream(file)];
    const message = { ...attach(streams[0] as Readable), alternatives: [{ content: streams[1] as Readable }], ...more };
    expect(await failure(composer().prepare(message, signal))).toMatchObject({ code: 'ERR_MESSAGE_INVALID' });
    await turns();
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([true, true]);
    await filesClosed();
  });

  it('is closed where nothing came of its message', async () => {
    const stream = createReadStream(file);
    let cancelled = false;
    const web = new ReadableStream<Uint8Array>({ cancel: () => void (cancelled = true) });
    const prepared = await composer().prepare(
      { to: 'b@example.org', attachments: [{ content: stream }, { content: web as AsyncIterable<Uint8Array> }] },
      signal,
    );
    await prepared.dispose?.();
    await turns();
    expect([stream.destroyed, cancelled]).toEqual([true, true]);
    await filesClosed();
  });

  it('from a function is not opened for a message that was given up', async () => {
    let opened = 0;
    const prepared = await composer().prepare(
      attach(() => (opened++, Readable.from([Buffer.alloc(9)]))),
      new AbortController().signal,
    );
    await prepared.dispose?.();
    expect(await failure(read(prepared))).toMatchObject({
      code: 'ERR_CONTENT',
      message: expect.stringContaining('done with') as string,
    });
    expect(opened).toBe(0);
  });

  it('from a function is closed where it was not read to its end', async () => {
    const opened: Readable[] = [];
    const open = (): Readable => {
      const stream = createReadStream(file);
      opened.push(stream);
      return stream;
    };
    const prepared = await composer().prepare(attach(open, { to: ['b@example.org', 'c@example.org'] }), signal);
    const { bytes } = await prepared.copies[0]!.compose();
    const iterator = (bytes as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    await iterator.next();
    await prepared.dispose?.();
    await turns();
    expect(opened.map(({ destroyed }) => destroyed)).toEqual([true]);
    await filesClosed();
  });
});

describe('an abort', () => {
  const reason = createEmailError('ERR_TIMEOUT', 'too long');
  it.each<[string, () => MailMessage]>([
    [
      'a stream that is kept for several recipients',
      () => attach(stalled(), { to: ['b@example.org', 'c@example.org'] }),
    ],
    ['a raw stream', () => ({ to: 'b@example.org', raw: stalled() })],
    [
      'a raw function',
      () => ({
        to: 'b@example.org',
        raw: async function* () {
          yield Buffer.from('Subject: x\r\n');
          await new Promise(() => undefined);
        },
      }),
    ],
  ])('ends the wait for %s, and leaves no file', async (_, message) => {
    const controller = new AbortController();
    const preparing = failure(composer().prepare(message(), controller.signal));
    await turns();
    controller.abort(reason);
    expect(await preparing).toMatchObject({ code: 'ERR_TIMEOUT', phase: 'content', delivery: 'not-delivered' });
    expect(kept()).toEqual([]);
    await filesClosed();
  });

  it('before the call closes the stream, too', async () => {
    const stream = createReadStream(file);
    expect(await failure(composer().prepare(attach(stream), AbortSignal.abort()))).toMatchObject({
      code: 'ERR_ABORTED',
    });
    expect(stream.destroyed).toBe(true);
  });

  it('destroys the stream that is read', async () => {
    const controller = new AbortController();
    const stream = new PassThrough();
    stream.write('begun');
    const prepared = await composer().prepare(attach(stream), controller.signal);
    const reading = failure(read(prepared));
    await turns();
    controller.abort();
    expect(await reading).toMatchObject({ code: 'ERR_ABORTED', phase: 'content' });
    expect(stream.destroyed).toBe(true);
  });
});
