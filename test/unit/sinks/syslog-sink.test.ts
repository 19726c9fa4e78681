/**
 * Syslog: the format of a message, messages while the server is away, and real servers over UDP, TCP and TLS.
 * @module
 */
import { X509Certificate } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { LogEvent, Warning } from '../../../src/index.js';
import { LogDialer } from '../../../src/net/log-link.js';
import type { LogLink, LogLinkEvents } from '../../../src/net/log-link.js';
import { SyslogFormat } from '../../../src/sinks/syslog-message.js';
import { SyslogSink } from '../../../src/sinks/syslog-sink.js';
import type { SyslogSinkParts } from '../../../src/sinks/syslog-sink.js';
import { createTestIdentities } from '../../../src/testing.js';
import { numbered, numbersIn, upTo } from './events.js';

const format = (): SyslogFormat => new SyslogFormat({ hostname: 'host', source: 'app', processId: 42 });

describe('a syslog message', () => {
  it('is that of RFC 5424', () => {
    const made = format();
    const text = (event: LogEvent): string => made.message(event, 2048).toString();
    expect(text(numbered(0))).toBe(
      '<22>1 2001-09-09T01:46:40.000Z host app 42 command [meta sequenceId="1"] #1 > event 0',
    );
    expect(text(numbered(1, 'error'))).toContain('<19>1 ');
    expect(text(numbered(2, 'warning'))).toContain('<20>1 ');
    expect(text(numbered(3, 'debug'))).toMatch(/^<23>1 .* \[meta sequenceId="4"\]/);
  });

  it('is one line with a server’s text escaped, in UTF-8 with a BOM where it is not ASCII, and cut between characters', () => {
    const reply = (text: string): LogEvent => ({
      time: new Date(0),
      level: 'debug',
      connection: 2,
      type: 'reply',
      reply: { code: 250, lines: [text] },
    });
    expect(format().message(reply('a\r\nb\u001b[31m'), 2048).toString()).toMatch(/ #2 < 250 a\\x0d\\x0ab\\x1b\[31m$/);
    const long = format()
      .message(reply('ä'.repeat(900)), 301)
      .toString();
    expect(long).toMatch(/ \ufeff#2 < 250 ä+$/);
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(301);
  });

  it('has a header of printable ASCII', () => {
    const odd = new SyslogFormat({ hostname: 'büro host', source: 'x'.repeat(100), processId: 1 });
    expect(odd.message(numbered(0), 2048).toString()).toMatch(/^<22>1 \S+ b_ro_host x{48} 1 command /);
  });
});

/** A sink with a simulated server and a clock that stands still. */
function played(limits?: SyslogSinkParts['limits'], onWarning: (sink: SyslogSink) => void = () => undefined) {
  const warnings: Warning[] = [];
  const timers: { readonly act: () => void; readonly ms: number }[] = [];
  const links: { readonly events: LogLinkEvents; readonly got: string[]; room: boolean; drained: boolean }[] = [];
  const state = { now: 0, up: true };
  let attempts = 0;
  const open = (events: LogLinkEvents): Promise<LogLink> => {
    attempts++;
    if (!state.up) return Promise.reject(new Error('connect ECONNREFUSED'));
    const link = { events, got: [] as string[], room: true, drained: true };
    links.push(link);
    return Promise.resolve({
      send(message) {
        link.got.push(message.toString());
        return link.room;
      },
      get isDrained() {
        return link.drained;
      },
      close: () => events.ended(undefined),
      destroy: () => events.ended(undefined),
    });
  };
  const sink: SyslogSink = new SyslogSink(
    {
      place: 'log.example.com:514',
      level: 'debug',
      maxMessageBytes: 2048,
      format: format(),
      open,
      limits,
      now: () => state.now,
      // Limits of attempts are timers too; the test runs only the pauses.
      later: (act, ms) => {
        if (ms < 10_000 || ms > 10_000) timers.push({ act, ms });
        return setTimeout(() => undefined, 0);
      },
    },
    (warning) => {
      warnings.push(warning);
      onWarning(sink);
    },
  );
  const turn = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) await new Promise((next) => setImmediate(next));
  };
  const pass = async (): Promise<number> => {
    const timer = timers.shift();
    timer?.act();
    await turn();
    return timer?.ms ?? 0;
  };
  return { sink, warnings, timers, links, state, turn, pass, attempts: () => attempts };
}

describe('a syslog sink', () => {
  it('connects with the first event, and writes all in order', async () => {
    const { sink, links, turn } = played();
    expect(links).toHaveLength(0);
    for (const number of upTo(3)) sink.write(numbered(number));
    await turn();
    for (const number of [3, 4]) sink.write(numbered(number));
    await turn();
    expect(links).toHaveLength(1);
    expect(numbersIn(links[0]?.got.join('\n') ?? '')).toEqual(upTo(5));
    await sink.close();
  });

  it('waits for room where the connection has none', async () => {
    const { sink, links, turn } = played();
    sink.write(numbered(0));
    await turn();
    const [link] = links;
    if (link === undefined) throw new Error('no link');
    link.room = false;
    for (const number of [1, 2, 3]) sink.write(numbered(number));
    expect(numbersIn(link.got.join('\n'))).toEqual([0, 1]);
    link.room = true;
    link.events.drained();
    expect(numbersIn(link.got.join('\n'))).toEqual(upTo(4));
  });

  it('keeps events while the server is away, tries again at growing intervals, and complains once', async () => {
    const { sink, links, state, turn, pass, warnings } = played();
    state.up = false;
    const pauses: number[] = [];
    for (const number of upTo(8)) {
      sink.write(numbered(number));
      await turn();
      if (number > 0) pauses.push(await pass());
    }
    expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    expect(warnings).toEqual([
      {
        code: 'WARN_LOG',
        message: expect.stringContaining('log.example.com:514 cannot be reached (connect ECONN') as string,
      },
    ]);
    state.up = true;
    await pass();
    expect(numbersIn(links[0]?.got.join('\n') ?? '')).toEqual(upTo(8));
  });

  it('does not try again at once because of its own warning', async () => {
    const warned = played(undefined, (sink) => sink.write(numbered(99, 'warning')));
    warned.state.up = false;
    warned.sink.write(numbered(0));
    await warned.turn();
    expect(warned.attempts()).toBe(1);
    expect(warned.timers).toHaveLength(1);
    warned.state.up = true;
    await warned.pass();
    expect(numbersIn(warned.links[0]?.got.join('\n') ?? '')).toEqual([0, 99]);
  });

  it('drops the oldest of too many, and says how many', async () => {
    const { sink, links, state, turn, pass } = played({ items: 10, bytes: 1 << 20 });
    state.up = false;
    for (const number of upTo(25)) sink.write(numbered(number));
    await turn();
    state.up = true;
    await pass();
    expect(links[0]?.got[0]).toMatch(/^<20>1 .* log \[meta sequenceId="26"\] 15 events are missing/);
    expect(numbersIn(links[0]?.got.join('\n') ?? '')).toEqual(upTo(25).slice(15));
  });

  it('sends again what was written shortly before a connection ended, and not what was written before', async () => {
    const { sink, links, state, turn, pass } = played();
    sink.write(numbered(0));
    await turn();
    state.now = 6_000;
    sink.write(numbered(1));
    state.now = 8_000;
    sink.write(numbered(2));
    links[0]?.events.ended(undefined);
    sink.write(numbered(3));
    expect(await pass()).toBe(1000);
    expect(numbersIn(links[1]?.got.join('\n') ?? '')).toEqual([1, 2, 3]);
    // The repeated message is identical, so that a receiver can recognise it.
    expect(links[1]?.got[0]).toBe(links[0]?.got[1]);
  });

  it('gives up repeating a message to a server that ends every connection', async () => {
    const { sink, links, turn, pass, timers } = played();
    sink.write(numbered(0));
    await turn();
    for (let i = 0; i < 20; i++) {
      links.at(-1)?.events.ended(undefined);
      if (timers.length === 0) break;
      await pass();
    }
    expect(links).toHaveLength(6);
    sink.write(numbered(1));
    await turn();
    expect(numbersIn(links.at(-1)?.got.join('\n') ?? '')).toEqual([1]);
  });

  it('is closed at once where the server is away, and in the end where a living one takes nothing', async () => {
    const away = played();
    away.state.up = false;
    away.sink.write(numbered(0));
    await away.sink.close();
    expect(away.warnings).toHaveLength(1);
    expect(away.timers).toEqual([]);
    const stuck = played();
    stuck.sink.write(numbered(0));
    await stuck.turn();
    const [link] = stuck.links;
    if (link !== undefined) link.drained = false;
    await stuck.sink.close();
    expect(stuck.timers).toEqual([]);
  });

  it('takes what waits when a connection that is being made is there in time for the end', async () => {
    const { sink, links } = played();
    for (const number of upTo(3)) sink.write(numbered(number));
    await sink.close();
    expect(numbersIn(links[0]?.got.join('\n') ?? '')).toEqual(upTo(3));
    sink.write(numbered(4));
    expect(links).toHaveLength(1);
  });
});

describe('a syslog server on the network', () => {
  const { identities } = createTestIdentities('localhost');
  const { key = '', certificate = '' } = identities.get('localhost') ?? {};
  const cleanups: (() => void)[] = [];
  afterEach(() => {
    for (const cleanup of cleanups.splice(0)) cleanup();
  });

  interface Receiver {
    readonly port: number;
    readonly text: string;
    /** Resolves once the text ends with `end`. */
    until(end: string): Promise<void>;
    stop(): Promise<void>;
  }

  async function receive(protocol: 'tcp' | 'tls', port = 0): Promise<Receiver> {
    const sockets = new Set<Socket>();
    let text = '';
    let wake = (): void => undefined;
    const take = (socket: Socket): void => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        text += chunk.toString();
        wake();
      });
    };
    const server: Server = protocol === 'tls' ? createTlsServer({ key, cert: certificate }, take) : createServer(take);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const stop = async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    };
    cleanups.push(() => void stop());
    return {
      port: (server.address() as AddressInfo).port,
      get text() {
        return text;
      },
      until: async (end) => {
        while (!text.endsWith(end)) await new Promise<void>((resolve) => (wake = resolve));
      },
      stop,
    };
  }

  const sinkFor = (protocol: 'udp' | 'tcp' | 'tls', port: number, warnings: Warning[] = []): SyslogSink => {
    const tls = { pinnedFingerprints: [new X509Certificate(certificate).fingerprint256] };
    const dialer = new LogDialer({ host: '127.0.0.1', port, protocol, tls });
    return new SyslogSink(
      {
        place: `127.0.0.1:${port}`,
        level: 'debug',
        maxMessageBytes: 2048,
        format: format(),
        open: (events, signal) => dialer.open(events, signal),
        now: () => performance.now(),
        // Pauses are shortened; the limit of an attempt is unchanged.
        later: (act, ms) => setTimeout(act, ms < 10_000 ? 20 : ms).unref(),
      },
      (warning) => warnings.push(warning),
    );
  };

  /** Messages framed by octet counting (RFC 6587 section 3.4.1). */
  function unframe(text: string): readonly string[] {
    const messages: string[] = [];
    for (let rest = Buffer.from(text); rest.length > 0;) {
      const space = rest.indexOf(' ');
      const length = Number(rest.toString('latin1', 0, space));
      expect(Number.isInteger(length)).toBe(true);
      messages.push(rest.toString('utf8', space + 1, space + 1 + length));
      rest = rest.subarray(space + 1 + length);
    }
    return messages;
  }

  it.each(['tcp', 'tls'] as const)(
    'gets messages by octet counting over %s, all of them before close() resolves',
    async (protocol) => {
      const server = await receive(protocol);
      const warnings: Warning[] = [];
      const sink = sinkFor(protocol, server.port, warnings);
      for (const number of upTo(1000)) sink.write(numbered(number));
      await sink.close();
      expect(warnings).toEqual([]);
      await server.until('event 999');
      expect(numbersIn(unframe(server.text).join('\n'))).toEqual(upTo(1000));
    },
  );

  it.each(['tcp', 'tls'] as const)(
    'may stop and start again without the loss of a message over %s',
    async (protocol) => {
      const first = await receive(protocol);
      const warnings: Warning[] = [];
      const sink = sinkFor(protocol, first.port, warnings);
      for (const number of upTo(20)) sink.write(numbered(number));
      await first.until('event 19');
      await first.stop();
      for (const number of upTo(60).slice(20)) {
        sink.write(numbered(number));
        await new Promise((next) => setImmediate(next));
      }
      const second = await receive(protocol, first.port);
      await second.until('event 59');
      const numbers = numbersIn([...unframe(first.text), ...unframe(second.text)].join('\n'));
      expect([...new Set(numbers)]).toEqual(upTo(60));
      await sink.close();
    },
  );

  it('gets a datagram for each message over UDP, also after it was away', async () => {
    const got: string[] = [];
    let wake = (): void => undefined;
    const listen = async (port: number) => {
      const socket = createSocket('udp4', (message) => {
        got.push(message.toString());
        wake();
      });
      socket.bind(port, '127.0.0.1');
      await once(socket, 'listening');
      return socket;
    };
    const until = async (end: string): Promise<void> => {
      while (!(got.at(-1) ?? '').endsWith(end)) await new Promise<void>((resolve) => (wake = resolve));
    };
    const first = await listen(0);
    const { port } = first.address();
    const sink = sinkFor('udp', port);
    for (const number of upTo(10)) sink.write(numbered(number));
    await until('event 9');
    expect(got[0]).toMatch(/^<22>1 .* #1 > event 0$/);
    first.close();
    await once(first, 'close');
    sink.write(numbered(10));
    const second = await listen(port);
    cleanups.push(() => second.close());
    sink.write(numbered(11));
    await until('event 11');
    expect([...new Set(numbersIn(got.join('\n')))].sort((a, b) => a - b)).toEqual(upTo(12));
    await sink.close();
  });

  it('is sent no more than a thousand datagrams at once', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const dialer = new LogDialer({ host: '127.0.0.1', port: socket.address().port, protocol: 'udp', tls: {} });
    let drain = (): void => undefined;
    const drained = new Promise<void>((resolve) => (drain = resolve));
    const events: LogLinkEvents = { drained: () => drain(), ended: () => undefined };
    const link = await dialer.open(events, new AbortController().signal);
    let sent = 1;
    while (link.send(Buffer.from('x'))) sent++;
    expect([sent, link.isDrained]).toEqual([1_000, false]);
    await drained;
    expect([link.isDrained, link.send(Buffer.from('x'))]).toEqual([true, true]);
    link.destroy();
    socket.close();
  });

  it('is not believed with the wrong certificate', async () => {
    const server = await receive('tls');
    const warnings: Warning[] = [];
    const dialer = new LogDialer({ host: '127.0.0.1', port: server.port, protocol: 'tls', tls: {} });
    const events = { drained: () => undefined, ended: () => undefined };
    await expect(dialer.open(events, new AbortController().signal)).rejects.toMatchObject({
      code: 'ERR_TLS',
      remedy: expect.stringContaining('logging.eventLog.syslog.tls') as string,
    });
    expect(warnings).toEqual([]);
    expect(server.text).toBe('');
  });
});
