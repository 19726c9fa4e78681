/**
 * Rules about the syntax and the comments of the sources: circles, parameters, casts, listeners, words.
 * @module
 */
import { posix } from 'node:path';
import type ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { compiler } from '../support/compiler.js';
import { filesBelow, importsOf, read } from './sources.js';

const sources = filesBelow('src', '.ts');
const trees = new Map(
  sources.map(
    (path) => [path, compiler.createSourceFile(path, read(path), compiler.ScriptTarget.Latest, true)] as const,
  ),
);

/** Each node of this kind in all sources, with its place as `path:line`. */
function nodesOf<T extends ts.Node>(is: (node: ts.Node) => node is T): readonly { place: string; node: T }[] {
  const found: { place: string; node: T }[] = [];
  for (const [path, tree] of trees) {
    const visit = (node: ts.Node): void => {
      if (is(node)) {
        const { line } = tree.getLineAndCharacterOfPosition(node.getStart());
        found.push({ place: `${path}:${line + 1}`, node });
      }
      compiler.forEachChild(node, visit);
    };
    visit(tree);
  }
  return found;
}

/** The comments of a file that begin a line, as text without their marks. */
function commentsOf(path: string): readonly string[] {
  const blocks = read(path).match(/^ *\/\*\*[^]*?\*\/|(?:^ *\/\/.*\n)+/gm) ?? [];
  return blocks.map((block) =>
    block
      .replace(/^ *(?:\/\*\*|\*\/|\*|\/\/)|\*\/$/gm, '')
      .replace(/\s+/g, ' ')
      .trim(),
  );
}

/** Files that import themselves through static imports, types included. */
function circles(): readonly string[] {
  const imports = new Map(
    sources.map((path) => [
      path,
      importsOf(read(path))
        .filter(({ specifier, dynamic }) => specifier.startsWith('.') && !dynamic)
        .map(({ specifier }) => posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')),
    ]),
  );
  const reaches = (from: string): boolean => {
    const seen = new Set<string>();
    const waiting = [...(imports.get(from) ?? [])];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (path === from) return true;
      if (!seen.has(path)) waiting.push(...(imports.get(path) ?? []));
      seen.add(path);
    }
    return false;
  };
  return sources.filter(reaches);
}

describe('the house', () => {
  it('has no circle of files', () => {
    expect(circles()).toEqual([]);
  });

  it('has no function over five parameters', () => {
    const functions = nodesOf(compiler.isFunctionLike);
    expect(functions.length).toBeGreaterThan(1000);
    expect(functions.filter(({ node }) => node.parameters.length > 5).map(({ place }) => place)).toEqual([]);
  });

  it('has fewer than a hundred casts, and none of the kind that takes undefined away', () => {
    const isConst = ({ type }: ts.AsExpression): boolean =>
      compiler.isTypeReferenceNode(type) && type.typeName.getText() === 'const';
    const casts = nodesOf(compiler.isAsExpression).filter(({ node }) => !isConst(node));
    expect(casts.map(({ place, node }) => `${place} ${node.getText()}`).length).toBeLessThan(100);
    expect(nodesOf(compiler.isNonNullExpression).map(({ place }) => place)).toEqual([]);
  });

  it('names the subject of each comment, and does not personify code', () => {
    const personified =
      /\b(nobody|whoever|somebody|anybody|everybody|concerns|hears? of|of ours|mends?|mended|is none of)\b/i;
    const headless = /^(?:What|Who|Whoever|Where|Of|Those|Discriminant)\b(?![^.:]*\?)/;
    const programs = ['src', 'test', 'docs'].flatMap((folder) =>
      filesBelow(folder, '.ts').concat(filesBelow(folder, '.mjs')),
    );
    const comments = programs.flatMap((path) => commentsOf(path).map((comment) => ({ path, comment })));
    expect(comments.length).toBeGreaterThan(4000);
    const found = comments.filter(({ comment }) => personified.test(comment) || headless.test(comment));
    expect(found).toEqual([]);
  });

  it('listens for aborts in one room', () => {
    const listening = sources.filter((path) => /addEventListener\(\s*'abort'/.test(read(path)));
    expect(listening).toEqual(['src/async/on-abort.ts']);
  });

  it('imports what environments such as the jsdom of Jest do not have, and takes timers for numbers', () => {
    const lacking = /^(TextDecoder|TextEncoder|setImmediate|structuredClone|ReadableStream|MessageChannel)$/;
    const isUse = (node: ts.Node): node is ts.CallExpression | ts.NewExpression =>
      compiler.isCallExpression(node) || compiler.isNewExpression(node);
    const uses = nodesOf(isUse).filter(({ node }) => lacking.test(node.expression.getText()));
    const global = uses.filter(({ place, node }) => {
      const imported = new RegExp(`^import \\{[^}]*\\b${node.expression.getText()}\\b[^}]*\\} from 'node:`, 'm');
      return !imported.test(read(place.replace(/:\d+$/, '')));
    });
    expect(uses.length).toBeGreaterThan(5);
    expect(global.map(({ place }) => place)).toEqual([]);
    const methods = nodesOf(compiler.isPropertyAccessExpression).filter(
      ({ node }) => node.name.text === 'unref' && /^set(Timeout|Interval)\(/.test(node.expression.getText()),
    );
    expect(methods.map(({ place }) => place)).toEqual([]);
  });
});
