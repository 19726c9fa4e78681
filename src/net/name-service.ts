/**
 * Resolves names as the system does, without a look-up that cannot be cancelled. The system's getaddrinfo cannot be: as
 * long as a DNS server is silent it holds the process, even during `process.exit()`. Names that are not in the hosts
 * file are therefore first queried from the DNS servers, by queries that can be cancelled.
 *
 * If these answer promptly, whatever they say, the system's look-up follows and decides: it uses other sources besides
 * DNS, and orders the addresses. If they are slow, their addresses are used. If they are silent, the system is not
 * asked, because it would query the same servers. macOS and Windows may query servers that Node does not know (of a
 * VPN, over HTTPS): there the system is asked whenever no address was found.
 * @module
 */
import type { Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { join } from 'node:path';
import { hasIpv6, hostName } from '../system/this-machine.js';
import { onAbort } from '../async/on-abort.js';
import { untilAborted } from '../async/until-aborted.js';
import { throwIfAborted } from '../errors/abort.js';
import { readFile } from '../system/read-file.js';
import { errorCode } from '../util/error-code.js';
import { hasOwn } from '../util/own.js';

/** An address and its family. */
export interface HostAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Queries DNS servers. */
type NameResolver = Pick<Resolver, 'resolve4' | 'resolve6' | 'cancel'>;

/** The system's sources of names. node:dns is loaded with the first name, and not for an IP address. */
export interface NameSources {
  readonly hostsFile: string;
  /** The resolver configuration: `search`, `domain` and `ndots` are used. A system without this file has none. */
  readonly resolverFile: string;
  readonly createResolver: () => NameResolver | Promise<NameResolver>;
  /** May the system query other DNS servers than the resolver? */
  readonly hasOtherServers: boolean;
  readonly lookUp: (name: string) => Promise<readonly HostAddress[]>;
}

const onWindows = process.platform === 'win32';

const systemSources: NameSources = {
  hostsFile: onWindows
    ? join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32\\drivers\\etc\\hosts')
    : '/etc/hosts',
  resolverFile: '/etc/resolv.conf',
  createResolver: async () => new (await import('node:dns/promises')).Resolver({ timeout: 2_000, tries: 3 }),
  hasOtherServers: onWindows || process.platform === 'darwin',
  lookUp: async (name) => {
    const { lookup } = await import('node:dns');
    return await new Promise((resolve, reject) => {
      lookup(name, { all: true, verbatim: true }, (error, addresses) => {
        if (error) reject(error);
        else resolve(addresses as readonly HostAddress[]);
      });
    });
  },
};

/** DNS servers that answer within this time are expected to answer the system as quickly. */
const promptMs = 1_000;
/** A longer hosts file is not searched; the system reads it anyway. */
const maxFileBytes = 4 * 1024 * 1024;

/**
 * The addresses of a name, in the system's order. Rejects when the signal aborts, or with an error whose `code` is that
 * of the system or the DNS servers: ENOTFOUND, EAI_AGAIN, ETIMEOUT and others.
 */
export async function findAddresses(
  name: string,
  signal: AbortSignal,
  sources: NameSources = systemSources,
): Promise<readonly HostAddress[]> {
  throwIfAborted(signal);
  const family = isIP(name);
  if (family !== 0) return [{ address: name, family: family as 4 | 6 }];
  if (await needsNoServer(name, sources)) return await untilAborted(sources.lookUp(name), signal);
  const { addresses, reason, prompt } = await ask(await searched(name, sources), signal, sources);
  if (prompt || (addresses.length === 0 && sources.hasOtherServers))
    return await untilAborted(sources.lookUp(name), signal);
  if (addresses.length === 0) throw reason;
  return inOrder(addresses);
}

/** The result of a DNS query. */
interface Answer {
  readonly addresses: readonly HostAddress[];
  /** The reason why there are no addresses. */
  readonly reason: Error | undefined;
  /** Were all queries answered promptly? */
  readonly prompt: boolean;
}

/** A `lookup` for sockets of Node that ends with the signal. */
export function lookUpUntil(signal: AbortSignal): LookupFunction {
  return (name, { all }, callback) => {
    findAddresses(name, signal).then(
      (addresses) => {
        const [first] = addresses;
        if (all) callback(null, [...addresses]);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}

/** Does the system resolve this name without a DNS server? */
async function needsNoServer(name: string, { hostsFile }: NameSources): Promise<boolean> {
  const wanted = name.toLowerCase();
  if (wanted === 'localhost' || wanted.endsWith('.localhost') || wanted === hostName().toLowerCase()) return true;
  return (await linesOf(hostsFile)).some((line) => line.toLowerCase().split(/\s+/).slice(1).includes(wanted));
}

/** The names that the system queries, in its order (resolv.conf(5)). */
async function searched(name: string, { resolverFile }: NameSources): Promise<readonly string[]> {
  if (name.endsWith('.')) return [name];
  let domains: readonly string[] = [];
  let dots = 1;
  for (const line of await linesOf(resolverFile)) {
    const [keyword, ...values] = line.split(/\s+/);
    if (keyword === 'search' || keyword === 'domain') domains = values;
    if (keyword === 'options') dots = Number(/\bndots:(\d+)/.exec(line)?.[1] ?? dots);
  }
  const longer = domains.map((domain) => `${name}.${domain}`);
  return name.split('.').length > dots ? [name, ...longer] : [...longer, name];
}

/** The lines of a file without comments; none if it cannot be read. */
async function linesOf(path: string): Promise<readonly string[]> {
  const bytes = await readFile(path, maxFileBytes);
  if (hasOwn(bytes, 'problem')) return [];
  return bytes
    .toString('utf8')
    .split('\n')
    .map((line) => line.replace(/[#;].*/, '').trim());
}

/** Queries the DNS servers for one name after the other, until one has addresses. */
async function ask(names: readonly string[], signal: AbortSignal, { createResolver }: NameSources): Promise<Answer> {
  throwIfAborted(signal);
  const start = performance.now();
  const resolver = await createResolver();
  throwIfAborted(signal);
  const stop = onAbort(signal, () => resolver.cancel());
  try {
    let reason: Error | undefined;
    for (const name of names) {
      const answer = await askBoth(resolver, name);
      throwIfAborted(signal);
      const prompt = answer.prompt && performance.now() - start <= promptMs;
      if (answer.addresses.length > 0) return { ...answer, prompt };
      // The first name's reason is kept, unless a later query got no answer: that name may have addresses.
      if (reason === undefined || isNoAnswer(answer.reason)) reason = answer.reason;
      // The servers are silent, and would be for the next name.
      if (errorCode(answer.reason) === 'ETIMEOUT') break;
    }
    return { addresses: [], reason, prompt: performance.now() - start <= promptMs };
  } finally {
    stop();
  }
}

/** Queries both families at once. Once one of them has addresses, the other is only awaited for the prompt time. */
async function askBoth(resolver: NameResolver, name: string): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  let prompt = true;
  const collect = async (family: 4 | 6, query: Promise<readonly string[]>): Promise<readonly HostAddress[]> => {
    const addresses = await query;
    timer ??= setTimeout(() => {
      prompt = false;
      resolver.cancel();
    }, promptMs);
    return addresses.map((address) => ({ address, family }));
  };
  const answers = await Promise.allSettled([collect(6, resolver.resolve6(name)), collect(4, resolver.resolve4(name))]);
  clearTimeout(timer);
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const reasons = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  return { addresses, reason: reasons.find(isNoAnswer) ?? reasons[0], prompt };
}

/** Did the query fail without telling whether there are addresses? */
function isNoAnswer(error: Error | undefined): boolean {
  const code = errorCode(error);
  return code !== 'ENOTFOUND' && code !== 'ENODATA';
}

/** IPv6 first if this machine has an IPv6 address beyond the local link. */
function inOrder(addresses: readonly HostAddress[]): readonly HostAddress[] {
  const first = hasIpv6() ? 6 : 4;
  return [...addresses.filter(({ family }) => family === first), ...addresses.filter(({ family }) => family !== first)];
}
