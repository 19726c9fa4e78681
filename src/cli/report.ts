/**
 * Errors for people and for programs.
 * @module
 */
import type { CertificateInfo, EmailError } from '../index.js';
import { showText } from '../util/show.js';
import { note, printJson, styled } from './terminal.js';

/** Prints an error with what to do: JSON on standard output, else text on standard error. */
export function reportError(error: EmailError, isJson: boolean): void {
  if (isJson) return printJson({ ok: false, error });
  note(`${styled('red', error.code, process.stderr)} ${showText(error.message, 4000)}`);
  for (const { recipient, reply, reason } of error.recipients ?? []) {
    const why = reply === undefined ? (reason ?? '') : `${reply.code} ${reply.lines.join(' ')}`;
    note(`  ${showText(recipient)}: ${showText(why)}`);
  }
  if (error.remedy !== undefined) note(`-> ${showText(error.remedy, 4000)}`);
}

/** A certificate in lines. */
export function certificateLines(info: CertificateInfo, names: readonly string[] = []): readonly string[] {
  const day = (date: Date): string => date.toISOString().slice(0, 10);
  return [
    `subject      ${showText(info.subject)}`,
    `issuer       ${showText(info.issuer)}`,
    ...(names.length === 0 ? [] : [`names        ${showText(names.join(', '), 1000)}`]),
    ...(info.emails.length === 0 ? [] : [`addresses    ${showText(info.emails.join(', '), 1000)}`]),
    `valid        ${day(info.validFrom)} to ${day(info.validTo)} (${expiryOf(info.validTo)})`,
    `serial       ${info.serialNumber}`,
    `SHA-256      ${info.fingerprint}`,
  ];
}

const dayMs = 24 * 60 * 60 * 1000;

function expiryOf(validTo: Date): string {
  const days = Math.floor((validTo.getTime() - Date.now()) / dayMs);
  return days < 0 ? `expired ${-days} days ago` : `${days} days left`;
}
