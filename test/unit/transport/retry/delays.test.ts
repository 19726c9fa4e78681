import { describe, expect, it } from 'vitest';
import { delayAfter, namedDelayMs } from '../../../../src/transport/retry/delays.js';

describe('the time that a reply names', () => {
  it.each<[string, number | undefined]>([
    ['Greylisted, please try again in 300 seconds', 300_000],
    ['Recipient address rejected: Greylisted for 5 minutes', 300_000],
    ['Greylisting in action, please come back in 00:04:30', 270_000],
    ['Please retry in 1 hour', 3_600_000],
    ['try again after 45s', 45_000],
    ['deferred, wait about 2 min', 120_000],
    ['Retry-After: 90', 90_000],
    ['greylisted: retry within 10 mins', 600_000],
    ['try again later', undefined],
    ['Greylisted, see http://postgrey.example/help/example.com.html', undefined],
    ['Idle for 300 seconds', undefined],
    ['again in 99999999 seconds', undefined],
  ])('%s', (line, ms) => {
    expect(namedDelayMs({ code: 450, enhancedCode: '4.7.1', lines: ['x', line] })).toBe(ms);
  });

  it('is only in a 4yz reply', () => {
    expect(namedDelayMs({ code: 550, lines: ['try again in 5 seconds'] })).toBeUndefined();
  });
});

it('the delay never exceeds maxMs, nor overflows', () => {
  expect(delayAfter(99, { attempts: 100, delayMs: 1000, maxMs: 60_000 }, () => 0)).toBe(60_000);
  expect(delayAfter(5000, { attempts: 100, delayMs: 1000, maxMs: 60_000 }, () => 0)).toBe(60_000);
  expect(delayAfter(1, { attempts: 3, delayMs: 0, maxMs: 60_000 }, () => 0)).toBe(0);
});
