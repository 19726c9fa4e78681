/**
 * The page: its tabs, the list of profiles, and the buttons that save, activate and delete them.
 * @module
 */
import { fieldButton, groupButtons } from './actions.mjs';
import { byId, h } from './dom.mjs';
import { clearProblems, createFields, formValues, showFields, showProblems, showStored, showValues } from './form.mjs';
import { createLogView } from './log-view.mjs';
import { request } from './request.mjs';
import { createTabs } from './tabs.mjs';

/** The name of the profile that is shown; null for a new one. */
let shown = null;
/** Has the form changed since it was shown? */
let changed = false;
const profile = () => shown;
const tell = (text) => (byId('status').textContent = text);

createTabs(({ groups }) =>
  groups.map((group) =>
    h(
      'fieldset',
      {},
      h('legend', {}, group.title),
      ...(group.hint ? [h('p', { class: 'hint' }, group.hint)] : []),
      ...createFields(group, (action) => fieldButton(action, profile)),
      ...(group.actions ? groupButtons(group.actions, profile) : []),
      ...(group.log ? createLogView() : []),
    ),
  ),
);

async function show(name) {
  const { values, stored } = await request('form', { name });
  shown = name;
  changed = false;
  clearProblems();
  for (const outcome of document.querySelectorAll('.report')) outcome.replaceChildren();
  showValues(values);
  showStored(stored);
  await listProfiles();
}

async function listProfiles() {
  const { profiles } = await request('profiles');
  const options = profiles.map(({ name, description, active }) =>
    h('option', { value: name, title: description }, active ? `${name} (active)` : name),
  );
  if (shown === null) options.push(h('option', { value: '' }, 'New profile'));
  byId('profiles').replaceChildren(...options);
  byId('profiles').value = shown ?? '';
  const active = profiles.find(({ name }) => name === shown)?.active;
  byId('activate').disabled = shown === null || active;
  byId('delete').disabled = shown === null;
  return profiles;
}

async function save() {
  clearProblems();
  const { name } = await request('save', { original: shown, values: formValues() });
  await show(name);
  tell(`Saved ${name}.`);
}

const mayLeave = () => !changed || confirm('The form has changes that are not saved. Leave it?');

/** Runs the work of an event, and shows its error. */
const guarded = (work) => async (event) => {
  event.preventDefault();
  tell('');
  try {
    await work(event);
  } catch (error) {
    showProblems({ problems: [], message: error.message, ...error });
  }
};

byId('form').addEventListener('submit', guarded(save));
for (const type of ['input', 'change'])
  byId('form').addEventListener(type, ({ target }) => {
    changed ||= !target.name?.startsWith('test.');
    showFields();
  });
byId('profiles').addEventListener(
  'change',
  guarded(async ({ target }) => {
    if (mayLeave()) await show(target.value || null);
    else target.value = shown ?? '';
  }),
);
byId('new').addEventListener(
  'click',
  guarded(async () => {
    if (mayLeave()) await show(null);
  }),
);
byId('activate').addEventListener(
  'click',
  guarded(async () => {
    await request('activate', { name: shown });
    await listProfiles();
    tell(`${shown} is the active profile.`);
  }),
);
byId('delete').addEventListener(
  'click',
  guarded(async () => {
    if (!confirm(`Delete the profile ${shown} with its secrets and tokens?`)) return;
    const name = shown;
    await request('delete', { name });
    await showFirst();
    tell(`Deleted ${name}.`);
  }),
);
addEventListener('beforeunload', (event) => {
  if (changed) event.preventDefault();
});

async function showFirst() {
  const { profiles } = await request('profiles');
  const first = profiles.find(({ active }) => active) ?? profiles[0];
  await show(first?.name ?? null);
}

await guarded(showFirst)(new Event('start'));
