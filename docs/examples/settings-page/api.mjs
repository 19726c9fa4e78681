/**
 * The functions behind the page's buttons. Each gets the JSON of its request, and a signal that aborts when the browser
 * disconnects. It returns the JSON of its answer. Errors of the library are thrown unchanged.
 * @module
 */
import { createEmailError, parseProfile, profileToJson, sampleOAuth2Settings } from 'sealpost';
import { openCertificateStore } from 'sealpost/smime';
import { fromForm, toForm } from './form.mjs';
import { storeOf } from './form-parts.mjs';
import { checkForm } from './check-form.mjs';
import { Refusal } from './guard.mjs';
import { fields } from './page/fields.mjs';
import { createTests } from './tests.mjs';
import { at } from './paths.mjs';

/** The places of certificates in the profile. */
const certificates = fields.filter(({ action }) => action?.name === 'list-certificates').map(({ action }) => action.at);

/** Functions by the names that the page calls. */
export function createApi(store, log) {
  /** The profile that is stored under a name, as JSON; undefined for a new one. */
  async function stored(name) {
    if (name === null) return undefined;
    if (typeof name !== 'string') throw new Refusal(400, 'The name of the profile must be text.');
    const profile = await store.get(name);
    if (!profile)
      throw new Refusal(404, `There is no profile named ${JSON.stringify(name)} any more. Reload the page.`);
    return profileToJson(profile, { secrets: 'include' });
  }

  /** The profile that the form describes, saved or not. */
  async function draft({ original, values }) {
    checkForm(values);
    return parseProfile(fromForm(values, await stored(original)));
  }

  return {
    profiles: async () => ({ profiles: await store.list() }),

    form: async ({ name }) => toForm(await stored(name)),

    async save(form) {
      const profile = await draft(form);
      const { original } = form;
      if (original !== profile.name && (await store.get(profile.name))) throw nameTaken(profile.name);
      if (original !== null && original !== profile.name) await store.rename(original, profile.name);
      await store.save(profile);
      if (!(await store.active())) await store.activate(profile.name);
      return { name: profile.name };
    },

    delete: async ({ name }) => ({ deleted: await store.delete(String(name)) }),

    async activate({ name }) {
      await store.activate(String(name));
      return {};
    },

    /** The fields of the tab with the sample of a provider in them. */
    'sample-data': async ({ provider }) => {
      const { values } = toForm({ oauth2: sampleOAuth2Settings(provider) });
      return { values: Object.fromEntries(Object.entries(values).filter(([name]) => name.startsWith('oauth2.'))) };
    },

    /** The certificates of the store that is chosen in the form. `path` is that of the certificate in the profile. */
    async 'list-certificates'({ original, values, path }) {
      checkForm(values);
      if (!certificates.includes(path)) throw new Refusal(400, 'The profile has no certificate at this path.');
      const password = values[`${path}.password`] ?? at(await stored(original), `${path}.password`);
      const reference = storeOf(values, (field) => `${path}.${field}`);
      const opened = await openCertificateStore(reference, password ? { password } : {});
      return { certificates: await opened.list() };
    },

    ...createTests({ store, log, draft }),
  };
}

function nameTaken(name) {
  const message = `there is already a profile named ${JSON.stringify(name)}`;
  return createEmailError('ERR_PROFILE_INVALID', `The profile was not saved: ${message}.`, {
    problems: [{ path: 'name', message }],
    remedy: 'Choose another name.',
  });
}
