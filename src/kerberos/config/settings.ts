/**
 * The settings of krb5.conf that this library uses, with their defaults.
 * @module
 */
import { isIp } from '../../util/ip.js';
import { defaultTypes, parseTypeList, rc4Type } from '../crypto/encryption-types.js';
import { kerberosError } from '../errors.js';
import { sectionAt, textsAt } from './profile-tree.js';
import type { Section } from './profile-tree.js';

/** Settings of krb5.conf, or the defaults of krb5.conf(5). */
export interface Krb5Settings {
  readonly defaultRealm: string | undefined;
  /** Use the KDC's clock if this machine's is wrong. */
  readonly kdcTimesync: boolean;
  readonly clockSkewMs: number;
  /** Encryption types to request in AS and in TGS requests, best first, and those that are accepted in replies. */
  readonly asTypes: readonly number[];
  readonly tgsTypes: readonly number[];
  readonly permittedTypes: readonly number[];
  readonly dnsLookupKdc: boolean;
  readonly dnsLookupRealm: boolean;
  /** Messages up to this length are sent by UDP first; undefined sends all by TCP. */
  readonly udpPreferenceLimit: number | undefined;
  /** Let the KDC change the client's name. */
  readonly canonicalize: boolean;
  /** `kdc` entries of a realm. */
  kdcsOf(realm: string): readonly string[];
  /** The realm of a host by [domain_realm]; undefined if that has no entry. */
  realmOf(host: string): string | undefined;
}

/** Reads settings from a tree. ERR_KERBEROS names an invalid entry. */
export function krb5Settings(root: Section): Krb5Settings {
  const text = (name: string): string | undefined => textsAt(root, 'libdefaults', name)[0];
  const flag = (name: string, otherwise: boolean): boolean => {
    const value = text(name);
    return value === undefined ? otherwise : parseFlag(name, value);
  };
  const list = (name: string): readonly number[] | undefined => {
    const value = text(name);
    return value === undefined ? undefined : parseTypeList(value);
  };
  const rc4Allowed = flag('allow_rc4', false) || flag('allow_weak_crypto', false);
  const permitted = list('permitted_enctypes') ?? (rc4Allowed ? [...defaultTypes, rc4Type] : defaultTypes);
  const askFor = (name: string): readonly number[] => {
    const chosen = (list(name) ?? permitted).filter((type) => permitted.includes(type));
    if (chosen.length > 0) return chosen;
    throw kerberosError(
      `krb5.conf allows no supported encryption type: ${name} and permitted_enctypes have none in common`,
      {
        remedy:
          'Permit aes256-cts-hmac-sha1-96, aes128-cts-hmac-sha1-96, aes256-cts-hmac-sha384-192 or aes128-cts-hmac-sha256-128.',
      },
    );
  };
  const udpLimit = text('udp_preference_limit');
  return {
    defaultRealm: text('default_realm'),
    kdcTimesync: flag('kdc_timesync', true),
    clockSkewMs: parseDuration('clockskew', text('clockskew') ?? '300') * 1000,
    asTypes: askFor('default_tkt_enctypes'),
    tgsTypes: askFor('default_tgs_enctypes'),
    permittedTypes: permitted,
    dnsLookupKdc: flag('dns_lookup_kdc', true),
    dnsLookupRealm: flag('dns_lookup_realm', false),
    udpPreferenceLimit: udpLimit === undefined ? undefined : parseCount('udp_preference_limit', udpLimit),
    canonicalize: flag('canonicalize', false),
    kdcsOf: (realm) => textsAt(root, 'realms', realm, 'kdc').flatMap((entry) => entry.split(/[\s,]+/)),
    realmOf: (host) => realmOf(sectionAt(root, 'domain_realm'), host),
  };
}

/** Tries the host itself, then each parent domain with and without the leading dot, like libkrb5. */
function realmOf(map: Section | undefined, host: string): string | undefined {
  if (map === undefined) return undefined;
  const entries = new Map<string, string>();
  for (const [name, values] of map) {
    const realm = values.find((value) => typeof value === 'string');
    if (realm !== undefined && !entries.has(name.toLowerCase())) entries.set(name.toLowerCase(), realm);
  }
  for (const candidate of domainsOf(host)) {
    const realm = entries.get(candidate);
    if (realm !== undefined) return realm;
  }
  return undefined;
}

/** `a.b.c` gives a.b.c, .b.c, b.c, .c, c; an IP address gives only itself. */
function domainsOf(host: string): string[] {
  const name = host.toLowerCase();
  if (isIp(name)) return [name];
  const labels = name.split('.').slice(0, 128);
  return [
    name,
    ...labels.slice(1).flatMap((_, i) => [`.${labels.slice(i + 1).join('.')}`, labels.slice(i + 1).join('.')]),
  ];
}

function invalid(name: string, allowed: string): Error {
  return kerberosError(`krb5.conf has a ${name} that cannot be read`, { remedy: `Write ${allowed}.` });
}

function parseFlag(name: string, value: string): boolean {
  if (/^(y|yes|t|true|1|on)$/i.test(value)) return true;
  if (/^(n|no|f|false|nil|0|off)$/i.test(value)) return false;
  throw invalid(name, 'true or false');
}

function parseCount(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw invalid(name, 'a number');
  return Number(value);
}

/** Parses a duration into seconds: `300`, `5m`, `1h30m`, `1d 2h`, or `h:m` and `h:m:s`. */
function parseDuration(name: string, value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  // The length is limited because the patterns backtrack over runs of blanks.
  if (value.length > 40) throw invalid(name, 'seconds, or a duration such as 5m');
  const clock = /^(\d{1,5}):(\d\d)(?::(\d\d))?$/.exec(value);
  if (clock !== null) return Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0);
  const units = /^(?:(\d{1,5})d)?\s*(?:(\d{1,6})h)?\s*(?:(\d{1,7})m)?\s*(?:(\d{1,9})s)?$/i.exec(value);
  if (units === null || value === '') throw invalid(name, 'seconds, or a duration such as 5m');
  const [days, hours, minutes, seconds] = units.slice(1).map((part) => Number(part ?? 0));
  return (days ?? 0) * 86_400 + (hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0);
}
