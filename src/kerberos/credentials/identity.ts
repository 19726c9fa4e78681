/**
 * The client of a profile, and its credentials: a password, a keytab or a ticket cache.
 * @module
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { KerberosAuthentication } from '../../model/settings/authentication.js';
import type { Secret } from '../../model/settings/secret.js';
import { resolveSecret } from '../../system/secret.js';
import type { Krb5Settings } from '../config/settings.js';
import { kerberosError } from '../errors.js';
import type { ClientSecret } from '../exchange/client-keys.js';
import { formatPrincipal, parsePrincipal, samePrincipal } from '../protocol/principal.js';
import type { Principal } from '../protocol/principal.js';
import { readCredentialCache } from './ccache.js';
import type { CredentialCache } from './ccache.js';
import { readKeytab } from './keytab.js';
import { jsonText } from '../../util/own.js';

/** A client and its credentials. */
export interface Identity {
  readonly principal: Principal;
  /** A text without secrets. Clients with the same text may share tickets. */
  readonly key: string;
  /** A secret for getting tickets, read when it is used; or a cache that has tickets. */
  readonly credentials:
    { readonly kind: 'secret'; readonly read: (signal: AbortSignal) => Promise<ClientSecret> } | CachedCredentials;
}

/** Tickets that another program obtained. */
export interface CachedCredentials {
  readonly kind: 'cache';
  readonly cache: CredentialCache;
}

const field = 'authentication.principal';

/**
 * Determines identities. Literal passwords enter the key as a keyed hash; the hash key is random and never leaves this
 * object.
 */
export class Identities {
  readonly #hashKey = randomBytes(32);
  readonly #functions = new WeakMap<object, number>();
  #functionCount = 0;

  /** Resolves the identity in the settings. A ticket cache is read each time, because it may have changed. */
  async resolve(authentication: KerberosAuthentication, settings: Krb5Settings): Promise<Identity> {
    const { principal: name, password, keytabFile, credentialCache } = authentication;
    const given = name === undefined ? undefined : parsePrincipal(name, field, settings.defaultRealm);
    const key = (principal: Principal, ...source: readonly string[]): string =>
      jsonText([formatPrincipal(principal), ...source, authentication.krb5ConfFile, authentication.kdc]);
    if (password === undefined && keytabFile === undefined) {
      const whole = await readCredentialCache(credentialCache, given);
      const cache = {
        ...whole,
        tickets: whole.tickets.filter((ticket) => settings.permittedTypes.includes(ticket.key.type)),
      };
      if (given !== undefined && !samePrincipal(given, cache.principal)) {
        throw kerberosError(
          `The ticket cache ${cache.file} is of ${formatPrincipal(cache.principal)}, not of ${formatPrincipal(given)}`,
          {
            remedy: `Run kinit as ${formatPrincipal(given)}, or correct ${field} or authentication.credentialCache.`,
          },
        );
      }
      return {
        principal: cache.principal,
        key: key(cache.principal, 'cache', cache.file),
        credentials: { kind: 'cache', cache },
      };
    }
    const principal = given ?? missing(password === undefined ? 'keytabFile' : 'password');
    if (password !== undefined) {
      const read = async (signal: AbortSignal): Promise<ClientSecret> => ({
        kind: 'password',
        password: await resolveSecret(password, 'authentication.password', signal),
      });
      return {
        principal,
        key: key(principal, 'password', this.#keyOf(password)),
        credentials: { kind: 'secret', read },
      };
    }
    const file = keytabFile ?? missing('keytabFile');
    const read = async (): Promise<ClientSecret> => ({
      kind: 'keytab',
      file,
      entries: await readKeytab(file, principal),
    });
    return { principal, key: key(principal, 'keytab', file), credentials: { kind: 'secret', read } };
  }

  #keyOf(secret: Secret): string {
    if (typeof secret === 'string')
      return `value ${createHmac('sha256', this.#hashKey).update(secret).digest('base64')}`;
    if (typeof secret === 'object') return jsonText(secret);
    const known = this.#functions.get(secret) ?? this.#functionCount++;
    this.#functions.set(secret, known);
    return `function ${known}`;
  }
}

function missing(beside: string): never {
  throw kerberosError(`${field} is missing beside authentication.${beside}`, {
    remedy: 'Set it to a name such as user@REALM.',
  });
}
