/**
 * Syslog with rsyslog over UDP, TCP and TLS. The test starts rsyslog itself, because it stops and restarts it.
 * @module
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMailer } from '../../src/index.js';
import type { LogEvent, Mailer, SyslogSettings } from '../../src/index.js';
import { MemoryTransport } from '../../src/testing.js';
import { freePort } from './private-server.js';
import { readTestbed } from './testbed.js';

const { pki } = readTestbed();
const directory = mkdtempSync(join(tmpdir(), 'sealpost-rsyslog-'));
const received = join(directory, 'received.jsonl');
const ports = { udp: 0, tcp: 0, tls: 0 };
let rsyslog: ChildProcess | undefined;

interface Line {
  readonly facility: string;
  readonly severity: string;
  readonly time: string;
  readonly host: string;
  readonly app: string;
  readonly procid: string;
  readonly msgid: string;
  readonly sd: string;
  readonly msg: string;
}

beforeAll(async () => {
  for (const protocol of ['udp', 'tcp', 'tls'] as const) ports[protocol] = await freePort();
  const fields = {
    facility: 'syslogfacility-text',
    severity: 'syslogseverity-text',
    host: 'hostname',
    app: 'app-name',
    procid: 'procid',
    msgid: 'msgid',
    sd: 'structured-data',
    msg: 'msg',
  };
  const properties = Object.entries(fields).map(
    ([outname, name]) => `property(outname="${outname}" name="${name}" format="jsonf") constant(value=",")`,
  );
  writeFileSync(
    join(directory, 'rsyslog.conf'),
    `global(workDirectory="${directory}" defaultNetstreamDriverCAFile="${pki.ca}"
       defaultNetstreamDriverCertFile="${pki.server.cert}" defaultNetstreamDriverKeyFile="${pki.server.key}")
     module(load="imudp")
     module(load="imtcp")
     input(type="imudp" address="127.0.0.1" port="${ports.udp}" ruleset="received")
     input(type="imtcp" address="127.0.0.1" port="${ports.tcp}" ruleset="received")
     input(type="imtcp" address="127.0.0.1" port="${ports.tls}" ruleset="received"
       streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
     template(name="line" type="list") {
       constant(value="{") ${properties.join('\n')}
       property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
       constant(value="}\\n")
     }
     ruleset(name="received") { action(type="omfile" file="${received}" template="line" asyncWriting="off") }`,
  );
  await start();
});
afterAll(async () => {
  await stop();
  rmSync(directory, { recursive: true, force: true });
});

async function start(): Promise<void> {
  const pidFile = join(directory, 'pid');
  rmSync(pidFile, { force: true });
  const args = ['-n', '-i', pidFile, '-f', join(directory, 'rsyslog.conf')];
  rsyslog = spawn('rsyslogd', args, { stdio: ['ignore', 'inherit', 'inherit'] });
  // rsyslog writes this file once its inputs listen.
  while (!existsSync(pidFile)) {
    if (rsyslog.exitCode !== null) throw new Error(`rsyslogd ended with ${rsyslog.exitCode}`);
    await pause(20);
  }
}

async function stop(): Promise<void> {
  if (rsyslog === undefined || rsyslog.exitCode !== null) return;
  const ended = once(rsyslog, 'exit');
  rsyslog.kill('SIGTERM');
  await ended;
}

const lines = (): readonly Line[] =>
  existsSync(received)
    ? readFileSync(received, 'utf8')
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Line)
    : [];

async function until(isThere: (all: readonly Line[]) => boolean): Promise<readonly Line[]> {
  for (;;) {
    const all = lines();
    if (isThere(all)) return all;
    await pause(20);
  }
}

function setUp(protocol: 'udp' | 'tcp' | 'tls', source: string): { mailer: Mailer; events: LogEvent[] } {
  const syslog: SyslogSettings = {
    host: '127.0.0.1',
    port: ports[protocol],
    protocol,
    ...(protocol === 'tls' ? { tls: { ca: { file: pki.ca } } } : {}),
  };
  const events: LogEvent[] = [];
  const mailer = createMailer(
    {
      name: 'p',
      sender: { email: 'ann@example.com' },
      server: { host: 'mail.example.com' },
      logging: { eventLog: { source, syslog } },
    },
    { transport: new MemoryTransport(), logger: (event) => events.push(event) },
  );
  return { mailer, events };
}
const message = { to: 'bob@example.org', subject: 'a subject', text: 'some text' };

describe.each(['udp', 'tcp', 'tls'] as const)('rsyslog over %s', (protocol) => {
  it('parses what it gets', async () => {
    const source = `parsed-${protocol}`;
    const { mailer, events } = setUp(protocol, source);
    const { messageId } = await mailer.send(message);
    await expect(mailer.send({ ...message, to: 'bücher' })).rejects.toMatchObject({ code: 'ERR_MESSAGE_INVALID' });
    await mailer.close();
    const own = (await until((all) => all.filter(({ app }) => app === source).length >= events.length)).filter(
      ({ app }) => app === source,
    );
    expect(own).toHaveLength(events.length);
    for (const [index, line] of own.entries())
      expect(line).toMatchObject({
        facility: 'mail',
        host: hostname(),
        procid: String(process.pid),
        sd: `[meta sequenceId="${index + 1}"]`,
      });
    expect(own[0]).toMatchObject({
      severity: 'info',
      msgid: 'message',
      msg: `- message ${messageId} started, 0 bytes, 0 ms`,
    });
    expect(new Date(own[0]?.time ?? '').getTime()).toBe(events[0]?.time.getTime());
    expect(own.find(({ severity }) => severity === 'err')?.msg).toContain('ERR_MESSAGE_INVALID');
  });

  it.each([
    ['stopped and started again', () => stop(), () => start()],
    ['frozen', () => rsyslog?.kill('SIGSTOP'), () => rsyslog?.kill('SIGCONT')],
  ] as const)('may be %s for ten seconds without the loss of a message', async (what, away, back) => {
    const source = `${what.slice(0, 6)}-${protocol}`;
    const { mailer, events } = setUp(protocol, source);
    const ids: string[] = [];
    const send = async (count: number): Promise<void> => {
      while (count-- > 0) ids.push((await mailer.send(message)).messageId);
    };
    await send(20);
    await until((all) => all.some(({ msg }) => msg.includes(`${ids.at(-1) ?? ''} sent`)));
    await send(5);
    await away();
    for (let i = 0; i < 20; i++) {
      await send(2);
      await pause(500);
    }
    await back();
    await send(1);
    // rsyslog's threads may change the order.
    const isThere = (all: readonly Line[], id: string): boolean =>
      all.some(({ app, msg }) => app === source && msg.startsWith(`- message ${id} sent`));
    await until((all) => ids.every((id) => isThere(all, id)));
    await mailer.close();
    const own = (await until((all) => all.filter(({ app }) => app === source).length >= events.length)).filter(
      ({ app }) => app === source,
    );
    expect(events.filter(({ type }) => type === 'warning').length).toBeLessThan(2);
    // Every event arrived; repeated ones count once.
    expect(new Set(own.map(({ sd }) => sd)).size).toBe(events.length);
  });
});
