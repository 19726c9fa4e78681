/**
 * The rules of docs/design/architecture.md: a file imports from its own folder and from levels below.
 * @module
 */
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, importsOf, read } from './sources.js';

const levels: readonly (readonly string[])[] = [
  ['model', 'util'],
  ['errors'],
  ['async', 'schema', 'logging', 'address'],
  ['system', 'sasl'],
  ['mime', 'smtp', 'profile'],
  ['net', 'store'],
  ['oauth2', 'kerberos', 'pki', 'sinks'],
  ['smime', 'connection'],
  ['compose', 'protection'],
  ['transport'],
  ['mailer', 'testing'],
  ['nodemailer'],
  ['.'],
  ['cli'],
];
const levelOf = new Map(levels.flatMap((folders, level) => folders.map((folder) => [folder, level] as const)));
const folderOf = (path: string): string => path.replace(/^src\//, '').match(/^([^/]+)\//)?.[1] ?? '.';
const sources = filesBelow('src', '.ts');

/** Built-ins that only these folders may use. */
const networkModules = /^node:(net|tls|dns|dns\/promises|dgram|http|https)$/;
const networkFolders = new Set(['net', 'testing']);
/** The one exception: its sockets are files, and reach no network. */
const lockSocket = 'src/system/lock-socket.ts';
/** The one file that loads the libraries of run time. */
const asn1Loader = 'src/pki/library.ts';
const modelHasCode =
  /^(?!\s*(\*|\/\/|\/\*|import type|export type|export interface|export \{|\}|readonly|\||$))\s*(const|let|function|class|export (const|function|class))\b/m;

describe('architecture', () => {
  it('finds the sources', () => {
    expect(sources.length).toBeGreaterThan(50);
  });

  it.each(sources)('%s imports downwards only', (path) => {
    const folder = folderOf(path);
    const level = levelOf.get(folder);
    expect(level, `src/${folder} is not in docs/design/architecture.md`).toBeDefined();
    for (const { specifier } of importsOf(read(path))) {
      if (!specifier.startsWith('.')) continue;
      const target = folderOf(posix.normalize(posix.join(posix.dirname(path), specifier)));
      if (target === folder) continue;
      expect(levelOf.get(target), `${path} imports ${specifier}`).toBeLessThan(level ?? 0);
    }
  });

  it.each(sources)('%s imports allowed modules only', (path) => {
    const folder = folderOf(path);
    for (const { specifier, typeOnly, dynamic } of importsOf(read(path))) {
      if (specifier.startsWith('.')) {
        expect(specifier, path).toMatch(/\.js$/);
      } else if (specifier === 'asn1js' || specifier === 'pkijs') {
        expect(path, `${path} imports ${specifier}`).toBe(asn1Loader);
        expect(typeOnly || dynamic, `${path} loads ${specifier} before it is used`).toBe(true);
      } else {
        expect(specifier, path).toMatch(/^node:/);
        if (!typeOnly && networkModules.test(specifier))
          expect(networkFolders.has(folder) || path === lockSocket, `${path} imports ${specifier}`).toBe(true);
      }
    }
  });

  it('keeps the SMTP protocol free of I/O, promises and timers', () => {
    for (const path of sources.filter((source) => folderOf(source) === 'smtp')) {
      expect(
        importsOf(read(path)).filter(({ specifier }) => specifier.startsWith('node:')),
        path,
      ).toEqual([]);
      expect(read(path), path).not.toMatch(/\bPromise\b|\basync\b|\bsetTimeout\b/);
    }
  });

  it('keeps the model free of code', () => {
    for (const path of sources.filter((source) => folderOf(source) === 'model'))
      expect(read(path), path).not.toMatch(modelHasCode);
  });

  it('builds the interface of nodemailer on public names, types and the kit for checks alone', () => {
    const published = new Set(importsOf(read('src/index.ts')).map(({ specifier }) => `src/${specifier.slice(2)}`));
    const outside = sources
      .filter((path) => folderOf(path) === 'nodemailer')
      .flatMap((path) =>
        importsOf(read(path))
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(({ specifier }) => posix.normalize(posix.join(posix.dirname(path), specifier))),
      )
      .filter((path) => !/^src\/(?:nodemailer|model|schema|util|errors)\//.test(path) && !published.has(path));
    expect(outside).toEqual([]);
  });

  it('has no file of more than 500 lines', () => {
    const long = sources.filter((path) => read(path).split('\n').length > 500);
    expect(long).toEqual([]);
  });

  it('has no folder of more than fifteen files', () => {
    const counts = new Map<string, number>();
    for (const path of sources) counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > 15)).toEqual([]);
  });

  it('has the tests of a folder in the folder of that name below test/unit', () => {
    const folders = new Set(sources.map((path) => posix.dirname(path).replace(/^src/, 'test/unit')));
    const tests = filesBelow('test/unit', '.ts');
    expect(tests.length).toBeGreaterThan(50);
    expect(tests.filter((path) => !folders.has(posix.dirname(path)))).toEqual([]);
  });

  it('names files in kebab-case', () => {
    expect(sources.filter((path) => !/^src\/(?:[a-z0-9-]+\/)*[a-z0-9]+(?:-[a-z0-9]+)*\.ts$/.test(path))).toEqual([]);
  });

  it('has no any, enum, default export or suppressed error', () => {
    for (const path of sources) {
      const code = read(path)
        .replace(/\/\*[\s\S]*?\*\//g, '')
        .replace(/\/\/.*$/gm, '')
        .replace(/'[^'\n]*'/g, "''");
      expect(code, path).not.toMatch(
        /[:<,|(]\s*any\b(?!\s*\()|\bas any\b|^\s*(?:export )?(?:const )?enum |\bexport default\b/m,
      );
      expect(read(path), path).not.toMatch(/@ts-(ignore|nocheck|expect-error)|eslint-disable/);
    }
  });

  it('reads files and runs programs in one folder, the content of messages aside', () => {
    const importing = (pattern: RegExp) =>
      sources.filter((path) =>
        importsOf(read(path)).some(({ specifier, typeOnly }) => !typeOnly && pattern.test(specifier)),
      );
    const outside = (paths: readonly string[]) => paths.filter((path) => folderOf(path) !== 'system');
    expect(outside(importing(/^node:child_process$/))).toEqual([]);
    const opening = /\b(open|openSync|readFile|readFileSync|createReadStream)\b[^;]*\} from 'node:fs(\/promises)?'/;
    const readers = outside(sources.filter((path) => opening.test(read(path))));
    expect(readers.filter((path) => !path.startsWith('src/compose/content/'))).toEqual([]);
  });

  it('spells each object identifier in one file', () => {
    const spelt = new Map<string, Set<string>>();
    for (const path of sources)
      for (const [, identifier = ''] of read(path).matchAll(/['"`]([012](?:\.(?:0|[1-9]\d*)){3,})['"`]/g))
        if (!/^\d+\.\d+\.\d+\.\d+$/.test(identifier) || identifier.startsWith('2.5.'))
          spelt.set(identifier, (spelt.get(identifier) ?? new Set()).add(path));
    expect(spelt.size).toBeGreaterThan(100);
    expect([...spelt].filter(([, files]) => files.size > 1)).toEqual([]);
  });

  it('asks no value for a class that another realm or library has its own of', () => {
    const classes =
      /\binstanceof (Uint8Array|Buffer|ArrayBuffer|Date|Error|Blob|URL|AbortSignal|EventTarget|Map|RegExp)\b/;
    const made = new Map(sources.map((path) => [path, read(path).match(classes)?.[0]]));
    expect([...made].filter(([, found]) => found !== undefined)).toEqual([]);
  });

  it('describes each file above its imports, so that an editor shows the description of the file alone there', () => {
    const head = /^\/\*\*\n(?: \*.*\n)*? \* @(?:module|packageDocumentation)\n \*\/\n/;
    expect(sources.filter((path) => !head.test(read(path)))).toEqual([]);
  });

  it('leaves nothing open', () => {
    for (const path of [...sources, ...filesBelow('test', '.ts')].filter((file) => !file.startsWith('test/project/'))) {
      expect(read(path), path).not.toMatch(/\b(TODO|FIXME|XXX)\b|\b(it|describe|test)\.(skip|only|todo)\b/);
    }
  });
});
