/**
 * Token stores for tests.
 * @module
 */
import type { OAuth2Tokens, TokenStore } from '../../../src/model/store.js';

/** Keeps tokens as text, as a file would, so that the caller shares no object with it. */
export class MemoryStore implements TokenStore {
  readonly kept = new Map<string, string>();
  readonly log: string[] = [];
  failSaves = 0;

  loadTokens(key: string): Promise<OAuth2Tokens | undefined> {
    const text = this.kept.get(key);
    if (text === undefined) return Promise.resolve(undefined);
    const tokens = JSON.parse(text) as OAuth2Tokens & { expiresAt?: string };
    return Promise.resolve({ ...tokens, ...(tokens.expiresAt && { expiresAt: new Date(tokens.expiresAt) }) });
  }

  saveTokens(key: string, tokens: OAuth2Tokens): Promise<void> {
    if (this.failSaves > 0) {
      this.failSaves--;
      return Promise.reject(Object.assign(new Error(`disk full, lost ${tokens.refreshToken}`), { code: 'ENOSPC' }));
    }
    this.kept.set(key, JSON.stringify(tokens));
    this.log.push(`saved ${tokens.accessToken}`);
    return Promise.resolve();
  }
}

/** The same with a lock that counts its holders. */
export class LockingStore extends MemoryStore {
  #last: Promise<unknown> = Promise.resolve();
  holders = 0;
  most = 0;

  lock<T>(_key: string, work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(async () => {
      this.most = Math.max(this.most, ++this.holders);
      try {
        return await work();
      } finally {
        this.holders--;
      }
    });
    this.#last = run.catch(() => undefined);
    return run;
  }
}
