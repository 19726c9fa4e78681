/**
 * Exchanges one request and one reply with a Kerberos KDC (RFC 4120 section 7.2), and finds KDCs by DNS.
 * @module
 */
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { createAbortController } from '../async/abort-controller.js';
import { onAbort } from '../async/on-abort.js';
import { abortError } from '../errors/abort.js';
import { createEmailError, isEmailError, reasonOf } from '../errors/email-error.js';
import { tcpOptions } from './tcp-options.js';
import type { EmailError } from '../model/error.js';
import { errorCode } from '../util/error-code.js';
import { findAddresses, lookUpUntil } from './name-service.js';

/** The address of a KDC. */
export interface KdcAddress {
  readonly host: string;
  readonly port: number;
}

/** The deadline of one exchange, which no traffic extends, and the signal that ends it sooner. */
export interface ExchangeOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Tickets of users in many groups take about 64 KiB. */
const maxReplyBytes = 512 * 1024;
/** A UDP request is repeated after this time. */
const resendMs = 1000;
/** The most KDCs taken from DNS. */
const maxRecords = 16;

/**
 * Settles once: with the outcome of the work, when the signal aborts, or at the deadline. `begin` returns the clean-up,
 * which always runs.
 */
function settleOnce<T>(
  what: string,
  { signal, timeoutMs }: ExchangeOptions,
  begin: (resolve: (value: T) => void, reject: (error: EmailError) => void) => () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let cleanUp = (): void => {};
    let settled = false;
    const settle = (act: () => void): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      stop();
      cleanUp();
      act();
    };
    let stop = (): void => {};
    const timer = setTimeout(() => {
      settle(() =>
        reject(createEmailError('ERR_TIMEOUT', `no answer from ${what} within ${timeoutMs} ms`, { retryable: true })),
      );
    }, timeoutMs);
    stop = onAbort(signal, () => settle(() => reject(abortError(signal))));
    if (settled) return;
    cleanUp = begin(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    );
    if (settled) cleanUp();
  });
}

function failure(what: string, cause: unknown): EmailError {
  if (isEmailError(cause)) return cause;
  return createEmailError('ERR_CONNECT', `${what}: ${errorCode(cause) || reasonOf(cause)}`, { cause, retryable: true });
}

/**
 * Sends a request over TCP: four bytes of length before each message. ERR_CONNECT, ERR_TIMEOUT, or the signal's reason.
 */
export function exchangeByTcp(kdc: KdcAddress, request: Uint8Array, options: ExchangeOptions): Promise<Buffer> {
  const what = `${kdc.host}:${kdc.port} (TCP)`;
  return settleOnce<Buffer>(what, options, (resolve, reject) => {
    const looking = createAbortController();
    const socket = connect(tcpOptions({ host: kdc.host, port: kdc.port, lookup: lookUpUntil(looking.signal) }));
    const prefix = Buffer.alloc(4);
    prefix.writeUInt32BE(request.length);
    socket.on('connect', () => socket.write(Buffer.concat([prefix, request])));
    const received: Buffer[] = [];
    let length = 0;
    let wanted: number | undefined;
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk);
      length += chunk.length;
      if (wanted === undefined && length >= 4) {
        wanted = Buffer.concat(received).readUInt32BE(0);
        if (wanted > maxReplyBytes) return reject(failure(what, new Error(`announces a reply of ${wanted} bytes`)));
      }
      if (wanted !== undefined && length >= 4 + wanted) resolve(Buffer.concat(received).subarray(4, 4 + wanted));
    });
    socket.on('error', (error) => reject(failure(what, error)));
    socket.on('close', () => reject(failure(what, new Error('closed the connection without an answer'))));
    return () => {
      looking.abort();
      socket.destroy();
    };
  });
}

/**
 * Sends a request over UDP and repeats it every second. Only datagrams from the KDC are read. Rejects like
 * `exchangeByTcp`.
 */
export function exchangeByUdp(kdc: KdcAddress, request: Uint8Array, options: ExchangeOptions): Promise<Buffer> {
  const what = `${kdc.host}:${kdc.port} (UDP)`;
  return settleOnce<Buffer>(what, options, (resolve, reject) => {
    let stop = (): void => {};
    let stopped = false;
    const looking = createAbortController();
    const run = async (): Promise<void> => {
      const [found] = await findAddresses(kdc.host, looking.signal);
      if (stopped) return;
      if (found === undefined) throw new Error(`${kdc.host} has no address`);
      const { address, family } = found;
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
      const send = (): void => socket.send(request, (error) => error && reject(failure(what, error)));
      const resend = setInterval(() => socketIsConnected && send(), resendMs);
      let socketIsConnected = false;
      stop = () => {
        clearInterval(resend);
        socket.close();
      };
      socket.on('message', (message) => resolve(message));
      socket.on('error', (error) => reject(failure(what, error)));
      socket.connect(kdc.port, address, () => {
        socketIsConnected = true;
        if (!stopped) send();
      });
    };
    run().catch((error: unknown) => reject(failure(what, error)));
    return () => {
      stopped = true;
      looking.abort();
      stop();
    };
  });
}

/** Options of DNS queries. */
export interface LookUpOptions extends ExchangeOptions {
  /** DNS servers as `address` or `address:port`. Default: the system's. */
  readonly dnsServers?: readonly string[] | undefined;
}

/** Makes one DNS query. A missing record gives an empty answer, not an error. */
async function ask<T>(
  what: string,
  options: LookUpOptions,
  question: (resolver: Resolver) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  if (options.dnsServers !== undefined) resolver.setServers(options.dnsServers);
  return settleOnce<readonly T[]>(what, options, (resolve, reject) => {
    question(resolver).then(resolve, (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') resolve([]);
      else
        reject(
          createEmailError('ERR_DNS', `${what}: ${error.code ?? error.message}`, { cause: error, retryable: true }),
        );
    });
    return () => resolver.cancel();
  });
}

/** Finds the KDCs of a realm by DNS SRV (RFC 4120 section 7.2.3.2), best first; empty if DNS has none. */
export async function lookUpKdcs(realm: string, options: LookUpOptions): Promise<readonly KdcAddress[]> {
  for (const transport of ['_tcp', '_udp']) {
    const name = `_kerberos.${transport}.${realm}`;
    const records = await ask(`DNS SRV ${name}`, options, (resolver) => resolver.resolveSrv(name));
    const usable = records.filter((record) => record.name !== '' && record.name !== '.');
    if (usable.length > 0) return orderByPriority(usable).map(({ name: host, port }) => ({ host, port }));
  }
  return [];
}

/** Sorts by priority; within one priority, draws by weight (RFC 2782). */
function orderByPriority<T extends { readonly priority: number; readonly weight: number }>(records: readonly T[]): T[] {
  return records
    .slice(0, maxRecords)
    .map((record) => ({ record, draw: -Math.log(1 - Math.random()) / (record.weight + 0.01) }))
    .sort((a, b) => a.record.priority - b.record.priority || a.draw - b.draw)
    .map(({ record }) => record);
}

/**
 * Finds the realm of a host by DNS TXT `_kerberos.<name>`, for the host and then its parent domains. Undefined if there
 * is none.
 */
export async function lookUpRealm(host: string, options: LookUpOptions): Promise<string | undefined> {
  if (isIP(host)) return undefined;
  const labels = host.split('.');
  for (let i = 0; i < Math.min(labels.length, 8); i++) {
    const name = `_kerberos.${labels.slice(i).join('.')}`;
    const [record] = await ask(`DNS TXT ${name}`, options, (resolver) => resolver.resolveTxt(name));
    const realm = record?.join('').trim();
    if (realm !== undefined && realm !== '') return realm;
  }
  return undefined;
}
