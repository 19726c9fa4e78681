/**
 * Another package, or a request, may have put anything on Object.prototype while the program runs. Every property name
 * that occurs in the sources is put there, as a string, an object and a function, around every feature of the library.
 * The octets that leave the process must be the same, or there must be an error.
 *
 * The library runs in a child process, the servers in this one. Names are tried in groups. If a group causes an error,
 * it is divided until each name stands alone, because the error of one name would hide the effect of another.
 * @module
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { decrypt, encrypt, sign, verify } from '../../src/smime.js';
import { createTestCertificateAuthority } from '../../src/testing/certificate-authority.js';
import { root } from '../project/sources.js';
import { aliceKdc, quietConf } from '../unit/kerberos/harness.js';
import { FakeService } from '../unit/kerberos/fake-service.js';
import type { FakeKdc } from '../unit/kerberos/fake-kdc.js';
import { bundle } from '../support/bundle.js';
import { groupsOf, propertyNames } from './polluted/names.js';
import { startProxy, startSmtp } from './polluted/servers.js';
import type { RecordingServer, Sasl } from './polluted/servers.js';

const kinds = ['string', 'object', 'function', 'true'] as const;
/** 'ca' signed the server certificate of the untrusted server. */
type Kind = (typeof kinds)[number] | 'ca';

/**
 * Functions that stop Node itself, so that nothing leaves: `then` keeps promises of objects from settling, and the
 * others replace the methods by which a TLS socket reads, writes and ends.
 */
const stopping: ReadonlySet<string> = new Set(['then', 'read', 'write', 'writev', 'construct', 'final', 'destroy']);
const standsStill = (name: string, kind: Kind): boolean => kind === 'function' && stopping.has(name);

interface Order {
  readonly run: string;
  readonly names: readonly string[];
  readonly kind: Kind | 'none';
  readonly only?: readonly string[] | undefined;
}
type Outcomes = Readonly<Record<string, string>>;

/** The outcome of a run: the result of each task, and the octets of each connection, by the task that opened it. */
interface Result {
  readonly outcomes: Outcomes;
  readonly streams: ReadonlyMap<string, readonly string[]>;
}

const authority = createTestCertificateAuthority();
const serverIdentity = authority.issueServer();
const identity = authority.issueEmail('ann@example.com');
const servers = new Map<string, RecordingServer>();
let kdc: FakeKdc;
let childArguments = '';
let child: ChildProcess | undefined;
let runs = 0;
let current: Order | undefined;

beforeAll(async () => {
  const scratch = await bundle({ index: 'src/index.ts', smime: 'src/smime.ts' });
  kdc = await aliceKdc();
  const gssapi = (): Sasl => {
    const service = new FakeService(kdc.key('smtp/mail.fake.test'));
    return (line, round) => {
      if (round === 0) return service.accept(Buffer.from(line, 'base64')).toString('base64');
      if (round === 1) return service.offer().toString('base64');
      service.finish(Buffer.from(line, 'base64'));
      if (service.client !== 'alice') throw new Error(`signed in as ${service.client}`);
      return undefined;
    };
  };
  servers.set('bare', await startSmtp(['AUTH PLAIN']));
  servers.set('pipelining', await startSmtp(['PIPELINING', 'AUTH PLAIN', '8BITMIME']));
  servers.set('chunking', await startSmtp(['PIPELINING', 'CHUNKING', 'BINARYMIME', '8BITMIME', 'DSN', 'AUTH PLAIN']));
  servers.set('tls', await startSmtp(['PIPELINING', 'AUTH PLAIN'], serverIdentity));
  servers.set('gssapi', await startSmtp(['PIPELINING', 'AUTH GSSAPI'], undefined, gssapi));
  servers.set('http', await startProxy('http'));
  servers.set('socks', await startProxy('socks'));
  const krb5Conf = join(scratch, 'krb5.conf');
  writeFileSync(krb5Conf, quietConf);
  const entity = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
  const signed = Buffer.from(await sign(entity, { certificate: { data: identity.certificate, key: identity.key } }));
  const forged = Buffer.from(signed.toString('latin1').replace('Hello', 'HELLO'), 'latin1');
  const encrypted = Buffer.from(await encrypt(entity, [identity.certificate]));
  const base64 = (bytes: Buffer): string => bytes.toString('base64');
  childArguments = JSON.stringify({
    library: pathToFileURL(join(scratch, 'index.mjs')).href,
    smime: pathToFileURL(join(scratch, 'smime.mjs')).href,
    ports: { ...Object.fromEntries([...servers].map(([name, { port }]) => [name, port])), kdc: kdc.port },
    ca: authority.certificate,
    identity,
    signed: base64(signed),
    forged: base64(forged),
    encrypted: base64(encrypted),
    krb5Conf,
  });
});

/** A child that is ready; a new one if the last one crashed. */
async function liveChild(): Promise<ChildProcess> {
  if (child?.connected) return child;
  const next = fork(join(root, 'test/advisories/polluted/child.mjs'), [childArguments], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await new Promise((resolve) => next.once('message', resolve));
  for (const server of servers.values()) await server.take();
  return (child = next);
}

afterAll(async () => {
  child?.kill('SIGKILL');
  await Promise.all([...servers.values(), kdc].map((server) => server.close()));
});

/** Sends one order to the child and returns its result. */
async function perform(order: Omit<Order, 'run'>): Promise<Result> {
  const run = `r${String(++runs).padStart(5, '0')}`;
  current = { run, ...order };
  const worker = await liveChild();
  const answer = await new Promise<{ outcomes?: Outcomes; crashed?: boolean; failed?: string }>((resolve, reject) => {
    const ended = (code: number | null): void => reject(new Error(`the child ended with ${code}`));
    worker.once('exit', ended);
    worker.once('message', (message) => {
      worker.off('exit', ended);
      resolve(message as { outcomes?: Outcomes; crashed?: boolean; failed?: string });
    });
    worker.send({ run, ...order });
  });
  if (answer.crashed) {
    worker.kill('SIGKILL');
    child = undefined;
  }
  if (answer.outcomes === undefined) throw new Error(answer.failed);
  const streams = new Map<string, string[]>();
  for (const [name, server] of servers) {
    for (const stream of await server.take()) {
      if (stream === '') continue;
      const task = /^EHLO r\d{5}-(\w+)\./.exec(stream)?.[1] ?? name;
      // Kerberos tokens differ each time; the test's service verifies them.
      const text = stream.replaceAll(run, 'RUN').replace(/^(AUTH GSSAPI )?[A-Za-z0-9+/=]{40,}$/gm, '$1TOKEN');
      streams.set(task, [...(streams.get(task) ?? []), text]);
    }
  }
  return { outcomes: answer.outcomes, streams };
}

/** Boundaries are random. */
const withoutBoundaries = (content: string): string =>
  content.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID').replaceAll(/r\d{5}/g, 'RUN');
const decoded = (outcome: string): string => Buffer.from(outcome, 'base64').toString('latin1');

/** The content of a protected message, and the size of the whole: the encrypted octets are random. */
async function reveal(task: string, outcome: string): Promise<string> {
  if (task === 'compose') return withoutBoundaries(decoded(outcome));
  if (task !== 'protect') return outcome;
  const text = decoded(outcome);
  const head = withoutBoundaries(text.slice(0, text.indexOf('\r\n\r\n')));
  const opened = await decrypt(Buffer.from(text, 'latin1'), { data: identity.certificate, key: identity.key });
  const { content, signatures } = await verify(opened.content, { trustAnchors: [authority.certificate] });
  // An additional recipient would take some hundred octets.
  const size = Math.round(text.length / 64);
  return `${head}\n${Buffer.from(content).toString('latin1')}\n${JSON.stringify(signatures.map(({ valid, trusted }) => [valid, trusted]))}${size}`;
}

const isError = (outcome: string): boolean => outcome.startsWith('error ');
const harmless = new Set(['', 'RSET', 'QUIT', '.']);

/**
 * The fault in a task's result; undefined if the task did the same as without pollution, or ended early with an error.
 */
async function faultOf(
  task: string,
  result: Result,
  clean: Result,
  revealed: ReadonlyMap<string, string>,
): Promise<string | undefined> {
  const outcome = result.outcomes[task] ?? 'nothing';
  const before = clean.streams.get(task) ?? [];
  const now = result.streams.get(task) ?? [];
  if (isError(outcome)) {
    const lines = new Set(before.flatMap((stream) => stream.split('\r\n')));
    const strange = now
      .filter((stream) => !before.some((whole) => whole.startsWith(stream)))
      .flatMap((stream) => stream.split('\r\n'))
      .find((line) => !lines.has(line) && !harmless.has(line));
    return strange === undefined ? undefined : `wrote ${JSON.stringify(strange)} (${outcome})`;
  }
  if (task === 'untrusted') return 'sent to an untrusted server';
  if ((await reveal(task, outcome)) !== revealed.get(task))
    return `came out differently: ${(await reveal(task, outcome)).slice(0, 300)}`;
  return now.join() === before.join() ? undefined : `wrote other octets: ${JSON.stringify(now)}`;
}

test('a certificate on Object.prototype is not trusted', async () => {
  for (const name of ['ca', 'trustAnchors', 'cert', 'certificates', 'pinnedFingerprints']) {
    const { outcomes } = await perform({ names: [name], kind: 'ca', only: ['untrusted', 'forged'] });
    expect(outcomes['untrusted'], name).toMatch(/^error ERR_TLS/);
    expect(outcomes['forged'], name).not.toContain('true');
  }
});

/** The results of all tasks without pollution. */
interface Baseline {
  readonly clean: Result;
  readonly revealed: ReadonlyMap<string, string>;
}
let baseline: Baseline;

beforeAll(async () => {
  const clean = await perform({ names: [], kind: 'none' });
  const revealed = new Map<string, string>();
  for (const [task, outcome] of Object.entries(clean.outcomes))
    revealed.set(task, isError(outcome) ? '' : await reveal(task, outcome));
  baseline = { clean, revealed };
});

test('nothing is polluted, and all works but what must not', () => {
  const { outcomes } = baseline.clean;
  const failed = Object.keys(outcomes).filter((task) => isError(outcomes[task] ?? ''));
  expect(failed).toEqual(['untrusted']);
  expect(outcomes['forged']).toContain('[false,');
});

const known = propertyNames();
/** Each name meets two of the four kinds, and all of them where this variable is set, as `.ci/run` does. */
const everyKind = process.env['SEALPOST_EVERY_KIND'] === '1';
const meets = (kind: (typeof kinds)[number], index: number): boolean =>
  everyKind || kinds.indexOf(kind) % 2 === index % 2;

test.each(kinds)(
  'whatever name is on Object.prototype with a value of the kind %s: the same octets, or an error',
  async (kind) => {
    onTestFailed(() => {
      console.error('last order:', JSON.stringify(current));
      // The child may be in the middle of a task.
      child?.kill('SIGKILL');
      child = undefined;
    });
    const { clean, revealed } = baseline;
    const faults: string[] = [];
    const names = known.filter((name, index) => meets(kind, index) && !standsStill(name, kind));
    expect(names.length).toBeGreaterThan(500);
    const queue = groupsOf(names, Object.keys(clean.outcomes));
    for (let group = queue.pop(); group !== undefined; group = queue.pop()) {
      const { names, only } = group;
      const result = await perform({ kind, names, only });
      const wrong: string[] = [];
      for (const task of only ?? Object.keys(clean.outcomes)) {
        const fault = await faultOf(task, result, clean, revealed);
        if (fault === undefined && (task === 'untrusted' || !isError(result.outcomes[task] ?? ''))) continue;
        wrong.push(task);
        if (fault !== undefined && names.length === 1) faults.push(`${names.join()}: ${task} ${fault}`);
      }
      if (wrong.length === 0 || names.length === 1) continue;
      const middle = names.length >> 1;
      queue.push({ names: names.slice(0, middle), only: wrong }, { names: names.slice(middle), only: wrong });
    }
    expect(faults).toEqual([]);
  },
);
