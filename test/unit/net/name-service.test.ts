/**
 * Resolution of names to addresses: the system's resolver, DNS servers, and which lookups hold the process.
 * @module
 */
import { Resolver } from 'node:dns/promises';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { findAddresses, type HostAddress, lookUpUntil, type NameSources } from '../../../src/net/name-service.js';
import { FakeDns } from '../../support/fake-dns.js';

const { signal } = new AbortController();
const v4 = (address: string): HostAddress => ({ address, family: 4 });
const v6 = (address: string): HostAddress => ({ address, family: 6 });

let folder: string;
let dns: FakeDns;
/** Names that the system's resolver was asked for. */
let asked: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'names-'));
  dns = await new FakeDns().listen();
  asked = [];
});

afterEach(async () => {
  vi.useRealTimers();
  dns.close();
  await rm(folder, { recursive: true });
});

async function sources(files: { hosts?: string; resolver?: string } = {}): Promise<NameSources> {
  const hostsFile = join(folder, 'hosts');
  const resolverFile = join(folder, 'resolv.conf');
  if (files.hosts !== undefined) await writeFile(hostsFile, files.hosts);
  if (files.resolver !== undefined) await writeFile(resolverFile, files.resolver);
  return {
    hostsFile,
    resolverFile,
    createResolver: () => {
      const resolver = new Resolver({ timeout: 2_000, tries: 3 });
      resolver.setServers([dns.address]);
      return resolver;
    },
    hasOtherServers: false,
    lookUp: async (name) => {
      asked.push(name);
      return [v4('192.0.2.1')];
    },
  };
}

describe('the system decides', () => {
  test.each([
    [
      'a name of the hosts file',
      '127.0.0.1 localhost\n10.0.0.1 other # mail.example.test\n10.0.0.2\tMail.Example.Test mx\n',
    ],
    ['a name of the hosts file with comments', '# of ours\n10.0.0.2 mail.example.test # the relay\n'],
  ])('about %s, and no DNS server is asked', async (_, hosts) => {
    dns.silent = true;
    expect(await findAddresses('mail.example.TEST', signal, await sources({ hosts }))).toEqual([v4('192.0.2.1')]);
    expect(asked).toEqual(['mail.example.TEST']);
    expect(dns.asked).toEqual([]);
  });

  test.each(['localhost', 'a.localhost', hostname()])('about %s', async (name) => {
    dns.silent = true;
    expect(await findAddresses(name, signal, await sources())).toEqual([v4('192.0.2.1')]);
    expect(dns.asked).toEqual([]);
  });

  test('where DNS servers answer, also that they know no such name: there are other sources', async () => {
    for (const broken of [false, true]) {
      dns.broken = broken;
      expect(await findAddresses('printer.local', signal, await sources())).toEqual([v4('192.0.2.1')]);
    }
    expect(asked).toEqual(['printer.local', 'printer.local']);
  });

  test('of the order of addresses', async () => {
    dns.addresses.set('mail.example.test', ['2001:db8::1', '192.0.2.9']);
    expect(await findAddresses('mail.example.test', signal, await sources())).toEqual([v4('192.0.2.1')]);
    expect(dns.asked.sort()).toEqual(['1 mail.example.test', '28 mail.example.test']);
  });

  test('and says itself that there is none', async () => {
    const system = await sources();
    const error = Object.assign(new Error('none'), { code: 'ENOTFOUND' });
    const lookUp = (): Promise<never> => Promise.reject(error);
    await expect(findAddresses('none.test', signal, { ...system, lookUp })).rejects.toBe(error);
  });

  test('where the DNS servers of the machine cannot be asked', async () => {
    const system = await sources();
    const createResolver: NameSources['createResolver'] = () => {
      const refuse = (): Promise<never> => Promise.reject(Object.assign(new Error(), { code: 'ECONNREFUSED' }));
      return { resolve4: refuse, resolve6: refuse, cancel: () => {} };
    };
    expect(await findAddresses('mail.test', signal, { ...system, createResolver })).toEqual([v4('192.0.2.1')]);
  });

  test('about no address', async () => {
    expect(await findAddresses('192.0.2.7', signal, await sources())).toEqual([v4('192.0.2.7')]);
    expect(await findAddresses('::1', signal, await sources())).toEqual([v6('::1')]);
    expect(asked).toEqual([]);
  });
});

describe('names are searched as the system does', () => {
  test.each([
    ['search corp.test lab.test', 'mail', ['mail.corp.test', 'mail.lab.test', 'mail']],
    ['search corp.test', 'mail.example.test', ['mail.example.test', 'mail.example.test.corp.test']],
    ['search corp.test\noptions ndots:3 timeout:1', 'a.b.c', ['a.b.c.corp.test', 'a.b.c']],
    ['domain corp.test # ours', 'mail', ['mail.corp.test', 'mail']],
    ['search corp.test', 'mail.example.test.', ['mail.example.test']],
    ['', 'mail', ['mail']],
  ])('%j: %s', async (resolver, name, names) => {
    await findAddresses(name, signal, await sources({ resolver }));
    expect(dns.asked.filter((question) => question.startsWith('1 '))).toEqual(names.map((each) => `1 ${each}`));
  });

  test('up to the first that has addresses', async () => {
    dns.addresses.set('mail.corp.test', ['192.0.2.9']);
    await findAddresses('mail', signal, await sources({ resolver: 'search corp.test lab.test' }));
    expect(dns.asked).not.toContain('1 mail.lab.test');
  });
});

describe('DNS servers that are slow or silent', () => {
  /** A resolver whose answers the test gives. It has a clock of its own. */
  function slow() {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    const queries = new Map<string, { resolve(addresses: string[]): void; reject(error: Error): void }>();
    const query = (type: string) => (name: string) =>
      new Promise<string[]>((resolve, reject) => void queries.set(`${type} ${name}`, { resolve, reject }));
    const cancelled = Object.assign(new Error('cancelled'), { code: 'ECANCELLED' });
    const cancel = (): void => {
      for (const { reject } of queries.values()) reject(cancelled);
    };
    const createResolver = () =>
      ({ resolve4: query('A'), resolve6: query('AAAA'), cancel }) as ReturnType<NameSources['createResolver']>;
    const answer = async (
      question: string,
    ): Promise<{ resolve(addresses: string[]): void; reject(error: Error): void }> => {
      for (;;) {
        const found = queries.get(question);
        if (found) return found;
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    return { createResolver, answer };
  }
  const coded = (code: string): Error => Object.assign(new Error(code), { code });

  test('decide themselves, and the system is not asked', async () => {
    const { createResolver, answer } = slow();
    const found = findAddresses('mail.test', signal, { ...(await sources()), createResolver });
    const a = await answer('A mail.test');
    vi.advanceTimersByTime(1_500);
    a.resolve(['192.0.2.9']);
    (await answer('AAAA mail.test')).resolve(['2001:db8::9']);
    expect((await found).map(({ address }) => address).sort()).toEqual(['192.0.2.9', '2001:db8::9']);
    expect(asked).toEqual([]);
  });

  test('are not waited for by an IPv4 address when they are silent about IPv6', async () => {
    const { createResolver, answer } = slow();
    const found = findAddresses('mail.test', signal, { ...(await sources()), createResolver });
    (await answer('A mail.test')).resolve(['192.0.2.9']);
    await vi.advanceTimersByTimeAsync(1_001);
    expect(await found).toEqual([v4('192.0.2.9')]);
    expect(asked).toEqual([]);
  });

  test.each([
    [['ENOTFOUND', 'ENOTFOUND'], 'ENOTFOUND'],
    [['ENODATA', 'ESERVFAIL'], 'ESERVFAIL'],
    [['ETIMEOUT', 'ETIMEOUT'], 'ETIMEOUT'],
  ])('say %j, and that is the reason: %s', async ([four = '', six = ''], code) => {
    const { createResolver, answer } = slow();
    const found = findAddresses('mail.test', signal, { ...(await sources()), createResolver });
    const a = await answer('A mail.test');
    vi.advanceTimersByTime(6_000);
    a.reject(coded(four));
    (await answer('AAAA mail.test')).reject(coded(six));
    await expect(found).rejects.toMatchObject({ code });
    expect(asked).toEqual([]);
  });

  test('leave it to a system that may know other servers, unless they have addresses', async () => {
    for (const end of ['ETIMEOUT', undefined]) {
      const { createResolver, answer } = slow();
      const system = { ...(await sources()), createResolver, hasOtherServers: true };
      const found = findAddresses('mail.test', signal, system);
      const a = await answer('A mail.test');
      vi.advanceTimersByTime(6_000);
      if (end === undefined) a.resolve(['192.0.2.9']);
      else a.reject(coded(end));
      (await answer('AAAA mail.test')).reject(coded(end ?? 'ENODATA'));
      expect(await found).toEqual([v4(end === undefined ? '192.0.2.9' : '192.0.2.1')]);
      vi.useRealTimers();
    }
    expect(asked).toEqual(['mail.test']);
  });

  test('are asked for no further name once they were silent', async () => {
    const { createResolver, answer } = slow();
    const system = await sources({ resolver: 'search corp.test lab.test' });
    const found = findAddresses('mail', signal, { ...system, createResolver });
    const a = await answer('A mail.corp.test');
    vi.advanceTimersByTime(6_000);
    a.reject(coded('ETIMEOUT'));
    (await answer('AAAA mail.corp.test')).reject(coded('ETIMEOUT'));
    await expect(found).rejects.toMatchObject({ code: 'ETIMEOUT' });
  });

  test('hold nothing after an abort', async () => {
    dns.silent = true;
    const controller = new AbortController();
    const system = await sources();
    const queries: Promise<unknown>[] = [];
    const createResolver: NameSources['createResolver'] = async () => {
      const resolver = await system.createResolver();
      const noted = <T>(query: Promise<T>): Promise<T> => (queries.push(query), query);
      return {
        resolve4: ((name: string) => noted(resolver.resolve4(name))) as Resolver['resolve4'],
        resolve6: ((name: string) => noted(resolver.resolve6(name))) as Resolver['resolve6'],
        cancel: () => resolver.cancel(),
      };
    };
    const found = findAddresses('mail.test', controller.signal, { ...system, createResolver });
    await expect.poll(() => dns.asked.length).toBe(2);
    controller.abort();
    await expect(found).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect(await Promise.allSettled(queries)).toMatchObject([
      { reason: { code: 'ECANCELLED' } },
      { reason: { code: 'ECANCELLED' } },
    ]);
    expect(asked).toEqual([]);
    await expect(findAddresses('mail.test', controller.signal, await sources())).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    });
  });
});

test('a socket looks up in the same way', async () => {
  const look = (options: object) =>
    new Promise((resolve) => lookUpUntil(signal)('127.0.0.1', options, (...result) => resolve(result)));
  expect(await look({ all: true })).toEqual([null, [v4('127.0.0.1')]]);
  expect(await look({})).toEqual([null, '127.0.0.1', 4]);
  const error = await new Promise((resolve) => lookUpUntil(AbortSignal.abort())('mail.test', {}, resolve));
  expect(error).toMatchObject({ code: 'ERR_ABORTED' });
});
