import { expect, it } from 'vitest';
import { krbCodeOf, krbErrorInWords } from '../../../../src/kerberos/exchange/kdc-errors.js';

const subject = {
  request: 'a ticket for smtp/host@R',
  client: 'alice@R',
  service: 'smtp/host@R',
  source: 'the password',
  sender: 'the KDC of R',
};
const inWords = (code: number) =>
  krbErrorInWords({ code, serverTime: 0, text: undefined, clientRealm: undefined, data: undefined }, subject);

it('each error of a KDC that users meet has words of its own, and says what to do (RFC 4120 section 7.5.9)', () => {
  const known = Array.from({ length: 128 }, (_, code) => inWords(code)).filter(
    ({ message }) => !message.includes('gives an unknown reason'),
  );
  const words = known.map(
    ({ message }) =>
      /^The KDC of R refused a ticket for smtp\/host@R: (.+) \((?:KDC|KRB)_[A-Z_]+ \d+\)$/.exec(message)?.[1],
  );
  expect(known.length).toBeGreaterThan(30);
  expect(words).not.toContain(undefined);
  expect(new Set(words).size).toBe(known.length);
  for (const { code, remedy, phase } of known)
    expect([code, phase, remedy]).toEqual(['ERR_KERBEROS', 'authenticate', expect.stringMatching(/^[A-Z].+[.)]$/)]);
});

it('only an error that may pass is worth another attempt', () => {
  expect(Array.from({ length: 128 }, (_, code) => code).filter((code) => inWords(code).retryable)).toEqual([29, 34]);
  expect([krbCodeOf(inWords(24)), krbCodeOf(new Error('24'))]).toEqual([24, undefined]);
});
