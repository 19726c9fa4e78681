import { describe, expect, it } from 'vitest';
import { Outbox } from '../../../src/sinks/outbox.js';

const items = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text));
const texts = (buffers: readonly Buffer[]): string[] => buffers.map(String);

describe('an outbox', () => {
  it('gives the oldest first, up to so many bytes, but one at least', () => {
    const outbox = new Outbox();
    for (const item of items('aa', 'bb', 'cc')) outbox.put(item);
    expect(outbox.nextBytes).toBe(2);
    expect(texts(outbox.take(5))).toEqual(['aa', 'bb']);
    expect(texts(outbox.take(0))).toEqual(['cc']);
    expect([outbox.isEmpty, outbox.nextBytes, outbox.take(10)]).toEqual([true, 0, []]);
  });

  it('drops the oldest beyond its bounds and counts them once, restored ones too', () => {
    const outbox = new Outbox({ items: 3, bytes: 7 });
    for (const item of items('aa', 'bb', 'cc', 'dd')) outbox.put(item);
    expect(outbox.takeDropped()).toBe(1);
    expect(outbox.takeDropped()).toBe(0);
    const taken = outbox.take(4);
    outbox.put(Buffer.from('eee'));
    outbox.restore(taken);
    expect(outbox.takeDropped()).toBe(1);
    expect(texts(outbox.take(100))).toEqual(['cc', 'dd', 'eee']);
    outbox.put(Buffer.from('longer than all'));
    expect([outbox.takeDropped(), outbox.isEmpty]).toEqual([1, true]);
  });

  it('keeps the order of many that come and go', () => {
    const outbox = new Outbox({ items: 5_000, bytes: 1 << 20 });
    const seen: number[] = [];
    let next = 0;
    let dropped = 0;
    for (let round = 0; round < 200; round++) {
      for (let i = 0; i < 90 * (round % 5); i++) outbox.put(Buffer.from(String(next++)));
      const taken = outbox.take(300);
      dropped += outbox.takeDropped();
      if (round % 7 === 0) outbox.restore(taken);
      else seen.push(...taken.map(Number));
    }
    while (!outbox.isEmpty) seen.push(...outbox.take(1_000).map(Number));
    dropped += outbox.takeDropped();
    expect(dropped).toBeGreaterThan(10_000);
    expect(seen.length + dropped).toBe(next);
    expect(seen.every((value, index) => index === 0 || value > (seen[index - 1] ?? 0))).toBe(true);
    expect(seen.at(-1)).toBe(next - 1);
  });
});
