/**
 * The network, clock, random numbers and certificates that OAuth 2.0 uses. Tests replace them.
 * @module
 */
import { abortError } from '../errors/abort.js';
import { onAbort } from '../async/on-abort.js';
import type { CertificateSource, LoadedCertificate } from '../model/certificate.js';
import type { HttpClient } from '../net/http/http-client.js';

/** The time and a timer. Dates come from `now`, durations from `elapsed`, because the time of a machine may be set. */
export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Milliseconds since some moment, whether or not the time of the machine is set meanwhile. */
  readonly elapsed: () => number;
  /** Resolves after this many milliseconds; rejects when the signal aborts. */
  readonly wait: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** The services that the grants and the token source use. */
export interface Surroundings {
  readonly http: HttpClient;
  readonly clock: Clock;
  /** A number from 0 to below 1, to spread the refreshes of several processes. Not for secrets. */
  readonly chance: () => number;
  /** Reads `oauth2.clientCertificate`. */
  readonly loadCertificate: (source: CertificateSource, signal: AbortSignal) => Promise<LoadedCertificate>;
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
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
