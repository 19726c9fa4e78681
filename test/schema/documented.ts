/** The profiles in the documents: JSON blocks, and object literals of the code, with what a program would fill in. */
import { Script } from 'node:vm';
import ts from 'typescript';
import { sampleOAuth2Settings, wellKnownServer } from '../../src/index.js';
import { filesBelow, read } from '../project/sources.js';

/** A profile, and where it stands. */
export interface Documented {
  readonly place: string;
  readonly profile: unknown;
}

const needed = ['name', 'sender', 'server'];
const isProfile = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && needed.every((key) => Object.hasOwn(value, key));

/** A literal that holds functions, or needs values of the program around it, has no JSON form. */
function evaluated(text: string): unknown {
  try {
    const value: unknown = new Script(text).runInNewContext({ wellKnownServer, sampleOAuth2Settings });
    return JSON.stringify(value, (_key, part: unknown) => {
      if (typeof part === 'function') throw new TypeError('a function has no JSON form');
      return part;
    });
  } catch (error) {
    // Errors of the other realm have other classes.
    if (['ReferenceError', 'TypeError'].includes(String(Object(error).name))) return undefined;
    throw error;
  }
}

function literalsOf(code: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isObjectLiteralExpression(node)) {
      const names = node.properties.map((property) => property.name?.getText() ?? '');
      if (needed.every((name) => names.includes(name))) found.push(ts.transpile(`(${node.getText()})`));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('example.ts', code, ts.ScriptTarget.Latest, true));
  return found;
}

/** All of them. `skipped` are those that cannot be had without the program around them. */
export function documentedProfiles(): {
  readonly profiles: readonly Documented[];
  readonly skipped: readonly string[];
} {
  const profiles: Documented[] = [];
  const skipped: string[] = [];
  const pages = ['README.md', ...filesBelow('docs', '.md')];
  const programs = filesBelow('docs/examples', '').filter(
    (path) => /\.(?:ts|mjs|cjs)$/.test(path) && !path.includes('node_modules'),
  );
  const blocks = pages.flatMap((path) =>
    [...read(path).matchAll(/^```(ts|js|json)\n([\s\S]*?)^```/gm)].map(([, kind = '', text = '']) => ({
      path,
      kind,
      text,
    })),
  );
  for (const { path, kind, text } of [
    ...blocks,
    ...programs.map((name) => ({ path: name, kind: 'ts', text: read(name) })),
  ]) {
    if (kind === 'json') {
      const value: unknown = JSON.parse(text);
      if (isProfile(value)) profiles.push({ place: path, profile: value });
      continue;
    }
    for (const literal of literalsOf(text)) {
      const json = evaluated(literal);
      if (typeof json === 'string') profiles.push({ place: path, profile: JSON.parse(json) });
      else skipped.push(path);
    }
  }
  return { profiles, skipped };
}
