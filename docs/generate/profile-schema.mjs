/**
 * Writes the JSON Schema of the profile: `node docs/generate/profile-schema.mjs [FILE]`, by default
 * dist/profile.schema.json.
 *
 * It is made from the schema that `parseProfile` uses. The sources are bundled with a kit that records how each schema
 * was made, so that the published code needs nothing for this purpose. Descriptions are the doc comments of src/model,
 * and defaults are those of src/profile/resolve.ts.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './root.mjs';
import { Described } from './schema/describe.mjs';
import { loadNoted } from './schema/noted.mjs';
import { unexpressed } from './schema/leaves.mjs';
import { Writer } from './schema/write.mjs';

const noted = await loadNoted();
const writer = new Writer(noted, new Described('src/model/settings/profile.ts'));
const { profile, definitions } = writer.profile();
const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Profile of sealpost',
  $comment: `Stricter checks are made by parseProfile alone: ${unexpressed.map(({ text }) => text).join('; ')}.`,
  ...profile,
  properties: {
    $schema: { title: 'Schema', description: 'Where editors find this schema. parseProfile drops it.' },
    ...profile.properties,
  },
  $defs: definitions,
};

const target = process.argv[2] ?? join(root, 'dist/profile.schema.json');
mkdirSync(dirname(target), { recursive: true });
writeFileSync(target, `${JSON.stringify(schema, null, 2)}\n`);
