/**
 * The contents of a store, and all changes of them. Secret values are already encrypted here, and everything is
 * immutable.
 * @module
 */
import { jsonText } from '../util/own.js';

/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** The place of a value in a profile's JSON. */
export type JsonPath = readonly (string | number)[];

/** A profile without its secrets, and the secrets, each encrypted. */
export interface StoredProfile {
  readonly name: string;
  readonly profile: Json;
  readonly secrets: readonly { readonly path: JsonPath; readonly sealed: string }[];
}

/** A certificate of a profile, by the field that it is for. */
export interface StoredCertificate {
  readonly profile: string;
  readonly slot: string;
  readonly sealed: string;
}

/** Tokens, by the key of TokenStore. */
export interface StoredTokens {
  readonly key: string;
  readonly sealed: string;
}

/** The whole contents. Lists instead of objects keyed by names, because a profile may be called `__proto__`. */
export interface Content {
  readonly revision: number;
  readonly active: string | null;
  readonly profiles: readonly StoredProfile[];
  readonly certificates: readonly StoredCertificate[];
  readonly tokens: readonly StoredTokens[];
}

export const emptyContent: Content = { revision: 0, active: null, profiles: [], certificates: [], tokens: [] };

/** The place of an encrypted value: its associated data, without the version of the format. */
export type SealContext = readonly (string | number)[];

export const secretContext = (name: string, path: JsonPath): SealContext => ['secret', name, ...path];
export const certificateContext = (profile: string, slot: string): SealContext => ['certificate', profile, slot];
export const tokensContext = (key: string): SealContext => ['tokens', key];

/** Replaces the entry that `same` finds, or appends `entry`. */
export function put<T>(list: readonly T[], entry: T, same: (other: T) => boolean): readonly T[] {
  const at = list.findIndex(same);
  return at < 0 ? [...list, entry] : list.with(at, entry);
}

/** The profile that a token belongs to: the first string of its key, which is the JSON text of an array. */
export function profileOfTokens(key: string): string | undefined {
  return partsOfKey(key)?.[0];
}

/** The key of the same token after its profile was renamed. */
export function renamedKey(key: string, name: string): string {
  return jsonText([name, ...(partsOfKey(key) ?? []).slice(1)]);
}

function partsOfKey(key: string): readonly string[] | undefined {
  try {
    const parts: unknown = JSON.parse(key);
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts : undefined;
  } catch {
    // A key of another form belongs to no profile.
    return undefined;
  }
}

/** The contents without a profile and everything that belongs to it. */
export function withoutProfile(content: Content, name: string): Content {
  return {
    ...content,
    active: content.active === name ? null : content.active,
    profiles: content.profiles.filter((profile) => profile.name !== name),
    certificates: content.certificates.filter(({ profile }) => profile !== name),
    tokens: content.tokens.filter(({ key }) => profileOfTokens(key) !== name),
  };
}

/** Replaces every encrypted value by the result of `reseal`; `from` and `to` are its place before and after. */
export function resealed(
  content: Content,
  names: (name: string) => string,
  reseal: (sealed: string, from: SealContext, to: SealContext) => string,
): Content {
  return {
    ...content,
    active: content.active === null ? null : names(content.active),
    profiles: content.profiles.map(({ name, profile, secrets }) => ({
      name: names(name),
      profile,
      secrets: secrets.map(({ path, sealed }) => ({
        path,
        sealed: reseal(sealed, secretContext(name, path), secretContext(names(name), path)),
      })),
    })),
    certificates: content.certificates.map(({ profile, slot, sealed }) => ({
      profile: names(profile),
      slot,
      sealed: reseal(sealed, certificateContext(profile, slot), certificateContext(names(profile), slot)),
    })),
    tokens: content.tokens.map(({ key, sealed }) => {
      const name = profileOfTokens(key);
      const renamed = name === undefined || names(name) === name ? key : renamedKey(key, names(name));
      return { key: renamed, sealed: reseal(sealed, tokensContext(key), tokensContext(renamed)) };
    }),
  };
}
