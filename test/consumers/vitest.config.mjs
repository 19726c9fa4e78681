/**
 * With INLINE set, Vitest transforms the package as it does the files of the program, in place of leaving it to Node.
 * @module
 */
export default { test: { server: { deps: { inline: process.env.INLINE === undefined ? [] : ['sealpost'] } } } };
