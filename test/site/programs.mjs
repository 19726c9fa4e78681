/**
 * The two files of the site that are for programs: `node test/site/programs.mjs [FOLDER]`, by default docs/api. api.md
 * has every name that typedoc has a page for, below the entry that exports it, with its code; llms.txt leads to api.md
 * and to every guide and reference. test/site/links.mjs looks whether its links lead somewhere.
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const docs = join(import.meta.dirname, '../../docs');
const site = process.argv[2] ?? join(docs, 'api');
const problems = [];

/** Names by entry, from the names of typedoc's pages: `interfaces/sealpost_smime.VerifyResult.html`. */
const kinds = ['classes', 'enums', 'functions', 'interfaces', 'types', 'variables'];
const present = readdirSync(site);
const pages = kinds
  .filter((kind) => present.includes(kind))
  .flatMap((kind) => readdirSync(join(site, kind)))
  .map((page) => /^(.+)\.(\w+)\.html$/.exec(page));
const named = new Set(pages.map(([, entry, name]) => `${entry.replace('_', '/')} ${name}`));

/** Names by entry, from the headings of api.md. */
const written = new Set();
for (const section of readFileSync(join(site, 'api.md'), 'utf8').split(/^## /m).slice(1)) {
  const [entry] = section.split('\n');
  for (const part of section.split(/^### /m).slice(1)) {
    const [, name, code] = /^(\w+)\n\n````ts\n([^]*)\n````\s*$/.exec(part) ?? [];
    if (name === undefined || !code.includes(name)) problems.push(`api.md: ${part.split('\n')[0]} has no code`);
    written.add(`${entry} ${name}`);
  }
}
for (const name of named) if (!written.has(name)) problems.push(`api.md lacks ${name}`);
for (const name of written) if (!named.has(name)) problems.push(`the site has no page for ${name} of api.md`);

const list = readFileSync(join(site, 'llms.txt'), 'utf8');
const documents = ['guide', 'reference'].flatMap((folder) =>
  readdirSync(join(docs, folder)).map((page) => `documents/${folder}_${page.replace(/\.md$/, '.html')}`),
);
for (const target of ['api.md', ...documents])
  if (!list.includes(`](${target}): `)) problems.push(`llms.txt does not lead to ${target}`);

console.log(`${written.size} names in api.md, ${documents.length} documents in llms.txt, ${problems.length} problems`);
for (const problem of problems) console.error(problem);
if (problems.length > 0 || named.size === 0) process.exitCode = 1;
