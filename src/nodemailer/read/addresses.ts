/**
 * Reads addresses: texts with commas, `{ name, address }`, and arrays of these.
 * @module
 */
import { parseAddressList } from '../../address/parse-address-list.js';
import { isEmailError } from '../../errors/email-error.js';
import type { Mailbox } from '../../model/address.js';
import { join, problem, unexpected } from '../../schema/schema.js';
import { Fields } from './fields.js';
import type { Findings } from './fields.js';

/** All mailboxes of a value. */
export function readAddresses(value: unknown, path: string, findings: Findings): readonly Mailbox[] {
  if (value === undefined || value === null || value === false || value === '') return [];
  if (typeof value === 'string') return parsed(value, path, findings);
  if (Array.isArray(value)) return value.flatMap((item, i) => readAddresses(item, join(path, i), findings));
  if (typeof value !== 'object') return unexpected(findings, path, 'an address, or an array of these', value) ?? [];
  const fields = new Fields(value, path, findings);
  const email = fields.text('address');
  const name = fields.text('name');
  if (email === undefined) fields.refuse('address', 'is missing');
  fields.end({ email: 'is called address here', group: 'is not supported: give the mailboxes of the group' });
  return email === undefined ? [] : [name === undefined ? { email } : { name, email }];
}

/** The one mailbox of a value; undefined if there is none. */
export function readAddress(value: unknown, path: string, findings: Findings): Mailbox | undefined {
  const [first, second] = readAddresses(value, path, findings);
  if (second !== undefined) problem(findings, path, 'is one mailbox, and several were given');
  return first;
}

function parsed(text: string, path: string, findings: Findings): readonly Mailbox[] {
  try {
    return parseAddressList(text);
  } catch (error) {
    if (!isEmailError(error)) throw error;
    for (const { message } of error.problems ?? []) problem(findings, path, message);
    return [];
  }
}
