import { describe, expect, it } from 'vitest';
import { seedOfRun } from '../support/random.js';
import { combinations, runRetryLedger } from '../support/retry-ledger.js';

/** Messages in all combinations together. `.ci/run` sends 20 000. */
const messages = Number(process.env['LEDGER_MESSAGES'] ?? combinations.length * 20);

describe(`${messages} messages through two servers that fail at random (seed ${seedOfRun})`, () => {
  const outcomes: Record<string, number> = {};
  let attempts = 0;
  let faults = 0;

  it.each(combinations.map((combination) => [JSON.stringify(combination), combination] as const))(
    'servers and mailer agree about every message and attempt: %s',
    async (_, combination) => {
      const share = { messages: messages / combinations.length, rate: 0.04, seed: seedOfRun };
      const ledger = await runRetryLedger(combination, share);
      expect(ledger.wrong).toEqual([]);
      faults += ledger.faults;
      for (const [kind, count] of Object.entries(ledger.outcomes)) outcomes[kind] = (outcomes[kind] ?? 0) + count;
      attempts += ledger.attempts;
    },
  );

  it('every message settled, in each of the ways', () => {
    console.log(JSON.stringify({ ...outcomes, attempts, faults }));
    expect(Object.values(outcomes).reduce((sum, count) => sum + count, 0)).toBe(messages);
    expect(faults).toBeGreaterThan(messages / 20);
    const seen = Object.keys(outcomes).sort();
    expect(seen).toEqual(expect.arrayContaining(['not-delivered', 'sent', 'unknown']));
    // Some seeds deliver few messages in part: sometimes one of 640, or none.
    if (messages >= 20_000) expect(seen).toContain('partly-delivered');
  });
});
