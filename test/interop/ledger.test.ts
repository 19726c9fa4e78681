import { describe, expect, it } from 'vitest';
import { runLedger } from '../support/ledger.js';

const seed = Number(process.env['LEDGER_SEED'] ?? Date.now() % 1_000_000);

describe(`100 000 messages over 10 connections with faults at 1 % of all stages (seed ${seed})`, () => {
  it('all settle, none twice, none reported untruly, in constant memory', async () => {
    const ledger = await runLedger({ messages: 100_000, pool: { maxConnections: 10 }, rate: 0.01, seed });
    expect(ledger.wrong).toEqual([]);
    expect(ledger.sent + ledger.failed + ledger.unknown).toBe(100_000);
    expect(ledger.faults).toBeGreaterThan(1000);
    expect(ledger.heapGrowthBytes).toBeLessThan(8 << 20);
  }, 400_000);
});
