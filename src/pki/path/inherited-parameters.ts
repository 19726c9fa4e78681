/**
 * DSA keys that inherit their parameters from their issuer's key (RFC 5280 section 6.1.4 (d) to (f), RFC 3279 section
 * 2.3.2). Only a path to an anchor determines these parameters. With those of any certificate with the issuer's name,
 * an attacker could make signatures.
 * @module
 */
import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { children, readElement, sequence, tag, wholeOf } from '../../util/der.js';
import type { Certificate } from '../x509/certificate.js';
import { withoutPrototype } from '../../util/without-prototype.js';

/** Does its key inherit its parameters from its issuer? */
export function lacksParameters({ key, spki }: Certificate): boolean {
  if (key.kind !== 'dsa') return false;
  const [algorithm] = [...children(spki, readElement(spki, 0))];
  const [, parameters] = algorithm === undefined ? [] : [...children(spki, algorithm)];
  return parameters === undefined || parameters.tag === tag.null;
}

/** The path, leaf first, with all keys completed if possible. Signatures by the others never verify. */
export function withWholeKeys(path: readonly Certificate[]): readonly Certificate[] {
  if (!path.some(lacksParameters)) return path;
  const whole: Certificate[] = [];
  for (const certificate of [...path].reverse()) {
    const issuer = whole[0];
    const key = issuer !== undefined && lacksParameters(certificate) ? wholeKey(certificate, issuer) : undefined;
    whole.unshift(
      key === undefined ? certificate : (Object.create(certificate, { publicKey: { value: key } }) as Certificate),
    );
  }
  return whole;
}

/** The key with the issuer's parameters; undefined if the issuer's has none or is not a DSA key. */
function wholeKey({ spki }: Certificate, issuer: Certificate): KeyObject | undefined {
  if (issuer.key.kind !== 'dsa') return undefined;
  try {
    const from = issuer.publicKey.export({ format: 'der', type: 'spki' });
    const [algorithm] = [...children(from, readElement(from, 0))];
    const [, bits] = [...children(spki, readElement(spki, 0))];
    if (algorithm === undefined || bits === undefined) return undefined;
    return createPublicKey(
      withoutPrototype({
        key: sequence(wholeOf(from, algorithm), wholeOf(spki, bits)),
        format: 'der',
        type: 'spki',
      } as const),
    );
  } catch {
    return undefined;
  }
}
