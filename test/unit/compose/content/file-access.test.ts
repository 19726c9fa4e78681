import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { LateComposer } from '../../../../src/compose/late-composer.js';
import type { PreparedMessage } from '../../../../src/compose/prepared-message.js';
import type { FileAccess } from '../../../../src/compose/content/file-access.js';
import type { ContentInput, MailMessage } from '../../../../src/model/message.js';

const signal = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'file-access-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const root = join(folder, 'root');
const outside = join(folder, 'outside.txt');
mkdirSync(join(root, 'sub'), { recursive: true });
mkdirSync(join(folder, 'rootless'));
for (const file of [outside, join(folder, 'rootless', 'in.txt')]) writeFileSync(file, 'OUTSIDE');
for (const file of ['in.txt', join('sub', 'in.txt')]) writeFileSync(join(root, file), 'allowed');
symlinkSync(outside, join(root, 'link.txt'));
symlinkSync(folder, join(root, 'up'));
symlinkSync(join(root, 'in.txt'), join(folder, 'way-in.txt'));

const attach = (content: ContentInput): MailMessage => ({
  to: 'b@example.org',
  attachments: [{ filename: 'a.bin', content }],
});
const prepare = (message: MailMessage, access: FileAccess): Promise<PreparedMessage> =>
  new LateComposer({ sender: { email: 'ann@example.com' } }, access, undefined).prepare(message, signal);
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

async function read(prepared: PreparedMessage): Promise<string> {
  const { bytes } = await prepared.copies[0]!.compose();
  const chunks: Buffer[] = [];
  for await (const chunk of bytes instanceof Uint8Array ? [bytes] : bytes) chunks.push(Buffer.from(chunk));
  await prepared.dispose?.();
  return Buffer.concat(chunks).toString();
}

describe('fileAccess: { root }', () => {
  it.each([
    ['a path', join(root, 'in.txt')],
    ['a path with ..', join(root, 'sub') + sep + '..' + sep + 'in.txt'],
    ['a file URL', pathToFileURL(join(root, 'sub', 'in.txt'))],
    ['a link from outside', join(folder, 'way-in.txt')],
  ])('allows %s that ends below it, however the root is written', async (_, file) => {
    for (const written of [root, root + sep, join(root, 'up', 'root'), sep]) {
      expect(await read(await prepare(attach({ file }), { root: written }))).toContain(
        Buffer.from('allowed').toString('base64'),
      );
    }
  });

  it.each([
    ['another path', outside],
    ['..', root + sep + '..' + sep + 'outside.txt'],
    ['a link', join(root, 'link.txt')],
    ['a link to a folder', join(root, 'up', 'outside.txt')],
    ['a folder of which the root is the beginning', join(folder, 'rootless', 'in.txt')],
    ['a file URL', pathToFileURL(outside)],
    ['a file URL with escapes', new URL(`${pathToFileURL(root).href}/%2e%2e/outside.txt`)],
    ['the root itself', root],
    ['another path, where nothing is,', join(folder, 'nothing.txt')],
    ['.., where nothing is,', root + sep + '..' + sep + 'nothing.txt'],
  ])('refuses %s that leads elsewhere, naming the field', async (_, file) => {
    for (const written of [root, root + sep]) {
      expect(await failure(prepare(attach({ file }), { root: written }))).toMatchObject({
        code: 'ERR_MESSAGE_INVALID',
        problems: [{ path: 'attachments.0.content', message: expect.stringContaining('outside the root') as string }],
      });
    }
  });

  it('says of what is missing below it that it is missing, however the root is written', async () => {
    for (const written of [root, root + sep, join(root, 'up', 'root')]) {
      for (const file of [join(root, 'nothing.txt'), join(written, 'nothing.txt')]) {
        expect(await failure(prepare(attach({ file }), { root: written }))).toMatchObject({
          code: 'ERR_CONTENT',
          message: expect.stringContaining('ENOENT') as string,
        });
      }
    }
  });

  it('holds when the file is opened for reading, whatever was put in its place since', async () => {
    const file = join(root, 'sub', 'swapped.txt');
    writeFileSync(file, 'allowed');
    const prepared = await prepare(attach({ file }), { root });
    rmSync(file);
    symlinkSync(outside, file);
    expect(await failure(read(prepared))).toMatchObject({
      code: 'ERR_CONTENT',
      message: expect.stringContaining('root') as string,
    });

    mkdirSync(join(root, 'dir'));
    writeFileSync(join(root, 'dir', 'outside.txt'), 'allowed');
    const other = await prepare(attach({ file: join(root, 'dir', 'outside.txt') }), { root });
    renameSync(join(root, 'dir'), join(root, 'dir-before'));
    symlinkSync(folder, join(root, 'dir'));
    expect(await failure(read(other))).toMatchObject({ code: 'ERR_CONTENT' });
  });
});

describe('a file', () => {
  it('that is a FIFO is refused without waiting for its writer', async () => {
    const fifo = join(root, 'fifo');
    execFileSync('mkfifo', [fifo]);
    expect(await failure(prepare(attach({ file: fifo }), true))).toMatchObject({
      code: 'ERR_MESSAGE_INVALID',
      message: expect.stringContaining('not a regular file') as string,
    });
  });

  it.each([new URL('https://127.0.0.1/x'), new URL('data:text/plain,x'), '', 'a\0b'])(
    'that is named as %s is refused',
    async (file) => {
      expect(await failure(prepare(attach({ file }), true))).toMatchObject({
        code: 'ERR_MESSAGE_INVALID',
        problems: [{ path: 'attachments.0.content.file' }],
      });
    },
  );
});

describe('advisories', () => {
  it('GHSA-wqvq-jvpq-h66f, GHSA-p6gq-j5cr-w38f, GHSA-8m3c-c648-2xjj: with fileAccess false nothing reads a file or a URL, however it is named', async () => {
    for (const file of [outside, pathToFileURL(outside)]) {
      const content = { file };
      const messages: MailMessage[] = [
        { text: content },
        { html: content },
        { raw: content },
        { attachments: [{ content }] },
        { alternatives: [{ content }] },
      ];
      for (const message of messages) {
        expect(await failure(prepare({ to: 'b@example.org', ...message }, false))).toMatchObject({
          code: 'ERR_MESSAGE_INVALID',
          message: expect.stringContaining('fileAccess') as string,
        });
      }
    }
    for (const key of ['path', 'href', 'url']) {
      const attachment = { filename: 'x', [key]: outside } as unknown as { content: string };
      expect(await failure(prepare({ to: 'b@example.org', attachments: [attachment] }, true))).toMatchObject({
        code: 'ERR_MESSAGE_INVALID',
        message: expect.stringContaining(`attachments.0.${key}`) as string,
      });
    }
    for (const text of [outside, pathToFileURL(outside).href, 'https://127.0.0.1:1/x', 'data:text/plain,x']) {
      expect(await read(await prepare(attach(text), false))).toContain(
        Buffer.from(text).toString('base64').slice(0, 76),
      );
    }
  });

  it('PHPMailer CVE-2017-5223: what HTML refers to is not read', async () => {
    const html = `<img src="${outside}"><img src="${pathToFileURL(outside).href}"><img src="../outside.txt">`;
    const text = await read(await prepare({ to: 'b@example.org', html }, true));
    expect(text).toContain(html);
    expect(text).not.toMatch(/OUTSIDE|multipart/);
  });

  it('GHSA-9h6g-pr28-7cqp: data URIs are text, and cost time in proportion to their length', async () => {
    const begun = process.cpuUsage().user;
    for (const shape of ['data:', '<img src="data:', 'data:;base64,', 'data:image/png;charset=x']) {
      const html = shape.repeat(Math.floor(500_000 / shape.length));
      expect(await read(await prepare({ to: 'b@example.org', html }, true))).not.toContain('multipart');
    }
    // Linear time is tens of milliseconds; quadratic time would be minutes.
    expect(process.cpuUsage().user - begun).toBeLessThan(5e6);
  });
});
