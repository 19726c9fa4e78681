/**
 * Name constraints (RFC 5280 sections 4.2.1.10 and 6.1.3; RFC 9598 for addresses in UTF-8).
 * @module
 */
import { domainToASCII } from 'node:url';
import { children, readElement, wholeOf } from '../../util/der.js';
import type { DerElement } from '../../util/der.js';
import { extensionOids } from '../../util/oids.js';
import type { Certificate } from '../x509/certificate.js';
import { comparableName, nameParts } from '../x509/distinguished-name.js';
import { readGeneralName } from '../x509/extensions.js';
import type { GeneralName } from '../x509/extensions.js';
import { jsonText } from '../../util/own.js';

/** The most comparisons for one path: the sender controls the number of names times constraints. */
const maxComparisons = 100_000;

interface Subtree {
  readonly name: GeneralName;
  /** For 'directory': one comparable text per RDN. */
  readonly rdns: readonly string[] | undefined;
}
interface Constraints {
  readonly permitted: readonly Subtree[] | undefined;
  readonly excluded: readonly Subtree[];
}

/** Collects the constraints of a path from the top, and checks names against all of them. */
export class NameChecker {
  readonly #levels: Constraints[] = [];
  #comparisons = 0;

  /** Adds the constraints of a CA, which apply to everything below it. RangeError if the extension is malformed. */
  add(certificate: Certificate): void {
    const extension = certificate.extensions.get(extensionOids.nameConstraints);
    if (!extension) return;
    const { value } = extension;
    let permitted: Subtree[] | undefined;
    let excluded: Subtree[] = [];
    for (const field of children(value, readElement(value, 0))) {
      if (field.tag === 0xa0) permitted = readSubtrees(value, field);
      else if (field.tag === 0xa1) excluded = readSubtrees(value, field);
    }
    this.#levels.push({ permitted, excluded });
  }

  /** The problem with the names of a certificate; undefined if they are permitted. */
  check(certificate: Certificate): string | undefined {
    if (this.#levels.length === 0) return undefined;
    for (const name of namesOf(certificate)) {
      for (const { permitted, excluded } of this.#levels) {
        if (excluded.some((subtree) => this.#within(name, subtree, true)))
          return `the name ${shown(name)} is excluded by a name constraint`;
        const allowed = permitted?.filter((subtree) => sameKind(subtree.name, name.name)) ?? [];
        if (allowed.length > 0 && !allowed.some((subtree) => this.#within(name, subtree, false))) {
          return `the name ${shown(name)} is not permitted by a name constraint`;
        }
      }
    }
    return undefined;
  }

  /**
   * `otherwise` is the answer for kinds that cannot be compared; it makes them refused in both cases (section
   * 4.2.1.10).
   */
  #within(name: Subtree, constraint: Subtree, otherwise: boolean): boolean {
    if (!sameKind(constraint.name, name.name)) return false;
    if (++this.#comparisons > maxComparisons) throw new RangeError('the path has too many names and name constraints');
    switch (constraint.name.type) {
      case 'directory':
        return constraint.rdns?.every((rdn, i) => name.rdns?.[i] === rdn) ?? false;
      case 'email':
        return emailWithin(name.name.value, constraint.name.value);
      case 'dns':
        return hostWithin(name.name.value, constraint.name.value.replace(/^\./, ''));
      case 'uri':
        return uriWithin(name.name.value, constraint.name.value) ?? otherwise;
      case 'ip':
        return addressWithin(name.name.der, constraint.name.der);
      default:
        return otherwise;
    }
  }
}

function sameKind(constraint: GeneralName, name: GeneralName): boolean {
  if (constraint.type === 'other') return name.type === 'other' && otherKind(constraint.der) === otherKind(name.der);
  return constraint.type === name.type || (constraint.type === 'email' && name.type === 'smtpUtf8Mailbox');
}

/** The tag, and for an otherName its type. */
function otherKind(der: Uint8Array): string {
  const outer = readElement(der, 0);
  const type = outer.tag === 0xa0 ? wholeOf(der, readElement(der, outer.start, outer.end)) : Buffer.of(outer.tag);
  return type.toString('hex');
}

function shown({ name }: Subtree): string {
  return name.type === 'directory' ? 'of the subject' : jsonText(name.value);
}

function readSubtrees(value: Uint8Array, field: DerElement): Subtree[] {
  return [...children(value, field)].map((subtree) => {
    const [base, ...range] = [...children(value, subtree)];
    if (!base || range.length > 0) throw new RangeError('a name constraint has a minimum or maximum');
    return withRdns(readGeneralName(value, base));
  });
}

function withRdns(name: GeneralName): Subtree {
  if (name.type !== 'directory') return { name, rdns: undefined };
  return { name, rdns: nameParts(name.der).map((rdn) => comparableName([rdn])) };
}

/** All names of a certificate: subject, alternative names, and the subject's emailAddress if it is the only address. */
function namesOf(certificate: Certificate): Subtree[] {
  const names: Subtree[] = certificate.subjectAltNames.map(withRdns);
  if (certificate.subjectParts.length > 0) {
    names.push({
      name: { type: 'directory', value: '', der: certificate.subject },
      rdns: certificate.subjectParts.map((rdn) => comparableName([rdn])),
    });
  }
  if (!certificate.subjectAltNames.some(({ type }) => type === 'email')) {
    for (const email of certificate.emails)
      names.push({ name: { type: 'email', value: email, der: certificate.subject }, rdns: undefined });
  }
  return names;
}

/** `a@b` matches that mailbox, `b` every mailbox of that host, `.b` every mailbox of the hosts below it. */
function emailWithin(email: string, constraint: string): boolean {
  const at = email.lastIndexOf('@');
  const domain = domainToASCII(email.slice(at + 1)).toLowerCase() || email.slice(at + 1).toLowerCase();
  const wanted = constraint.lastIndexOf('@');
  if (wanted >= 0)
    return email.slice(0, at) === constraint.slice(0, wanted) && domain === constraint.slice(wanted + 1).toLowerCase();
  return constraint.startsWith('.') ? domain.endsWith(constraint.toLowerCase()) : domain === constraint.toLowerCase();
}

/** A host matches if it equals the constraint, or is below it by whole labels. */
function hostWithin(host: string, constraint: string): boolean {
  const [name, base] = [host.toLowerCase(), constraint.toLowerCase()];
  return base === '' || name === base || name.endsWith(`.${base}`);
}

/** undefined if the URI has no host, so that no constraint can be applied to it. */
function uriWithin(uri: string, constraint: string): boolean | undefined {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:[\]]+)(?::\d*)?(?:[/?#]|$)/i.exec(uri)?.[1]?.toLowerCase();
  if (host === undefined) return undefined;
  const base = constraint.toLowerCase();
  return base.startsWith('.') ? host.endsWith(base) : host === base;
}

/** Address against address and mask, of the same family. */
function addressWithin(address: Uint8Array, constraint: Uint8Array): boolean {
  const length = address.length;
  if (constraint.length !== length * 2) return false;
  for (let i = 0; i < length; i++) {
    const mask = constraint[length + i] ?? 0;
    if (((address[i] ?? 0) & mask) !== ((constraint[i] ?? 0) & mask)) return false;
  }
  return true;
}
