/**
 * A profile store while another process holds its lock: readers do not wait, and writers wait for 30 seconds.
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { openProfileStore } from '../../../src/index.js';
import { ProcessLock } from '../../../src/system/lock.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-locked-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => void vi.useRealTimers());
const named = (name: string) => ({ name, sender: { email: 'ann@example.com' }, server: { host: 'mail.example.com' } });

describe('a profile store that is locked', () => {
  it('is read at once, and is written when the lock is free, or not after 30 seconds', async () => {
    const file = join(scratch, 'store');
    const store = await openProfileStore({ file, key: new Uint8Array(32) });
    await store.save(named('office'));
    const before = readFileSync(file);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const writers = new ProcessLock(join(`${file}.state`, 'write'));
    let later: Promise<void> | undefined;
    await writers.run(async () => {
      expect(await store.list()).toHaveLength(1);
      expect(await (await openProfileStore({ file, key: new Uint8Array(32) })).get('office')).toMatchObject(
        named('office'),
      );
      const refused = store.save(named('home')).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(29_999);
      later = store.save(named('later'));
      await vi.advanceTimersByTimeAsync(1);
      expect(await refused).toMatchObject({
        code: 'ERR_STORE',
        retryable: true,
        message: expect.stringContaining(
          'was locked for 30 s, by another process or by earlier changes of this one',
        ) as string,
      });
      expect(readFileSync(file).equals(before)).toBe(true);
    });
    await later;
    expect((await store.list()).map(({ name }) => name)).toEqual(['office', 'later']);
  });
});
