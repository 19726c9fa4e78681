/**
 * A server, or an attacker in its place, that repeats a login long after it was accepted, in any encoding. No error,
 * result or log contains any part of it, and the rest of the reply does not reveal where it was.
 * @module
 */
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createMailer } from '../../src/mailer/create-mailer.js';
import type { EmailProfile } from '../../src/model/settings/profile.js';
import type { LogEvent } from '../../src/model/log.js';
import { formatLogEvent } from '../../src/logging/format.js';
import { type Peer, startScriptedServer } from '../support/scripted-server.js';

const password = 'S3cr3t-Hunter2-long-one';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const initial = base64(`\0user@example.com\0${password}`);

const forms: Readonly<Record<string, string>> = {
  'the password': `no rights for ${password}`,
  'its beginning': `no rights for ${password.slice(0, 13)}...`,
  'its end': `no rights for ...${password.slice(-12)}`,
  'the password in base64': base64(password),
  'the AUTH line': `sender does not match AUTH PLAIN ${initial}`,
  'the AUTH line without padding': initial.replace(/=+$/, ''),
  'the AUTH line, cut short': initial.slice(0, 22),
  'the AUTH line in capitals': initial.toUpperCase(),
  'the password in percent-encoding': `p=${password.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`)}`,
  'the password in hexadecimal digits': Buffer.from(password).toString('hex'),
};
const stages = ['MAIL', 'RCPT', 'DATA', 'end', 'done', 'RSET', 'QUIT', 'unasked'] as const;

/** Sends `said` at one stage, and regular replies otherwise. */
async function serve(peer: Peer, stage: (typeof stages)[number], said: string): Promise<void> {
  await peer.send('220 x\r\n');
  let refusedRecipient = stage === 'RSET';
  for (;;) {
    const verb = (await peer.line()).slice(0, 4);
    if (verb === 'EHLO') await peer.send('250-x\r\n250 AUTH PLAIN XOAUTH2\r\n');
    else if (verb === 'AUTH') await peer.send('235 ok\r\n');
    else if (verb === stage) await peer.send(`550 5.7.1 ${said}\r\n`);
    else if (verb === 'RCPT' && refusedRecipient) {
      refusedRecipient = false;
      await peer.send('550 5.1.1 no\r\n');
    } else if (verb === 'DATA') {
      await peer.send(`354 ${stage === 'done' ? said : 'go'}\r\n`);
      await peer.until('\r\n.\r\n');
      await peer.send(
        stage === 'end' ? `550 5.7.1 ${said}\r\n` : `250 2.0.0 ${stage === 'done' ? said : 'queued'}\r\n`,
      );
      if (stage === 'unasked') await peer.send(`421 4.3.2 ${said}\r\n`);
    } else await peer.send('250 ok\r\n');
  }
}

describe.each(stages)('at %s', (stage) => {
  test.each(Object.entries(forms))('%s is nowhere', async (_, said) => {
    await using server = await startScriptedServer((peer) => serve(peer, stage, said));
    const profile: EmailProfile = {
      name: 'p',
      sender: { email: 'app@example.com' },
      server: { host: '127.0.0.1', port: server.port, security: 'none', localName: 'client.example.test' },
      authentication: { username: 'user@example.com', method: 'plain', password, allowPlaintext: true },
    };
    const seen: unknown[] = [];
    const events: LogEvent[] = [];
    const mailer = createMailer(profile, { logger: (event) => events.push(event) });
    const keep = (outcome: unknown): void =>
      void seen.push(outcome, outcome instanceof Error ? outcome.stack : undefined);
    for (let i = 0; i < 2; i++) await mailer.send({ to: 'b@example.org', text: 'x' }).then(keep, keep);
    await mailer.close();
    const shown = [
      inspect(seen, { depth: 20, showHidden: true }),
      JSON.stringify(seen),
      JSON.stringify(events),
      ...events.map((event) => formatLogEvent(event)),
    ].join('\n');
    expect(shown).toContain('<hidden>');
    for (const leak of [said, said.slice(0, 20), said.slice(-16), password, initial, base64(password)])
      expect(shown).not.toContain(leak);
    // The words around the secret are hidden as well, because they would reveal what it is.
    expect(shown).not.toMatch(/no rights|does not match AUTH/);
  });
});

test.each([
  ['plain', (token: string) => JSON.stringify({ status: '400', error_description: `bad ${token}` })],
  ['cut short', (token: string) => JSON.stringify({ status: '400', error_description: `bad ${token.slice(5, 25)}` })],
  [
    'percent-encoded',
    (token: string) =>
      JSON.stringify({
        status: '400',
        error_description: token.replace(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`),
      }),
  ],
  [
    'in hexadecimal digits',
    (token: string) => JSON.stringify({ status: '400', error: Buffer.from(token).toString('hex') }),
  ],
  ['in base64', (token: string) => JSON.stringify({ status: '400', error: base64(`x${token}`) })],
  ['in a text that is no JSON', (token: string) => `Bearer ${token.slice(0, -3)}`],
])('a token that the JSON of a challenge repeats %s is nowhere', async (_, challenge) => {
  const token = 'ya29.A0ARrdaM-abcdefghijklmnopqrstuvwxyz0123456789';
  for (const method of ['xoauth2', 'oauthbearer'] as const) {
    await using server = await startScriptedServer(async (peer) => {
      await peer.send('220 x\r\n');
      await peer.hello('AUTH XOAUTH2 OAUTHBEARER');
      await peer.line();
      await peer.send(`334 ${base64(challenge(token))}\r\n`);
      await peer.line();
      await peer.send('535 5.7.8 no\r\n');
      await peer.closed;
    });
    const events: LogEvent[] = [];
    const mailer = createMailer(
      {
        name: 'p',
        sender: { email: 'app@example.com' },
        server: { host: '127.0.0.1', port: server.port, security: 'none', localName: 'client.example.test' },
        authentication: { username: 'user@example.com', method, token, allowPlaintext: true },
      },
      { logger: (event) => events.push(event) },
    );
    const error: unknown = await mailer.send({ to: 'b@example.org', text: 'x' }).catch((reason: unknown) => reason);
    await mailer.close({ force: true });
    expect(error).toMatchObject({ code: 'ERR_AUTH_REJECTED' });
    const shown = [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), JSON.stringify(events)].join(
      '\n',
    );
    for (let at = 0; at + 12 <= token.length; at++) {
      const part = token.slice(at, at + 12);
      for (const leak of [part, base64(part).slice(1, 15), Buffer.from(part).toString('hex')])
        expect(shown).not.toContain(leak);
    }
  }
});
