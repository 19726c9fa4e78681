/** One program against nodemailer's own types, and with its import line changed against those of sealpost/nodemailer. */
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

function problems(paths: readonly string[]): readonly string[] {
  // The library's own files are checked by `npm run typecheck`.
  const program = ts.createProgram([...paths], options);
  return paths
    .map((path) => program.getSourceFile(path))
    .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
    .map(({ file, start = 0, messageText }) => {
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1;
      return `${file?.fileName.split('/').pop() ?? ''}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
}

const text = readFileSync(join(here, 'program.txt'), 'utf8');
const written = (name: string, program: string): string => {
  writeFileSync(join(scratch, name), program);
  return join(scratch, name);
};

test('a program compiles for both, with one line changed', () => {
  const changed = text.replace("from 'nodemailer'", "from 'sealpost/nodemailer'");
  expect(changed.split('\n').filter((line, i) => line !== text.split('\n')[i])).toHaveLength(1);
  expect(problems([written('theirs.ts', text), written('ours.ts', changed)])).toEqual([]);
});

test('a program with an option that is refused does not compile', () => {
  const wrong = `import { createTransport } from 'sealpost/nodemailer';\ncreateTransport({ opportunisticTLS: true });\n`;
  expect(problems([written('wrong.ts', wrong)])).toEqual([expect.stringContaining('opportunisticTLS')]);
});

test('these tests compile, and so the plug-in is a transport by the types of nodemailer', () => {
  const files = readdirSync(here).filter((name) => name.endsWith('.ts'));
  expect(problems(files.map((name) => join(here, name)))).toEqual([]);
});
