import type * as Os from 'node:os';
import { expect, it, vi } from 'vitest';
import { createMailer } from '../../../src/mailer/create-mailer.js';
import { hasIpv6, hostName } from '../../../src/system/this-machine.js';
import { TestSmtpServer } from '../../../src/testing/server/test-smtp-server.js';

/** The error of Deno without `--allow-sys`. */
const refuse = vi.hoisted(() => (): never => {
  throw Object.assign(new Error('Requires sys access to "hostname"'), { name: 'NotCapable' });
});

vi.mock('node:os', async (importOriginal) => ({
  ...(await importOriginal<typeof Os>()),
  hostname: refuse,
  networkInterfaces: refuse,
}));

it('where the runtime does not tell the name of the machine, a send says its address in EHLO', async () => {
  expect([hostName(), hasIpv6()]).toEqual(['', false]);
  await using server = await TestSmtpServer.start({ security: 'none' });
  await using mailer = createMailer({
    name: 'x',
    sender: { email: 'ann@example.com' },
    server: { ...server.settings, host: 'localhost' },
  });
  await mailer.send({ to: 'bob@example.com', text: 'x' });
  expect(server.transcript).toContain('C: EHLO [127.0.0.1]');
});
