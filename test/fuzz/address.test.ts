import { expect, test } from 'vitest';
import { formatMailbox } from '../../src/address/format.js';
import { parseAddress, parseAddressList, parseMailbox } from '../../src/address/mailbox.js';
import { isEmailError } from '../../src/errors/email-error.js';
import { random } from '../support/random.js';
import { rounds, seedOr } from './kit.js';

const seed = seedOr(5321);
const tokens = [
  'a',
  'ann',
  '@',
  '.',
  ',',
  ';',
  ':',
  '<',
  '>',
  '"',
  '\\',
  '(',
  ')',
  '[',
  ']',
  ' ',
  '\t',
  'b.example',
  '[192.0.2.1]',
  '[IPv6:::1]',
  'é',
  '例え',
  '。',
  'xn--',
  '-',
  '\r',
  '\n',
  '\0',
  '=?utf-8?q?x?=',
  '\ud800',
  '\u2028',
  '＠',
  '%',
  '/',
];

function made(next: (limit: number) => number, most: number): string {
  return Array.from({ length: next(most) }, () => tokens[next(tokens.length)]).join('');
}

/** The result, or undefined if the input is refused. Only an EmailError may be thrown. */
function attempt<T>(run: () => T, label: string): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!isEmailError(error)) throw new Error(label, { cause: error });
    return undefined;
  }
}

test('whatever text is parsed gives safe mailboxes that come back, or an EmailError', () => {
  const next = random(seed);
  let accepted = 0;
  for (const round of rounds(3000)) {
    const text = next(3) === 0 ? made(next, 14) : `${made(next, 3)}ann${made(next, 3)}@b.example${made(next, 4)}`;
    const label = `seed ${seed}, round ${round}: ${JSON.stringify(text)}`;
    const found = [
      attempt(() => parseMailbox(text), label),
      attempt(() => parseAddress(text), label),
      ...(attempt(() => parseAddressList(text), label) ?? []),
    ];
    for (const mailbox of found) {
      if (mailbox === undefined) continue;
      accepted++;
      // An address goes into commands and header fields, so it has no control characters and nothing after the path
      // that a server could read as a parameter.
      const { email, domain, localPart, name } = mailbox;
      const isSafe =
        !/[\0-\x1f\x7f-\x9f\u2028\u2029]/.test(email) &&
        /^(?:[a-z0-9.-]+|\[[0-9A-Za-z:.]+\])$/.test(domain) &&
        !/[\0-\x1f\x7f]/.test(name ?? '');
      if (!isSafe) expect.unreachable(label);
      const again = parseMailbox(email);
      if (again.email !== email || again.localPart !== localPart || again.domain !== domain) expect.unreachable(label);
      const formatted = parseAddress(formatMailbox(mailbox));
      if (formatted.email !== email || formatted.name !== name)
        expect.unreachable(`${label}: ${JSON.stringify([mailbox, formatted])}`);
    }
  }
  expect(accepted).toBeGreaterThan(150);
});
