import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { compiler } from '../support/compiler.js';
import { filesBelow, read, root } from './sources.js';

const documents = ['README.md', 'CHANGELOG.md', ...filesBelow('docs', '.md')];
const scratch = mkdtempSync(join(root, 'test/project/.examples-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Each `ts` block as a module of its own; top-level await is allowed. */
function examples(): Map<string, string> {
  const files = new Map<string, string>();
  for (const path of documents) {
    let index = 0;
    for (const match of read(path).matchAll(/^```ts\n([\s\S]*?)^```/gm)) {
      files.set(`${path.replace(/[^a-z0-9]+/gi, '-')}-${++index}.ts`, `${match[1] ?? ''}\nexport {};\n`);
    }
  }
  return files;
}

describe('documents', () => {
  it('have examples that compile against the sources', () => {
    const files = examples();
    expect(files.size).toBeGreaterThan(3);
    mkdirSync(scratch, { recursive: true });
    const names = [...files].map(([name, text]) => {
      writeFileSync(join(scratch, name), text);
      return join(scratch, name);
    });
    const config = compiler.parseJsonConfigFileContent(
      compiler.readConfigFile(join(root, 'tsconfig.json'), compiler.sys.readFile).config,
      compiler.sys,
      root,
    );
    // An example with a package of its own is compiled by its own build: `npm run test:examples`.
    const packages = filesBelow('docs', 'package.json').map((path) => dirname(path));
    const programs = filesBelow('docs', '.ts').filter((path) => !packages.some((name) => path.startsWith(`${name}/`)));
    const paths = [...names, ...programs.map((path) => join(root, path))];
    const program = compiler.createProgram(paths, { ...config.options, noUnusedLocals: false });
    // Problems in the sources are left out, because the type check finds them.
    const problems = paths
      .map((path) => program.getSourceFile(path))
      .flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)])
      .map(({ file, start, messageText }) => {
        const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
        return `${file?.fileName.split('/').pop() ?? ''}:${line} ${compiler.flattenDiagnosticMessageText(messageText, ' ')}`;
      });
    expect(problems).toEqual([]);
    // No timeout: the time that the compiler takes depends only on the load of the machine.
  }, 0);

  it('link to files that exist', () => {
    const missing: string[] = [];
    const known = new Set([
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
      ...filesBelow('docs', ''),
      ...filesBelow('test', ''),
      ...filesBelow('src', ''),
    ]);
    const folders = new Set(
      [...known].flatMap((path) => path.split('/').map((_, i, parts) => parts.slice(0, i).join('/'))),
    );
    for (const path of documents) {
      for (const [, target = ''] of read(path).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const resolved = join(path, '..', target).replace(/\/$/, '');
        if (!known.has(resolved) && !folders.has(resolved)) missing.push(`${path}: ${target}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it('have the same figures of runtimes in the README as in the reference', () => {
    const rows = (text: string): readonly string[] => {
      const table = /<!-- made by test\/runtimes -->\n([^]*?)<!-- end -->/.exec(text)?.[1] ?? '';
      return [...table.matchAll(/^\| (\w[\w ]*?) \| (\d+ of \d+) \|/gm)].map(
        ([, name, features]) => `${name}: ${features}`,
      );
    };
    expect(rows(read('README.md')).length).toBeGreaterThan(5);
    expect(rows(read('README.md'))).toEqual(rows(read('docs/reference/runtimes.md')));
  });

  it('has a changelog entry for the version', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(read('CHANGELOG.md')).toContain(`## [${version}]`);
  });

  it('name no machine paths and no registry hosts', () => {
    const files = [
      ...documents,
      ...filesBelow('src', '.ts'),
      ...filesBelow('test', '.ts'),
      ...filesBelow('test', '.sh'),
      'package-lock.json',
      'package.json',
    ];
    for (const path of files.filter((file) => !file.startsWith('test/project/'))) {
      expect(read(path), path).not.toMatch(/(?<![\w}])\/(work|root|home\/[a-z]+)\/|registry\.npmjs\.org/);
    }
  });
});

describe('error codes', () => {
  const codes = [...read('src/model/error.ts').matchAll(/\| '(ERR_[A-Z0-9_]+)'/g)].map((match) => match[1] ?? '');
  const sources = filesBelow('src', '.ts')
    .filter((path) => path !== 'src/model/error.ts')
    .map(read)
    .join('\n');
  const tests = filesBelow('test', '.test.ts')
    .filter((path) => !path.startsWith('test/project/'))
    .map(read)
    .join('\n');
  const table = read('docs/reference/errors.md');

  it.each(codes)('%s is thrown, tested and documented', (code) => {
    expect(sources).toContain(`'${code}'`);
    expect(tests).toContain(code);
    expect(table).toContain(`\`${code}\``);
  });
});
