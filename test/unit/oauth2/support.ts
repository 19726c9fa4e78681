/**
 * Helpers of the OAuth 2.0 tests.
 * @module
 */
import { inspect } from 'node:util';
import { expect } from 'vitest';
import { createConnectorClient } from '../../../src/net/http/connector-client.js';
import { DirectConnector } from '../../../src/net/direct.js';
import type { Clock, Surroundings } from '../../../src/oauth2/surroundings.js';
import { abortError } from '../../../src/errors/abort.js';

export { failure as failureOf } from '../../support/engine.js';

/** A clock that stands still. Waiting on it moves it forward. `set` is how far its time was set, ahead or back. */
export class FakeClock implements Clock {
  time: number;
  set = 0;
  readonly waits: number[] = [];

  constructor(time = 1_800_000_000_000) {
    this.time = time;
  }

  readonly now = (): number => this.time + this.set;
  readonly elapsed = (): number => this.time;

  readonly wait = (milliseconds: number, signal: AbortSignal): Promise<void> => {
    if (signal.aborted) return Promise.reject(abortError(signal));
    this.waits.push(milliseconds);
    this.time += milliseconds;
    return Promise.resolve();
  };
}

export function surroundings(given: Partial<Surroundings> = {}): Surroundings {
  return {
    http: createConnectorClient({ connector: new DirectConnector() }),
    clock: new FakeClock(),
    chance: () => 0,
    loadCertificate: () => Promise.reject(new Error('no certificate was expected')),
    ...given,
  };
}

/** Every form in which output may contain a secret: unchanged, base64 at each offset, base64url, percent-encoded. */
export function formsOf(secret: string): readonly string[] {
  const bases = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset, 'x'), Buffer.from(secret)]).toString('base64');
    // The first and last characters are cut off because they depend on the neighbouring bytes.
    return text.slice(offset === 0 ? 0 : offset + 1, -4);
  });
  return [
    secret,
    ...bases,
    ...bases.map((text) => text.replaceAll('+', '-').replaceAll('/', '_')),
    encodeURIComponent(secret),
  ];
}

/** An error with all its properties and causes, as a log, a console or a debugger shows it. */
export function everythingIn(value: unknown): string {
  const parts: string[] = [];
  for (let next: unknown = value; next !== undefined && parts.length < 50;) {
    parts.push(inspect(next, { depth: 20, showHidden: true, getters: true }), JSON.stringify(next), String(next));
    next = next instanceof Error ? next.cause : undefined;
  }
  return parts.join('\n');
}

export function expectNoSecret(text: string, secrets: readonly string[]): void {
  for (const secret of secrets)
    for (const form of formsOf(secret)) expect(text.includes(form), `${form} of ${secret} in ${text}`).toBe(false);
}
