/**
 * Authorization servers, a browser, syslog servers and files that record the octets of a polluted process.
 * @module
 */
import { createSocket } from 'node:dgram';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestIdentity } from '../../../src/testing/certificate-authority.js';
import type { Recorder } from './harness.js';
import { startRecording } from './servers.js';
import type { RecordingServer } from './servers.js';

const token = { access_token: 'access-token', token_type: 'Bearer', expires_in: 3600, refresh_token: 'second-token' };

/** The answers of an authorization server, by the path. */
const answers = (origin: string): ReadonlyMap<string, object> =>
  new Map<string, object>([
    ['/token', token],
    [
      '/device',
      {
        device_code: 'device',
        user_code: 'ABCD',
        verification_uri: 'https://example.com/v',
        expires_in: 600,
        interval: 5,
      },
    ],
    ['/.well-known/oauth-authorization-server', { issuer: origin, token_endpoint: `${origin}/token` }],
  ]);

/** An authorization server that gives a token to every client. */
export function startProvider(identity?: TestIdentity): Promise<RecordingServer> {
  return startRecording((stream, record, port) => {
    let held = '';
    stream.on('data', (chunk: Buffer) => {
      record(chunk.toString('latin1'));
      held += chunk.toString('latin1');
      const end = held.indexOf('\r\n\r\n');
      const length = Number(/^content-length: (\d+)/im.exec(held.slice(0, end))?.[1] ?? 0);
      if (end < 0 || held.length < end + 4 + length) return;
      const path = held.split(' ')[1]?.split('?')[0] ?? '';
      const json = JSON.stringify(answers(`http://127.0.0.1:${port()}`).get(path) ?? { error: 'nothing here' });
      stream.end(
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\nConnection: close\r\n\r\n${json}`,
      );
    });
  }, identity);
}

/** A syslog server over TCP. */
export function startSyslog(): Promise<RecordingServer> {
  return startRecording((stream, record) => {
    stream.on('data', (chunk: Buffer) => record(chunk.toString('latin1')));
  });
}

/** A syslog server over UDP. All datagrams are one record. */
export async function startDatagrams(): Promise<Recorder & { readonly port: number }> {
  const socket = createSocket('udp4');
  let text = '';
  let onMark = (): void => undefined;
  socket.on('message', (message) => {
    if (message.length === 0) onMark();
    else text += `${message.toString('latin1')}\n`;
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  return {
    port,
    // On loopback datagrams keep their order: those that were sent before this empty one have arrived.
    async take() {
      await new Promise<void>((marked) => {
        onMark = marked;
        socket.send('', port, '127.0.0.1');
      });
      const taken = text;
      text = '';
      return [taken];
    },
    close: () => new Promise((closed) => socket.close(() => closed())),
  };
}

/** A text of OAuth 2.0 without what is random in it, and without the port of the redirect. */
export const withoutRandom = (text: string): string =>
  text
    .replaceAll(/(state|code_challenge|code_verifier)=[\w-]{43}/g, '$1=RANDOM')
    .replaceAll(/(redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A)\d+/g, '$1PORT');

/** The record of a page that does not tell of success. */
export const anotherPage = 'another page';

/** The person's browser: asks for the redirect that the provider would give, and records the URL and the page. */
export class Browser implements Recorder {
  readonly #records: string[] = [];
  readonly #failed: () => void;
  #open = 0;
  #whenIdle = (): void => undefined;

  /** `failed` is called where there is no page. */
  constructor(failed: () => void) {
    this.#failed = failed;
  }

  visit(text: string): void {
    const url = URL.canParse(text) ? new URL(text) : new URL('nowhere:');
    const redirect = url.searchParams.get('redirect_uri') ?? '';
    const state = url.searchParams.get('state') ?? '';
    this.#records.push(withoutRandom(text));
    if (!/^http:\/\/127\.0\.0\.1:\d+\/$/.test(redirect)) return this.#failed();
    this.#open++;
    let page = '';
    const socket = connect(Number(new URL(redirect).port), '127.0.0.1', () =>
      socket.write(
        `GET /?code=the-code&state=${state} HTTP/1.1\r\nHost: ${new URL(redirect).host}\r\nConnection: close\r\n\r\n`,
      ),
    );
    socket
      .setEncoding('utf8')
      .on('data', (chunk) => (page += String(chunk)))
      .on('error', () => undefined)
      .on('close', () => {
        const isSuccess = page.startsWith('HTTP/1.1 200 ');
        this.#records.push(isSuccess ? page.replace(/^date: .*\r\n/im, '') : anotherPage);
        if (!isSuccess) this.#failed();
        if (--this.#open === 0) this.#whenIdle();
      });
  }

  async take(): Promise<readonly string[]> {
    if (this.#open > 0) await new Promise<void>((idle) => (this.#whenIdle = idle));
    return this.#records.splice(0);
  }

  async close(): Promise<void> {
    await this.take();
  }
}

/** The files and directories of `folder` whose names `pattern` matches: each is taken once. */
export function filesOf(folder: string, pattern: RegExp, read: (path: string) => string | Promise<string>): Recorder {
  const taken = new Set<string>();
  return {
    async take() {
      const names = readdirSync(folder).filter((name) => pattern.test(name) && !taken.has(name));
      for (const name of names) taken.add(name);
      return await Promise.all(names.sort().map((name) => read(join(folder, name))));
    },
    close: async () => undefined,
  };
}

/** The text that was appended to a file since the last call. */
export function appendedTo(path: string): Recorder {
  let length = 0;
  return {
    async take() {
      const text = existsSync(path) ? readFileSync(path, 'latin1') : '';
      const before = length;
      length = text.length;
      return [text.slice(before)];
    },
    close: async () => undefined,
  };
}

export const textOf = (path: string): string => readFileSync(path, 'latin1');
