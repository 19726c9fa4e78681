/**
 * The buttons of the tabs.
 * @module
 */
import { h } from './dom.mjs';
import { clearProblems, controlOf, formValues, showProblems, showValues } from './form.mjs';
import { failure, reports } from './reports.mjs';
import { request } from './request.mjs';

/** Buttons beside a field. `path` is the certificate that the field belongs to. */
const besideField = {
  'default-port'() {
    const implicit = controlOf('server.security').get() === 'implicit';
    controlOf('server.port').set(implicit ? '465' : '25');
  },

  async 'sample-data'() {
    const { values } = await request('sample-data', { provider: controlOf('test.provider').get() });
    showValues(values);
  },

  async 'list-certificates'(profile, { at: path }) {
    const body = { original: profile(), values: formValues(), path };
    const { certificates } = await request('list-certificates', body);
    const { input } = controlOf(`${path}.select`);
    const chosen = input.value;
    const options = certificates.map(({ subject, fingerprint, validTo, hasPrivateKey }) => {
      const words = `${subject}, until ${validTo.slice(0, 10)}${hasPrivateKey ? '' : ', without a key'}`;
      return h('option', { value: `fingerprint:${fingerprint}` }, words);
    });
    input.replaceChildren(input.options[0], ...options);
    controlOf(`${path}.select`).set(chosen);
    input.focus();
  },
};

/** Values that a test sends in addition to the form. */
const extras = {
  'send-test': () => ({ recipient: controlOf('test.recipient').get() }),
  'test-encryption': () => ({ recipient: controlOf('test.encryption').get() }),
};

/** A button beside a field. `profile` gives the name of the profile that is shown, null for a new one. */
export function fieldButton(action, profile) {
  return h('button', { type: 'button', onclick: run }, action.label);
  async function run({ currentTarget }) {
    clearProblems();
    await busy(currentTarget, () => besideField[action.name](profile, action));
    currentTarget?.dispatchEvent(new Event('input', { bubbles: true }));
  }
}

/** The buttons of a group, and the element that shows their result. */
export function groupButtons(actions, profile) {
  const outcome = h('div', { class: 'report', role: 'status' });
  const buttons = actions.map(({ name, label }) => h('button', { type: 'button', onclick: run(name) }, label));
  return [h('div', { class: 'buttons' }, ...buttons), outcome];

  function run(name) {
    return async ({ currentTarget }) => {
      clearProblems();
      const body = { original: profile(), values: formValues(), ...extras[name]?.() };
      const show = (...content) => outcome.replaceChildren(...content.filter(Boolean));
      show(h('p', {}, 'Working …'));
      await busy(currentTarget, async () => {
        try {
          show(...(name === 'authorize' ? await authorize(body, show) : reports[name](await request(name, body))));
        } catch (error) {
          show(...failure(error));
          throw error;
        }
      });
    };
  }
}

/** Opens the provider's page, and shows a link to it, because browsers may block windows that a script opens. */
async function authorize(body, show) {
  const { url } = await request('authorize', body);
  if (url !== undefined) {
    const link = h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, 'page of the provider');
    show(h('p', {}, 'Sign in on the ', link, '. This page waits for it.'));
    window.open(url, '_blank', 'noopener,noreferrer');
  }
  return reports['authorize-outcome'](await request('authorize-outcome'));
}

/** Runs the work of a button, which is disabled meanwhile. Problems are shown at their fields. */
async function busy(button, work) {
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    showProblems({ problems: [], message: error.message, ...error });
  } finally {
    button.disabled = false;
  }
}
