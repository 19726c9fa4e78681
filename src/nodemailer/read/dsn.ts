/**
 * Reads `dsn`.
 * @module
 */
import type { DsnNotify, DsnRequest } from '../../model/envelope.js';
import { present } from './fields.js';
import type { Fields } from './fields.js';

/** `recipient` applies to every recipient, as in nodemailer. */
export function readDsnOf(dsn: Fields, recipients: readonly string[]): DsnRequest {
  const back = (dsn.text('return') ?? dsn.text('ret'))?.toLowerCase();
  const envelopeId = dsn.text('id') ?? dsn.text('envid');
  const originalRecipient = dsn.text('recipient') ?? dsn.text('orcpt');
  const notify = readNotify(dsn);
  for (const key of ['ret', 'envid', 'orcpt']) dsn.any(key);
  if (back !== undefined && !['full', 'body', 'headers', 'hdrs'].includes(back))
    dsn.refuse('return', "expected 'full' or 'headers'");
  dsn.end({});
  return present<DsnRequest>({
    return: back === undefined ? undefined : back === 'full' || back === 'body' ? 'full' : 'headers',
    envelopeId,
    notify,
    recipients:
      originalRecipient === undefined
        ? undefined
        : Object.fromEntries(recipients.map((recipient) => [recipient, { originalRecipient }])),
  });
}

function readNotify(dsn: Fields): DsnNotify | undefined {
  const value = dsn.any('notify');
  if (value === undefined) return undefined;
  const names = (Array.isArray(value) ? value : String(value).split(',')).map((name) =>
    String(name).trim().toLowerCase(),
  );
  if (names.length === 1 && names[0] === 'never') return 'never';
  return names.flatMap((name) =>
    name === 'success' || name === 'failure' || name === 'delay'
      ? [name]
      : (dsn.refuse('notify', "expected 'never', or any of 'success', 'failure' and 'delay'") ?? []),
  );
}
