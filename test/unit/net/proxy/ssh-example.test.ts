import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createMailer } from '../../../../src/mailer/create-mailer.js';
import type { Connector } from '../../../../src/model/settings/proxy.js';
import { createConnector } from '../../../../src/mailer/create-connector.js';
import { TestSmtpServer } from '../../../../src/testing/server/test-smtp-server.js';
import { FakeProxy } from './fake-proxy.js';

// The name is computed at run time because the example imports 'sealpost', which only the test of the documents
// resolves.
const example = new URL('../../../../docs/examples/ssh-connector.ts', import.meta.url).href;
const { createSshConnector } = (await import(/* @vite-ignore */ example)) as {
  createSshConnector: (jumpHost: string, command: readonly [string, ...string[]]) => Connector;
};
const fakeSsh = [
  process.execPath,
  fileURLToPath(new URL('../../../fixtures/proxy/fake-ssh.mjs', import.meta.url)),
] as const;

describe('the SSH connector of docs/examples', () => {
  test.each(['explicit', 'implicit'] as const)(
    'carries a message with security %s, large content and QUIT',
    async (security) => {
      await using server = await TestSmtpServer.start({ security: security === 'explicit' ? 'starttls' : 'implicit' });
      const profile = {
        name: 'by ssh',
        sender: { email: 'ann@example.com' },
        server: { host: 'localhost', port: server.port, security, tls: { ca: server.ca } },
      };
      await using mailer = createMailer(profile, { connector: createSshConnector('bastion.example', fakeSsh) });
      const text = 'A line of text.\n'.repeat(60_000);
      const { accepted } = await mailer.send({ to: 'bob@example.com', text });
      expect(accepted).toEqual(['bob@example.com']);
      const { content, secure } = await server.waitForMessage();
      expect([content.length > text.length, secure]).toEqual([true, true]);
    },
  );

  test.each([
    ['unknown.example', /Could not resolve hostname unknown.example/],
    ['bastion.example', /connect failed: connect ECONNREFUSED/],
  ])('through %s that fails, the error has the words of ssh', async (jumpHost, words) => {
    const closed = await FakeProxy.start(async () => undefined);
    const { port } = closed;
    await closed[Symbol.asyncDispose]();
    const profile = {
      name: 'by ssh',
      sender: { email: 'ann@example.com' },
      server: { host: '127.0.0.1', port, security: 'none' as const },
    };
    await using mailer = createMailer(profile, { connector: createSshConnector(jumpHost, fakeSsh) });
    const error: unknown = await mailer.send({ to: 'bob@example.com', text: 'x' }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'ERR_CONNECT',
      delivery: 'not-delivered',
      message: expect.stringMatching(words),
    });
  });

  test('an ssh that is not there is ERR_CONNECT, an abort ends it', async () => {
    const connector = createConnector(
      'socks5://inner.example',
      createSshConnector('bastion.example', ['no-such-ssh-here']),
    );
    await expect(
      connector.connect({ host: 'a', port: 25 }, { signal: new AbortController().signal }),
    ).rejects.toMatchObject({
      code: 'ERR_CONNECT',
      cause: { code: 'ENOENT' },
    });
    const connecting = createSshConnector('bastion.example', fakeSsh).connect(
      { host: 'a', port: 25 },
      { signal: AbortSignal.abort(new Error('enough')) },
    );
    await expect(connecting).rejects.toThrow('enough');
  });
});
