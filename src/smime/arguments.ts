/**
 * Checks the arguments of `sealpost/smime`, because JavaScript programs may pass any value. An argument that is not of
 * the documented form is ERR_PROFILE_INVALID with its name.
 * @module
 */
import type { CertificateData } from '../model/certificate.js';
import { argumentsSubject, invalid } from '../schema/check.js';
import { choice, kind, list } from '../schema/combine.js';
import { optional } from '../schema/object.js';
import { accepts } from '../schema/schema.js';
import type { Report, Schema } from '../schema/schema.js';
import { isBytes } from '../util/bytes.js';

/** Throws ERR_PROFILE_INVALID with every problem of the arguments. Each problem has the key of its argument. */
export function checkArguments(schema: Schema, given: object): void {
  if (accepts(schema, given)) return;
  const report: Report = { problems: [], allowReferences: true };
  schema.check(given, '', report);
  if (report.problems.length > 0) throw invalid(argumentsSubject, report.problems);
}

/** Octets: a message, an entity, or signed content. */
export const bytes = kind<Uint8Array>('a Uint8Array', isBytes);
const isText = (value: unknown): value is string => typeof value === 'string';

/** A certificate in memory. Its contents are checked when it is parsed. */
export const certificate = kind<string | Uint8Array>(
  'PEM text or DER bytes',
  (value): value is string | Uint8Array => isText(value) || isBytes(value),
);
/** `CertificateData`. Its contents are checked when it is parsed. */
export const certificateData = kind<CertificateData>(
  'PEM text, DER bytes, { file } or { base64 }',
  (value): value is CertificateData => {
    if (isText(value) || isBytes(value)) return true;
    if (typeof value !== 'object' || value === null) return false;
    return ('file' in value && isText(value.file)) || ('base64' in value && isText(value.base64));
  },
);

/** A list of any length, including an empty one. */
export function any<T>(item: Schema<T>): Schema<readonly T[]> {
  return list(item, { min: 0, max: Number.MAX_SAFE_INTEGER });
}

/** The option `format`, which may be absent. */
export const format = optional(choice('message', 'cms'));
