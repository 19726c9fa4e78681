import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ConnectionStepReport } from '../../../src/model/report.js';
import { showTarget } from '../../../src/net/connector.js';
import { DirectConnector } from '../../../src/net/direct.js';
import { resolveHost } from '../../../src/net/resolve.js';
import { failure } from '../../support/engine.js';
import { stopClock, turns } from '../../support/clock.js';

type Found = readonly { readonly address: string; readonly family: number }[] | NodeJS.ErrnoException | 'never';
const names = new Map<string, Found>();

vi.mock('node:dns', async (original) => ({
  ...(await original<typeof import('node:dns')>()),
  lookup: (host: string, _options: unknown, callback: (error: Error | null, found?: unknown) => void) => {
    const found = names.get(host) ?? Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    if (found !== 'never') setImmediate(() => (found instanceof Error ? callback(found) : callback(null, found)));
  },
}));

/** A DNS resolver that knows no name; then the system's resolver decides. */
vi.mock('node:dns/promises', () => ({
  Resolver: class {
    resolve4 = (): Promise<never> => Promise.reject(Object.assign(new Error('none'), { code: 'ENOTFOUND' }));
    resolve6 = this.resolve4;
    cancel(): void {}
  },
}));

const v4 = (address: string) => ({ address, family: 4 });
const v6 = (address: string) => ({ address, family: 6 });
const { signal } = new AbortController();
let servers: Server[] = [];

async function listen(host: string, port = 0): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => {}).end());
  servers.push(server);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return (server.address() as AddressInfo).port;
}

afterEach(async () => {
  names.clear();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  servers = [];
});

describe('looking up', () => {
  test('lets families alternate, beginning with that of the first (RFC 8305 section 4)', async () => {
    names.set('a.test', [v6('::1'), v6('::2'), v6('::3'), v4('127.0.0.1')]);
    expect((await resolveHost('a.test', signal)).map(({ address }) => address)).toEqual([
      '::1',
      '127.0.0.1',
      '::2',
      '::3',
    ]);
    names.set('b.test', [v4('127.0.0.1'), v6('::1'), v6('::2')]);
    expect((await resolveHost('b.test', signal)).map(({ address }) => address)).toEqual(['127.0.0.1', '::1', '::2']);
  });
  test('looks up nothing for an address', async () => {
    expect(await resolveHost('127.0.0.1', signal)).toEqual([v4('127.0.0.1')]);
    expect(await resolveHost('::1', signal)).toEqual([v6('::1')]);
  });
  test('tells a name that does not exist from a name service that does not answer', async () => {
    await expect(failure(resolveHost('none.test', signal))).resolves.toMatchObject({
      code: 'ERR_DNS',
      retryable: false,
      phase: 'resolve',
      remedy: expect.stringContaining('server.host'),
    });
    names.set('busy.test', Object.assign(new Error('again'), { code: 'EAI_AGAIN' }));
    await expect(failure(resolveHost('busy.test', signal))).resolves.toMatchObject({
      code: 'ERR_DNS',
      retryable: true,
    });
    names.set('empty.test', []);
    await expect(failure(resolveHost('empty.test', signal))).resolves.toMatchObject({ code: 'ERR_DNS' });
  });
  test('ends with its signal', async () => {
    names.set('slow.test', 'never');
    const controller = new AbortController();
    const resolving = failure(resolveHost('slow.test', controller.signal));
    await turns();
    controller.abort();
    await expect(resolving).resolves.toMatchObject({ code: 'ERR_ABORTED' });
    await expect(failure(resolveHost('slow.test', AbortSignal.abort()))).resolves.toMatchObject({
      code: 'ERR_ABORTED',
    });
  });
});

describe('the direct way', () => {
  test('goes on to the next address where one refuses, without delay', async () => {
    const port = await listen('127.0.0.3');
    names.set('mail.test', [v4('127.0.0.1'), v4('127.0.0.2'), v4('127.0.0.3')]);
    stopClock();
    const socket = await new DirectConnector().connect({ host: 'mail.test', port }, { signal });
    expect(socket.remoteAddress).toBe('127.0.0.3');
    socket.destroy();
  });

  test('names every address that it tried', async () => {
    const port = await listen('127.0.0.9');
    names.set('mail.test', [v4('127.0.0.1'), v4('127.0.0.2')]);
    const error = await failure(new DirectConnector().connect({ host: 'mail.test', port }, { signal }));
    expect(error).toMatchObject({
      code: 'ERR_CONNECT',
      retryable: true,
      phase: 'connect',
      cause: { errors: [{ code: 'ECONNREFUSED' }, { code: 'ECONNREFUSED' }] },
    });
    expect(error.message).toBe(
      `No connection to mail.test:${port}: 127.0.0.1:${port} ECONNREFUSED, 127.0.0.2:${port} ECONNREFUSED`,
    );
    expect(error.remedy).toContain('server.port');
  });

  test('comes from the local address, and keeps to its family', async () => {
    const port = await listen('127.0.0.1');
    const socket = await new DirectConnector({ localAddress: '127.0.0.5' }).connect(
      { host: '127.0.0.1', port },
      { signal },
    );
    expect(socket.localAddress).toBe('127.0.0.5');
    socket.destroy();
    await expect(
      failure(new DirectConnector({ localAddress: '::1' }).connect({ host: '127.0.0.1', port }, { signal })),
    ).resolves.toMatchObject({ code: 'ERR_CONNECT', message: expect.stringContaining('family') });
    await expect(
      failure(new DirectConnector({ localAddress: '192.0.2.1' }).connect({ host: '127.0.0.1', port }, { signal })),
    ).resolves.toMatchObject({ code: 'ERR_CONNECT', remedy: expect.stringContaining('localAddress') });
  });

  test('reports name and connection as steps, failed ones too', async () => {
    const port = await listen('127.0.0.1');
    const steps: ConnectionStepReport[] = [];
    const options = { signal, onStep: (step: ConnectionStepReport) => steps.push(step) };
    (await new DirectConnector().connect({ host: '127.0.0.1', port }, options)).destroy();
    await failure(new DirectConnector().connect({ host: 'none.test', port }, options));
    expect(steps.map(({ name, ok, detail }) => `${name} ${ok} ${detail}`)).toEqual([
      'resolve true 127.0.0.1',
      `connect true 127.0.0.1:${port} from 127.0.0.1`,
      'resolve false There is no host named none.test (ENOTFOUND).',
    ]);
    expect(steps.at(-1)?.error).toMatchObject({ code: 'ERR_DNS' });
  });

  test('asks whether a well-known host was meant, where the name that does not exist is close to one', async () => {
    const remedies = await Promise.all(
      ['smtp.gmial.com', 'mail.example.com'].map(
        async (host) => (await failure(new DirectConnector().connect({ host, port: 25 }, { signal }))).remedy,
      ),
    );
    expect(remedies[0]).toMatch(/^Did you mean smtp\.gmail\.com\? Check server\.host for a typing error/);
    expect(remedies[1]).toMatch(/^Check server\.host for a typing error/);
  });

  test('ends with its signal, before and while it connects', async () => {
    const port = await listen('127.0.0.1');
    await expect(
      failure(new DirectConnector().connect({ host: '127.0.0.1', port }, { signal: AbortSignal.abort() })),
    ).resolves.toMatchObject({ code: 'ERR_ABORTED' });
    const controller = new AbortController();
    const connecting = failure(
      new DirectConnector().connect({ host: '127.0.0.1', port }, { signal: controller.signal }),
    );
    queueMicrotask(() => controller.abort());
    await expect(connecting).resolves.toMatchObject({ code: 'ERR_ABORTED' });
  });

  test('shows addresses of both families', () => {
    expect([showTarget('::1', 25), showTarget('mail.test', 25)]).toEqual(['[::1]:25', 'mail.test:25']);
  });
});
