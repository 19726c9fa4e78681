/**
 * Servers in a process that is not polluted. They record every octet of a connection and answer any input.
 * @module
 */
import { createServer, connect } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import type { TestIdentity } from '../../../src/testing/certificate-authority.js';

/** The server's answer to a line of AUTH; undefined ends the exchange with 235. */
export type Sasl = (line: string, round: number) => string | undefined;

/** A server, and the octets that its clients wrote since the last call of `take`. */
export interface RecordingServer {
  readonly port: number;
  /** The octets of each connection, once all of them are closed. */
  take(): Promise<readonly string[]>;
  close(): Promise<void>;
}

function listen(server: Server, records: string[][]): Promise<RecordingServer> {
  const open = new Set<Socket>();
  let whenIdle = (): void => undefined;
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket
      .on('error', () => undefined)
      .on('close', () => {
        open.delete(socket);
        if (open.size === 0) whenIdle();
      });
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        async take() {
          if (open.size > 0) await new Promise<void>((idle) => (whenIdle = idle));
          return records.splice(0).map((parts) => parts.join(''));
        },
        async close() {
          for (const socket of open) socket.destroy();
          await new Promise((closed) => server.close(closed));
        },
      }),
    ),
  );
}

/** A server, over TLS where there is an identity, that records what `serve` gives to `record`. */
export function startRecording(
  serve: (stream: Duplex, record: (text: string) => void, port: () => number) => void,
  identity?: TestIdentity,
): Promise<RecordingServer> {
  const records: string[][] = [];
  const accept = (stream: Duplex): void => {
    const parts: string[] = [];
    records.push(parts);
    stream.on('error', () => undefined);
    serve(
      stream,
      (text) => void parts.push(text),
      () => (server.address() as AddressInfo).port,
    );
  };
  const server = identity
    ? createTlsServer({ cert: identity.certificate, key: identity.key, noDelay: true }, accept)
    : createServer({ noDelay: true }, accept);
  return listen(server, records);
}

/** An SMTP server with these extensions. With an identity it uses implicit TLS. */
export function startSmtp(
  extensions: readonly string[],
  identity?: TestIdentity,
  sasl?: () => Sasl,
): Promise<RecordingServer> {
  return startRecording((stream, record) => {
    let held = '';
    let content = 0;
    let inData = false;
    let exchange: Sasl | undefined;
    let round = 0;
    const say = (text: string): void => void stream.write(`${text}\r\n`);
    const challenge = (line: string): void => {
      try {
        const answer = exchange?.(line, round++);
        if (answer === undefined) exchange = undefined;
        say(answer === undefined ? '235 2.7.0 ok' : `334 ${answer}`);
      } catch (error) {
        exchange = undefined;
        say(`535 5.7.8 ${String(error)}`);
      }
    };
    const command = (line: string): void => {
      const verb = line.split(/[ :]/)[0]?.toUpperCase();
      if (verb === 'EHLO') say(['250-test', ...extensions.map((name) => `250-${name}`), '250 HELP'].join('\r\n'));
      else if (verb === 'AUTH') {
        exchange = sasl?.();
        round = 0;
        const response = line.split(' ')[2];
        if (response === undefined && exchange) say('334 ');
        else challenge(response ?? '');
      } else if (verb === 'DATA') {
        inData = true;
        say('354 go on');
      } else if (verb === 'BDAT') {
        content = Number(line.split(' ')[1]);
        if (content === 0) say('250 ok');
      } else if (verb === 'QUIT') stream.end('221 bye\r\n');
      else say('250 ok');
    };
    stream.on('data', (chunk: Buffer) => {
      record(chunk.toString('latin1'));
      held += chunk.toString('latin1');
      for (;;) {
        if (content > 0) {
          if (held.length < content) return;
          held = held.slice(content);
          content = 0;
          say('250 ok');
          continue;
        }
        const end = held.indexOf('\r\n');
        if (end < 0) return;
        const line = held.slice(0, end);
        held = held.slice(end + 2);
        if (inData) {
          if (line !== '.') continue;
          inData = false;
          say('250 ok');
        } else if (exchange) challenge(line);
        else command(line);
      }
    });
    say('220 test');
  }, identity);
}

/** A proxy that requires a name and a password, and connects to any target. */
export function startProxy(kind: 'http' | 'socks'): Promise<RecordingServer> {
  const records: string[][] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    const parts: string[] = [];
    records.push(parts);
    let held = Buffer.alloc(0);
    const steps: ((
      bytes: Buffer,
    ) => { readonly taken: number; readonly reply?: string; readonly port?: number } | undefined)[] =
      kind === 'http'
        ? [
            (bytes) => {
              const end = bytes.indexOf('\r\n\r\n');
              if (end < 0) return undefined;
              const port = Number(/^CONNECT [^ ]*:(\d+) /.exec(bytes.toString('latin1'))?.[1]);
              return { taken: end + 4, reply: 'HTTP/1.1 200 ok\r\n\r\n', port };
            },
          ]
        : [
            (bytes) =>
              bytes.length < 2 || bytes.length < 2 + bytes[1]!
                ? undefined
                : { taken: 2 + bytes[1]!, reply: '\x05\x02' },
            (bytes) => (bytes.length < 5 ? undefined : { taken: 5, reply: '\x01\x00' }),
            (bytes) =>
              bytes.length < 10
                ? undefined
                : { taken: 10, reply: '\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00', port: bytes.readUInt16BE(8) },
          ];
    const read = (chunk: Buffer): void => {
      held = Buffer.concat([held, chunk]);
      for (;;) {
        const done = steps[0]?.(held);
        if (done === undefined) return;
        steps.shift();
        parts.push(held.toString('latin1', 0, done.taken));
        held = held.subarray(done.taken);
        if (done.port === undefined) {
          socket.write(done.reply ?? '', 'latin1');
          continue;
        }
        socket.off('data', read);
        const target = connect({ port: done.port, host: '127.0.0.1', noDelay: true }, () => {
          socket.write(done.reply ?? '', 'latin1');
          target.write(held);
          socket.pipe(target).pipe(socket);
        });
        target.on('error', () => socket.destroy()).on('close', () => socket.destroy());
        socket.on('close', () => target.destroy());
        return;
      }
    };
    socket.on('data', read);
  });
  return listen(server, records);
}
