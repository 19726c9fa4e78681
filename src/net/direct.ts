import { connect, type Socket } from 'node:net';
import { abortError } from '../errors/abort.js';
import { createEmailError } from '../errors/email-error.js';
import type { EmailError } from '../model/error.js';
import { type ConnectOptions, type OwnConnector, reportStep, showTarget } from './connector.js';
import { type HostAddress, resolveHost } from './resolve.js';

/**
 * TCP without a proxy. Happy Eyeballs (RFC 8305): addresses are tried 250 ms apart, earlier attempts go on beside later ones, the
 * first that connects wins. Node's own autoSelectFamily drops an attempt when it begins the next, and so never reaches a slow host.
 */

const attemptDelayMs = 250;

/** Options of the direct way. */
export interface DirectOptions {
  /** Local IP address to connect from. */
  readonly localAddress?: string | undefined;
}

/** The direct way to a host. */
export class DirectConnector implements OwnConnector {
  readonly #localAddress: string | undefined;

  constructor(options: DirectOptions = {}) {
    this.#localAddress = options.localAddress;
  }

  async connect(target: { readonly host: string; readonly port: number }, options: ConnectOptions): Promise<Socket> {
    const { signal, onStep } = options;
    const addresses = await reportStep(
      'resolve',
      () => resolveHost(target.host, signal),
      (found) => found.map(({ address }) => address).join(', '),
      onStep,
    );
    return await reportStep(
      'connect',
      () => connectToFirst(addresses, target, this.#localAddress, signal),
      (socket) =>
        `${showTarget(socket.remoteAddress ?? target.host, target.port)} from ${socket.localAddress ?? 'an unknown address'}`,
      onStep,
    );
  }
}

function connectToFirst(
  addresses: readonly HostAddress[],
  target: { readonly host: string; readonly port: number },
  localAddress: string | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const usable =
      localAddress === undefined
        ? addresses
        : addresses.filter(({ family }) => family === (localAddress.includes(':') ? 6 : 4));
    const failures: { readonly address: string; readonly error: NodeJS.ErrnoException }[] = [];
    const attempts = new Set<Socket>();
    let begun = 0;
    let timer: NodeJS.Timeout | undefined;

    const settle = (act: () => void, winner?: Socket): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      for (const socket of attempts) {
        socket.removeAllListeners();
        // One that fails later has nobody left to tell.
        if (socket !== winner) socket.on('error', () => {}).destroy();
      }
      act();
    };
    const onAbort = (): void => settle(() => reject(abortError(signal)));
    const tryNext = (): void => {
      clearTimeout(timer);
      const next = usable[begun++];
      if (next === undefined) return;
      const socket = connect({
        host: next.address,
        port: target.port,
        family: next.family,
        localAddress,
        noDelay: true,
        autoSelectFamily: false,
      });
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

    if (signal.aborted) return onAbort();
    if (usable.length === 0) return reject(noLocalFamily(target, localAddress as string));
    signal.addEventListener('abort', onAbort, { once: true });
    tryNext();
  });
}

function unreachable(
  target: { readonly host: string; readonly port: number },
  failures: readonly { readonly address: string; readonly error: NodeJS.ErrnoException }[],
): EmailError {
  const tried = failures
    .map(({ address, error }) => `${showTarget(address, target.port)} ${error.code ?? error.message}`)
    .join(', ');
  const codes = new Set(failures.map(({ error }) => error.code));
  const causes = failures.map(({ error }) => error);
  return createEmailError('ERR_CONNECT', `No connection to ${showTarget(target.host, target.port)}: ${tried}`, {
    phase: 'connect',
    retryable: true,
    cause: causes.length === 1 ? causes[0] : new AggregateError(causes),
    remedy: codes.has('EADDRNOTAVAIL')
      ? 'server.localAddress must be an address of this machine.'
      : codes.has('ECONNREFUSED')
        ? 'The host answers and refuses the port: check server.port, and that the server runs.'
        : 'Check server.host and server.port, and whether a firewall lets this machine through; many networks block port 25.',
  });
}

function noLocalFamily(target: { readonly host: string; readonly port: number }, localAddress: string): EmailError {
  return createEmailError(
    'ERR_CONNECT',
    `${target.host} has no address of the family of server.localAddress ${localAddress}.`,
    {
      phase: 'connect',
      remedy: 'Leave server.localAddress out, or give one of the other family.',
    },
  );
}
