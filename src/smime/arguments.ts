/**
 * Checks the arguments of `sealpost/smime`. A program without types may hand over anything: an argument that is not of the documented
 * form is ERR_PROFILE_INVALID with its name, and never silently taken for another setting.
 *
 * @module
 */
import { types } from 'node:util';
import { certificateSource } from '../profile/shape/certificate.js';
import { encryptOptions, signSettings } from '../profile/shape/smime.js';
import { argumentsSubject, invalid, problemsOf } from '../schema/check.js';
import { kindOf } from '../schema/schema.js';
import type { Schema } from '../schema/schema.js';
import { isBytes } from '../util/bytes.js';

/** Checks the octets of a message or an entity. */
export function checkBytes(value: unknown, name: string): void {
  if (!isBytes(value)) refuse(name, `expected a Uint8Array, got ${kindOf(value)}`);
}

/** Checks `SmimeSignSettings`. */
export function checkSignSettings(settings: unknown): void {
  checkBy(signSettings, settings, 'settings');
}

/** Checks `SmimeEncryptSettings` without certificates. */
export function checkEncryptSettings(settings: unknown): void {
  checkBy(encryptOptions, settings, 'settings');
}

/** Checks a `CertificateSource`. */
export function checkSource(source: unknown, name: string): void {
  checkBy(certificateSource, source, name);
}

/**
 * Checks a list of certificates: text or bytes, with `orReference` any `CertificateData`. Their content is checked when they are read.
 */
export function checkCertificates(value: unknown, name: string, orReference: boolean): void {
  const expected = `PEM text${orReference ? ',' : ' or'} DER bytes${orReference ? ', { file } or { base64 }' : ''}`;
  if (!Array.isArray(value)) refuse(name, `expected an array, each ${expected}, got ${kindOf(value)}`);
  value.forEach((entry: unknown, i) => {
    if (typeof entry === 'string' || isBytes(entry) || (orReference && isReference(entry))) return;
    refuse(`${name}.${i}`, `expected ${expected}, got ${kindOf(entry)}`);
  });
}

function isReference(value: unknown): boolean {
  const { file, base64 } = (value ?? {}) as { readonly file?: unknown; readonly base64?: unknown };
  return typeof file === 'string' || typeof base64 === 'string';
}

/** Checks a date. An invalid Date is neither before nor after any other, so every certificate would be valid at it. */
export function checkMoment(value: unknown, name: string): void {
  if (!types.isDate(value) || Number.isNaN(value.getTime()))
    refuse(name, `expected a valid Date, got ${types.isDate(value) ? 'an invalid one' : kindOf(value)}`);
}

/** Checks `format`, and `content` of `verify`, which needs `format: 'cms'`. */
export function checkFormat({ format, content }: { readonly format?: unknown; readonly content?: unknown }): void {
  if (format !== undefined && format !== 'message' && format !== 'cms')
    refuse('format', `expected 'message' or 'cms', got ${typeof format === 'string' ? 'other text' : kindOf(format)}`);
  if (content === undefined) return;
  checkBytes(content, 'content');
  if (format !== 'cms') refuse('content', "stands only beside format: 'cms'");
}

function checkBy(schema: Schema, value: unknown, path: string): void {
  const problems = problemsOf(schema, value, path);
  if (problems.length > 0) throw invalid(argumentsSubject, problems);
}

function refuse(path: string, message: string): never {
  throw invalid(argumentsSubject, [{ path, message }]);
}
