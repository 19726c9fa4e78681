/**
 * Each command of README, guides, references and examples is run by a step of `.ci/run` or by a test, or stands here
 * with the reason why it is not.
 */
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesBelow, read } from './sources.js';

interface Command {
  readonly path: string;
  readonly text: string;
}

/** A command is run by a file, which has the text `by`; or there is a reason why no test runs it. */
type Way = { readonly file: string; readonly by: string } | { readonly reason: string };

const examples = filesBelow('docs/examples', 'package.json');
const documents = ['README.md', ...filesBelow('docs', '.md')];
const programs = /^(?:[A-Z_]+=\S+ )*(?:npm|npx|node|bash|sh|sealpost) \S/;
/** Languages of blocks that hold no commands; in `text` those behind `$ ` are commands. */
const otherLanguages = ['ts', 'js', 'json', 'text', 'ini', 'sql', 'xml'];

const guides = (by: string): Way => ({ file: 'test/consumers/guides.test.mjs', by });
const contact: Way = { file: 'test/examples/contact.test.mjs', by: 'The commands of its README' };
const queue: Way = {
  file: 'docs/examples/queue-worker/queue-worker.test.mjs',
  by: 'one of the commands of its README',
};
const microsoft365: Way = { reason: 'needs an account of an administrator of Microsoft 365' };

/** Scripts of package.json have a row only where `.ci/run` does not run them. */
const rows: readonly (readonly [command: string | RegExp, way: Way])[] = [
  ['npm init -y', guides("commandsOf('docs/guide/getting-started.md')")],
  ['npm install --save-dev typescript @types/node', guides("commandsOf('docs/guide/getting-started.md')")],
  ['npm install sealpost', guides("commandsOf('docs/guide/getting-started.md')")],
  ['node send.mjs', guides('shell(`node ${name}`)')],
  ['npx sealpost', guides("'npx sealpost --help'")],
  [/^(?:df -h \| )?npx sealpost (?:send|test) /, guides("blockOf('docs/guide/command-line.md', 'sh')")],
  [/^sealpost (?:send|test) --server localhost:9887\b/, guides("blockOf('docs/guide/command-line.md', 'text')")],
  [/^sealpost (?:test|send)(?: --server)? …/, { reason: 'is shortened; the session below it has it whole' }],
  [
    'node node_modules/sealpost/docs/examples/settings-page/server.mjs --demo',
    { file: 'test/settings-page/command.test.mjs', by: "start(t, '--demo')" },
  ],
  [/^(?:Connect-ExchangeOnline|Get-TransportConfig|Set-CASMailbox|Add-RecipientPermission)\b/, microsoft365],
  [/^(?:New-ServicePrincipal|Add-MailboxPermission|Set-Mailbox|New-Management\w+)\b/, microsoft365],
  [/^Test-ServicePrincipalAuthorization\b/, microsoft365],
  [/^curl .* localhost:3000\/contact$/, contact],
  ['MAIL_PROFILE=profile.json npm start', contact],
  ['MAIL_PROFILE=profile.json ATTACHMENTS=/srv/attachments npm start', queue],
  [/^npm run (?:held|progress)\b/, queue],
  [/^node docs\/examples\/first-day\//, { file: 'test/project/package.test.ts', by: 'const programs' }],
  [
    'node docs/examples/settings-page/server.mjs --demo',
    { file: 'test/settings-page/command.test.mjs', by: "start(t, '--demo')" },
  ],
  ['node --test', { file: 'docs/examples/testing-node/package.json', by: '"test": "node --test"' }],
  [/^npx vitest run --config test\/vitest\.config\.ts test\//, { file: 'package.json', by: 'vitest run --config' }],
  [/^bash test\/interop\/run\.sh test\/interop\//, { file: 'package.json', by: 'bash test/interop/run.sh' }],
  ['node docs/generate/errors.mjs', { file: 'test/project/errors-page.test.ts', by: 'docs/generate/errors.mjs' }],
  [
    /^npx --package=wabt@1 wat2wasm |^base64 -w 112 vectors\.wasm/,
    { reason: 'comes from npm; vectors.test.ts holds the digests of its output' },
  ],
  ['npm publish', { reason: 'needs an account of npm' }],
  ['npm run format', { reason: 'changes the sources; the step "format" runs it with --check' }],
  ['npm run coverage', { reason: 'takes 10 minutes; the step "coverage" runs it for some folders' }],
  ['npm run bench', { reason: 'takes an hour of a quiet machine' }],
  ['LOAD=3 npm run bench', { reason: 'takes an hour of a quiet machine' }],
  ['npm run test:load', { reason: 'takes ten times as long as npm test, and sets the time of the machine' }],
  ['node test/mutation/run.mjs', { reason: 'takes hours' }],
];

/** Commands of one document, as they are written. */
function commandsOf(path: string): readonly Command[] {
  const text = read(path);
  const fence = /^( *)```(\w*)\n([^]*?)^\1```$/gm;
  const blocks = [...text.matchAll(fence)].flatMap(([, , language = '', code = '']) => {
    if (language === 'sh' || language === 'powershell') return linesOf(code);
    if (!otherLanguages.includes(language)) throw new Error(`${path}: a block of unknown language '${language}'`);
    return language === 'text' ? [...code.matchAll(/^\$ (.*)/gm)].map(([, line = '']) => line) : [];
  });
  const inline = [...text.replace(fence, '').matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...blocks, ...inline.filter((code) => programs.test(code))]
    .flatMap((line) => line.split(' && '))
    .filter((line) => line !== 'echo $?')
    .map((line) => ({ path, text: line }));
}

/** Lines without comments; of a `case` the line before it is the command. */
function linesOf(code: string): readonly string[] {
  return code
    .replace(/^case [^]*?^esac$/gm, '')
    .split('\n')
    .map((line) => line.replace(/(?:^|\s+)#\s.*$/, '').trim())
    .filter((line) => line !== '');
}

type Scripts = Readonly<Record<string, string>>;
const scriptsOf = (path: string): Scripts => (JSON.parse(read(path)) as { readonly scripts: Scripts }).scripts;
const scripts = scriptsOf('package.json');
const calls = (text: string, name: string): boolean =>
  new RegExp(`npm (?:run )?(?:--silent )?${name}(?![\\w:-])`).test(text);
const named = Object.keys(scripts).filter((name) => calls(read('.ci/run'), name));
/** Scripts that `.ci/run` runs, itself or by another script. */
const steps = Object.keys(scripts).filter(
  (name) => named.includes(name) || named.some((caller) => calls(scripts[caller] ?? '', name)),
);

function isStep({ text }: Command): boolean {
  const [, name = ''] = /^npm (?:run )?([\w:]+)(?: -- .*)?$/.exec(text) ?? [];
  return steps.includes(name) || (name === 'ci' && calls(read('.ci/run'), name));
}

/** Is it a script of the example that has the document? test/examples.sh runs `install`, `build` and `test` of each. */
function isOfExample({ path, text }: Command): boolean {
  const manifest = `${dirname(path)}/package.json`;
  const [, name = ''] = /^npm (?:run )?(install|build|test)$/.exec(text) ?? [];
  return name !== '' && examples.includes(manifest) && (name === 'install' || scriptsOf(manifest)[name] !== undefined);
}

const found = documents.flatMap(commandsOf);
const fits = (row: string | RegExp, { text }: Command): boolean =>
  typeof row === 'string' ? row === text : row.test(text);

describe('the commands of the documents', () => {
  it('are found', () => {
    expect(found.length).toBeGreaterThan(60);
  });

  it('have a step, a test or a reason each', () => {
    const open = found.filter(
      (command) => !isStep(command) && !isOfExample(command) && !rows.some(([row]) => fits(row, command)),
    );
    expect(open).toEqual([]);
  });

  it.each(rows)('%s is run as its row says', (row, way) => {
    expect(found.filter((command) => fits(row, command))).not.toEqual([]);
    if ('file' in way) expect(read(way.file)).toContain(way.by);
  });
});
