/**
 * TCP without a proxy, by Happy Eyeballs (RFC 8305): addresses are tried 250 ms apart, earlier attempts continue beside
 * later ones, and the first that connects wins. Node's own autoSelectFamily drops an attempt when it begins the next,
 * and so never reaches a slow host.
 * @module
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { onAbort } from '../async/on-abort.js';
import { tcpOptions } from './tcp-options.js';
import { withoutPrototype } from '../util/without-prototype.js';
import { abortError } from '../errors/abort.js';
import { createEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { reportStep, showTarget } from './connector.js';
import type { ConnectOptions, OwnConnector } from './connector.js';
import { mailServerSettings, whereabouts } from './peer-settings.js';
import type { PeerSettings } from './peer-settings.js';
import { resolveHost } from './resolve.js';
import type { HostAddress } from './name-service.js';

const attemptDelayMs = 250;

/** Options of direct connections. */
export interface DirectOptions {
  /** Local IP address to connect from. */
  readonly localAddress?: string | undefined;
  /** Names of the server and its settings in errors; default: the mail server's. */
  readonly names?: PeerSettings | undefined;
}

/** The target of one connection, with the options for reaching it and for its errors. */
interface Attempt {
  readonly host: string;
  readonly port: number;
  readonly localAddress: string | undefined;
  readonly names: PeerSettings;
}

/** Connects directly to a host. */
export class DirectConnector implements OwnConnector {
  readonly #localAddress: string | undefined;
  readonly #names: PeerSettings;

  constructor(options: DirectOptions = {}) {
    const { localAddress, names = mailServerSettings } = withoutPrototype(options);
    this.#localAddress = localAddress;
    this.#names = names;
  }

  async connect(target: { readonly host: string; readonly port: number }, options: ConnectOptions): Promise<Socket> {
    const { signal } = options;
    const attempt = { host: target.host, port: target.port, localAddress: this.#localAddress, names: this.#names };
    const addresses = await reportStep(
      'resolve',
      () => resolveHost(target.host, signal, this.#names.host),
      (found) => found.map(({ address }) => address).join(', '),
      options,
    );
    return await reportStep(
      'connect',
      () => connectToFirst(addresses, attempt, signal),
      (socket) =>
        `${showTarget(socket.remoteAddress ?? target.host, target.port)} from ${socket.localAddress ?? 'an unknown address'}`,
      options,
    );
  }
}

function connectToFirst(addresses: readonly HostAddress[], target: Attempt, signal: AbortSignal): Promise<Socket> {
  const { localAddress } = target;
  return new Promise((resolve, reject) => {
    const usable =
      localAddress === undefined
        ? addresses
        : addresses.filter(({ family }) => family === (localAddress.includes(':') ? 6 : 4));
    const failures: { readonly address: string; readonly error: NodeJS.ErrnoException }[] = [];
    const attempts = new Set<Socket>();
    let begun = 0;
    let timer: NodeJS.Timeout | undefined;
    let stop = (): void => {};

    const settle = (act: () => void, winner?: Socket): void => {
      clearTimeout(timer);
      stop();
      for (const socket of attempts) {
        socket.removeAllListeners();
        // The promise is settled: later errors of other attempts are ignored.
        if (socket !== winner) socket.on('error', () => {}).destroy();
      }
      act();
    };
    const tryNext = (): void => {
      clearTimeout(timer);
      const next = usable[begun++];
      if (next === undefined) return;
      const socket = connect(
        tcpOptions({
          host: next.address,
          port: target.port,
          family: next.family,
          localAddress,
          noDelay: true,
          autoSelectFamily: false,
        }),
      );
      attempts.add(socket);
      socket.once('connect', () => settle(() => resolve(socket), socket));
      socket.once('error', (error) => {
        attempts.delete(socket);
        failures.push({ address: next.address, error });
        if (begun < usable.length) tryNext();
        else if (attempts.size === 0) settle(() => reject(unreachable(target, failures)));
      });
      if (begun < usable.length) timer = setTimeout(tryNext, attemptDelayMs);
    };

    if (signal.aborted) return reject(abortError(signal));
    if (usable.length === 0) return reject(noLocalFamily(target));
    stop = onAbort(signal, () => settle(() => reject(abortError(signal))));
    tryNext();
  });
}

function unreachable(
  { host, port, names }: Attempt,
  failures: readonly { readonly address: string; readonly error: NodeJS.ErrnoException }[],
): EmailError {
  const tried = failures
    .map(({ address, error }) => `${showTarget(address, port)} ${error.code ?? error.message}`)
    .join(', ');
  const codes = new Set(failures.map(({ error }) => error.code));
  const causes = failures.map(({ error }) => error);
  return createEmailError('ERR_CONNECT', `No connection to ${names.role}${showTarget(host, port)}: ${tried}`, {
    phase: 'connect',
    retryable: true,
    cause: causes.length === 1 ? causes[0] : new AggregateError(causes),
    remedy: unreachableRemedy(codes, names),
  });
}

function unreachableRemedy(codes: ReadonlySet<string | undefined>, names: PeerSettings): string {
  if (codes.has('EADDRNOTAVAIL') && names.localAddress !== undefined)
    return `${names.localAddress} must be an address of this machine.`;
  if (codes.has('ECONNREFUSED'))
    return `The host is up but refuses the port: check ${names.port}, and that the server is running.`;
  const blocked = names === mailServerSettings ? '; many networks block port 25' : '';
  return `Check ${whereabouts(names)}, and whether a firewall lets this machine through${blocked}.`;
}

function noLocalFamily({ host, localAddress, names }: Attempt): EmailError {
  const setting = names.localAddress ?? 'the local address';
  return createEmailError(
    'ERR_CONNECT',
    `${host} has no address of the same family (IPv4 or IPv6) as ${setting} ${localAddress}.`,
    {
      phase: 'connect',
      remedy: `Leave ${setting} out, or set it to an address of the other family.`,
    },
  );
}
