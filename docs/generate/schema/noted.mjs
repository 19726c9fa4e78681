/**
 * Loads src/profile with a kit whose functions record their arguments.
 *
 * A schema is opaque: it has functions that check values, but no list of its fields. Therefore each function of src/schema
 * that makes a schema is wrapped here, for imports from src/profile only. The wrapper records the arguments of each
 * schema.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { esbuild, root } from '../root.mjs';

const makers = {
  combine: [
    'plain',
    'choice',
    'choiceAmong',
    'wholeNumber',
    'list',
    'oneOrMany',
    'variant',
    'live',
    'func',
    'withMethods',
  ],
  object: ['object', 'record'],
  text: ['text', 'path'],
  secret: ['secret', 'secretOrBytes'],
};
const constants = {
  combine: ['flag', 'anyText'],
  text: ['host', 'domain', 'ipAddress', 'localName', 'hostAndPort', 'fingerprint'],
  secret: ['certificateContent'],
};

/**
 * A copy made by spreading shares `toJson` with the original. Every schema of an object has its own `toJson`, so that
 * finds the original.
 */
const notes = `
  const bySchema = new Map();
  const byWriter = new Map();
  export function noted(maker, make) {
    return (...args) => {
      const schema = make(...args);
      note(schema, maker, args);
      return schema;
    };
  }
  export function note(schema, maker, args) {
    const entry = { maker, args, schema };
    bySchema.set(schema, entry);
    if (maker === 'object') byWriter.set(schema.toJson, entry);
    return schema;
  }
  export const noteOf = (schema) => bySchema.get(schema) ?? byWriter.get(schema.toJson);
`;

const plugin = {
  name: 'noted',
  setup(build) {
    build.onResolve({ filter: /schema\/(combine|object|text|secret)\.js$/ }, ({ path, importer }) =>
      importer.includes('/src/profile/') ? { path: /schema\/(\w+)\.js$/.exec(path)[1], namespace: 'noted' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'noted' }, ({ path }) => ({
      resolveDir: root,
      contents: [
        `import * as kit from './src/schema/${path}.js';`,
        `import { note, noted } from 'notes';`,
        `export * from './src/schema/${path}.js';`,
        ...(makers[path] ?? []).map((name) => `export const ${name} = noted('${name}', kit.${name});`),
        ...(constants[path] ?? []).map((name) => `export const ${name} = note(kit.${name}, 'constant', ['${name}']);`),
      ].join('\n'),
    }));
    build.onResolve({ filter: /^notes$/ }, () => ({ path: 'notes', namespace: 'notes' }));
    build.onLoad({ filter: /.*/, namespace: 'notes' }, () => ({ contents: notes }));
  },
};

/** `profileSchema`, `noteOf` and the functions that fill in defaults. */
export async function loadNoted() {
  const { outputFiles } = await esbuild.build({
    stdin: {
      contents: `export { noteOf } from 'notes'; export { profileSchema } from './src/profile/shape/profile.js'; export * from './src/profile/resolve.js'; export { certificateData, certificateSource, storeReference } from './src/profile/shape/certificate.js';`,
      resolveDir: root,
    },
    absWorkingDir: root,
    plugins: [plugin],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
  });
  const folder = mkdtempSync(join(tmpdir(), 'sealpost-schema-'));
  try {
    const file = join(folder, 'noted.mjs');
    writeFileSync(file, outputFiles[0].contents);
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
