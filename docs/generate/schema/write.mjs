/** Writes the recorded schemas of a profile as JSON Schema, with titles and descriptions from the types. */
import { titleOf } from './describe.mjs';
import { constant, opaque, path, secret, text } from './leaves.mjs';
import { keyRules, rules } from './rules.mjs';

const methods = [
  'password', 'plain', 'scram-sha-1', 'scram-sha-256', 'scram-sha-512', 'login', 'cram-md5', 'ntlm', 'kerberos', 'xoauth2', 'oauthbearer',
  'external', 'custom',
]; // prettier-ignore
/** Values for which a `variant` chooses each of its schemas. */
const probes = [
  'text', [], {}, true, false, { base64: '' }, { type: 'auto' }, { ldap: '' }, { directory: '' }, { store: '' }, { store: '', select: {} },
  ...methods.map((method) => ({ method })),
]; // prettier-ignore

/** Makes one JSON Schema; types with a name become definitions. */
export class Writer {
  #noteOf;
  #profileSchema;
  #described;
  #defaults;
  #definitions = new Map();
  /** Schemas of types with several forms, for which there is no single interface. */
  #names;

  constructor({ noteOf, profileSchema, certificateData, certificateSource, storeReference, ...resolve }, described) {
    this.#names = new Map([
      [certificateData, 'CertificateData'],
      [certificateSource, 'CertificateSource'],
      [storeReference, 'CertificateStoreReference'],
    ]);
    this.#noteOf = noteOf;
    this.#profileSchema = profileSchema;
    this.#described = described;
    this.#defaults = defaultsFrom(resolve);
  }

  profile() {
    const profile = this.#body(this.#profileSchema, this.#described.profile);
    return {
      profile,
      definitions: Object.fromEntries(
        [...this.#definitions].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, { body }]) => [name, body]),
      ),
    };
  }

  /** A schema, or a reference to the definition of its type. */
  #write(schema, place) {
    const note = this.#noteOf(schema);
    if (note?.maker === 'oneOrMany') {
      const [item] = note.args;
      const one = this.#write(item, place);
      return { anyOf: [one, { type: 'array', items: one, minItems: 1, maxItems: 1000 }] };
    }
    if (note?.maker === 'list') {
      const [item, { min = 1, max = 1000 } = {}] = note.args;
      const { type } = place;
      const items = this.#write(item, { ...place, type: this.#described.item(type) });
      return { type: 'array', items, minItems: min, maxItems: max };
    }
    const name = this.#definitionOf(note, schema, place);
    if (name === undefined) return this.#body(schema, place);
    const known = this.#definitions.get(name);
    if (known !== undefined && known.schema !== schema) throw new Error(`two schemas are called ${name}`);
    if (known === undefined) {
      const entry = { schema, body: undefined };
      this.#definitions.set(name, entry);
      const body = this.#body(schema, { ...place, name });
      if (body === false) this.#definitions.delete(name);
      if (body === false) return false;
      entry.body = { title: titleOf(name), ...body };
    }
    return { $ref: `#/$defs/${name}` };
  }

  /** The name under which a schema is kept: of objects and of alternatives. */
  #definitionOf(note, schema, { type, name }) {
    if (this.#names.has(schema)) return this.#names.get(schema);
    if (note?.maker === 'object') {
      const [type0, ...others] = this.#objectsOf(note, type);
      if (others.length === 0 && this.#described.nameOf(type0) !== undefined) return this.#described.nameOf(type0);
      return name;
    }
    return note?.maker === 'variant' ? name : undefined;
  }

  #objectsOf(note, type) {
    return this.#described.objects(type, note.args[0], (schema) => {
      const found = this.#noteOf(schema);
      return found?.maker === 'choiceAmong' ? found.args[0] : found?.maker === 'choice' ? found.args : undefined;
    });
  }

  #body(schema, place) {
    const note = this.#noteOf(schema);
    const args = note?.args ?? [];
    switch (note?.maker) {
      case 'object':
        return this.#object(note, schema, place);
      case 'record':
        return this.#record(args, place);
      case 'variant':
        return this.#variant(args, place);
      case 'choice':
        return choice(args);
      case 'choiceAmong':
        return choice(args[0]);
      case 'wholeNumber':
        return { type: 'integer', minimum: args[0], maximum: args[1] };
      case 'text':
        return text(args[0]);
      case 'path':
        return path;
      case 'secret':
        return secret(args[0]);
      case 'secretOrBytes':
        return secret(args[0], true);
      case 'constant':
        return constant(args[0]);
      default:
        return opaque(schema.expected);
    }
  }

  #object(note, schema, { type, name }) {
    const [fields, { verify } = {}] = note.args;
    const types = this.#objectsOf(note, type);
    const known = types.length === 1 ? (this.#described.nameOf(types[0]) ?? name) : name;
    // A copy made by spreading has its own rules.
    const needsRules = verify !== undefined || note.schema !== schema;
    if (needsRules && rules[known] === undefined) throw new Error(`rules.mjs has no rules of ${known}`);
    const properties = {};
    const required = [];
    for (const [key, field] of Object.entries(fields)) {
      if (this.#isLive(field.schema)) {
        if (field.required) return false;
        continue;
      }
      const place = this.#described.field(types, key);
      if (place === undefined) throw new Error(`${known} has no field ${key}`);
      if (field.required) required.push(key);
      const fallback = field.required ? undefined : this.#defaults(known, key, place.text);
      properties[key] = {
        title: titleOf(key),
        ...(place.text === '' ? {} : { description: place.text }),
        ...(fallback === undefined ? {} : { default: fallback }),
        ...this.#write(field.schema, place),
      };
    }
    return {
      type: 'object',
      properties,
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
      ...(needsRules ? { allOf: rules[known] } : {}),
    };
  }

  #record([item, { expected, max }], place) {
    const propertyNames = keyRules[expected];
    if (propertyNames === undefined) throw new Error(`rules.mjs has no rules of keys for ${expected}`);
    return { type: 'object', additionalProperties: this.#write(item, place), propertyNames, maxProperties: max };
  }

  #variant([, pick], place) {
    const picked = probes.map((probe) => pick(probe, '')).filter((schema) => schema !== undefined);
    const all = [...new Set(picked)].filter((schema) => !this.#isLive(schema));
    const alternatives = all.map((schema) => this.#write(schema, { ...place, name: undefined }));
    const possible = alternatives.filter((alternative) => alternative !== false);
    return possible.length === 1 ? possible[0] : { anyOf: possible };
  }

  /** Functions and objects with methods have no JSON form. */
  #isLive(schema) {
    return ['live', 'func', 'withMethods'].includes(this.#noteOf(schema)?.maker);
  }
}

function choice(words) {
  if (words.length === 1) return { const: words[0] };
  return { ...(words.every((word) => typeof word === 'string') ? { type: 'string' } : {}), enum: words };
}

/** Defaults by type and field: those that the library sets, and those that a doc comment states as a value. */
function defaultsFrom(resolve) {
  const filled = {
    OutgoingServer: resolve.resolveServer({ host: 'localhost' }),
    Timeouts: resolve.resolveTimeouts(),
    TlsSettings: resolve.resolveTls(),
    SmimeSettings: resolve.resolveSmime(),
    SmimeSignSettings: resolve.resolveSign({}),
    SmimeEncryptSettings: resolve.resolveEncrypt({}),
  };
  return (type, key, comment) => {
    const value = filled[type]?.[key];
    // The default depends on another field.
    if (/\bDefault [^.,;]*(?:, (?:or|but) |; \d)/.test(comment)) return undefined;
    const stated = /\bDefault (true|false|'[^']*'|\d[\d ]*)(?=[.,;(]| \()/.exec(comment)?.[1];
    const fromComment =
      stated === undefined ? undefined : JSON.parse(stated.replaceAll("'", '"').replace(/(?<=\d) (?=\d)|\s+$/g, ''));
    if (typeof value === 'object' || value === undefined) return fromComment;
    if (fromComment !== undefined && fromComment !== value)
      throw new Error(`${type}.${key}: the comment says ${fromComment}, the library takes ${value}`);
    return value;
  };
}
