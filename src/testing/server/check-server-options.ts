/**
 * Checks the options of a test server. An unnoticed typing error would let a test pass that tests nothing.
 * @module
 */
import { checked } from '../../schema/check.js';
import { anyText, choice, func, list, variant, wholeNumber } from '../../schema/combine.js';
import { object, optional, record, required } from '../../schema/object.js';
import type { Schema } from '../../schema/schema.js';
import type { PlannedTestFault, TestSmtpServerOptions } from './server-options.js';

const subject = { sentence: 'The options of the test server are not valid', root: 'options' };

const texts = list(anyText, { min: 0, max: 1_000_000 });
const byName = <T>(item: Schema<T>, expected: string): Schema<Readonly<Record<string, T>>> =>
  record(item, { max: 10_000, expected, key: () => undefined });

type Planned<K extends 'replies' | 'faults'> = NonNullable<TestSmtpServerOptions[K]>;
type Asked<K extends 'replies' | 'faults'> = Extract<Planned<K>, (...args: never) => unknown>;

/** Accepts a plan, or a function that is called each time. */
function orFunction<K extends 'replies' | 'faults'>(plan: Schema<Exclude<Planned<K>, Asked<K>>>): Schema<Planned<K>> {
  const asked: Schema<Planned<K>> = func<Asked<K>>();
  return variant<Planned<K>>(`${plan.expected}, or a function`, (value) =>
    typeof value === 'function' ? asked : plan,
  );
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
  replies: optional(orFunction<'replies'>(byName(texts, 'arrays of replies by verb'))),
  faults: optional(orFunction<'faults'>(list(fault, { min: 0, max: 1_000_000 }))),
});

/** Checks and freezes the options. ERR_PROFILE_INVALID lists all problems. */
export function checkServerOptions(options: TestSmtpServerOptions): TestSmtpServerOptions {
  return checked(schema, options, subject);
}
