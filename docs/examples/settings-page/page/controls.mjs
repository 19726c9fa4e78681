/**
 * The controls of the fields. Each has a label, a hint, and a place for its problem that screen readers read with it.
 * @module
 */
import { h } from './dom.mjs';
import { createRows } from './header-rows.mjs';

/** A control: `element` to show, `get` and `set` of its value, `fail` to show problems, `focus`. */
export function createControl(field, action) {
  if (field.kind === 'headers') return createRows(field);
  const id = `field-${field.name}`;
  const hint = field.hint && h('p', { class: 'hint', id: `${id}-hint` }, field.hint);
  const error = h('p', { class: 'error', id: `${id}-error` });
  const secret = field.kind === 'secret' ? secretState(id) : undefined;
  const notes = [hint?.id, secret?.state.id, error.id].filter(Boolean).join(' ');
  const input = inputOf(field, { id, name: field.name, 'aria-describedby': notes, required: field.required });
  const label = h('label', { for: id }, field.label);
  const line = h('div', { class: 'line' }, input, action);
  const element =
    field.kind === 'flag'
      ? h('div', { class: 'field flag' }, input, label, hint, error)
      : h('div', { class: 'field' }, label, line, secret?.element, hint, error);
  return {
    element,
    input,
    get: () => valueOf(field, input, secret),
    set(value) {
      if (field.kind === 'flag') input.checked = value;
      else if (field.kind === 'secret') input.value = '';
      else showText(input, value);
    },
    setStored: (stored) => secret?.set(stored),
    fail: (messages) => showProblems(input, error, messages),
    focus: () => input.focus(),
  };
}

function inputOf({ kind, choices, initially }, attributes) {
  switch (kind) {
    case 'lines':
    case 'parameters':
      return h('textarea', { ...attributes, rows: 3 });
    case 'flag':
      return h('input', { ...attributes, type: 'checkbox', checked: initially });
    case 'choice':
      return h('select', attributes, ...Object.entries(choices).map(([value, text]) => h('option', { value }, text)));
    case 'secret':
      return h('input', { ...attributes, type: 'password', autocomplete: 'new-password' });
    case 'number':
    case 'seconds':
      return h('input', { ...attributes, type: 'text', inputmode: 'numeric', autocomplete: 'off' });
    default:
      return h('input', { ...attributes, type: 'text', autocomplete: 'off', spellcheck: 'false' });
  }
}

/** Text replaces a secret, false removes it, undefined keeps it. */
function valueOf({ kind }, input, secret) {
  if (kind === 'flag') return input.checked;
  if (kind !== 'secret') return input.value;
  if (input.value !== '') return input.value;
  return secret.clear.checked ? false : undefined;
}

/** Adds a choice that the page does not list but the profile has. */
function showText(input, value) {
  if (input.tagName === 'SELECT' && ![...input.options].some((option) => option.value === value))
    input.append(h('option', { value }, value));
  input.value = value;
}

/** Says that a value is stored, without showing it, and offers to remove it. */
function secretState(id) {
  const state = h('span', { id: `${id}-state` });
  const clear = h('input', { type: 'checkbox', id: `${id}-clear` });
  const label = h('label', { for: clear.id }, 'Remove the stored value');
  const element = h('div', { class: 'secret' }, state, h('span', { class: 'clear' }, clear, label));
  return {
    element,
    state,
    clear,
    set(stored) {
      clear.checked = false;
      element.hidden = !stored;
      state.textContent = stored ? 'A value is stored. Empty keeps it, text replaces it.' : '';
    },
  };
}

/** Shows the problems of a field below it. An empty list removes them. */
export function showProblems(input, error, messages) {
  error.textContent = messages.join('\n');
  if (messages.length > 0) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}
