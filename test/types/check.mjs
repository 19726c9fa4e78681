/**
 * `npm run test:types` checks the declarations of the built package as a consumer's compiler does: under each kind of
 * module resolution, without `skipLibCheck`, and from ES modules and CommonJS.
 * @module
 */
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const compiler = createRequire(import.meta.url)('typescript');
const root = fileURLToPath(new URL('../..', import.meta.url));
const consumer = mkdtempSync(join(realpathSync(tmpdir()), 'sealpost-types-'));
const modules = join(consumer, 'node_modules');
const installed = join(modules, 'sealpost');

const program = `
import { createMailer, defineProfile, isEmailError, type SendResult } from 'sealpost';
import { verify } from 'sealpost/smime';
import { TestSmtpServer } from 'sealpost/testing';
import * as nodemailer from 'sealpost/nodemailer';
export const transporter: nodemailer.Transporter = nodemailer.createTransport('smtp://localhost');
export async function main(): Promise<SendResult | undefined> {
  await using server = await TestSmtpServer.start();
  await verify(new Uint8Array()).catch(() => undefined);
  const profile = defineProfile({ name: 'p', sender: { email: 'a@b.c' }, server: { host: server.host, port: server.port } });
  const mailer = createMailer(profile);
  try { return await mailer.send({ to: 'x@y.z', text: 'hi' }); } catch (error) { if (isEmailError(error)) return undefined; throw error; }
}
`;
/** A package whose types are all `any` would take this program. */
const wrong = `
import { createMailer } from 'sealpost';
createMailer({ name: 7 });
`;

/** Settings of a consumer, and the endings of its files. */
const consumers = {
  nodenext: [{ module: 'nodenext', moduleResolution: 'nodenext' }, ['mts', 'cts']],
  bundler: [{ module: 'esnext', moduleResolution: 'bundler' }, ['mts']],
  // TypeScript 6 warns about node10, which older projects have.
  node10: [{ module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0' }, ['ts']],
};

/** The diagnostics of a program, without those in the libraries of TypeScript and Node. */
function problemsOf(files, settings) {
  const { options, errors } = compiler.convertCompilerOptionsFromJson(
    {
      strict: true,
      skipLibCheck: false,
      noEmit: true,
      target: 'ES2023',
      lib: ['ES2023', 'ESNext.Disposable'],
      types: ['node'],
      exactOptionalPropertyTypes: true,
      ...settings,
    },
    consumer,
  );
  const host = { ...compiler.createCompilerHost(options), getCurrentDirectory: () => consumer };
  const built = compiler.createProgram(files, options, host);
  const checked = built
    .getSourceFiles()
    .filter((file) => !built.isSourceFileDefaultLibrary(file) && !/@types\/node\/|undici-types\//.test(file.fileName));
  if (!checked.some(({ fileName }) => fileName.startsWith(installed)))
    throw new Error('No declaration of the package was read');
  return [
    ...errors,
    ...built.getOptionsDiagnostics(),
    ...built.getGlobalDiagnostics(),
    ...checked.flatMap((file) => [...built.getSyntacticDiagnostics(file), ...built.getSemanticDiagnostics(file)]),
  ].map(
    ({ file, messageText }) => `${file?.fileName ?? ''} ${compiler.flattenDiagnosticMessageText(messageText, ' ')}`,
  );
}

const failures = [];
try {
  mkdirSync(installed, { recursive: true });
  for (const name of ['package.json', 'dist']) cpSync(join(root, name), join(installed, name), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (!name.startsWith('.') && name !== 'sealpost')
      symlinkSync(join(root, 'node_modules', name), join(modules, name));
  for (const [name, [settings, endings]] of Object.entries(consumers)) {
    const written = (base, text) =>
      endings.map((ending) => {
        const file = join(consumer, `${base}.${ending}`);
        writeFileSync(file, text);
        return file;
      });
    failures.push(...problemsOf(written('program', program), settings).map((problem) => `${name}: ${problem}`));
    if (problemsOf(written('wrong', wrong), settings).length !== endings.length)
      failures.push(`${name}: a wrong program has another number of problems than one for each file`);
    console.log(`${name}: ${endings.map((ending) => `.${ending}`).join(' and ')} checked`);
  }
  for (const name of readdirSync(join(installed, 'dist')))
    if (/\.d\.c?ts$/.test(name) && /from '(?:pkijs|asn1js)'/.test(readFileSync(join(installed, 'dist', name), 'utf8')))
      failures.push(`${name} shows a type of pkijs or asn1js`);
} finally {
  rmSync(consumer, { recursive: true, force: true });
}
for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 ? 0 : 1;
