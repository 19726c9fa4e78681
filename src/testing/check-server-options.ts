// What a test server is started with: a slip of the pen would make a test pass that tests nothing.
import { checked } from '../schema/check.js';
import { choice, func, list, plain, variant, wholeNumber } from '../schema/combine.js';
import { object, optional, record, required } from '../schema/object.js';
import { unexpected } from '../schema/schema.js';
import type { Schema } from '../schema/schema.js';
import type { PlannedTestFault, TestSmtpServerOptions } from './server-options.js';

const subject = { sentence: 'The options of the test server are not valid', root: 'options' };

/** Any text: a test may want nonsense to be sent. */
const anyText = plain('text', (value, path, report) =>
  typeof value === 'string' ? value : unexpected(report, path, 'text', value),
);
const texts = list(anyText, { min: 0, max: 1_000_000 });
const byName = (item: Schema, expected: string): Schema =>
  record(item, { max: 10_000, expected, key: () => undefined });

function orFunction(other: Schema): Schema {
  return variant(`${other.expected}, or a function`, (value) => (typeof value === 'function' ? func : other));
}

const fault = object<PlannedTestFault>({
  at: required(
    choice(
      'connect',
      'greeting',
      'EHLO',
      'STARTTLS',
      'AUTH',
      'MAIL',
      'RCPT',
      'DATA',
      'content',
      'end',
      'RSET',
      'NOOP',
      'QUIT',
    ),
  ),
  do: required(choice('drop', 'reset', 'silence', 'delay')),
  ms: optional(wholeNumber(0, 2 ** 31 - 1)),
  times: optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
});

const schema = object<TestSmtpServerOptions>({
  security: optional(choice('none', 'starttls', 'implicit')),
  protocol: optional(choice('smtp', 'lmtp')),
  users: optional(byName(anyText, 'passwords by user name')),
  mechanisms: optional(texts),
  extensions: optional(texts),
  replies: optional(orFunction(byName(texts, 'arrays of replies by verb'))),
  faults: optional(orFunction(list(fault, { min: 0, max: 1_000_000 }))),
});

/** The options, checked and frozen. ERR_PROFILE_INVALID has every problem. */
export function checkServerOptions(options: TestSmtpServerOptions): TestSmtpServerOptions {
  return checked(schema, options, subject) as TestSmtpServerOptions;
}
