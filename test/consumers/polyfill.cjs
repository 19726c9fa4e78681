// With an AbortController of a package in place of Node's own: `node polyfill.cjs PACKAGE`.
const own = globalThis.AbortController;
// Node loads its fetch at the first use of this name, and needs its own AbortSignal then.
void globalThis.Request;
delete globalThis.AbortController;
delete globalThis.AbortSignal;
require(process.argv[2]);
if ([undefined, own].includes(globalThis.AbortController)) throw new Error(`${process.argv[2]} has no AbortController`);
require('./commonjs.cjs');
