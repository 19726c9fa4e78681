/**
 * Parses the challenges of Proxy-Authenticate (RFC 9110 section 11.6.1). There may be several in one field or in
 * several, each with a token or with parameters.
 * @module
 */

/** A challenge that a proxy offers. */
export interface HttpChallenge {
  /** The scheme in lower case. */
  readonly scheme: string;
  /** The token after the scheme, of NTLM and Negotiate; empty if there is none. */
  readonly token: string;
  /** Parameters by name in lower case. Quoted values are without quotes and backslashes, one character per octet. */
  readonly parameters: ReadonlyMap<string, string>;
}

const name = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const separators = /[ \t,]*/y;
const parameter = new RegExp(`(${name})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s,"]+))[ \\t]*(?=,|$)`, 'y');
const scheme = new RegExp(`(${name})(?=[ \\t,]|$)`, 'y');
const token68 = /[ \t]+([A-Za-z0-9._~+/-]+=*)[ \t]*(?=,|$)/y;

/** The challenges of all fields, in order. A field is read up to the first malformed place. */
export function parseChallenges(fields: readonly string[]): readonly HttpChallenge[] {
  return fields.flatMap(challengesOf);
}

function challengesOf(field: string): readonly HttpChallenge[] {
  const challenges: { scheme: string; token: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(field);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (next(separators); at < field.length; next(separators)) {
    const current = challenges.at(-1);
    const pair = current === undefined ? null : next(parameter);
    const [, key = '', quoted, plain = ''] = pair ?? [];
    if (pair !== null) {
      const value = quoted?.replace(/\\(.)/g, '$1') ?? plain;
      if (current?.parameters.has(key.toLowerCase()) === false) current.parameters.set(key.toLowerCase(), value);
      continue;
    }
    const word = next(scheme)?.[1];
    if (word === undefined) break;
    challenges.push({ scheme: word.toLowerCase(), token: next(token68)?.[1] ?? '', parameters: new Map() });
  }
  return challenges;
}
