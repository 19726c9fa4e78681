/**
 * Sends through several servers, and again after failures that allow it. docs/design/retry.md has the rules. Loaded
 * if a mailer uses it.
 * @module
 */
import { allowManyListeners, createAbortController } from '../../async/abort-controller.js';
import { closedError } from '../../errors/closed-error.js';
import type { Envelope } from '../../model/envelope.js';
import type { ConnectionReport } from '../../model/report.js';
import type { ContentCapabilities, OutgoingContent, TransportResult } from '../../model/transport.js';
import type { ResolvedRetry } from '../../profile/resolve.js';
import { emptyReport } from '../connection-report.js';
import type { PoolStats } from '../pool/pool.js';
import type { OwnSendOptions } from '../smtp-transport.js';
import { Candidate } from './candidate.js';
import type { RetriedServer, RetriedTransport } from './candidate.js';
import { Circuit } from './circuit.js';
import type { Chance } from './delays.js';
import { reportOfServers } from './reports.js';
import { Sending } from './sending.js';
import { WaitingRoom } from './waiting-room.js';

export class RetryTransport implements RetriedTransport {
  readonly #servers: readonly RetriedServer[];
  readonly #times: ResolvedRetry;
  readonly #chance: Chance;
  /** Aborts at a forced close. */
  readonly #ended = createAbortController();
  readonly #room = new WaitingRoom(this.#ended.signal);

  /** At least one server, in order of preference. */
  constructor(servers: readonly Omit<RetriedServer, 'circuit'>[], times: ResolvedRetry, chance: Chance = Math.random) {
    allowManyListeners(this.#ended.signal);
    this.#times = times;
    this.#chance = chance;
    const changed = (): void => this.#room.wake();
    this.#servers = servers.map(({ name, transport }) => ({
      name,
      transport,
      circuit: new Circuit(times, chance, changed),
    }));
  }

  send(
    envelope: Envelope,
    compose: (accepts?: ContentCapabilities) => Promise<OutgoingContent>,
    options: OwnSendOptions,
  ): Promise<TransportResult> {
    const candidates = this.#servers.map((server) => new Candidate(server, this.#times, this.#chance));
    return new Sending({ envelope, compose, options }, candidates, this.#room).run();
  }

  /** The numbers of all servers together. */
  stats(): PoolStats {
    const sum = { open: 0, idle: 0, opening: 0, limit: 0 };
    let waiting = 0;
    for (const { transport } of this.#servers) {
      const stats = transport.stats?.();
      if (stats === undefined) continue;
      const { open, idle, opening, limit } = stats.connections;
      sum.open += open;
      sum.idle += idle;
      sum.opening += opening;
      sum.limit += limit;
      waiting += stats.waiting;
    }
    return { connections: sum, waiting };
  }

  /** Tests every server. One that works no longer rests. */
  async test(options: { readonly signal?: AbortSignal | undefined }): Promise<ConnectionReport> {
    const reports = await Promise.all(
      this.#servers.map(async ({ name, transport, circuit }) => {
        const report = transport.test === undefined ? emptyReport() : await transport.test(options);
        if (report.ok) circuit.reset();
        return { name, report };
      }),
    );
    return reportOfServers(reports);
  }

  async close(options: { readonly force?: boolean | undefined } = {}): Promise<void> {
    if (options.force === true) this.#ended.abort(closedError());
    const closings = await Promise.allSettled(this.#servers.map(({ transport }) => transport.close(options)));
    for (const closing of closings) if (closing.status === 'rejected') throw closing.reason;
  }
}
