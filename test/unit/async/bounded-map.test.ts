import { describe, expect, it } from 'vitest';
import { BoundedMap } from '../../../src/async/bounded-map.js';

describe('a bounded map', () => {
  it('drops the entry that was not used for the longest time', () => {
    const map = new BoundedMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    expect(map.get('a')).toBe(1);
    map.set('c', 3);
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2]);
    map.set('a', 4);
    map.set('d', 5);
    expect([map.get('a'), map.get('c'), map.get('d'), map.size]).toEqual([4, undefined, 5, 2]);
    map.delete('a');
    expect(map.size).toBe(1);
  });

  it('makes what it does not have, and keeps no promise that rejects', async () => {
    const map = new BoundedMap<number, Promise<number>>(2);
    let made = 0;
    const make = async (): Promise<number> => ++made;
    for (const key of [1, 2, 1, 3, 1, 2]) await map.getOrMake(key, make);
    expect(made).toBe(4); // 2 was dropped to make room for 3
    await expect(map.getOrMake(9, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await map.getOrMake(9, make)).toBe(5);
  });
});
