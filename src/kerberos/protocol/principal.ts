/**
 * Principals: names with a realm, as text and in ASN.1 (RFC 4120 section 6, RFC 6806).
 * @module
 */
import { context, integer, sequence, tag, text } from '../../util/der.js';
import { showText } from '../../util/show.js';
import { kerberosError } from '../errors.js';
import type { Fields } from './asn1.js';

/** Name types of RFC 4120 section 6.2 and RFC 6806 section 5. */
export const nameType = { principal: 1, instance: 2, hostService: 3, enterprise: 10 } as const;

/** A name and the realm it is in. */
export interface Principal {
  readonly type: number;
  readonly components: readonly string[];
  readonly realm: string;
}

/**
 * Parses `user@REALM` or `service/host@REALM`; a backslash escapes `/`, `@` and `\`. A name whose only component
 * contains an `@` is an enterprise name, which the KDC maps (RFC 6806). `field` names the setting in the error.
 */
export function parsePrincipal(source: string, field: string, defaultRealm: string | undefined): Principal {
  const refuse = (why: string): never => {
    throw kerberosError(`${field} is not a Kerberos name: ${why}`, {
      remedy: 'Write it as user@REALM, or service/host@REALM.',
    });
  };
  if (source.length > 1000) refuse('it is longer than 1000 characters');
  if (/[\u0000-\u001f\u007f]/.test(source)) refuse('it contains a control character');
  const components = [''];
  let realm: string | undefined;
  for (let i = 0; i < source.length; i++) {
    const char = source[i] ?? '';
    if (char === '\\' && i + 1 === source.length) refuse('it ends in a backslash');
    const literal = char === '\\' ? (source[++i] ?? '') : undefined;
    if (literal === undefined && char === '@') {
      if (realm !== undefined) refuse('it has two realms; write \\@ for an @ in a name');
      realm = '';
    } else if (realm !== undefined) realm += literal ?? char;
    else if (literal === undefined && char === '/') components.push('');
    else components[components.length - 1] += literal ?? char;
  }
  if (components.includes('')) refuse('a part of the name is empty');
  if (realm === '') refuse('its realm is empty');
  const inRealm = realm ?? defaultRealm ?? refuse('it has no realm, and krb5.conf has no default_realm');
  const enterprise = components.length === 1 && components[0]?.includes('@') === true;
  return { type: enterprise ? nameType.enterprise : nameType.principal, components, realm: inRealm };
}

/** The text form that `parsePrincipal` reads. */
export function formatPrincipal(principal: Principal): string {
  const name = principal.components.map((component) => component.replace(/[\\/@]/g, '\\$&')).join('/');
  return showText(`${name}@${principal.realm}`, 300);
}

/** The ticket-granting service of `realm`, as known in `inRealm`. */
export function ticketGrantingService(realm: string, inRealm: string): Principal {
  return { type: nameType.instance, components: ['krbtgt', realm], realm: inRealm };
}

/** The realm whose ticket-granting service this is; undefined for other names. */
export function grantedRealm(principal: Principal): string | undefined {
  return principal.components.length === 2 && principal.components[0] === 'krbtgt'
    ? principal.components[1]
    : undefined;
}

/** Do both have the same name and realm? Types are not part of a name (RFC 4120 section 6.2). */
export function samePrincipal(a: Principal, b: Principal): boolean {
  return (
    a.realm === b.realm &&
    a.components.length === b.components.length &&
    a.components.every((component, i) => component === b.components[i])
  );
}

/** PrincipalName. */
export function encodeName(principal: Principal): Buffer {
  const components = principal.components.map((component) => text(tag.generalString, component));
  return sequence(context(0, integer(principal.type)), context(1, sequence(...components)));
}

/** Realm, or any KerberosString. */
export function encodeString(value: string): Buffer {
  return text(tag.generalString, value);
}

/** PrincipalName with a separate realm. */
export function readName(name: Fields, realm: string): Principal {
  return { type: name.integer(0), components: name.stringList(1), realm };
}
