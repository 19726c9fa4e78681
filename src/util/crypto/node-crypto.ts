/**
 * node:crypto for code of the main entry.
 * @module
 */
let loaded: typeof import('node:crypto') | undefined;

/**
 * node:crypto for code of the main entry. It is loaded with the first message, because loading it takes a fifth as long
 * as all other imports together.
 */
export function nodeCrypto(): typeof import('node:crypto') {
  return (loaded ??= process.getBuiltinModule('node:crypto'));
}
