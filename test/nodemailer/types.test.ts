/**
 * One program with nodemailer's own types, and with its import line changed to sealpost/nodemailer.
 * @module
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, expect, test } from 'vitest';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
const scratch = mkdtempSync(join(here, '.compiled-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config,
  ts.sys,
  root,
);

const text = readFileSync(join(here, 'program.txt'), 'utf8');
const changed = text.replace("from 'nodemailer'", "from 'sealpost/nodemailer'");
const wrong = `import { createTransport } from 'sealpost/nodemailer';\ncreateTransport({ opportunisticTLS: true });\n`;
const written = (name: string, program: string): string => {
  writeFileSync(join(scratch, name), program);
  return join(scratch, name);
};
const programs = {
  theirs: written('theirs.ts', text),
  ours: written('ours.ts', changed),
  wrong: written('wrong.ts', wrong),
};
const tests = readdirSync(here)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(here, name));
// One compilation for all programs, because each contains the sources of both libraries.
const compiled = ts.createProgram([...Object.values(programs), ...tests], options);

function problems(...paths: readonly string[]): readonly string[] {
  return paths
    .map((path) => compiled.getSourceFile(path))
    .flatMap((file) => [...compiled.getSyntacticDiagnostics(file), ...compiled.getSemanticDiagnostics(file)])
    .map(({ file, start = 0, messageText }) => {
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      return `${file?.fileName.split('/').pop() ?? ''}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
}

test('a program compiles for both, with one line changed', () => {
  expect(changed.split('\n').filter((line, i) => line !== text.split('\n')[i])).toHaveLength(1);
  expect(problems(programs.theirs, programs.ours)).toEqual([]);
});

test('a program with an option that is refused does not compile', () => {
  expect(problems(programs.wrong)).toEqual([expect.stringContaining('opportunisticTLS')]);
});

test('these tests compile, and so the plug-in is a transport by the types of nodemailer', () => {
  expect(problems(...tests)).toEqual([]);
});
