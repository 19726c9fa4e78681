/**
 * `logging` of a profile, through a whole mailer.
 * @module
 */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { LogEvent, LoggingSettings } from '../../src/index.js';
import { MemoryTransport, TestSmtpServer } from '../../src/testing.js';
import { bundle } from '../support/bundle.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-logging-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const message = { to: 'bob@example.org', subject: 'a subject', text: 'some text' };
const base = { name: 'p', sender: { email: 'ann@example.com' }, server: { host: 'mail.example.com' } };

const secrets = ['pass word', Buffer.from('\0ann\0pass word').toString('base64'), 'cGFzcyB3b3Jk'];

describe('logging.file', () => {
  it.each([
    ['debug', /#1 > EHLO[^]*#1 < 250[^]*#1 authenticated: PLAIN[^]*#1 > MAIL FROM/],
    ['info', /#1 connected: [^]*#1 authenticated: PLAIN[^]*message \S+ sent/],
  ] as const)('has the events of level %s when close() resolves, and no secret', async (level, expected) => {
    await using server = await TestSmtpServer.start({
      users: { ann: 'pass word' },
      mechanisms: ['PLAIN'],
      security: 'implicit',
    });
    const file = join(scratch, `${level}.log`);
    const events: LogEvent[] = [];
    const mailer = createMailer(
      {
        ...base,
        server: { host: server.host, port: server.port, security: 'implicit', tls: { ca: server.ca } },
        authentication: { method: 'plain', username: 'ann', password: 'pass word' },
        logging: { file, level },
      },
      { logger: (event) => events.push(event) },
    );
    await mailer.send(message);
    await mailer.close();
    const text = readFileSync(file, 'utf8');
    expect(text).toMatch(expected);
    expect(text).toMatch(/closed/);
    for (const line of text.split('\n').slice(0, -1))
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warning|info|debug) (#\d+|-) /);
    expect(text.split('\n').length - 1).toBe(
      events.filter((event) => level === 'debug' || event.level !== 'debug').length,
    );
    for (const secret of [...secrets, 'a subject', 'some text']) expect(text).not.toContain(secret);
  });

  it('does not stop mail where it cannot be written, and tells the logger once', async () => {
    const events: LogEvent[] = [];
    const mailer = createMailer(
      { ...base, logging: { file: join(scratch, 'no', 'such', 'folder.log') } },
      { transport: new MemoryTransport(), logger: (event) => events.push(event) },
    );
    for (let i = 0; i < 5; i++) expect((await mailer.send(message)).accepted).toEqual(['bob@example.org']);
    await mailer.close();
    expect(events.filter(({ type }) => type === 'warning')).toEqual([
      expect.objectContaining({
        warning: {
          code: 'WARN_LOG',
          message: expect.stringContaining('folder.log cannot be written (ENOENT)') as string,
        },
      }),
    ]);
  });
});

describe('logging.eventLog', () => {
  it('does not hold close() or the process for a syslog server that is away or silent', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => sockets.add(socket.pause())).listen(0, '127.0.0.1');
    await new Promise((listening) => silent.once('listening', listening));
    const { port } = silent.address() as AddressInfo;
    const gone = createServer().listen(0, '127.0.0.1');
    await new Promise((listening) => gone.once('listening', listening));
    const { port: closed } = gone.address() as AddressInfo;
    await new Promise((done) => gone.close(done));
    const modules = await bundle({ index: 'src/index.ts', testing: 'src/testing.ts' });
    // This program does not even close its mailer.
    writeFileSync(
      join(modules, 'program.mjs'),
      `import { createMailer } from './index.mjs';
       import { MemoryTransport } from './testing.mjs';
       for (const syslog of JSON.parse(process.argv[2])) {
         const profile = { ...${JSON.stringify(base)}, logging: { eventLog: { syslog } } };
         for (const close of [true, false]) {
           const mailer = createMailer(profile, { transport: new MemoryTransport() });
           await mailer.send(${JSON.stringify(message)});
           if (close) await mailer.close();
         }
       }
       console.log('at the end');`,
    );
    const servers = [
      { host: '127.0.0.1', port: closed, protocol: 'tcp' },
      { host: '127.0.0.1', port: closed, protocol: 'udp' },
      { host: '127.0.0.1', port, protocol: 'tcp' },
      { host: '127.0.0.1', port, protocol: 'tls' },
    ];
    const { stdout } = await promisify(execFile)(process.execPath, [
      join(modules, 'program.mjs'),
      JSON.stringify(servers),
    ]);
    expect(stdout).toBe('at the end\n');
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => silent.close(done));
  });

  it.runIf(process.platform === 'linux')('goes through `logger` as its standard input', async () => {
    const program = join(scratch, 'logger');
    const record = join(scratch, 'recorded');
    writeFileSync(program, `#!/bin/sh\n{ printf '%s|' "$@"; echo; cat; } >> ${record}\n`);
    chmodSync(program, 0o755);
    const path = process.env['PATH'];
    process.env['PATH'] = `${scratch}:${path ?? ''}`;
    try {
      const logging: LoggingSettings = { eventLog: { source: 'payroll' } };
      const mailer = createMailer({ ...base, logging }, { transport: new MemoryTransport() });
      const { messageId } = await mailer.send(message);
      await mailer.close();
      expect(readFileSync(record, 'utf8')).toMatch(
        new RegExp(
          `^-t\\|payroll\\[${process.pid}\\]\\|-p\\|mail\\.info\\|\n- message ${messageId} started, .*\n` +
            `- message ${messageId} sent, .*\n$`,
        ),
      );
    } finally {
      process.env['PATH'] = path;
    }
  });
});
