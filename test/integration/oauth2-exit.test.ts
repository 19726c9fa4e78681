/**
 * A process that closes its mailer by force during a token refresh ends, although the refresh is not over.
 * @module
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestSmtpServer } from '../../src/testing.js';
import { bundle } from '../support/bundle.js';
import { startFakeProvider } from '../support/fake-provider.js';

const scratch = mkdtempSync(join(tmpdir(), 'sealpost-oauth-exit-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const programSource = `
import { createMailer, openProfileStore } from './index.mjs';
const [port, tokenUrl, file] = process.argv.slice(2);
const profileStore = file === '' ? undefined : await openProfileStore({ file, key: new Uint8Array(32).fill(1) });
const mailer = createMailer({
  name: 'x',
  sender: { email: 'ann@example.com' },
  server: { host: '127.0.0.1', port: Number(port), security: 'none' },
  authentication: { method: 'xoauth2', username: 'ann', allowPlaintext: true },
  oauth2: { clientId: 'c', tokenUrl, refreshToken: 'r' },
}, { profileStore });
const sent = mailer.send({ to: 'bob@example.org', text: 'x' }).catch((error) => error.code);
for await (const _ of process.stdin) break;
await mailer.close({ force: true });
console.log(await sent);
`;
let program: string;
beforeAll(async () => {
  const modules = await bundle({ index: 'src/index.ts' });
  program = join(modules, 'program.mjs');
  writeFileSync(program, programSource);
});

// The deadline of the refresh is 30 s, and that of this test is shorter.
it.each(['in memory', 'in a profile store'])('with its tokens %s', async (where) => {
  let asked: () => void = () => {};
  const asking = new Promise<void>((resolve) => (asked = resolve));
  await using provider = await startFakeProvider({ '/token': () => () => asked() });
  await using smtp = await TestSmtpServer.start({ security: 'none', users: { ann: 'token' } });
  const file = where === 'in memory' ? '' : join(scratch, 'store');
  const args = [program, String(smtp.port), `${provider.origin}/token`, file];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'exit');
  await asking;
  child.stdin.end('go\n');
  expect(await ended).toEqual([0, null]);
  expect(output.trim()).toBe('ERR_CLOSED');
});
