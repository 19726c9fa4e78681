import { describe, expect, it } from 'vitest';
import { runLedger } from '../support/ledger.js';

const seed = Number(process.env['LEDGER_SEED'] ?? Date.now() % 1_000_000);

/** test/interop/ledger.test.ts runs the full 100 000 messages. */
describe(`a server that fails at random (seed ${seed})`, () => {
  const plain = ['SIZE 104857600', '8BITMIME', 'ENHANCEDSTATUSCODES'];
  it.each([
    ['with CHUNKING', { pool: { maxConnections: 5 } }],
    ['with several messages in flight', { pool: { maxConnections: 3, messagesInFlight: 8 } }],
    ['with PIPELINING and DATA', { pool: { maxConnections: 5 }, extensions: ['PIPELINING', ...plain] }],
    [
      'with PIPELINING and messages in flight',
      { pool: { maxConnections: 3, messagesInFlight: 4 }, extensions: ['PIPELINING', ...plain] },
    ],
    ['in lock-step', { pool: { maxConnections: 5 }, extensions: plain }],
  ])('and the mailer agree about every message %s', async (_, options) => {
    const ledger = await runLedger({ messages: 400, rate: 0.015, seed, ...options });
    expect(ledger.wrong).toEqual([]);
    expect(ledger.faults).toBeGreaterThan(10);
    // A connection that ends takes the messages in flight with it.
    expect(ledger.sent).toBeGreaterThan(100);
  });
});
