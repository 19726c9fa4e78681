/**
 * Everything outside that OAuth 2.0 needs: network, time, chance, certificates. Tests replace it.
 *
 * @module
 */
import { abortError } from '../errors/abort.js';
import { onAbort } from '../async/on-abort.js';
import type { CertificateSource, LoadedCertificate } from '../model/certificate.js';
import type { HttpClient } from '../net/http/http-client.js';

/** Time. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Resolves after so many milliseconds; rejects when the signal aborts. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** See the file's head. */
export interface Surroundings {
  readonly http: HttpClient;
  readonly clock: Clock;
  /** From 0 to below 1: spreads refreshes of several processes. No secret comes of it. */
  readonly chance: () => number;
  /** Reads `oauth2.clientCertificate`. */
  readonly loadCertificate: (source: CertificateSource, signal: AbortSignal) => Promise<LoadedCertificate>;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  wait: (milliseconds, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        resolve();
      }, milliseconds);
      const stop = onAbort(signal, () => {
        clearTimeout(timer);
        reject(abortError(signal));
      });
    }),
};
