/**
 * Makes the table of docs/reference/runtimes.md from the results of a run: `node table.mjs RESULTS PAGE`. Exits with 1
 * if the table in the page differs; with WRITE=1 it writes the page.
 * @module
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

const [folder, page] = process.argv.slice(2);
const order = ['Node 20', 'Node 22', 'Node 24', 'Node 26', 'Bun', 'Deno'];
const rows = readdirSync(folder)
  .map((file) => [file.replace(/\.json$/, ''), JSON.parse(readFileSync(join(folder, file), 'utf8'))])
  .sort(([one], [other]) => order.indexOf(one) - order.indexOf(other))
  .map(([name, outcomes]) => {
    const absent = outcomes.filter((outcome) => outcome.absent !== undefined);
    const why = absent.map((outcome) => `${outcome.name} (${outcome.absent})`).join('; ');
    return `| ${name} | ${outcomes.length - absent.length} of ${outcomes.length} | ${why || 'nothing'} |`;
  });
const table = ['| runtime | features | lacks, and refuses by name |', '|---|---|---|', ...rows].join('\n');
const text = readFileSync(page, 'utf8');
const [start, end] = ['<!-- made by test/runtimes -->\n', '\n<!-- end -->'];
const from = text.indexOf(start) + start.length;
const to = text.indexOf(end);
console.log(table);
if (process.env.WRITE === '1') writeFileSync(page, text.slice(0, from) + table + text.slice(to));
else if (text.slice(from, to) !== table) {
  console.error(`The table in ${page} differs: run with WRITE=1, and review the change`);
  process.exitCode = 1;
}
