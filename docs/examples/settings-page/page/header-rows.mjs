/**
 * The custom header fields: rows of a name and a value.
 * @module
 */
import { showProblems } from './controls.mjs';
import { h } from './dom.mjs';

/** A control as in `controls.mjs`; `rowAt` returns the control of one row. */
export function createRows(field) {
  const list = h('div', { class: 'rows' });
  const add = h(
    'button',
    { type: 'button', onclick: () => addRow({ name: '', value: '' }).name.focus() },
    'Add a field',
  );
  const element = h('div', { class: 'field', id: `field-${field.name}` }, list, add);
  const rows = [];

  function addRow({ name, value }) {
    const number = nextNumber++;
    const error = h('p', { class: 'error', id: `header-${number}-error` });
    const input = (label, text) =>
      h('input', {
        type: 'text',
        value: text,
        'aria-label': `${label} of the header field`,
        placeholder: label,
        'aria-describedby': error.id,
      });
    const row = { name: input('Name', name), value: input('Value', value), error };
    const remove = h('button', { type: 'button', 'aria-label': 'Remove this header field', onclick: drop }, 'Remove');
    row.element = h('div', { class: 'row' }, row.name, row.value, remove, error);
    rows.push(row);
    list.append(row.element);
    return row;

    function drop() {
      rows.splice(rows.indexOf(row), 1);
      row.element.remove();
      add.focus();
      element.dispatchEvent(new Event('input', { bubbles: true }));
    }
  }

  /** The values of the rows. Empty rows are left out. */
  function dropEmpty() {
    for (const row of rows.filter(({ name, value }) => name.value === '' && value.value === '')) {
      rows.splice(rows.indexOf(row), 1);
      row.element.remove();
    }
  }

  return {
    element,
    input: add,
    get() {
      dropEmpty();
      return rows.map(({ name, value }) => ({ name: name.value, value: value.value }));
    },
    set(value) {
      rows.splice(0);
      list.replaceChildren();
      for (const row of value) addRow(row);
    },
    setStored() {},
    fail() {
      for (const { name, error } of rows) showProblems(name, error, []);
    },
    focus: () => add.focus(),
    rowAt(index) {
      const { name, error } = rows[index];
      return { fail: (messages) => showProblems(name, error, messages), focus: () => name.focus() };
    },
  };
}

let nextNumber = 0;
