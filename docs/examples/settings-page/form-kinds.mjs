/**
 * The functions that show and read a value of the profile, for each kind of field. A number that cannot be read stays
 * text, so that the library reports it at its field.
 * @module
 */

const emptyIsAbsent = (text) => (text.trim() === '' ? undefined : text.trim());
const address = (value) => (typeof value === 'object' ? mailbox(value) : value);
const mailbox = ({ name, email }) => (name ? `"${name.replace(/["\\]/g, '\\$&')}" <${email}>` : email);

const kinds = {
  text: { show: (value = '') => value, read: emptyIsAbsent },
  lines: { show: (value = '') => value, read: (text) => (text === '' ? undefined : text) },
  address: { show: (value = '') => [value].flat().map(address).join(', '), read: emptyIsAbsent },
  number: { show: (value = '') => String(value), read: (text) => wholeNumber(emptyIsAbsent(text), 1) },
  seconds: {
    show: (value) => (value === undefined ? '' : String(value / 1000)),
    read: (text) => wholeNumber(emptyIsAbsent(text), 1000),
  },
  flag: {
    show: (value, { initially = false }) => (value === undefined ? initially : value !== false),
    read: (checked, { initially = false }) => (checked === initially ? undefined : checked),
  },
  choice: { show: (value, { choices }) => String(value ?? Object.keys(choices)[0]), read: (word) => word },
  headers: {
    show: (value = []) =>
      Array.isArray(value) ? value : Object.entries(value).map(([name, text]) => ({ name, value: text })),
    read: (rows) => (rows.length === 0 ? undefined : rows),
  },
  parameters: {
    show: (value = {}) =>
      Object.entries(value)
        .map(([name, text]) => `${name}=${text}`)
        .join('\n'),
    read: parameters,
  },
};

export const show = (field, value) => kinds[field.kind ?? 'text'].show(value, field);
export const read = (field, value) => kinds[field.kind ?? 'text'].read(value, field);

function wholeNumber(text, factor) {
  return text !== undefined && /^\d+(\.\d{1,3})?$/.test(text) ? Number(text) * factor : text;
}

function parameters(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return undefined;
  const pairs = lines.map((line) => {
    const [name, ...rest] = line.trim().split('=');
    return [name, rest.join('=')];
  });
  return Object.fromEntries(pairs);
}
