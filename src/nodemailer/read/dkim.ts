/**
 * Reads `dkim`, of a transport or of a message.
 * @module
 */
import type { DkimSettings } from '../../model/message.js';
import { Fields } from './fields.js';
import { refusedDkim } from './refused.js';

export function readDkim(dkim: Fields): readonly DkimSettings[] {
  const names = dkim.text('headerFieldNames');
  const hash = dkim.text('hashAlgo');
  if (hash !== undefined && hash.toLowerCase() !== 'sha256') dkim.refuse('hashAlgo', "expected 'sha256'");
  const headers = names?.split(':').map((name) => name.trim());
  const keys = dkim.any('keys');
  const given =
    keys === undefined ? [] : Array.isArray(keys) ? dkim.list('keys') : [[keys, `${dkim.path}.keys`] as const];
  const several = given.map(([value, path]) => new Fields(Object(value), path, dkim.findings));
  const all = (keys === undefined ? [dkim] : several).map((key) => {
    const domain = key.text('domainName');
    const selector = key.text('keySelector');
    const privateKey = key.text('privateKey');
    if (domain === undefined) key.refuse('domainName', 'is missing');
    if (selector === undefined) key.refuse('keySelector', 'is missing');
    if (privateKey === undefined) key.refuse('privateKey', 'is missing; it is text in PEM form');
    if (key !== dkim) key.end(refusedDkim);
    return { domain: domain ?? '', selector: selector ?? '', privateKey: privateKey ?? '', headers };
  });
  dkim.end(refusedDkim);
  return all;
}
