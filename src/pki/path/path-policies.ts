/**
 * Certificate policies along a path: RFC 5280 section 6.1 with the graph of RFC 9618, whose size is bounded by its
 * input.
 * @module
 */
import { children, contentOf, oidText, readElement } from '../../util/der.js';
import { extensionOids } from '../../util/oids.js';
import type { Certificate } from '../x509/certificate.js';

const anyPolicy = extensionOids.anyPolicy;
const policiesOid = extensionOids.certificatePolicies;
const mappingsOid = extensionOids.policyMappings;
const constraintsOid = extensionOids.policyConstraints;
const inhibitAnyOid = extensionOids.inhibitAnyPolicy;

/** OIDs of the extensions that are processed here. */
export const policyExtensions = [policiesOid, mappingsOid, constraintsOid, inhibitAnyOid] as const;

/** One level of the graph: for each valid policy, the policies that it stands for in the next certificate. */
type Level = Map<string, Set<string>>;

/** Processes a path from the certificate below the anchor to the leaf. Initially, any policy is acceptable. */
export class PolicyChecker {
  readonly #length: number;
  #level: Level | undefined = new Map([[anyPolicy, new Set([anyPolicy])]]);
  #explicitPolicy: number;
  #policyMapping: number;
  #inhibitAny: number;

  constructor(length: number) {
    this.#length = length;
    this.#explicitPolicy = this.#policyMapping = this.#inhibitAny = length + 1;
  }

  /**
   * Processes the certificate at `index` (0 is below the anchor) and returns the problem, or undefined. RangeError if
   * an extension is malformed.
   */
  check(certificate: Certificate, index: number, selfIssued: boolean): string | undefined {
    const isLeaf = index === this.#length - 1;
    this.#descend(certificate, selfIssued && !isLeaf);
    if (this.#explicitPolicy === 0 && !this.#level) return 'no certificate policy is valid for the whole path';
    const mappings = isLeaf ? undefined : readMappings(certificate);
    if (mappings) {
      if (mappings.some(([from, to]) => from === anyPolicy || to === anyPolicy))
        return 'a policy mapping names anyPolicy';
      this.#map(mappings);
    }
    if (isLeaf || !selfIssued) {
      if (this.#explicitPolicy > 0) this.#explicitPolicy--;
      if (this.#policyMapping > 0) this.#policyMapping--;
      if (this.#inhibitAny > 0) this.#inhibitAny--;
    }
    const constraints = readConstraints(certificate);
    if (constraints.requireExplicitPolicy !== undefined) {
      if (!isLeaf || constraints.requireExplicitPolicy === 0)
        this.#explicitPolicy = Math.min(this.#explicitPolicy, constraints.requireExplicitPolicy);
    }
    if (constraints.inhibitPolicyMapping !== undefined)
      this.#policyMapping = Math.min(this.#policyMapping, constraints.inhibitPolicyMapping);
    const inhibit = certificate.extensions.get(inhibitAnyOid);
    if (inhibit)
      this.#inhibitAny = Math.min(this.#inhibitAny, smallNumber(inhibit.value, readElement(inhibit.value, 0)));
    if (isLeaf && this.#explicitPolicy === 0 && !this.#level)
      return 'no certificate policy is valid for the whole path';
    return undefined;
  }

  /** Section 6.1.3 (d) and (e): makes the next level from the certificate's policies. */
  #descend(certificate: Certificate, selfIssuedCa: boolean): void {
    const extension = certificate.extensions.get(policiesOid);
    const above = this.#level;
    if (!extension || !above) {
      this.#level = undefined;
      return;
    }
    const asserted = [...children(extension.value, readElement(extension.value, 0))].map((information) =>
      oidText(contentOf(extension.value, readElement(extension.value, information.start, information.end))),
    );
    if (new Set(asserted).size !== asserted.length) throw new RangeError('a certificate policy occurs twice');
    const expected = new Set<string>();
    for (const policies of above.values()) for (const policy of policies) expected.add(policy);
    const level: Level = new Map();
    for (const policy of asserted) {
      if (policy !== anyPolicy && (expected.has(policy) || above.has(anyPolicy))) level.set(policy, new Set([policy]));
    }
    if (asserted.includes(anyPolicy) && (this.#inhibitAny > 0 || selfIssuedCa)) {
      for (const policy of expected) level.set(policy, new Set([policy]));
    }
    this.#level = level.size > 0 ? level : undefined;
  }

  /** Section 6.1.4 (b): applies mappings. */
  #map(mappings: readonly (readonly [string, string])[]): void {
    if (!this.#level) return;
    const targets = new Map<string, Set<string>>();
    for (const [from, to] of mappings) {
      const set = targets.get(from);
      if (set) set.add(to);
      else targets.set(from, new Set([to]));
    }
    for (const [from, to] of targets) {
      if (this.#policyMapping === 0) this.#level.delete(from);
      else if (this.#level.has(from) || this.#level.has(anyPolicy)) this.#level.set(from, to);
    }
    if (this.#level.size === 0) this.#level = undefined;
  }
}

function readMappings(certificate: Certificate): [string, string][] | undefined {
  const extension = certificate.extensions.get(mappingsOid);
  if (!extension) return undefined;
  return [...children(extension.value, readElement(extension.value, 0))].map((pair) => {
    const [from, to] = [...children(extension.value, pair)];
    if (!from || !to) throw new RangeError('a policy mapping is incomplete');
    return [oidText(contentOf(extension.value, from)), oidText(contentOf(extension.value, to))];
  });
}

function readConstraints(certificate: Certificate): { requireExplicitPolicy?: number; inhibitPolicyMapping?: number } {
  const extension = certificate.extensions.get(constraintsOid);
  const result: { requireExplicitPolicy?: number; inhibitPolicyMapping?: number } = {};
  if (!extension) return result;
  for (const field of children(extension.value, readElement(extension.value, 0))) {
    if (field.tag === 0x80) result.requireExplicitPolicy = smallNumber(extension.value, field);
    else if (field.tag === 0x81) result.inhibitPolicyMapping = smallNumber(extension.value, field);
  }
  return result;
}

/** Reads a skip count, capped at 1 000 000 (beyond any path length). */
function smallNumber(bytes: Uint8Array, part: { readonly start: number; readonly end: number }): number {
  let value = 0;
  for (let at = part.start; at < part.end; at++) value = Math.min(value * 256 + (bytes[at] ?? 0), 1_000_000);
  return value;
}
