/**
 * An HTTP server on loopback that shows the messages of a transport.
 * @module
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEmailError, reasonOf } from '../../errors/email-error.js';
import type { Envelope } from '../../model/envelope.js';
import { checked, callSubject } from '../../schema/check.js';
import { wholeNumber, withMethods } from '../../schema/combine.js';
import { object, optional, required } from '../../schema/object.js';
import { readFile } from '../../system/read-file.js';
import { isBytes } from '../../util/bytes.js';
import { showText } from '../../util/show.js';
import { withoutPrototype } from '../../util/without-prototype.js';
import { fieldOf, readContent } from './content.js';
import { policy } from './frame.js';
import { listPage, listPolicy, type ListEntry } from './list-page.js';
import { messagePage, page } from './message-page.js';
import { escapeLine } from './text.js';

/** A transport whose messages can be shown: `MemoryTransport` and `FileTransport`, or one of your own. */
export interface PreviewSource {
  /** The messages, oldest first, each with its content or the path of its file. */
  readonly sent: readonly (
    | {
        /** Sender and recipients. */
        readonly envelope: Envelope;
        /** The message as in RFC 5322. */
        readonly content: Uint8Array;
      }
    | {
        /** Sender and recipients. */
        readonly envelope: Envelope;
        /** Path of the file that contains the message. */
        readonly file: string;
      }
  )[];
  /** Calls the listener after each message. The result ends that. */
  onSent(listener: () => void): () => void;
}

/** Options of `servePreview`. */
export interface ServePreviewOptions {
  /** The port on 127.0.0.1. Default 0: the system chooses one. */
  readonly port?: number | undefined;
}

/** A preview that is being served. */
export interface PreviewServer extends AsyncDisposable {
  /** The address of the list, as `http://127.0.0.1:8025/`. */
  readonly url: string;
  /** Ends the server and its connections. */
  close(): Promise<void>;
}

type Sent = PreviewSource['sent'][number];

/** A message in the list, and the words that the search looks at. */
interface Known {
  readonly id: number;
  readonly entry: ListEntry;
  readonly words: string;
}

const argumentsSchema = object<{ readonly transport: PreviewSource; readonly port?: number | undefined }>({
  transport: required(withMethods<PreviewSource>('a transport that keeps its messages', 'onSent')),
  port: optional(wholeNumber(0, 65_535)),
});
const maxFileBytes = 256 * 1024 * 1024;
/** The search looks at the beginning of a text. */
const maxSearched = 100_000;

/**
 * Serves the list of messages, newest first, which renews itself, and a page for each. Only loopback can reach it; a
 * request under another host name is refused, so that no page of the Internet can read it. It holds the process until it
 * is closed. ERR_CONNECT if the port is in use; ERR_PROFILE_INVALID for wrong arguments.
 *
 * @example
 * ```ts
 * const transport = new MemoryTransport();
 * const preview = await servePreview(transport, { port: 8025 });
 * console.log(preview.url);
 * ```
 */
export async function servePreview(
  transport: PreviewSource,
  options: ServePreviewOptions = {},
): Promise<PreviewServer> {
  const { port = 0 } = checked(argumentsSchema, { ...Object(options), transport }, callSubject);
  const messages = new Messages(transport);
  const streams = new Set<ServerResponse>();
  const server = createServer({ maxHeaderSize: 32 * 1024 }, (request, response) => {
    answer(request, response, messages, streams).catch((error: unknown) =>
      respond(response, 500, noticePage(`The message cannot be shown: ${reasonOf(error)}`), policy),
    );
  });
  await listen(server, port);
  const { port: bound } = server.address() as AddressInfo;
  const end = transport.onSent(() => {
    for (const stream of streams) stream.write('data: new\n\n');
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= closeServer(server, end));
  return { url: `http://127.0.0.1:${bound}/`, close, [Symbol.asyncDispose]: close };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        createEmailError('ERR_CONNECT', `The preview cannot listen on port ${port} of 127.0.0.1: ${reasonOf(cause)}`, {
          cause,
          remedy: 'Set another port, or leave it out so that the system chooses one.',
        }),
      ),
    );
    server.listen(withoutPrototype({ host: '127.0.0.1', port, exclusive: true }), () => resolve());
  });
}

function closeServer(server: Server, end: () => void): Promise<void> {
  end();
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** The messages of the transport, with numbers that stay theirs. */
class Messages {
  readonly #transport: PreviewSource;
  readonly #known = new WeakMap<Sent, Known>();
  #last = 0;
  /** One look at a time: two would number a message twice. */
  #looking: Promise<unknown> = Promise.resolve();

  constructor(transport: PreviewSource) {
    this.#transport = transport;
  }

  /** Newest first. */
  all(): Promise<readonly Known[]> {
    const looked = this.#looking.then(() => this.#all());
    this.#looking = looked.catch(() => undefined);
    return looked;
  }

  async #all(): Promise<readonly Known[]> {
    const all: Known[] = [];
    for (const sent of [...this.#transport.sent]) {
      const known = this.#known.get(sent) ?? describe(++this.#last, sent.envelope, await contentOf(sent));
      this.#known.set(sent, known);
      all.push(known);
    }
    return all.reverse();
  }

  find(id: number): Sent | undefined {
    return this.#transport.sent.find((sent) => this.#known.get(sent)?.id === id);
  }
}

async function contentOf(sent: Sent): Promise<Uint8Array> {
  if ('content' in sent) return sent.content;
  const bytes = await readFile(sent.file, maxFileBytes);
  if (isBytes(bytes)) return bytes;
  return Buffer.from(`Subject: (the file cannot be read)\r\n\r\n${showText(sent.file)}: ${bytes.reason}\r\n`);
}

function describe(id: number, envelope: Envelope, bytes: Uint8Array): Known {
  const content = readContent(bytes);
  const [subject = '', from = envelope.from, date = ''] = ['subject', 'from', 'date'].map((name) =>
    fieldOf(content, name),
  );
  const { to } = envelope;
  const fields = content.fields.map(({ name, value }) => `${name}: ${value}`).join('\n');
  const text = (content.text ?? content.html ?? '').slice(0, maxSearched);
  const words = [fields.slice(0, maxSearched), to.join('\n'), text].join('\n').toLowerCase();
  return { id, entry: { id, subject, from, to, date, size: content.size }, words };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  messages: Messages,
  streams: Set<ServerResponse>,
): Promise<void> {
  const fault = refusal(request);
  if (fault !== undefined) return respond(response, fault.status, noticePage(fault.text), policy);
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (pathname === '/events') return follow(request, response, streams);
  if (pathname === '/') {
    const query = (searchParams.get('q') ?? '').slice(0, 200);
    const all = await messages.all();
    const found = query === '' ? all : all.filter(({ words }) => words.includes(query.toLowerCase().trim()));
    return respond(
      response,
      200,
      listPage(
        found.map(({ entry }) => entry),
        query,
        all.length,
      ),
      listPolicy,
    );
  }
  const id = /^\/messages\/(\d{1,15})$/.exec(pathname)?.[1];
  if (id !== undefined) await messages.all();
  const sent = id === undefined ? undefined : messages.find(Number(id));
  if (sent === undefined) return respond(response, 404, noticePage('This message does not exist any more.'), policy);
  const shown = await messagePage({ envelope: sent.envelope, content: await contentOf(sent) }, backToList);
  respond(response, 200, shown, `${policy}; frame-ancestors 'none'`);
}

const backToList = '<p><a href="/">All messages</a></p>';

function noticePage(text: string): string {
  return page('Preview', `<section><p>${escapeLine(text)}</p>${backToList}</section>`);
}

/** Refuses requests of other pages: under a name that leads to loopback (DNS rebinding), and from another site. */
function refusal({ method, rawHeaders, socket }: IncomingMessage): { status: number; text: string } | undefined {
  // `headers` of Node drops a field whose name is on Object.prototype.
  const fields = (name: string): readonly string[] =>
    rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
  const port = socket.localPort ?? 0;
  const [host, another] = fields('host');
  const names = [`127.0.0.1:${port}`, `localhost:${port}`, ...(port === 80 ? ['127.0.0.1', 'localhost'] : [])];
  if (another !== undefined || !names.includes(host?.toLowerCase() ?? ''))
    return { status: 421, text: 'This server answers under the name 127.0.0.1 only.' };
  if (method !== 'GET') return { status: 405, text: 'This server answers GET only.' };
  const [site = 'none'] = fields('sec-fetch-site');
  if (site !== 'none' && site !== 'same-origin' && !fields('sec-fetch-mode').includes('navigate'))
    return { status: 403, text: 'Another site may not read messages.' };
  return undefined;
}

/** Notifies the page of each new message, until it is closed. */
function follow(request: IncomingMessage, response: ServerResponse, streams: Set<ServerResponse>): void {
  response.writeHead(200, { ...headersOf("default-src 'none'"), 'Content-Type': 'text/event-stream' });
  response.write(': begin\n\n');
  streams.add(response);
  request.socket.once('close', () => streams.delete(response));
}

function respond(response: ServerResponse, status: number, body: string, contentPolicy: string): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    ...headersOf(contentPolicy),
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': bytes.length,
  });
  response.end(bytes);
}

function headersOf(contentPolicy: string): Record<string, string> {
  return {
    'Content-Security-Policy': contentPolicy,
    'Cache-Control': 'no-store',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
  };
}
