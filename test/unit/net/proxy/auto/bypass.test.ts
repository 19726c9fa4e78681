import { describe, expect, test } from 'vitest';
import { matchesException, matchesExceptions, matchesNoProxy } from '../../../../../src/net/proxy/auto/bypass.js';
import { cpuTimer } from '../../../../support/cpu-time.js';

const port = 2525;

/**
 * Host, list, and whether curl 7.88.1 goes directly: recorded with ALL_PROXY, NO_PROXY and an smtp:// URL on port 2525.
 */
const asCurl: readonly (readonly [string, string, boolean])[] = [
  ['mail.example.com', '', false],
  ['mail.example.com', '*', true],
  ['mail.example.com', 'example.com', true],
  ['mail.example.com', '.example.com', true],
  ['example.com', '.example.com', true],
  ['example.com', 'example.com', true],
  ['nonexample.com', 'example.com', false],
  ['mail.example.com', 'EXAMPLE.COM', true],
  ['MAIL.EXAMPLE.COM', 'example.com', true],
  ['mail.example.com.', 'example.com', true],
  ['mail.example.com', 'example.com.', true],
  ['mail.example.com', 'a.test,example.com', true],
  ['mail.example.com', 'a.test, example.com', true],
  ['mail.example.com', 'a.test example.com', true],
  ['mail.example.com', 'a.test ,example.com', true],
  ['mail.example.com', ',,example.com,,', true],
  ['mail.example.com', 'mail.example', false],
  ['mail.example.com', 'com', true],
  ['mail.example.com', 'xample.com', false],
  ['mail.example.com', 'mail.example.com:25', false],
  ['192.168.1.5', '192.168.1.5', true],
  ['192.168.1.5', '192.168.1.50', false],
  ['192.168.1.5', '192.168.0.0/16', true],
  ['192.168.1.5', '192.168.1.0/24', true],
  ['192.168.2.5', '192.168.1.0/24', false],
  ['192.168.1.5', '192.168.1.4/31', true],
  ['192.168.1.6', '192.168.1.4/31', false],
  ['192.168.1.5', '192.168.1.5/32', true],
  ['192.168.1.5', '192.168.1.5/33', false],
  ['192.168.1.5', '192.168.1', false],
  ['192.168.1.5', '.1.5', false],
  ['192.168.1.5', '1.5', false],
  ['192.168.1.5', '192.168.1.0/x', false],
  ['2001:db8::1', '2001:db8::1', true],
  ['2001:db9::1', '2001:db8::/32', false],
  ['2001:db8::1', '2001:db8::/129', false],
  ['::1', 'localhost', false],
  ['localhost', 'localhost', true],
  ['127.0.0.1', 'localhost', false],
  ['10.example.com', '10.0.0.0/8', false],
];

/** Forms that other programs support and curl 7.88.1 does not. */
const beyondCurl: readonly (readonly [string, string, boolean])[] = [
  ['mail.example.com', '*.example.com', true],
  ['mail.example.com', 'a.test,*', true],
  ['mail.example.com', 'example.com:2525', true],
  ['mail.example.com', 'example.com:25', false],
  ['192.168.1.5', '192.168.1.0/24:2525', true],
  ['192.168.1.5', '192.168.1.0/24:25', false],
  ['192.168.1.5', '0.0.0.0/0', true],
  ['2001:db8::1', '0.0.0.0/0', false],
  ['2001:db8::1', '2001:DB8:0::1', true],
  ['2001:db8::1', '[2001:db8::1]', true],
  ['2001:db8::1', '[2001:db8::1]:2525', true],
  ['2001:db8::1', '[2001:db8::1]:25', false],
  ['2001:db8::1', '2001:db8::/32', true],
  ['mail.example.com', '. .. *. : / [] ]:[ ::/', false],
];

describe('NO_PROXY', () => {
  test.each(asCurl)('%s with %j goes directly: %s, as curl', (host, list, direct) => {
    expect(matchesNoProxy(list, { host, port })).toBe(direct);
  });

  test.each(beyondCurl)('%s with %j goes directly: %s', (host, list, direct) => {
    expect(matchesNoProxy(list, { host, port })).toBe(direct);
  });
});

describe('exceptions of Windows and macOS', () => {
  test.each([
    ['mail.corp.example', '*.corp.example', true],
    ['corp.example', '*.corp.example', false],
    ['mail.corp.example', 'corp.example', false],
    ['mail.corp.example', 'MAIL*example', true],
    ['mail.corp.example', 'mail*corp*le', true],
    ['mail.corp.example', '*rp*co*', false],
    ['aba', 'ab*ba', false],
    ['10.1.2.3', '10.*', true],
    ['110.1.2.3', '10.*', false],
    ['mailhost', '<local>', true],
    ['mail.host', '<LOCAL>', false],
    ['::1', '<local>', false],
    ['mail.host', 'https://mail.host', true],
    ['mail.host', 'mail.host:25', false],
    ['mail.host', 'mail.host:2525', true],
    ['169.254.3.4', '169.254/16', true],
    ['169.255.3.4', '169.254/16', false],
    ['mail.host', '169.254/16', false],
    ['169.254.3.4', '169.254/99', false],
    ['169.254.3.4', '169.999/16', false],
    ['fe80::1', 'fe80::/10', true],
    ['mail.host', 'fe80::/10', false],
    ['fe80::1', 'FE80::1', true],
  ])('%s with %j is an exception: %s', (host, entry, direct) => {
    expect(matchesException(entry, { host, port })).toBe(direct);
  });

  test.each([
    ['localhost', true],
    ['LOCALHOST.', true],
    ['mail.localhost', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['0:0::1', true],
    ['::2', false],
    ['128.0.0.1', false],
    ['127.example.com', false],
    ['localhost.example.com', false],
  ])('%s is this machine: %s', (host, direct) => {
    expect(matchesExceptions([''], { host, port })).toBe(direct);
    expect(matchesExceptions(['*.corp.example', '<-LOOPBACK>'], { host, port })).toBe(false);
  });

  test('takes time in proportion to the length, whatever the pattern', () => {
    const elapsed = cpuTimer();
    expect(matchesException(`${'*a'.repeat(5000)}b`, { host: 'a'.repeat(20_000), port })).toBe(false);
    expect(elapsed()).toBeLessThan(500);
  });
});
