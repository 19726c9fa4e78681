/**
 * Custom header fields, with the same rules in profiles and messages.
 * @module
 */
import type { HeaderField, HeaderFields } from '../../model/header.js';
import { anyText, list, variant } from '../../schema/combine.js';
import { object, record, required } from '../../schema/object.js';
import { accepts, isPlainObject, own } from '../../schema/schema.js';
import type { Schema } from '../../schema/schema.js';
import { text } from '../../schema/text.js';
import { fieldNameFault } from '../../util/header-name.js';

const maxFields = 1000;
const fieldName = text({ expected: 'the name of a header field', fault: fieldNameFault });
const valueRules = { min: 0, max: 64 * 1024, tab: true, c1: true } as const;
const fieldValue = text({ ...valueRules, expected: 'text' });
const fieldParts = object<HeaderField>({ name: required(anyText), value: required(anyText) });

/** A fault of a name or a value is reported for the whole field, whose path contains the name. */
const field: Schema<HeaderField> = {
  ...fieldParts,
  accepts: (value) =>
    accepts(fieldParts, value) &&
    isPlainObject(value) &&
    accepts(fieldName, value['name']) &&
    accepts(fieldValue, value['value']),
  check(value, path, report) {
    const before = report.problems.length;
    const checked = fieldParts.check(value, path, report);
    if (checked?.name !== undefined) fieldName.check(checked.name, path, report);
    if (checked?.value !== undefined) fieldValue.check(checked.value, path, report);
    return report.problems.length === before ? checked : undefined;
  },
};

/** The name of an entry, for paths. */
export function fieldLabel(entry: unknown): string | undefined {
  const name = typeof entry === 'object' && entry !== null ? own(entry, 'name') : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

const fieldList = list(field, { min: 0, max: maxFields, label: fieldLabel });
const onlyValue = text({
  ...valueRules,
  expected: 'text (for several fields of one name, headers is an array of { name, value })',
});
const fieldRecord = record(onlyValue, {
  expected: 'header fields by name',
  max: maxFields,
  key: (key, path, report) => fieldName.check(key, path, report),
});

/** `HeaderFields`. */
export const headerFields: Schema<HeaderFields> = variant<HeaderFields>(
  'an array of { name, value }, or an object of names and values',
  (value) => (Array.isArray(value) ? fieldList : isPlainObject(value) ? fieldRecord : undefined),
);
