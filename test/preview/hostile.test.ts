/**
 * The preview of hostile messages in Chromium: no script runs and no connection is opened. Every name leads to a server
 * that counts connections, so that also those count that no request follows.
 * @module
 */
import { mkdirSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryTransport, servePreview, type PreviewServer } from '../../src/testing.js';
import { startChromium, type Chromium, type ChromiumPage } from '../support/chromium.js';
import { hostileMessages } from './hostile-messages.js';

const shots = process.env['SCREENSHOTS'];
const signal = new AbortController().signal;
/** The first line of each connection, or nothing for one without a request. */
const connections: string[] = [];
const sockets = new Set<Socket>();
const answer = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK';
const server = (count: (socket: Socket) => void): Server =>
  createServer((socket) => {
    sockets.add(socket);
    count(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.once('data', () => socket.end(answer));
  });
const counter = server((socket) => {
  const at = connections.push('') - 1;
  socket.once('data', (bytes: Buffer) => (connections[at] = bytes.toString('latin1').split('\r\n', 1)[0] ?? ''));
});
/** Another server, to which every page is left. */
const elsewhere = server(() => undefined);

async function listen(listening: Server): Promise<number> {
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return (listening.address() as AddressInfo).port;
}

const transport = new MemoryTransport();
let preview: PreviewServer;
let chromium: Chromium;
beforeAll(async () => {
  const [own, other] = [await listen(counter), await listen(elsewhere)];
  chromium = await startChromium(
    `--host-resolver-rules=MAP elsewhere.example 127.0.0.1:${other},MAP *.test 127.0.0.1:${own}`,
  );
  preview = await servePreview(transport);
  for (const { content } of hostileMessages) {
    const envelope = {
      from: 'mallory@example.com',
      to: ['ann@example.com', `"<script>console.log('OWNED')</script>"@b.test`],
    };
    const outgoing = { body: '8bitmime', smtpUtf8: false, bytes: content } as const;
    await transport.send(envelope, () => Promise.resolve(outgoing), { signal, requireAllRecipients: false });
  }
  if (shots !== undefined) mkdirSync(shots, { recursive: true });
});
afterAll(async () => {
  await chromium[Symbol.asyncDispose]();
  await preview.close();
  for (const socket of sockets) socket.destroy();
  for (const listening of [counter, elsewhere]) await new Promise((resolve) => listening.close(resolve));
});

/** Traces of scripts: lines of the console, dialogs and windows. */
function doneByScripts(page: ChromiumPage): readonly string[] {
  return page.events
    .filter(({ method, params }) =>
      method === 'Runtime.consoleAPICalled'
        ? JSON.stringify(params).includes('OWNED')
        : ['Page.javascriptDialogOpening', 'Page.windowOpen'].includes(method),
    )
    .map(({ method }) => method);
}

/** Shows a page, clicks into its frame, and leaves it. */
async function look(url: string, shot?: string): Promise<{ scripts: readonly string[]; reached: readonly string[] }> {
  const page = await chromium.open();
  const count = connections.length;
  await page.goto(url);
  const place = await page.evaluate<[number, number] | undefined>(
    `(() => { const f = document.querySelector('iframe'); f?.scrollIntoView(); const r = f?.getBoundingClientRect(); return r && [r.x + 40, r.y + 40]; })()`,
  );
  await page.painted();
  if (place) await page.click(...place);
  await page.painted();
  if (shot !== undefined && shots !== undefined) await page.screenshot(join(shots, `${shot}.png`));
  await page.goto('http://elsewhere.example/');
  const reached = connections.slice(count);
  const scripts = doneByScripts(page);
  await page.close();
  return { scripts, reached };
}

describe('twenty hostile messages', () => {
  it('are twenty', () => expect(hostileMessages.length).toBe(20));

  it.each(hostileMessages.map(({ name }, i) => [name, i + 1] as const))(
    '%s: no script runs, and nothing is reached',
    async (name, id) => {
      const seen = await look(`${preview.url}messages/${id}`, `hostile-${id}-${name.replace(/[^a-z]+/gi, '-')}`);
      expect(seen).toEqual({ scripts: [], reached: [] });
    },
  );

  it('are a list in which no script of theirs runs', async () => {
    const seen = await look(`${preview.url}?q=${encodeURIComponent('"><script>')}`, 'search');
    expect(seen).toEqual({ scripts: [], reached: [] });
    expect(await look(preview.url, 'list')).toEqual({ scripts: [], reached: [] });
  });

  it('reached nothing afterwards either', () => expect(connections).toEqual([]));

  it('would do both without the preview, in most cases', async () => {
    const htmlOf = (content: Uint8Array): string =>
      Buffer.from(content).toString().split('\r\n\r\n').slice(1).join('\r\n\r\n');
    let harmful = 0;
    for (const { content } of hostileMessages) {
      const { scripts, reached } = await look(`data:text/html;charset=utf-8,${encodeURIComponent(htmlOf(content))}`);
      if (scripts.length > 0 || reached.length > 0) harmful++;
    }
    expect(harmful).toBeGreaterThan(10);
  });
});
