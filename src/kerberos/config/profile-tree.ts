/**
 * Parses the syntax of krb5.conf: sections, nested braces, values.
 * @module
 */
import { MalformedError } from '../errors.js';

/**
 * A section of krb5.conf: each name with its values, in the order of the files. A value is text or a further section.
 */
export type Section = Map<string, (string | Section)[]>;

/** The deepest nesting of sections; real files have three levels. */
const maxDepth = 20;

/** A text to parse, with a function for its `include` lines. */
export interface ProfileSource {
  readonly text: string;
  /** Reads the file or directory of an `include` or `includedir` line. */
  readonly include: (directive: 'include' | 'includedir', path: string) => Promise<void>;
}

/**
 * Parses krb5.conf text into `root` (the format of krb5.conf(5)): sections in brackets, `name = value`, `name = { … }`
 * nested up to 20 levels, comments on lines of their own, quoted values. Values of earlier texts come first.
 * MalformedError if a line does not fit.
 */
export async function parseProfile(root: Section, source: ProfileSource): Promise<void> {
  const open: Section[] = [];
  let awaited: string | undefined;
  let number = 0;
  for (const raw of source.text.split('\n')) {
    number++;
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const fail = (why: string): never => {
      throw new MalformedError(`line ${number} ${why}`);
    };
    if (open.length <= 1) {
      const directive = /^(includedir|include|module)\s+(\S.*)$/.exec(line);
      if (directive !== null) {
        const [, word, path = ''] = directive;
        // `module` lines are ignored: a module is native code.
        if (word === 'include' || word === 'includedir') await source.include(word, path);
        continue;
      }
    }
    if (awaited !== undefined) {
      if (line !== '{') fail(`does not open the section ${awaited}`);
      open.push(subsection(open.at(-1) ?? root, awaited));
      awaited = undefined;
      continue;
    }
    const section = /^\[([^\]]+)\]\*?$/.exec(line);
    if (section !== null) {
      if (open.length > 1) fail('begins a section inside braces');
      open.splice(0, open.length, subsection(root, (section[1] ?? '').trim()));
      continue;
    }
    const current = open.at(-1) ?? fail('comes before the first section');
    if (line === '}' || line === '}*') {
      if (open.length < 2) fail('closes a brace that was not opened');
      open.pop();
      continue;
    }
    const equals = line.indexOf('=');
    const name = line.slice(0, Math.max(0, equals)).trim().replace(/\*$/, '');
    if (equals < 0 || name === '' || /\s/.test(name)) fail('is neither a section, a comment nor name = value');
    const value = line.slice(equals + 1).trim();
    if (value === '') awaited = name;
    else if (value === '{') open.push(subsection(current, name));
    else append(current, name, value.startsWith('"') ? unquote(value) : value);
    if (open.length > maxDepth) fail(`is more than ${maxDepth} sections deep`);
  }
  if (awaited !== undefined || open.length > 1) throw new MalformedError('it ends inside braces');
}

function append(section: Section, name: string, value: string | Section): void {
  const values = section.get(name);
  if (values === undefined) section.set(name, [value]);
  else values.push(value);
}

function subsection(parent: Section, name: string): Section {
  const found = parent.get(name)?.find((value): value is Section => typeof value !== 'string');
  if (found !== undefined) return found;
  const made: Section = new Map();
  append(parent, name, made);
  return made;
}

function unquote(value: string): string {
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b' };
  const inside = /^"((?:[^"\\]|\\.)*)/.exec(value)?.[1] ?? '';
  return inside.replace(/\\(.)/g, (_, char: string) => escapes[char] ?? char);
}

/** The texts under a path of names, from all sections on that path. */
export function textsAt(root: Section, ...path: readonly string[]): string[] {
  return valuesAt(root, path).filter((value): value is string => typeof value === 'string');
}

/** The first section under a path of names; undefined if there is none. */
export function sectionAt(root: Section, ...path: readonly string[]): Section | undefined {
  return valuesAt(root, path).find((value): value is Section => typeof value !== 'string');
}

function valuesAt(root: Section, path: readonly string[]): readonly (string | Section)[] {
  let values: readonly (string | Section)[] = [root];
  for (const name of path)
    values = values.flatMap((value) => (typeof value === 'string' ? [] : (value.get(name) ?? [])));
  return values;
}
