/**
 * Checks profiles, from a literal or from JSON, and writes them as JSON.
 * @module
 */
import type { Problem } from '../model/error.js';
import type { EmailProfile } from '../model/settings/profile.js';
import { callSubject, checked, invalid, profileSubject } from '../schema/check.js';
import { flag } from '../schema/combine.js';
import { object, optional } from '../schema/object.js';
import { isPlainObject } from '../schema/schema.js';
import type { Schema } from '../schema/schema.js';
import { profileSchema } from './shape/profile.js';

/** Options of `parseProfile`. */
export interface ParseProfileOptions {
  /**
   * Default true. With false the profile must not refer to this machine: no environment variable, file, certificate
   * store, ticket cache, directory server or automatic proxy. Use it for profiles from untrusted sources.
   */
  readonly allowReferences?: boolean | undefined;
}

const parseOptions = /* @__PURE__ */ object<ParseProfileOptions>({ allowReferences: optional(flag) });

/** A profile with the `$schema` key that editors use. The schema refuses values that are not objects. */
const fromJson: Schema<EmailProfile> = {
  ...profileSchema,
  check: (value, path, report) =>
    profileSchema.check(isPlainObject(value) ? withoutSchema(value) : value, path, report),
};

/**
 * Checks a profile, copies it and freezes the copy: objects, arrays and bytes are copied, live values (functions,
 * certificate stores) are kept as they are. Unknown keys are refused. JSON.stringify and console.log of the result, or
 * of a part of it, show `[redacted]` for secrets.
 *
 * ERR_PROFILE_INVALID has every problem in `problems`.
 *
 * @example
 * ```ts
 * const profile = defineProfile({
 *   name: 'payroll',
 *   sender: { name: 'Payroll', email: 'payroll@example.com' },
 *   server: { host: 'mail.example.com', port: 587, security: 'explicit' },
 * });
 * ```
 */
export function defineProfile(profile: EmailProfile): EmailProfile {
  return checked(profileSchema, profile, profileSubject);
}

/**
 * A profile from JSON or a form. Nothing is coerced: `"587"` is no port. Every problem is found at once; each has its
 * path, what is allowed and the kind of what was there, never a secret's value. `$schema` is allowed at the top and
 * dropped; `{ base64 }` are bytes; `'[redacted]'` is no secret.
 *
 * ERR_PROFILE_INVALID has every problem in `problems`.
 *
 * @example
 * ```ts
 * const profile = parseProfile(JSON.parse(await readFile('profile.json', 'utf8')));
 * ```
 */
export function parseProfile(value: unknown, options: ParseProfileOptions = {}): EmailProfile {
  // Options are checked strictly: a misspelt `allowReferences` would let an untrusted profile read files.
  const { allowReferences = true } = checked(parseOptions, options, callSubject);
  return checked(fromJson, value, profileSubject, allowReferences);
}

/**
 * A profile as JSON data. 'redact' is for showing and sharing: secrets, keys and the password in a proxy's text are
 * `[redacted]`; references `{ env }` and `{ file }` contain no secret and stay. 'include' is for keeping: `parseProfile`
 * makes the same profile of it.
 *
 * ERR_PROFILE_INVALID if the profile is not valid, or contains a live value, which has no JSON form.
 */
export function profileToJson(profile: EmailProfile, options: { readonly secrets: 'redact' | 'include' }): unknown {
  const live: Problem[] = [];
  // A JavaScript caller may leave out the options; then secrets are redacted.
  const json = profileSchema.toJson(defineProfile(profile), '', { secrets: options?.secrets ?? 'redact', live });
  if (live.length > 0) throw invalid(profileSubject, live);
  return json;
}

function withoutSchema(value: Record<string, unknown>): Record<string, unknown> {
  return Object.hasOwn(value, '$schema')
    ? Object.fromEntries(Object.entries(value).filter(([key]) => key !== '$schema'))
    : value;
}
