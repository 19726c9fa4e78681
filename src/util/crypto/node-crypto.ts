/**
 * node:crypto for code of the main entry.
 * @module
 */
let loaded: typeof import('node:crypto') | undefined;

/** node:crypto, for code of the main entry: loaded with the first message, for it takes a fifth of the time of importing all the rest. */
export function nodeCrypto(): typeof import('node:crypto') {
  return (loaded ??= process.getBuiltinModule('node:crypto'));
}
