/** Titles, descriptions and names of types, from the declarations of src/model. */
import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../root.mjs';

const acronyms = new Map(
  ['CA', 'DKIM', 'DN', 'ID', 'KDC', 'LDAP', 'TLS', 'URI', 'URL'].map((word) => [word.toLowerCase(), word]),
);
const names = { smime: 'S/MIME', oauth2: 'OAuth 2.0', replyTo: 'Reply-To', krb5ConfFile: 'krb5.conf' };

/** The title of a key: `Envelope from` for `envelopeFrom`. */
export function titleOf(key) {
  if (names[key] !== undefined) return names[key];
  const words = key
    .replace(/^OAuth2|^Smime/, '')
    .split(/(?=[A-Z])/)
    .map((word) => word.toLowerCase());
  const [first, ...others] = words.map((word) => (word === 'ms' ? '(ms)' : (acronyms.get(word) ?? word)));
  const begin = key.startsWith('OAuth2') ? 'OAuth 2.0' : key.startsWith('Smime') ? 'S/MIME' : undefined;
  if (begin !== undefined) return [begin, first, ...others].join(' ');
  return [first[0].toUpperCase() + first.slice(1), ...others].join(' ');
}

/** The declarations of a profile, traversed in parallel with its schema. */
export class Described {
  #checker;
  #root;

  constructor(path) {
    const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const program = ts.createProgram([join(root, path)], { ...options, types: [] });
    this.#checker = program.getTypeChecker();
    const source = program.getSourceFile(join(root, path));
    const declaration = source.statements.find(
      (statement) => ts.isInterfaceDeclaration(statement) && statement.name.text === 'EmailProfile',
    );
    this.#root = this.#checker.getTypeAtLocation(declaration);
  }

  /** The type of the whole profile. */
  get profile() {
    return { type: this.#root, name: 'EmailProfile', text: '' };
  }

  /** The members of a union that an object with these fields can be. `words` are the literals of a required field. */
  objects(type, fields, wordsOf) {
    const parts = (type.isUnion() ? type.types : [type]).filter(
      (part) => part.getFlags() & (ts.TypeFlags.Object | ts.TypeFlags.Intersection),
    );
    const keys = Object.keys(fields);
    const fits = (part) =>
      keys
        .filter((key) => fields[key].required)
        .every((key) => {
          const found = this.#typeOf(part, key);
          const words = wordsOf(fields[key].schema);
          if (found === undefined) return false;
          if (words === undefined || words.length === 0) return true;
          const literals = (found.isUnion() ? found.types : [found]).map(({ value }) => value);
          return words.some((word) => literals.includes(word));
        });
    const strangers = (part) => part.getProperties().filter(({ name }) => !keys.includes(name)).length;
    const fitting = parts.filter((part) => fits(part)).sort((a, b) => strangers(a) - strangers(b));
    return fitting.length > 0 ? fitting : parts;
  }

  /** The name of an interface; undefined for a type without a name. */
  nameOf(type) {
    const name = type.symbol?.name;
    return name === undefined || name.startsWith('__') ? undefined : name;
  }

  /** A field of one of the types: its type, the name of that type, and its doc comment. */
  field(types, key) {
    for (const type of types) {
      const symbol = this.#checker.getPropertyOfType(type, key);
      const found = this.#typeOf(type, key);
      if (symbol === undefined || found === undefined) continue;
      const node = symbol.declarations?.[0]?.type;
      return {
        type: found,
        name: node === undefined ? undefined : typeName(node.getText()),
        text: ts.displayPartsToString(symbol.getDocumentationComment(this.#checker)).replace(/\s+/g, ' ').trim(),
      };
    }
    return undefined;
  }

  /** The type of a list's items, or of one value of "one or many". */
  item(type) {
    for (const part of type.isUnion() ? type.types : [type]) {
      const item = this.#checker.getIndexTypeOfType(part, ts.IndexKind.Number);
      if (item !== undefined && !(part.getFlags() & ts.TypeFlags.StringLike)) return item;
    }
    return type;
  }

  /** undefined for a field of type `never`, which excludes the field. */
  #typeOf(type, key) {
    const symbol = this.#checker.getPropertyOfType(type, key);
    if (symbol === undefined) return undefined;
    const found = this.#checker.getNonNullableType(this.#checker.getTypeOfSymbol(symbol));
    return found.getFlags() & ts.TypeFlags.Never ? undefined : found;
  }
}

/** The name in `TlsSettings | undefined`, `readonly TlsSettings[]` and `TlsSettings | readonly TlsSettings[]`. */
function typeName(text) {
  const plain = text.replace(/\s*\|\s*undefined$/, '');
  return /^([A-Z]\w+)(?:\s*\|\s*readonly \1\[\])?$/.exec(plain)?.[1] ?? /^readonly ([A-Z]\w+)\[\]$/.exec(plain)?.[1];
}
