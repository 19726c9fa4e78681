/**
 * Converts between the form and the profile, which is its JSON data (`profileToJson`). Settings that the form does not
 * show stay as they are stored, and so do unchanged fields. The form contains no secrets; it only says which are stored.
 * @module
 */
import { isDeepStrictEqual } from 'node:util';
import { createEmailError } from 'sealpost';
import { fields } from './page/fields.mjs';
import { parts, proxyOf } from './form-parts.mjs';
import { read, show } from './form-kinds.mjs';
import { at, put } from './paths.mjs';

const ofProfile = fields.filter(({ draft }) => !draft);
const secrets = ofProfile.filter(({ kind }) => kind === 'secret').map(({ name }) => name);
const ofParts = new Set(parts.flatMap((part) => part.fields));
const plain = ofProfile.filter(({ name, kind }) => kind !== 'secret' && !ofParts.has(name));
const plainSecrets = secrets.filter((name) => !ofParts.has(name));

/**
 * The setting that names the server of each secret. A stored secret is used with that server only. Otherwise a test of
 * the form could send it to any server.
 */
const destinations = {
  'authentication.password': 'server.host',
  'authentication.token': 'server.host',
  'oauth2.authenticationValue': 'server.host',
  'oauth2.clientSecret': 'oauth2.tokenUrl',
  'oauth2.refreshToken': 'oauth2.tokenUrl',
  'proxy.password': 'proxy.host',
};

/** The values of all fields except secrets, and the names of the secrets that are stored. */
export function toForm(json = {}) {
  const values = Object.fromEntries(plain.map((field) => [field.name, show(field, at(json, field.name))]));
  for (const part of parts) Object.assign(values, part.show(json));
  const shown = withProxy(json);
  return { values, stored: secrets.filter((name) => at(shown, name) !== undefined) };
}

/**
 * The profile that the form describes. For a secret, text replaces the stored value, false removes it, and an absent
 * value keeps it. ERR_PROFILE_INVALID if a stored secret would go to another server than before.
 */
export function fromForm(values, json = {}) {
  const { values: shown } = toForm(json);
  const changed = (name) => !isDeepStrictEqual(values[name], shown[name]);
  const result = { sender: {}, server: {}, ...structuredClone(json) };
  for (const field of plain) if (changed(field.name)) put(result, field.name, read(field, values[field.name]));
  for (const name of plainSecrets) put(result, name, secretOf(values[name], at(result, name)));
  for (const part of parts) {
    const secretNow = (name, stored) => secretOf(values[name], stored);
    part.write(result, values, { changed: part.fields.some(changed), secretNow });
  }
  for (const group of ['smime', 'logging', 'oauth2']) if (isDeepStrictEqual(result[group], {})) delete result[group];
  refuseStrangers(values, withProxy(json), withProxy(result));
  return result;
}

/** The field at which a problem of the library is shown; undefined if no field is near. */
export function fieldOf(path) {
  const row = /^headers\.\d+/.exec(path);
  if (row) return row[0];
  for (let near = aliases[path.replace(/\.\d+$/, '')] ?? path; near !== ''; near = near.replace(/\.?[^.]*$/, '')) {
    const found = fields.find(({ name }) => name === near) ?? fields.find(({ name }) => name.startsWith(`${near}.`));
    if (found) return found.name;
  }
  return undefined;
}

const aliases = {
  'authentication.principal': 'authentication.username',
  to: 'test.recipient',
  recipients: 'test.encryption',
};

function secretOf(given, stored) {
  if (given === undefined) return stored;
  return given === false ? undefined : given;
}

function withProxy(json) {
  return { ...json, proxy: proxyOf(json.proxy) };
}

function refuseStrangers(values, before, after) {
  const problems = [];
  for (const [secret, destination] of Object.entries(destinations)) {
    const stored = at(before, secret);
    const kept = stored !== undefined && values[secret] === undefined && isDeepStrictEqual(stored, at(after, secret));
    if (!kept || at(before, destination) === at(after, destination)) continue;
    const path = secrets.includes(secret) ? secret : destination;
    problems.push({
      path,
      message:
        `enter it again: the stored value is for ${at(before, destination) ?? 'another address'}, ` +
        `and ${destination} has changed`,
    });
  }
  if (problems.length === 0) return;
  throw createEmailError('ERR_PROFILE_INVALID', 'A stored secret is not sent to another server.', {
    problems,
    remedy: 'Enter the secrets of these fields again.',
  });
}
