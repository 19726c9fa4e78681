/**
 * The commands of README and guides as they stand there, in an empty folder, with the packed package: in place of its name
 * npm gets the tarball. The texts are those in the package.
 * @module
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TestSmtpServer } from 'sealpost/testing';

const tarball = join(
  import.meta.dirname,
  readdirSync(import.meta.dirname).find((name) => /^sealpost-.*\.tgz$/.test(name)),
);
const folder = mkdtempSync(join(tmpdir(), 'sealpost-guides-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const read = (path) => readFileSync(join(import.meta.dirname, 'node_modules/sealpost', path), 'utf8');
/** The only block of a language in a document. */
function blockOf(path, language) {
  const blocks = [...read(path).matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))];
  assert.equal(blocks.length, 1, `${path}: ${blocks.length} blocks of ${language}`);
  return blocks[0][1];
}
const commandsOf = (path) =>
  [...read(path).matchAll(/^```sh\n([^]*?)\n```$/gm)].flatMap(([, code]) => code.split('\n'));

/** Runs a command by a shell. `script` gives it a terminal, on which `typed` is written once `question` is shown. */
async function shell(command, { env = {}, question, typed } = {}) {
  const [program, ...args] = question ? ['script', '-qefc', command, '/dev/null'] : ['bash', '-c', command];
  const path = `${join(folder, 'node_modules/.bin')}:${process.env.PATH}`;
  const child = spawn(program, args, { cwd: folder, env: { ...process.env, NO_COLOR: '1', ...env, PATH: path } });
  let output = '';
  let asks = question !== undefined;
  const note = (chunk) => {
    output += chunk;
    if (!asks || !output.includes(question)) return;
    asks = false;
    child.stdin.write(`${typed}\n`);
  };
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const [status] = await once(child, 'close');
  // On a terminal the progress stands in a line that is then removed.
  return { status, output: output.replaceAll('\r\n', '\n').replace(/\r?\u001b\[K(?:Testing .* …)?/g, '') };
}

let server;
before(async () => {
  for (const command of commandsOf('docs/guide/getting-started.md')) {
    const { status, output } = await shell(command.replace(/(?<=^npm install )sealpost$/, tarball));
    assert.equal(status, 0, `${command}: ${output}`);
  }
  server = await TestSmtpServer.start({
    users: { alice: 'secret' },
    replies: (verb, line) =>
      verb === 'RCPT' && line.includes('<reject@')
        ? '550 Recipient address rejected: this mailbox always rejects'
        : undefined,
  });
  writeFileSync(join(folder, 'ca.pem'), server.ca);
});
after(() => server?.close());

describe('a new user', () => {
  it('sends, signs and encrypts by the guide, and sees what a wrong password does', async () => {
    const outputs = {};
    for (const [, name, code] of read('docs/guide/getting-started.md').matchAll(
      /^```js\n\/\/ (\S+\.mjs)\n([^]*?)^```$/gm,
    )) {
      writeFileSync(join(folder, name), code);
      const { status, output } = await shell(`node ${name}`);
      assert.equal(status, 0, output);
      outputs[name] = output;
    }
    assert.deepEqual(Object.keys(outputs), ['send.mjs', 'check.mjs', 'secure.mjs']);
    assert.match(outputs['send.mjs'], /over TLS: true\n$/);
    assert.match(outputs['check.mjs'], /FAIL authenticate [^]*\nERR_AUTH_REJECTED not-delivered\n/);
    assert.match(outputs['secure.mjs'], /encrypted\nsigned by: shop@example\.com valid: true trusted: true\n$/);
  });

  it('compiles the first program of the README with the tsconfig.json of the guide', async () => {
    const [, code] = /^```ts\n([^]*?)^```$/m.exec(read('README.md'));
    writeFileSync(join(folder, 'send.mts'), code);
    writeFileSync(join(folder, 'tsconfig.json'), blockOf('docs/guide/getting-started.md', 'json'));
    assert.deepEqual(await shell('npx tsc --noEmit'), { status: 0, output: '' });
  });

  it('tests without a server by the README', async () => {
    const [, code] = /^```ts\n(import [^`]*MemoryTransport[^`]*)^```$/m.exec(read('README.md'));
    writeFileSync(join(folder, 'test.mjs'), code);
    assert.deepEqual(await shell('node test.mjs'), { status: 0, output: 'Welcome Hello Ann\n' });
  });
});

/** The labels of a report in their order, each once: what a line begins with, without times, numbers and names. */
function labelsOf(text) {
  const labels = text.split('\n').map((line) => {
    const [label] =
      /^(?:ok|FAIL) +\w+|^ +->|^The connection .*|^(?:accepted|refused) +[^ :]+|^\d{3} |^size limit|^Password of/.exec(
        line,
      ) ??
      /bytes in \d+ ms$/.exec(line) ??
      /^\S*/.exec(line);
    return label.replace(/ms$|\d+/g, '');
  });
  return [...new Set(labels)].filter((label) => label !== '');
}

describe('the guide to the command line', () => {
  it('has a help', async () => {
    const { status, output } = await shell('npx sealpost --help');
    assert.equal(status, 0, output);
    for (const [, command] of read('docs/guide/command-line.md').matchAll(/^\| `([a-z ]+)` \|/gm))
      assert.match(output, new RegExp(`^ +${command} `, 'm'));
  });

  it('has a script that sends, and reads the report of a test', async () => {
    const url = `smtp://alice:secret@${server.host}:${server.port}?sender.email=alice@example.com`;
    const authentication = { method: 'password', username: 'alice', password: 'secret' };
    const profile = { name: 'a', sender: { email: 'alice@example.com' }, server: server.settings, authentication };
    writeFileSync(join(folder, 'mail.json'), JSON.stringify(profile));
    const { status, output } = await shell(blockOf('docs/guide/command-line.md', 'sh'), {
      env: { MAIL_URL: url, NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') },
    });
    assert.equal(status, 0, output);
    assert.equal(server.messages.at(-1).subject, 'Disks');
    assert.match(server.messages.at(-1).text, /^Filesystem /);
    assert.ok(output.endsWith(`"\n`) && !output.includes('delivered'), output);
    assert.ok(Date.parse(output.trim().split('\n').at(-1).slice(1, -1)) > Date.now(), output);
  });

  it('has a session, which goes the same way with another server', async () => {
    const session = blockOf('docs/guide/command-line.md', 'text').split(/^\$ /m).slice(1);
    let last;
    for (const text of session) {
      const [, command, shown] = /^((?:.*\\\n)*.*)\n([^]*)$/.exec(text);
      if (command === 'echo $?') {
        assert.equal(`${last.status}\n`, shown);
        continue;
      }
      const [question] = /^Password of .*: /m.exec(shown) ?? [];
      const own = command.replace('localhost:9887', `localhost:${server.port}`);
      last = await shell(own, { env: { MAIL_PASSWORD: 'secret' }, question, typed: 'secret' });
      assert.deepEqual(labelsOf(last.output), labelsOf(shown), last.output);
    }
    assert.equal(session.length, 5);
  });
});
