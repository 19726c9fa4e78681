/**
 * The form as a whole: its values, the visible fields, and the problems at the fields.
 * @module
 */
import { createControl } from './controls.mjs';
import { byId, h } from './dom.mjs';
import { fields, tabs } from './fields.mjs';
import { markTabs, select } from './tabs.mjs';

const controls = new Map();
const tabOf = new Map(tabs.flatMap(({ id, groups }) => groups.flatMap((g) => g.fields.map(({ name }) => [name, id]))));

/** The fields of a group; `actionOf` makes the button that a field has beside it. */
export function createFields(group, actionOf) {
  return group.fields.map((field) => {
    const control = createControl(field, field.action && actionOf(field.action));
    controls.set(field.name, control);
    return control.element;
  });
}

export const controlOf = (name) => controls.get(name);

/** The values of all settings, in the form that the server expects. */
export function formValues() {
  return Object.fromEntries(fields.filter(({ draft }) => !draft).map(({ name }) => [name, controls.get(name).get()]));
}

/** Shows values in all fields or in some of them. */
export function showValues(values) {
  for (const [name, value] of Object.entries(values)) controls.get(name).set(value);
  showFields();
}

/** Shows for each secret whether a value is stored. */
export function showStored(names) {
  for (const { name, kind } of fields) {
    if (kind !== 'secret') continue;
    controls.get(name).set('');
    controls.get(name).setStored(names.includes(name));
  }
}

/** Hides the fields that have no effect with the current values of the others. */
export function showFields() {
  const values = Object.fromEntries(
    fields.filter(({ kind }) => kind !== 'headers').map(({ name }) => [name, controls.get(name).get()]),
  );
  for (const { groups } of tabs)
    for (const { use, fields: members } of groups)
      for (const { name, shownIf = () => true } of members) {
        const used = use === undefined || name === use || values[use];
        controls.get(name).element.hidden = !(used && shownIf(values));
      }
}

/** Removes all problems. */
export function clearProblems() {
  for (const control of controls.values()) control.fail([]);
  byId('problems').replaceChildren();
  markTabs(new Map());
}

/** Shows each problem at its field, and all of them above the tabs with links to their fields. */
export function showProblems({ message, remedy, problems }) {
  clearProblems();
  const found = new Map();
  const order = ({ field = '' }) => fields.findIndex(({ name }) => name === field.replace(/^headers\..*/, 'headers'));
  for (const problem of [...problems].sort((a, b) => order(a) - order(b))) {
    const place = placeOf(problem.field);
    const entry = found.get(place?.key ?? '') ?? { place, messages: [] };
    entry.messages.push(problem.message);
    found.set(place?.key ?? '', entry);
  }
  const counts = new Map();
  for (const { place, messages } of found.values()) {
    place?.control.fail(messages);
    if (place) counts.set(place.tab, (counts.get(place.tab) ?? 0) + messages.length);
  }
  markTabs(counts);
  const list = h('ul', {}, ...[...found.values()].flatMap(({ place, messages }) => messages.map(linkTo(place))));
  const text = problems.length > 0 ? 'Some fields are invalid. Nothing was saved or sent.' : message;
  byId('problems').append(h('p', {}, problems.length > 0 || !remedy ? text : `${text} ${remedy}`), list);
  const first = [...found.values()].find(({ place }) => place);
  if (first) goTo(first.place);
}

function placeOf(field) {
  const row = /^headers\.(\d+)$/.exec(field ?? '');
  if (row)
    return {
      key: field,
      label: 'Header field',
      tab: tabOf.get('headers'),
      control: controls.get('headers').rowAt(row[1]),
    };
  const control = controls.get(field);
  if (!control) return undefined;
  const { label } = fields.find(({ name }) => name === field);
  return { key: field, label, tab: tabOf.get(field), control };
}

const linkTo = (place) => (message) =>
  place
    ? h(
        'li',
        {},
        h('button', { type: 'button', class: 'link', onclick: () => goTo(place) }, place.label),
        `: ${message}`,
      )
    : h('li', {}, message);

function goTo({ tab, control }) {
  select(tab);
  control.focus();
}
