/**
 * Writes the codes of docs/reference/errors.md: `node docs/generate/errors.mjs`, or `--check` to compare.
 *
 * Cause and `retryable` come from the doc comments of `EmailErrorCode`, the remedy comes from `generalRemedies`, and each
 * example is an error that the library makes during the run.
 */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundled } from './bundled.mjs';
import { examplesOf, hints } from './errors/examples.mjs';
import { root } from './root.mjs';

const page = join(root, 'docs/reference/errors.md');
const source = readFileSync(join(root, 'src/model/error.ts'), 'utf8');
const modules = await bundled({
  sealpost: 'index.ts',
  smime: 'smime.ts',
  testing: 'testing.ts',
  remedies: 'errors/general-remedies.ts',
});
const examples = examplesOf(modules);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sealpost-errors-')));

/** The code, cause and `retryable` of each member of `EmailErrorCode`. */
const codes = [...source.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\s*\| '(ERR_\w+)'/g)].map(([, comment, code]) => {
  const text = comment
    .replace(/\n\s*\*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  const [, cause, retryable] = /^(.*) Retryable: (.*)\.$/.exec(text) ?? [];
  if (cause === undefined)
    throw new Error(`${code}: its comment in src/model/error.ts does not end with "Retryable: … ."`);
  return { code, cause, retryable };
});

/** The example. Port and folder differ in each run, so the port is replaced by a fixed one and the folder removed. */
async function exampleOf(code) {
  const error = await examples[code]().then(
    () => undefined,
    (thrown) => thrown,
  );
  if (error?.code !== code)
    throw new Error(`the example of ${code} throws ${error?.code ?? 'no error'}`, { cause: error });
  const { message, remedy, retryable, delivery } = error;
  if (remedy === undefined) throw new Error(`the example of ${code} has no remedy`);
  return [`${code}: ${message}`, `remedy: ${remedy}`, `retryable: ${retryable}, delivery: ${delivery}`]
    .join('\n')
    .replaceAll(`${folder}/`, '')
    .replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:2525');
}

process.chdir(folder);
delete process.env['MAIL_PASSWORD'];
const sections = [];
for (const { code, cause, retryable } of codes) {
  const remedy = [modules.remedies.generalRemedies[code], hints[code] ?? ''].join(' ').trim();
  sections.push(
    `### ${code}\n\n${cause}\n\n- Remedy: ${remedy}\n- Retryable: ${retryable}.\n\n\`\`\`text\n${await exampleOf(code)}\n\`\`\`\n`,
  );
}
process.chdir(root);
rmSync(folder, { recursive: true });

const table = codes.map(
  ({ code, retryable }) => `| \`${code}\` | ${retryable} | [cause, remedy, example](#${code.toLowerCase()}) |`,
);
const text = `## Codes

Each code has a cause, a general remedy, and an example that the library made. The \`remedy\` of an error is often more precise than the
general one. Even if the table says yes, \`retryable\` is false unless \`delivery\` is 'not-delivered'. This part is generated
by \`node docs/generate/errors.mjs\`.

| code | retryable | |
|---|---|---|
${table.join('\n')}

${sections.join('\n')}
`;
const old = readFileSync(page, 'utf8');
const [before] = old.split('## Codes\n');
const after = old.slice(old.indexOf('## Warnings\n'));
const made = `${before}${text}${after}`;
if (!process.argv.includes('--check')) writeFileSync(page, made);
else if (made !== old) {
  const line = made.split('\n').findIndex((words, index) => words !== old.split('\n')[index]);
  console.error(
    `docs/reference/errors.md is out of date: run node docs/generate/errors.mjs. Line ${line + 1} would be:\n${made.split('\n')[line]}`,
  );
  process.exitCode = 1;
}
