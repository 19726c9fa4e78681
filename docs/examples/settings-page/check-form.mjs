/**
 * Checks the values of a form before they are read. Each field must have a value of its kind, and there may be no others.
 * @module
 */
import { Refusal } from './guard.mjs';
import { fields } from './page/fields.mjs';

const isText = (value) => typeof value === 'string';
const isRow = (row) => typeof row === 'object' && row !== null && isText(row.name) && isText(row.value);

const checks = {
  flag: (value) => typeof value === 'boolean',
  secret: (value) => value === undefined || value === false || (isText(value) && value !== ''),
  headers: (value) => Array.isArray(value) && value.every(isRow),
};

export function checkForm(values) {
  if (typeof values !== 'object' || values === null) throw new Refusal(400, 'The request has no form.');
  const known = new Map(fields.filter(({ draft }) => !draft).map((field) => [field.name, field]));
  for (const name of Object.keys(values))
    if (!known.has(name)) throw new Refusal(400, `The form has a field that is not known: ${JSON.stringify(name)}.`);
  for (const [name, { kind }] of known) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (!(checks[kind] ?? isText)(value)) throw new Refusal(400, `The field ${name} is missing or of the wrong kind.`);
  }
}
