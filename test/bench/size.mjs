// The size of the code that a plain send loads: createMailer and the SMTP transport with their static imports, minified
// and as one gzip stream. A message that is not plain also loads the composer.
//   node size.mjs [--max BYTES] [--list]      fails above --max; --list names the largest folders and files
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parseArgs } from './lib/util.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const args = parseArgs();
// tsup depends on esbuild.
const require = createRequire(createRequire(path.join(root, 'package.json')).resolve('tsup'));
const { build } = require('esbuild');

const mailer =
  "export { createMailer } from './src/index.js'; export { createSmtpTransport } from './src/mailer/create-transport.js';";
const composer = "export { Composer } from './src/compose/composer.js';";
const measure = async (entry) => {
  const { metafile, outputFiles } = await build({
    stdin: { contents: entry, resolveDir: root },
    absWorkingDir: root,
    outdir: path.join(root, 'dist'),
    write: false,
    metafile: true,
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
  });
  const { outputs } = metafile;
  const loaded = new Set();
  const load = (name) => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const { kind, external, path: imported } of outputs[name].imports)
      if (kind === 'import-statement' && external !== true) load(imported);
  };
  load(Object.keys(outputs).find((name) => outputs[name].entryPoint === '<stdin>'));
  const contents = new Map(outputFiles.map((file) => [path.relative(root, file.path), file.contents]));
  const code = Buffer.concat([...loaded].map((name) => contents.get(name)));
  return { code, size: gzipSync(code, { level: 9 }).length, outputs, loaded };
};
const { code, size, outputs, loaded } = await measure(mailer);
const any = await measure(mailer + composer);

if (args.list) {
  const sums = new Map();
  for (const name of loaded)
    for (const [file, { bytesInOutput }] of Object.entries(outputs[name].inputs)) {
      const place = file.split('/').slice(0, 3).join('/');
      sums.set(place, (sums.get(place) ?? 0) + bytesInOutput);
    }
  for (const [place, bytes] of [...sums].sort((a, b) => b[1] - a[1]).slice(0, 40))
    console.log(String(bytes).padStart(7), place);
}
console.log(`a plain send loads ${code.length} bytes of minified code, ${size} bytes as gzip`);
console.log(`a message of any kind loads ${any.code.length} bytes of minified code, ${any.size} bytes as gzip`);
if (args.max !== undefined && size > Number(args.max)) {
  console.error(
    `more than the ${args.max} that package.json allows (npm run size -- --list shows what it consists of)`,
  );
  process.exitCode = 1;
}
