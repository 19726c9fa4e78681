/**
 * The engine with Postfix, Exim and Dovecot: pipelining, several messages in flight, LMTP, TLS, authentication.
 * @module
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ConnectionSettings } from '../../src/connection/contract.js';
import { SharedState } from '../../src/connection/shared.js';
import type { ConnectionStepReport } from '../../src/model/report.js';
import { failure, open, type Sending, send } from '../support/engine.js';
import { readTestbed } from './testbed.js';

const bed = readTestbed();
const { alice, bob } = bed.users;
const { reject550, defer451 } = bed.postfix.recipients;
const trusted = { ca: { file: bed.pki.ca } };
const password = { method: 'password', username: 'alice', password: alice.password } as const;

const servers: Readonly<
  Record<
    string,
    Partial<ConnectionSettings> & { readonly port: number; readonly maildir: string; readonly refused: string }
  >
> = {
  Postfix: { port: bed.postfix.plain, maildir: bob.postfixMaildir, refused: reject550 },
  'Postfix without extensions': { port: bed.postfix.bare, maildir: bob.postfixMaildir, refused: reject550 },
  'Postfix over STARTTLS': {
    port: bed.postfix.starttls,
    security: 'explicit',
    maildir: bob.postfixMaildir,
    refused: reject550,
  },
  'Postfix over TLS': {
    port: bed.postfix.submissions,
    security: 'implicit',
    authentication: password,
    maildir: bob.postfixMaildir,
    refused: reject550,
  },
  Exim: { port: bed.exim.plain, maildir: bob.eximMaildir, refused: 'nobody@elsewhere.invalid' },
  'Exim over STARTTLS': {
    port: bed.exim.submission,
    security: 'explicit',
    authentication: password,
    maildir: bob.eximMaildir,
    refused: 'nobody@elsewhere.invalid',
  },
  'Dovecot submission': {
    port: bed.dovecot.submission,
    security: 'explicit',
    authentication: password,
    maildir: bob.postfixMaildir,
    refused: reject550,
  },
  'Dovecot LMTP': {
    port: bed.dovecot.lmtp,
    protocol: 'lmtp',
    maildir: bob.postfixMaildir,
    refused: '"not stored"@[127.0.0.300]',
  },
};

interface Marked {
  readonly content: string;
  readonly mark: string;
}

function marked(body = 'Hello\r\n.\r\n..dots\r\n'): Marked {
  const mark = randomBytes(9).toString('hex');
  return {
    mark,
    content: `From: ${alice.address}\r\nTo: ${bob.address}\r\nSubject: engine\r\nX-Mark: ${mark}\r\n\r\n${body}`,
  };
}

/** The stored messages that contain one of the marks: from their From field on, line ends as sent. */
function stored(maildir: string, marks: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const folder of ['new', 'cur']) {
    for (const file of readdirSync(join(maildir, folder))) {
      const text = readFileSync(join(maildir, folder, file), 'latin1').replace(/\r?\n/g, '\r\n');
      const mark = /^X-Mark: (\w+)/m.exec(text)?.[1];
      if (mark === undefined || !marks.includes(mark)) continue;
      found.set(mark, [...(found.get(mark) ?? []), text.slice(text.search(/^From: /m))]);
    }
  }
  return found;
}

async function arrived(maildir: string, messages: readonly Marked[]): Promise<void> {
  const marks = messages.map(({ mark }) => mark);
  await expect.poll(() => stored(maildir, marks).size, { timeout: 20_000, interval: 100 }).toBe(messages.length);
  const found = stored(maildir, marks);
  for (const { mark, content } of messages) expect(found.get(mark)).toEqual([content]);
}

const from = alice.address;
const to = [bob.address];

describe.each(Object.entries(servers))('%s', (_, { maildir, port, refused, ...settings }) => {
  const connect = (more: Partial<ConnectionSettings> = {}): ReturnType<typeof open> =>
    open(port, { host: 'localhost', tls: trusted, ...settings, ...more });

  test('takes messages small, large, streamed and of dots, octet by octet', async () => {
    const connection = await connect();
    const large = marked('.line of a large message\r\n'.repeat(12_000));
    const streamed = marked('streamed, without a size\r\n'.repeat(8_000));
    async function* blocks(text: string): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < text.length; at += 7_777) yield Buffer.from(text.slice(at, at + 7_777));
    }
    const whole = marked('streamed, with its size\r\n'.repeat(8_000));
    const small = marked();
    const sendings: Sending[] = [
      { content: small.content },
      { content: large.content },
      { content: blocks(streamed.content) },
      { content: blocks(whole.content), more: { size: whole.content.length, canonical: true } },
    ];
    for (const sending of sendings)
      await expect(send(connection, { from, to, ...sending })).resolves.toMatchObject({ accepted: to });
    await connection.quit();
    await arrived(maildir, [small, large, streamed, whole]);
  });

  test('takes eight messages in flight, each once', async () => {
    const connection = await connect({ messagesInFlight: 8 });
    // Exim delivers ten messages of a connection at once, and queues the others.
    const messages = Array.from({ length: 10 }, () => marked());
    const left = [...messages];
    const lane = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift())
        await send(connection, { from, to, content: next.content });
    };
    await Promise.all(Array.from({ length: 8 }, lane));
    await connection.quit();
    await arrived(maildir, messages);
  });

  test('keeps the outcomes of messages in flight apart, where some are refused', async () => {
    const connection = await connect({ messagesInFlight: 8 });
    const good = Array.from({ length: 4 }, () => marked());
    const refusedBody = marked();
    const sendings: Sending[] = good.flatMap(({ content }) => [
      { to, content },
      { to: [refused], content: refusedBody.content },
    ]);
    const settled = await Promise.allSettled(sendings.map((sending) => send(connection, { from, ...sending })));
    expect(settled.map(({ status }) => status)).toEqual(
      sendings.map((_, i) => (i % 2 === 0 ? 'fulfilled' : 'rejected')),
    );
    expect(connection.usable).toBe(true);
    await connection.quit();
    await arrived(maildir, good);
    expect(stored(maildir, [refusedBody.mark]).size).toBe(0);
  });
});

describe('recipients that Postfix refuses', () => {
  test('are reported beside those that it takes', async () => {
    const connection = await open(bed.postfix.plain);
    const message = marked();
    const outcome = await send(connection, { from, to: [reject550, bob.address, defer451], content: message.content });
    expect(outcome.accepted).toEqual([bob.address]);
    expect(outcome.rejected.map(({ recipient, reply }) => [recipient, reply.code])).toEqual([
      [reject550, 550],
      [defer451, 451],
    ]);
    await connection.quit();
    await arrived(bob.postfixMaildir, [message]);
  });

  test('refuse the message for all with requireAllRecipients, and the connection goes on', async () => {
    const connection = await open(bed.postfix.plain);
    const refused = marked();
    const taken = marked();
    await expect(
      failure(
        send(connection, { from, to: [bob.address, reject550], requireAllRecipients: true, content: refused.content }),
      ),
    ).resolves.toMatchObject({ code: 'ERR_RECIPIENTS_REJECTED', delivery: 'not-delivered' });
    await send(connection, { from, to, content: taken.content });
    await connection.quit();
    await arrived(bob.postfixMaildir, [taken]);
    expect(stored(bob.postfixMaildir, [refused.mark]).size).toBe(0);
  });

  test('of a message over its SIZE are never asked about', async () => {
    const connection = await open(bed.postfix.smallSize);
    await expect(failure(send(connection, { from, to, content: 'x'.repeat(1_000_000) }))).resolves.toMatchObject({
      code: 'ERR_MESSAGE_TOO_LARGE',
    });
    await connection.quit();
  });
});

describe('TLS', () => {
  test.each([
    ['expired', /expired/],
    ['future', /not valid yet/],
    ['wronghost', /not for localhost but for wrong\.example\.test/],
    ['selfsigned', /self-signed/],
    ['nochain', /chain is incomplete/],
    ['mtls', /CERTIFICATE_REQUIRED/],
    ['tls10', /version/],
  ] as const)('of the %s server is refused with its reason', async (name, reason) => {
    for (const [security, port] of [
      ['implicit', bed.tls[name].implicit],
      ['explicit', bed.tls[name].starttls],
    ] as const) {
      await expect(failure(open(port, { host: 'localhost', security, tls: trusted }))).resolves.toMatchObject({
        code: 'ERR_TLS',
        message: expect.stringMatching(reason),
        remedy: expect.any(String),
      });
    }
  });

  test.each(['intermediate', 'tls12', 'tls13'] as const)(
    'of the %s server is good, and its sessions are resumed',
    async (name) => {
      for (const [security, port] of [
        ['implicit', bed.tls[name].implicit],
        ['explicit', bed.tls[name].starttls],
      ] as const) {
        const shared = new SharedState();
        const tls = { ...trusted };
        const resumed: boolean[] = [];
        for (let i = 0; i < 3; i++) {
          const observer = {
            step: (step: ConnectionStepReport) => step.name === 'tls' && resumed.push(step.detail.includes('resumed')),
          };
          const connection = await open(port, { host: 'localhost', security, tls }, { shared, observer });
          expect(connection.tls?.authorized).toBe(true);
          await connection.quit();
        }
        expect(resumed).toEqual([false, true, true]);
      }
    },
  );

  test('takes a client certificate', async () => {
    const { cert, key } = bed.pki.client.alice;
    const loadClientIdentity = () =>
      Promise.resolve({ cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') });
    const tls = { ...trusted, clientCertificate: { file: cert } };
    const connection = await open(bed.tls.mtls.implicit, {
      host: 'localhost',
      security: 'implicit',
      tls,
      loadClientIdentity,
    });
    await connection.quit();
  });

  test('is found behind a port that waits for it', async () => {
    const connection = await open(bed.exim.submissions, {
      host: 'localhost',
      security: 'automatic',
      tls: trusted,
      authentication: password,
    });
    expect(connection.tls?.authorized).toBe(true);
    await connection.quit();
  });
});

describe('authentication', () => {
  test.each(['plain', 'login', 'cram-md5', 'scram-sha-1', 'scram-sha-256', 'ntlm'] as const)(
    'by %s on Postfix, refused with a wrong password',
    async (method) => {
      const settings = { host: 'localhost', security: 'explicit', tls: trusted } as const;
      await (
        await open(bed.postfix.submission, {
          ...settings,
          authentication: { method, username: 'alice', password: alice.password },
        })
      ).quit();
      await expect(
        failure(
          open(bed.postfix.submission, {
            ...settings,
            authentication: { method, username: 'alice', password: 'wrong' },
          }),
        ),
      ).resolves.toMatchObject({ code: 'ERR_AUTH_REJECTED', reply: { code: 535 } });
    },
  );

  test.each(['xoauth2', 'oauthbearer'] as const)('by %s on Postfix, with the reason of a refusal', async (method) => {
    const settings = { host: 'localhost', security: 'explicit', tls: trusted } as const;
    await (
      await open(bed.postfix.submission, {
        ...settings,
        authentication: { method, username: 'alice', token: bed.oauth2.alice },
      })
    ).quit();
    const error = await failure(
      open(bed.postfix.submission, {
        ...settings,
        authentication: { method, username: 'alice', token: bed.oauth2.aliceExpired },
      }),
    );
    expect(error).toMatchObject({ code: 'ERR_AUTH_REJECTED', message: expect.stringContaining('status') });
    expect(JSON.stringify(error)).not.toContain(bed.oauth2.aliceExpired);
  });

  test('by Kerberos on Postfix', async () => {
    const authentication = {
      method: 'kerberos',
      principal: `alice@${bed.kerberos.realm}`,
      keytabFile: bed.kerberos.keytabs.alice,
      krb5ConfFile: bed.kerberos.krb5Config,
    } as const;
    const connection = await open(bed.postfix.submission, {
      host: 'localhost',
      security: 'explicit',
      tls: trusted,
      authentication,
    });
    expect(connection.mechanism).toBe('GSSAPI');
    await connection.quit();
  });
});
