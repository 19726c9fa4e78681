/**
 * Values from another realm (jest, vm contexts) and from other libraries (jsdom, happy-dom, polyfills) work like those
 * of this realm.
 * @module
 */
import { Readable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Connector, MailMessage } from '../../src/index.js';
import { asSignal, ForeignAbortController, listenersOf, ReasonlessAbortController } from '../support/foreign-abort.js';
import { authority, certificatePem, issue, keyPem } from '../unit/smime/issue.js';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const foreign = runInNewContext(`({
  bytes: (text) => Uint8Array.from(text, (c) => c.charCodeAt(0)),
  buffer: (text) => Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer,
  date: (ms) => new Date(ms),
  object: (entries) => Object.fromEntries(entries),
  error: (text) => new TypeError(text),
})`) as {
  bytes(text: string): Uint8Array;
  buffer(text: string): ArrayBuffer;
  date(ms: number): Date;
  object<T>(entries: readonly (readonly [string, unknown])[]): T;
  error(text: string): Error;
};
const profile = { name: 't', sender: { email: 'a@example.com' }, server: { host: 'localhost' } } as const;
const message: MailMessage = { to: 'b@example.com', subject: 's', text: 'hello' };

/** jsdom's File has no stream(). */
const foreignFile = {
  size: 4,
  name: 'report.pdf',
  type: 'application/pdf',
  arrayBuffer: () => Promise.resolve(foreign.buffer('%PDF')),
};

async function library() {
  const { createMailer } = await import('../../src/index.js');
  const { MemoryTransport } = await import('../../src/testing.js');
  const transport = new MemoryTransport();
  return { createMailer, transport, mailer: createMailer(profile, { transport }) };
}

describe.each([
  ['jsdom', ForeignAbortController],
  ['a polyfill without reasons', ReasonlessAbortController],
])('AbortController of %s', (_, Foreign) => {
  const stub = () => {
    vi.stubGlobal('AbortController', Foreign);
    vi.stubGlobal('AbortSignal', class {});
    vi.stubGlobal('EventTarget', class {});
    vi.resetModules();
  };

  it('sends, ends a send by its signal, and holds no listener afterwards', async () => {
    stub();
    const { mailer, transport } = await library();
    const controller = new Foreign();
    await mailer.send(message, { signal: asSignal(controller) });
    for await (const { error } of mailer.sendAll([message, message], { signal: asSignal(controller) }))
      expect(error).toBeUndefined();
    expect(transport.sent).toHaveLength(3);
    expect(listenersOf(controller)).toBe(0);
    const attachments = [{ content: { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) } }];
    const waiting = mailer.send({ ...message, attachments }, { signal: asSignal(controller) });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await mailer.close();
  });

  it('keeps the reason of a deadline and of close() on the way to a server that is silent', async () => {
    stub();
    const { createMailer } = await library();
    const connector: Connector = { connect: () => new Promise(() => {}) };
    const timeouts = { totalMs: 1 };
    const slow = createMailer({ ...profile, server: { host: 'localhost', timeouts } }, { connector });
    await expect(slow.send(message)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    const closed = createMailer(profile, { connector });
    const waiting = closed.send(message);
    const told = expect(waiting).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await closed.close({ force: true });
    await told;
    await slow.close({ force: true });
  });

  it('signs, encrypts and decrypts', async () => {
    stub();
    const smime = await import('../../src/smime.js');
    const root = authority();
    const alice = issue({ issuer: root, name: 'Alice', kind: 'P-256' });
    const source = { data: certificatePem(alice), key: keyPem(alice) };
    const text = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
    const sealed = await smime.encrypt(await smime.sign(text, { certificate: source }), [certificatePem(alice)]);
    const { content } = await smime.decrypt(sealed, source);
    expect(await smime.verify(content, { trustAnchors: [certificatePem(root)] })).toMatchObject({
      signatures: [{ valid: true, trusted: true }],
    });
  });
});

describe('values of another realm', () => {
  it('make a message, as those of this realm do', async () => {
    const { mailer, transport } = await library();
    const given = foreign.object<MailMessage>([
      ['to', 'b@example.com'],
      ['subject', 's'],
      ['date', foreign.date(0)],
      ['text', foreign.bytes('text')],
      [
        'attachments',
        [
          { filename: '1', content: foreign.bytes('one') },
          { filename: '2', content: foreign.buffer('two') },
          { content: foreignFile },
          {
            filename: '4',
            content: (async function* () {
              yield foreign.bytes('four');
            })(),
          },
        ],
      ],
    ]);
    await mailer.send(given);
    const [sent] = transport.sent;
    expect(sent?.attachments.map(({ filename, content }) => [filename, Buffer.from(content).toString()])).toEqual([
      ['1', 'one'],
      ['2', 'two'],
      ['report.pdf', '%PDF'],
      ['4', 'four'],
    ]);
    expect(Buffer.from(sent?.content ?? []).toString()).toContain('Date: Thu, 01 Jan 1970 00:00:00 +0000');
    await mailer.close();
  });

  it('make certificates, keys and content of S/MIME', async () => {
    const smime = await import('../../src/smime.js');
    const root = authority();
    const alice = issue({ issuer: root, name: 'Alice', kind: 'P-256' });
    const pem = (text: string): Uint8Array => foreign.bytes(text);
    const source = { data: pem(certificatePem(alice)), key: keyPem(alice) };
    const text = foreign.bytes('Content-Type: text/plain\r\n\r\nHello\r\n');
    const sealed = await smime.encrypt(await smime.sign(text, { certificate: source }), [pem(certificatePem(alice))]);
    const { content } = await smime.decrypt(sealed, source);
    const at = foreign.date(Date.now());
    expect(await smime.verify(content, { trustAnchors: [pem(certificatePem(root))], at })).toMatchObject({
      signatures: [{ valid: true, trusted: true }],
    });
  });

  it('are told by their own words where they are errors', async () => {
    const { createMailer } = await library();
    const connector: Connector = { connect: () => Promise.reject(foreign.error('no route')) };
    const mailer = createMailer(profile, { connector });
    await expect(mailer.send(message)).rejects.toThrow(/: no route \(profile t\)$/);
    await mailer.close();
  });
});

it('Promise of a library that replaces it (zone.js): a send with a stream', async () => {
  // Then the promises of async functions and of Node are not instances of the global Promise.
  vi.stubGlobal('Promise', class extends Promise<unknown> {});
  vi.resetModules();
  const { mailer, transport } = await library();
  const content = Readable.from([Buffer.from('streamed')]);
  await mailer.send({ ...message, attachments: [{ content, filename: 'a.txt' }] });
  expect(transport.sent.map(({ attachments }) => attachments.length)).toEqual([1]);
  await mailer.close();
});

it('a browser environment of Jest, with timers that are numbers and without setImmediate and TextDecoder: sends to a server', async () => {
  const startTimer = setTimeout;
  vi.stubGlobal('setTimeout', (act: () => void, ms: number) => Number(startTimer(act, ms)));
  vi.stubGlobal('setImmediate', undefined);
  vi.stubGlobal('TextDecoder', undefined);
  vi.resetModules();
  const { createMailer } = await import('../../src/index.js');
  const { TestSmtpServer } = await import('../../src/testing.js');
  const server = await TestSmtpServer.start();
  const mailer = createMailer({ ...profile, server: server.settings });
  const content = Readable.from([Buffer.from('streamed')]);
  const html = Buffer.from('<p>Hello');
  await mailer.send({ ...message, subject: 'Grüße', html, attachments: [{ content, filename: 'a.txt' }] });
  await mailer.send(message);
  expect(server.messages.map(({ subject }) => subject)).toEqual(['Grüße', 's']);
  await mailer.close();
  await server.close();
});
