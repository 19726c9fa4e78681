import { Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { isEmailError } from '../../../../src/errors/email-error.js';
import type { Connector, ProxyServerSettings } from '../../../../src/model/settings/proxy.js';
import { createConnector } from '../../../../src/mailer/create-connector.js';
import { random } from '../../../support/random.js';

/** A proxy that sends these chunks and closes. It ignores what it receives. */
class Recording extends Duplex {
  readonly #chunks: Buffer[];

  constructor(chunks: readonly Buffer[]) {
    super();
    this.#chunks = [...chunks];
  }

  override _read(): void {
    setImmediate(() => this.push(this.#chunks.shift() ?? null));
  }

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done();
  }
}

const greeting = '220 mail.example ESMTP\r\n';
const login = { username: 'me', password: 'Secret9' };
const recordings: readonly { readonly settings: ProxyServerSettings; readonly answer: Buffer }[] = [
  {
    settings: { type: 'socks5', host: 'p', ...login },
    answer: Buffer.from('0502' + '0100' + '05000003056162636465' + '1234', 'hex'),
  },
  { settings: { type: 'socks5', host: 'p' }, answer: Buffer.from('0500' + '05000004' + '00'.repeat(18), 'hex') },
  { settings: { type: 'socks4a', host: 'p' }, answer: Buffer.from('005a000000000000', 'hex') },
  {
    settings: { type: 'http-connect', host: 'p', ...login },
    answer: Buffer.from(
      'HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm="x"\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\n' +
        'abc\r\n0\r\nT: x\r\n\r\n' +
        'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nVia: x\r\n\r\n',
    ),
  },
];

function cut(bytes: Buffer, next: (limit: number) => number): readonly Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const size = 1 + next(1 + next(40));
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

/** The bytes that the stream still holds for SMTP, or the code of the error. */
async function outcomeOf(settings: ProxyServerSettings, chunks: readonly Buffer[]): Promise<string> {
  const via: Connector = { connect: () => Promise.resolve(new Recording(chunks)) };
  try {
    const stream = await createConnector(settings, via).connect(
      { host: 'mail.example.com', port: 25 },
      { signal: new AbortController().signal },
    );
    let rest = '';
    for await (const chunk of stream as AsyncIterable<Buffer>) rest += chunk.toString('latin1');
    return rest;
  } catch (error) {
    if (!isEmailError(error)) throw error;
    expect(JSON.stringify(error)).not.toMatch(/Secret9|U2VjcmV0OQ/);
    return error.code;
  }
}

describe('proxy dialogues', () => {
  test.each(recordings)(
    '$settings.type gives the same however its octets are cut, at every border and at random',
    async ({ settings, answer }) => {
      const whole = Buffer.concat([answer, Buffer.from(greeting)]);
      for (let border = 1; border < whole.length; border++) {
        expect(await outcomeOf(settings, [whole.subarray(0, border), whole.subarray(border)]), `cut at ${border}`).toBe(
          greeting,
        );
      }
      for (let seed = 1; seed <= 30; seed++)
        expect(await outcomeOf(settings, cut(whole, random(seed))), `seed ${seed}`).toBe(greeting);
    },
  );

  test.each(recordings)('$settings.type that ends early is ERR_PROXY, wherever', async ({ settings, answer }) => {
    for (let length = 0; length < answer.length; length++) {
      const outcome = await outcomeOf(
        settings,
        [answer.subarray(0, length)].filter((chunk) => chunk.length > 0),
      );
      expect(outcome, `after ${length} octets`).toBe('ERR_PROXY');
    }
  });

  test.each(recordings)(
    '$settings.type with changed octets ends as ERR_PROXY or with a tunnel',
    async ({ settings, answer }) => {
      for (let seed = 1; seed <= 150; seed++) {
        const next = random(seed);
        const changed = Buffer.concat([answer, Buffer.from(greeting)]);
        for (let i = 0; i <= next(4); i++) changed[next(answer.length)] = next(256);
        const outcome = await outcomeOf(settings, cut(changed, next));
        expect(
          outcome === 'ERR_PROXY' || greeting.endsWith(outcome) || outcome.endsWith(greeting),
          `seed ${seed}: ${outcome}`,
        ).toBe(true);
      }
    },
  );
});
