import { expect, it } from 'vitest';
import { parseAddressList } from '../../../src/address/parse-address-list.js';

it('gives names and addresses, and nothing besides', () => {
  expect(parseAddressList('a@b.example, "C, D" <c@d.example>, friends: E <e@BÜCHER.example>;')).toStrictEqual([
    { email: 'a@b.example' },
    { name: 'C, D', email: 'c@d.example' },
    { name: 'E', email: 'e@xn--bcher-kva.example' },
  ]);
  expect(parseAddressList('')).toStrictEqual([]);
});

it('fails as a whole, and says where', () => {
  expect(() => parseAddressList('a@b.example, c@')).toThrow(/the domain is empty, at character 16/);
});
