// An earlier build of sealpost, from the checkout in the environment variable BEFORE: `--adapters before,ours` compares
// the two.
if (!process.env.BEFORE) throw new Error('BEFORE names the checkout with the earlier build');
process.env.SEALPOST = `${process.env.BEFORE}/dist/index.js`;
export const name = 'before';
export const version = 'earlier build';
export const { createClient, compose } = await import('./ours.mjs');
