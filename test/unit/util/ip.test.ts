import { isIPv4, isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { isIp, isIpv4, isIpv6 } from '../../../src/util/ip.js';
import { cpuTimer } from '../../support/cpu-time.js';

const samples = [
  '0.0.0.0',
  '255.255.255.255',
  '256.0.0.1',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '1.2.3.04',
  '1..2.3',
  '1.2.3.4 ',
  '',
  ' ',
  '1.2.3.-4',
  '1.2.3.4e1',
  '٣.1.1.1',
  '::',
  '::1',
  '1::',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1::2::3',
  ':::',
  ':1',
  '1:',
  '::12345',
  '::g',
  '2001:db8::',
  '2001:DB8::A',
  '::ffff:192.0.2.1',
  '::192.0.2.256',
  '1:2:3:4:5:6:192.0.2.1',
  '1:2:3:4:5:6:7:192.0.2.1',
  '192.0.2.1::',
  '::192.0.2.1:1',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '1::2:3:4:5:6:7:8',
  'fe80::1%eth0',
  'fe80::1%',
  '%eth0',
  '[::1]',
  '::1/64',
  'localhost',
  '1.2.3.4%eth0',
  '::\n1',
];

describe('IP addresses as text', () => {
  it.each(samples)("are told apart as node:net does: '%s'", (text) => {
    expect(isIpv4(text)).toBe(isIPv4(text));
    expect(isIpv6(text)).toBe(isIPv6(text));
    expect(isIp(text)).toBe(isIPv4(text) || isIPv6(text));
  });

  it('are told apart as node:net does for every short text of their characters, zones aside', () => {
    const alphabet = ':.1f0';
    for (let n = 0; n < alphabet.length ** 6; n++) {
      let text = '';
      for (let rest = n; rest > 0; rest = Math.floor(rest / alphabet.length))
        text += alphabet[rest % alphabet.length] ?? '';
      if (isIpv4(text) !== isIPv4(text) || isIpv6(text) !== isIPv6(text)) expect.fail(`differs for '${text}'`);
    }
  });

  it('are refused at once where they are long', () => {
    const elapsed = cpuTimer();
    expect(isIp('1:'.repeat(500_000))).toBe(false);
    expect(isIp('1.'.repeat(500_000))).toBe(false);
    expect(elapsed()).toBeLessThan(500);
  });
});
