/**
 * The schema of the recipient policy.
 * @module
 */
import type { RecipientPolicy } from '../../model/mailer.js';
import { flag, list, oneOrMany, plain, wholeNumber } from '../../schema/combine.js';
import { object, optional } from '../../schema/object.js';
import { accepts, isPlainObject, problem, unexpected } from '../../schema/schema.js';
import type { Schema } from '../../schema/schema.js';
import { showText } from '../../util/show.js';
import { emailAddress } from './profile.js';

const entryExpected = 'an address such as ann@example.com, or a domain such as @example.com';

const entry: Schema<string> = plain(entryExpected, (value, path, report) => {
  if (typeof value !== 'string') return unexpected(report, path, entryExpected, value);
  if (accepts(emailAddress, value.startsWith('@') ? `x${value}` : value)) return value;
  return problem(report, path, `expected ${entryExpected}, got '${showText(value, 60)}'`);
});

const fields = object<RecipientPolicy>({
  allow: optional(list(entry, { min: 0, max: 100_000 })),
  redirectTo: optional(oneOrMany(emailAddress)),
  max: optional(wholeNumber(1, Number.MAX_SAFE_INTEGER)),
  foldLocalParts: optional(flag),
});

/**
 * `RecipientPolicy`. A limit that is undefined is refused: a missing variable of the environment must not open the list.
 */
export const recipientPolicy: Schema<RecipientPolicy> = {
  ...fields,
  check(value, path, report) {
    const given = isPlainObject(value) ? Object.entries(value) : [];
    for (const [key, limit] of given)
      if (limit === undefined) problem(report, `${path}.${key}`, 'is undefined: leave it out for no limit');
    if (isPlainObject(value) && !given.some(([key]) => key !== 'foldLocalParts'))
      problem(report, path, 'expected allow, redirectTo or max, got none of them');
    return fields.check(value, path, report);
  },
};
