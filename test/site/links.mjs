/**
 * Looks for broken links in the site that typedoc built: `node test/site/links.mjs [FOLDER]`, by default docs/api. Each link
 * to a file of the site must have its file, and each anchor its element.
 * @module
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';

const site = process.argv[2] ?? join(import.meta.dirname, '../../docs/api');
const pages = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((name) =>
  /\.(?:html|md|txt)$/.test(name),
);
const anchors = new Map();
const anchorsOf = (file) => {
  if (!anchors.has(file))
    anchors.set(
      file,
      new Set([...readFileSync(file, 'utf8').matchAll(/\s(?:id|name)="([^"]+)"/g)].map(([, id]) => id)),
    );
  return anchors.get(file);
};
const broken = [];
let checked = 0;
for (const page of pages) {
  const text = readFileSync(join(site, page), 'utf8');
  const found = page.endsWith('.html')
    ? [...text.matchAll(/\s(?:href|src)="([^"]*)"/g)]
    : page === 'llms.txt'
      ? [...text.matchAll(/\]\(([^)\s]+)\)/g)]
      : [];
  for (const [, raw] of found) {
    const link = raw.replaceAll('&amp;', '&');
    if (/^(?:[a-z]+:|\/\/)/i.test(link) || link === '') continue;
    checked += 1;
    const [path, anchor] = link.split('#');
    const file = path === '' ? join(site, page) : join(site, dirname(page), decodeURIComponent(path));
    if (!existsSync(file)) broken.push(`${page}: ${link} has no file`);
    else if (
      anchor &&
      statSync(file).isFile() &&
      file.endsWith('.html') &&
      !anchorsOf(file).has(decodeURIComponent(anchor))
    )
      broken.push(`${page}: ${relative(site, file)} has no #${anchor}`);
  }
}
console.log(`${checked} links in ${pages.length} files, ${broken.length} broken`);
for (const line of new Set(broken)) console.error(line);
if (broken.length > 0 || checked === 0) process.exitCode = 1;
