import { describe, expect, test } from 'vitest';
import type { ProxySettings } from '../../../../src/model/settings/proxy.js';
import { createConnector } from '../../../../src/mailer/create-connector.js';
import { turns, until } from '../../../support/clock.js';
import { FakeProxy } from './fake-proxy.js';
import type { ProxySide } from './fake-proxy.js';
import { readStream } from './read-stream.js';

const signal = new AbortController().signal;
const greeting = '220 mail.example ESMTP\r\n';
const password = 'pass\u00fcwort';

const connect5 = (address: string): Buffer => Buffer.from(`050100${address}0019`, 'hex');
const name = `0310${Buffer.from('mail.example.com').toString('hex')}`;
const granted5 = Buffer.from('05000001000000000000', 'hex');

interface Exchange {
  /** The octets that the client must send. `answer` is the proxy's answer to them. */
  readonly expected: Buffer;
  readonly answer: Buffer;
}

/** Plays the exchanges. The greeting comes in one packet with the last answer, or everything comes octet by octet. */
function play(exchanges: readonly Exchange[], byByte: boolean): (side: ProxySide) => Promise<void> {
  return async (side) => {
    for (const [i, { expected, answer }] of exchanges.entries()) {
      expect((await side.read(expected.length)).toString('hex')).toBe(expected.toString('hex'));
      await side.send(i === exchanges.length - 1 ? Buffer.concat([answer, Buffer.from(greeting)]) : answer, byByte);
    }
    expect((await side.read(6)).toString()).toBe('EHLO x');
    await side.send('250 ok\r\n', byByte);
  };
}

const cases: readonly {
  what: string;
  settings: ProxySettings | object;
  host: string;
  exchanges: readonly Exchange[];
}[] = [
  {
    what: 'SOCKS 5 with a name (RFC 1928)',
    settings: { type: 'socks5' },
    host: 'mail.example.com',
    exchanges: [
      { expected: Buffer.from('050100', 'hex'), answer: Buffer.from('0500', 'hex') },
      { expected: connect5(name), answer: granted5 },
    ],
  },
  {
    what: 'SOCKS 5 with an IPv4 address, and a name in the answer',
    settings: { type: 'socks5' },
    host: '192.0.2.7',
    exchanges: [
      { expected: Buffer.from('050100', 'hex'), answer: Buffer.from('0500', 'hex') },
      {
        expected: connect5('01c0000207'),
        answer: Buffer.from(`05000003${'05'}${Buffer.from('a.b.c').toString('hex')}0001`, 'hex'),
      },
    ],
  },
  {
    what: 'SOCKS 5 with an IPv6 address, there and back',
    settings: { type: 'socks5' },
    host: '2001:db8::7',
    exchanges: [
      { expected: Buffer.from('050100', 'hex'), answer: Buffer.from('0500', 'hex') },
      {
        expected: connect5('0420010db8000000000000000000000007'),
        answer: Buffer.from(`05000004${'00'.repeat(18)}`, 'hex'),
      },
    ],
  },
  {
    what: 'SOCKS 5 with user name and password (RFC 1929)',
    settings: { type: 'socks5', username: 'me', password },
    host: 'mail.example.com',
    exchanges: [
      { expected: Buffer.from('05020002', 'hex'), answer: Buffer.from('0502', 'hex') },
      {
        expected: Buffer.concat([
          Buffer.from('01026d65', 'hex'),
          Buffer.of(Buffer.byteLength(password)),
          Buffer.from(password),
        ]),
        answer: Buffer.from('0100', 'hex'),
      },
      { expected: connect5(name), answer: granted5 },
    ],
  },
  {
    what: 'SOCKS 5 that needs no password although one is set',
    settings: { type: 'socks5', username: 'me', password },
    host: 'mail.example.com',
    exchanges: [
      { expected: Buffer.from('05020002', 'hex'), answer: Buffer.from('0500', 'hex') },
      { expected: connect5(name), answer: granted5 },
    ],
  },
  {
    what: 'SOCKS 5 with the name resolved here',
    settings: { type: 'socks5', resolve: 'local' },
    host: 'localhost',
    exchanges: [
      { expected: Buffer.from('050100', 'hex'), answer: Buffer.from('0500', 'hex') },
      { expected: connect5('017f000001'), answer: granted5 },
    ],
  },
  {
    what: 'SOCKS 4 with the name resolved here and a user id',
    settings: { type: 'socks4', username: 'me' },
    host: 'localhost',
    exchanges: [
      { expected: Buffer.from('040100197f0000016d6500', 'hex'), answer: Buffer.from('005a000000000000', 'hex') },
    ],
  },
  {
    what: 'SOCKS 4a with a name',
    settings: { type: 'socks4a' },
    host: 'mail.example.com',
    exchanges: [
      {
        expected: Buffer.from(`040100190000000100${Buffer.from('mail.example.com').toString('hex')}00`, 'hex'),
        answer: Buffer.from('005a123456789012', 'hex'),
      },
    ],
  },
  {
    what: 'SOCKS 4a with an address',
    settings: { type: 'socks4a' },
    host: '192.0.2.7',
    exchanges: [{ expected: Buffer.from('04010019c000020700', 'hex'), answer: Buffer.from('005a000000000000', 'hex') }],
  },
];

describe('SOCKS connectors', () => {
  for (const byByte of [false, true]) {
    test.each(cases)(
      `$what, ${byByte ? 'octet by octet' : 'all in one packet'}: the greeting stays in the stream`,
      async ({ settings, host, exchanges }) => {
        await using proxy = await FakeProxy.start(play(exchanges, byByte));
        const connector = createConnector({ host: '127.0.0.1', port: proxy.port, ...(settings as { type: 'socks5' }) });
        const stream = await connector.connect({ host, port: 25 }, { signal });
        expect(await readStream(stream, greeting.length)).toBe(greeting);
        stream.write('EHLO x');
        expect(await readStream(stream, 8)).toBe('250 ok\r\n');
        stream.destroy();
        expect(proxy.problems).toEqual([]);
      },
    );
  }

  test.each([
    [
      'octets of SOCKS 4',
      '005b',
      /answered with octet 0 instead of 5, as SOCKS 5 requires; it looks like a SOCKS 4 proxy/,
    ],
    ['HTTP', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n').toString('hex'), /it looks like an HTTP proxy/],
    ['no method', '05ff', /accepts neither anonymous users nor user name and password/],
    ['a method of its own', '0580', /chose authentication method 128/],
    ['a wrong RFC 1929 version', '05020500', /answered with octet 5 instead of 1, as RFC 1929 requires/],
    ['a refused password', '05020101', /refused the user name or the password \(status 1\)/],
    [
      'general failure',
      '050005010001',
      /refused the connection to mail.example.com:25: general SOCKS server failure \(1\)/,
    ],
    ['the rules', '050005020001', /connection not allowed by ruleset \(2\)/],
    ['network unreachable', '050005030001', /network unreachable \(3\)/],
    ['host unreachable', '050005040001', /host unreachable \(4\)/],
    ['connection refused', '050005050001', /connection refused \(5\)/],
    ['TTL', '050005060001', /TTL expired \(6\)/],
    ['no CONNECT', '050005070001', /command not supported \(7\)/],
    ['address type', '050005080001', /address type not supported \(8\)/],
    ['an unknown code', '050005ee0001', /unknown reason \(238\)/],
    ['an unknown address type', '050005000009', /unknown address type 9/],
    ['nothing', '', /closed the connection without an answer/],
    ['half an answer', '0500050000', /closed the connection in the middle of an answer, after 3 octets/],
    ['an address without end', '0500050000030941', /closed the connection in the middle of an answer, after 1 octets/],
  ])('SOCKS 5 that answers %s is ERR_PROXY with its words and a remedy', async (_what, hex, message) => {
    await using proxy = await FakeProxy.start(async (side) => {
      await side.read(1);
      side.socket.end(Buffer.from(hex, 'hex'));
    });
    const connector = createConnector({
      type: 'socks5',
      host: '127.0.0.1',
      port: proxy.port,
      username: 'me',
      password: 'Secret9',
    });
    const error = await connector
      .connect({ host: 'mail.example.com', port: 25 }, { signal })
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'ERR_PROXY',
      phase: 'proxy',
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    });
    expect((error as Error).message).toContain(`SOCKS 5 proxy 127.0.0.1:${proxy.port}`);
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('Secret9');
  });

  test('SOCKS 5 that wants a password where none is set says so', async () => {
    await using proxy = await FakeProxy.start(async (side) => void side.socket.end(Buffer.from('05ff', 'hex')));
    const connector = createConnector(`socks5://127.0.0.1:${proxy.port}`);
    await expect(connector.connect({ host: 'a', port: 25 }, { signal })).rejects.toMatchObject({
      code: 'ERR_PROXY',
      remedy: 'Set proxy.username and proxy.password.',
    });
  });

  test.each([
    ['005b000000000000', /request rejected or failed \(91\)/, true],
    ['005c000000000000', /cannot reach identd on this machine \(92\)/, false],
    ['005d000000000000', /another user id \(93\)/, false],
    ['0001000000000000', /unknown reason \(1\)/, false],
    ['055a000000000000', /answered with octet 5 instead of 0, as SOCKS 4 requires/, false],
    ['005a0000', /in the middle of an answer, after 4 octets/, true],
  ])('SOCKS 4a that answers %s is ERR_PROXY with its words', async (hex, message, retryable) => {
    await using proxy = await FakeProxy.start(async (side) => {
      await side.read(1);
      side.socket.end(Buffer.from(hex, 'hex'));
    });
    const connector = createConnector(`socks4a://127.0.0.1:${proxy.port}`);
    await expect(connector.connect({ host: 'mail.example.com', port: 25 }, { signal })).rejects.toMatchObject({
      code: 'ERR_PROXY',
      message: expect.stringMatching(message),
      remedy: expect.any(String),
      retryable,
    });
  });

  test('SOCKS 4 refuses an IPv6 address before it connects', async () => {
    await using proxy = await FakeProxy.start(async () => undefined);
    const connector = createConnector(`socks4://127.0.0.1:${proxy.port}`);
    await expect(connector.connect({ host: '2001:db8::1', port: 25 }, { signal })).rejects.toMatchObject({
      code: 'ERR_PROXY',
      message: expect.stringContaining('IPv4 only'),
    });
    expect(proxy.connections).toBe(0);
  });

  test('holds user name and password to 255 octets of UTF-8, at run time too (RFC 1929)', async () => {
    await using proxy = await FakeProxy.start(async () => undefined);
    for (const [length, ok] of [
      [255, true],
      [256, false],
    ] as const) {
      const connector = createConnector({
        type: 'socks5',
        host: '127.0.0.1',
        port: proxy.port,
        username: 'me',
        password: () => 'x'.repeat(length),
      });
      // Credentials that are too long are refused before the library waits for the proxy. In the other case the proxy
      // stays silent.
      const controller = new AbortController();
      const before = proxy.connections;
      if (ok)
        void until(() => proxy.connections > before)
          .then(() => turns())
          .then(() => controller.abort());
      const expected = ok
        ? { code: 'ERR_ABORTED' }
        : { code: 'ERR_PROFILE_INVALID', problems: [{ path: 'proxy.password' }] };
      await expect(connector.connect({ host: 'a', port: 25 }, { signal: controller.signal })).rejects.toMatchObject(
        expected,
      );
    }
    expect(() => createConnector({ type: 'socks5', host: 'p', username: 'ü'.repeat(128) })).toThrow(
      /proxy.username: is too long/,
    );
  });
});
