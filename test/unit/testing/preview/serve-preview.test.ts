import { request } from 'node:http';
import { connect } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createMailer } from '../../../../src/index.js';
import { FileTransport, MemoryTransport, servePreview, type PreviewSource } from '../../../../src/testing.js';

const profile = { name: 'p', sender: { email: 'app@example.com' }, server: { host: 'mail.example.com' } };

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function get(url: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, method }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    asked.on('error', reject).end();
  });
}

async function served(transport: PreviewSource & (MemoryTransport | FileTransport) = new MemoryTransport()) {
  const preview = await servePreview(transport);
  onTestFinished(() => preview.close());
  const mailer = createMailer(profile, { transport });
  onTestFinished(() => mailer.close());
  const send = (subject: string, text = 'x') =>
    mailer.send({ to: 'ann@example.com', bcc: 'eve@example.com', subject, text });
  return { transport, preview, send };
}
const subjects = (body: string): string[] =>
  [...body.matchAll(/<strong dir="auto">([^<]*)/g)].map(([, text = '']) => text);

describe('servePreview', () => {
  it('lists messages, newest first, and shows each', async () => {
    const { preview, send } = await served();
    expect((await get(preview.url)).body).toContain('No message has been sent yet.');
    await send('First');
    await send('Second <b>');
    const { body, headers } = await get(preview.url);
    expect(subjects(body)).toEqual(['Second &#60;b&#62;', 'First']);
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    const [path = ''] = /\/messages\/\d+/.exec(body) ?? [];
    const page = await get(new URL(path, preview.url).href);
    expect(page.body).toContain('<h1 dir="auto">Second &#60;b&#62;</h1>');
    expect(page.body).toContain('eve@example.com<span class="mark">Bcc');
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; img-src data:;.*frame-ancestors 'none'$/,
    );
    expect(page.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
  });

  it('shows the files of a FileTransport, and says where one is missing', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'preview-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const { transport, preview, send } = await served(new FileTransport({ directory }));
    await send('In a file');
    await send('Gone');
    rmSync(transport.sent[1] && 'file' in transport.sent[1] ? transport.sent[1].file : '');
    expect(subjects((await get(preview.url)).body)).toEqual(['(the file cannot be read)', 'In a file']);
  });

  it('searches in fields, envelope and text', async () => {
    const { preview, send } = await served();
    await send('Invoice', 'for Ann');
    await send('Reminder', 'for BOB');
    const search = async (words: string) => subjects((await get(`${preview.url}?q=${encodeURIComponent(words)}`)).body);
    expect(await search('invoice')).toEqual(['Invoice']);
    expect(await search('bob')).toEqual(['Reminder']);
    expect(await search('eve@')).toEqual(['Reminder', 'Invoice']);
    expect(await search('"><script>')).toEqual([]);
    expect((await get(`${preview.url}?q=%22%3E%3Cscript%3E`)).body).toContain('value="&#34;&#62;&#60;script&#62;"');
  });

  it('tells the list of each new message', async () => {
    const { preview, send } = await served();
    const first = new Promise<string>((resolve, reject) => {
      let text = '';
      request(`${preview.url}events`, (response) => {
        expect(response.headers['content-type']).toBe('text/event-stream');
        response.setEncoding('utf8').on('data', (chunk: string) => {
          if (text === '') void send('Live');
          text += chunk;
          if (text.includes('data:')) resolve(text);
        });
      })
        .on('error', reject)
        .end();
    });
    expect(await first).toContain('data: new\n\n');
  });

  it.each([
    ['another host', { Host: 'evil.example' }, 421],
    ['another port', { Host: '127.0.0.1:1' }, 421],
    ['no port', { Host: '127.0.0.1' }, 421],
    ['another site', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }, 403],
  ])('refuses %s', async (_, headers, status) => {
    const { preview, send } = await served();
    await send('Secret');
    for (const path of ['', 'messages/1', 'events']) {
      const answer = await get(preview.url + path, headers);
      expect(answer.status).toBe(status);
      expect(answer.body).not.toContain('Secret');
    }
  });

  it('answers under localhost too, and to a link from another site', async () => {
    const { preview } = await served();
    const { port } = new URL(preview.url);
    expect((await get(preview.url, { Host: `localhost:${port}` })).status).toBe(200);
    expect((await get(preview.url, { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' })).status).toBe(200);
  });

  it('answers GET alone, and knows nothing else', async () => {
    const { preview } = await served();
    expect((await get(preview.url, {}, 'POST')).status).toBe(405);
    for (const path of ['messages/1', 'messages/x', 'messages/99999999999999999999', 'x', '..%2f', 'messages/1/..'])
      expect((await get(preview.url + path)).status).toBe(404);
  });

  it('survives a request that is none', async () => {
    const { preview } = await served();
    const { port } = new URL(preview.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () =>
        socket.end('GET //[ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'),
      );
      socket
        .on('close', () => resolve())
        .on('error', () => undefined)
        .resume();
    });
    expect((await get(preview.url)).status).toBe(200);
  });

  it('keeps the address of a message after others are gone', async () => {
    const { transport, preview, send } = await served();
    await send('Old');
    await get(preview.url);
    if (transport instanceof MemoryTransport) transport.clear();
    await send('New');
    const { body } = await get(preview.url);
    expect(body).toContain('/messages/2');
    expect((await get(`${preview.url}messages/1`)).status).toBe(404);
  });

  it('closes with its connections, and frees the port', async () => {
    const transport = new MemoryTransport();
    const preview = await servePreview(transport);
    const ended = new Promise((resolve) =>
      request(`${preview.url}events`, (response) => response.on('error', resolve).on('close', resolve).resume())
        .on('error', resolve)
        .end(),
    );
    await get(preview.url);
    await Promise.all([preview.close(), preview.close()]);
    await ended;
    const port = Number(new URL(preview.url).port);
    await using again = await servePreview(transport, { port });
    expect(again.url).toBe(preview.url);
    await expect(servePreview(transport, { port })).rejects.toMatchObject({ code: 'ERR_CONNECT' });
  });

  it.each([
    [{}, {}],
    [new MemoryTransport(), { port: -1 }],
    [new MemoryTransport(), { ports: 1 }],
  ])('refuses wrong arguments', async (transport, options) => {
    await expect(servePreview(transport as never, options as never)).rejects.toMatchObject({
      code: 'ERR_PROFILE_INVALID',
    });
  });
});
