/**
 * Drives the child process whose Object.prototype is polluted. The child does the tasks of a module of this folder; the servers and
 * files that record what leaves it belong to this process. Names are tried many at a time; a group that makes an error is divided
 * until each name stands alone, since an error of one would hide what another does.
 *
 * @module
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { root } from '../../project/sources.js';
import { groupsOf } from './names.js';

/** 'ca' is the certificate of an authority that issued the certificate of an untrusted server. */
export type Kind = 'string' | 'object' | 'function' | 'true' | 'ca';

export interface Order {
  readonly names: readonly string[];
  readonly kind: Kind | 'none';
  readonly only?: readonly string[] | undefined;
}
export type Outcomes = Readonly<Record<string, string>>;

/** The outcome of each task, and the octets of each connection or file, by the task that wrote them. */
export interface Result {
  readonly outcomes: Outcomes;
  readonly streams: ReadonlyMap<string, readonly string[]>;
}

/** Records the octets that leave the child. */
export interface Recorder {
  /** The octets since the last call, once all connections are closed: a text for each connection or file. */
  take(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** A module of tasks, and the rules by which they are judged. */
export interface Play {
  /** File below this folder. */
  readonly module: string;
  /** The recorders by the name of their task. A record that begins with `EHLO rNNNNN-task.` belongs to that task. */
  readonly recorders: ReadonlyMap<string, Recorder>;
  /** The module's own settings. */
  readonly settings: object;
  /** Takes everything out of a record that differs from run to run. */
  readonly plain: (text: string) => string;
  /** Takes everything out of an outcome that differs from run to run. */
  readonly reveal: (task: string, outcome: string) => string | Promise<string>;
  /** May a task that fails write this line, although it does not when it works? */
  readonly isHarmless: (line: string) => boolean;
  /** Called with each line that the child writes to its pipe 4. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** Tasks that must fail, with the words for their success. */
  readonly mustFail: ReadonlyMap<string, string>;
}

const linesOf = (streams: readonly string[]): ReadonlySet<string> =>
  new Set(streams.flatMap((stream) => stream.split(/\r?\n/)));

export const isError = (outcome: string): boolean => outcome.startsWith('error ');

interface Answer {
  readonly outcomes?: Outcomes;
  readonly crashed?: boolean;
  readonly failed?: string;
}

export class PollutedProcess {
  readonly #play: Play;
  #child: ChildProcess | undefined;
  #runs = 0;
  #clean: Result = { outcomes: {}, streams: new Map() };
  readonly #revealed = new Map<string, string>();
  /** The last order, for a test that fails. */
  current: Order | undefined;

  constructor(play: Play) {
    this.#play = play;
  }

  /** Performs the tasks without pollution. Every later result is compared to this one. */
  async measure(): Promise<Result> {
    this.#clean = await this.perform({ names: [], kind: 'none' });
    for (const [task, outcome] of Object.entries(this.#clean.outcomes))
      this.#revealed.set(task, isError(outcome) ? '' : await this.#play.reveal(task, outcome));
    return this.#clean;
  }

  get tasks(): readonly string[] {
    return Object.keys(this.#clean.outcomes);
  }

  /** Gives one order to the child, and returns the results. */
  async perform(order: Order): Promise<Result> {
    const run = `r${String(++this.#runs).padStart(5, '0')}`;
    this.current = order;
    const worker = await this.#liveChild();
    const answer = await new Promise<Answer>((resolve, reject) => {
      const ended = (code: number | null): void => reject(new Error(`the child ended with ${code}`));
      worker.once('exit', ended);
      worker.once('message', (message) => {
        worker.off('exit', ended);
        resolve(message as Answer);
      });
      worker.send({ run, ...order });
    });
    if (answer.crashed) this.kill();
    if (answer.outcomes === undefined) throw new Error(answer.failed);
    const streams = new Map<string, string[]>();
    for (const [name, recorder] of this.#play.recorders) {
      for (const stream of await recorder.take()) {
        if (stream === '') continue;
        const task = /^EHLO r\d{5}-(\w+)\./.exec(stream)?.[1] ?? name;
        streams.set(task, [...(streams.get(task) ?? []), this.#play.plain(stream.replaceAll(run, 'RUN'))]);
      }
    }
    return { outcomes: answer.outcomes, streams };
  }

  /** Tries each name with a value of this kind in each task, and returns the faults. */
  async faults(kind: Kind, names: readonly string[]): Promise<readonly string[]> {
    const faults: string[] = [];
    const queue = groupsOf(names, this.tasks);
    for (let group = queue.pop(); group !== undefined; group = queue.pop()) {
      const { names, only } = group;
      const result = await this.perform({ kind, names, only });
      const wrong: string[] = [];
      for (const task of only ?? this.tasks) {
        const fault = await this.#faultOf(task, result);
        const failed = isError(result.outcomes[task] ?? '') && !this.#play.mustFail.has(task);
        if (fault === undefined && !failed) continue;
        wrong.push(task);
        if (fault !== undefined && names.length === 1) faults.push(`${names.join()}: ${task} ${fault}`);
      }
      if (wrong.length === 0 || names.length === 1) continue;
      const middle = names.length >> 1;
      queue.push({ names: names.slice(0, middle), only: wrong }, { names: names.slice(middle), only: wrong });
    }
    return faults;
  }

  /** Tells the child's module something in the middle of an order. */
  note(): void {
    if (this.#child?.connected) this.#child.send({ note: true });
  }

  kill(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  async close(): Promise<void> {
    this.kill();
    await Promise.all([...this.#play.recorders.values()].map((recorder) => recorder.close()));
  }

  /** The fault of a task; undefined if it did the same, or less with an error. */
  async #faultOf(task: string, result: Result): Promise<string | undefined> {
    const { reveal, isHarmless, mustFail } = this.#play;
    const outcome = result.outcomes[task] ?? 'nothing';
    const before = this.#clean.streams.get(task) ?? [];
    const now = result.streams.get(task) ?? [];
    const [old, young] = [linesOf(before), linesOf(now)];
    if (isError(outcome)) {
      const whole = now.filter((stream) => !before.some((other) => other.startsWith(stream)));
      const strange = [...linesOf(whole)].find((line) => !old.has(line) && !isHarmless(line));
      return strange === undefined ? undefined : `wrote ${JSON.stringify(strange)} (${outcome})`;
    }
    if (mustFail.has(task)) return mustFail.get(task);
    const revealed = await reveal(task, outcome);
    if (revealed !== this.#revealed.get(task)) return `came out differently: ${revealed.slice(0, 300)}`;
    if (now.join() === before.join()) return undefined;
    const added = [...young].filter((line) => !old.has(line));
    const missing = [...old].filter((line) => !young.has(line));
    return `wrote other octets: ${JSON.stringify({ added, missing })}`;
  }

  /** A child that is ready. If the last one failed as a process, it is a new one. */
  async #liveChild(): Promise<ChildProcess> {
    if (this.#child?.connected) return this.#child;
    const folder = join(root, 'test/advisories/polluted');
    const settings = { ...this.#play.settings, tasks: join(folder, this.#play.module) };
    const next = fork(join(folder, 'child.mjs'), [JSON.stringify(settings)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'pipe'],
    });
    const { onLine } = this.#play;
    if (onLine) createInterface(next.stdio[4] as Readable).on('line', onLine);
    await new Promise((resolve) => next.once('message', resolve));
    for (const recorder of this.#play.recorders.values()) await recorder.take();
    return (this.#child = next);
  }
}
