/**
 * Separates a profile from its secrets, and joins them again. Only the profile's schema decides what is secret: the
 * values that `profileToJson` redacts.
 * @module
 */
import type { EmailProfile } from '../model/settings/profile.js';
import { parseProfile, profileToJson } from '../profile/define.js';
import type { Json, JsonPath } from './content.js';

/** Replaces a secret. */
const placeholder = '[sealed]';

/** A secret and its place. */
export interface SecretAt {
  readonly path: JsonPath;
  readonly value: Json;
}

/** A profile's JSON in two parts. */
export interface SplitProfile {
  readonly plain: Json;
  readonly secrets: readonly SecretAt[];
}

/** Separates a profile. ERR_PROFILE_INVALID if it is invalid, or contains a live value, which has no JSON form. */
export function splitProfile(profile: EmailProfile): SplitProfile {
  const secrets: SecretAt[] = [];
  const whole = profileToJson(profile, { secrets: 'include' }) as Json;
  const redacted = profileToJson(profile, { secrets: 'redact' }) as Json;
  return { plain: split(whole, redacted, [], secrets), secrets };
}

/** Returns the part of `whole` that is also in `redacted`; the rest is added to `secrets`. */
function split(whole: Json, redacted: Json, path: JsonPath, secrets: SecretAt[]): Json {
  if (whole === redacted) return whole;
  if (isList(whole) && isList(redacted) && whole.length === redacted.length)
    return whole.map((item, index) => split(item, redacted[index] ?? null, [...path, index], secrets));
  if (isRecord(whole) && isRecord(redacted)) {
    const keys = Object.keys(whole);
    if (keys.length === Object.keys(redacted).length && keys.every((key) => Object.hasOwn(redacted, key)))
      return Object.fromEntries(
        keys.map((key) => [key, split(whole[key] ?? null, redacted[key] ?? null, [...path, key], secrets)]),
      );
  }
  secrets.push({ path, value: whole });
  return placeholder;
}

/** Joins the parts to the JSON of the whole profile. */
export function joinProfile({ plain, secrets }: SplitProfile): Json {
  return secrets.reduce((whole, { path, value }) => setAt(whole, path, value), plain);
}

/** The profile of that JSON, checked. */
export function profileOfJson(json: Json): EmailProfile {
  return parseProfile(json);
}

/** A copy with another value at a place. */
function setAt(whole: Json, [key, ...rest]: JsonPath, value: Json): Json {
  if (key === undefined) return value;
  if (isList(whole)) return whole.map((item, index) => (index === key ? setAt(item, rest, value) : item));
  if (!isRecord(whole)) return whole;
  return Object.fromEntries(
    Object.entries(whole).map(([name, item]) => [name, name === key ? setAt(item, rest, value) : item]),
  );
}

/** The value at a dotted path, such as `smime.sign.certificate`; undefined if there is none. */
export function valueAt(whole: Json, slot: string): Json | undefined {
  let value: Json | undefined = whole;
  for (const key of slot.split('.')) {
    if (isList(value)) value = value[Number(key)];
    else if (isRecord(value) && Object.hasOwn(value, key)) value = value[key];
    else return undefined;
  }
  return value;
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
