import { afterEach, describe, expect, test } from 'vitest';
import { TestSmtpServer } from '../../../../src/testing/server/test-smtp-server.js';
import type { TestSmtpServerOptions } from '../../../../src/testing/server/server-options.js';
import { RawClient } from './raw-client.js';
import { stopClock, turns, until } from '../../../support/clock.js';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const action of cleanUp.splice(0).reverse()) await action();
});

async function start(options?: TestSmtpServerOptions): Promise<TestSmtpServer> {
  const server = await TestSmtpServer.start(options);
  cleanUp.push(() => server.close());
  return server;
}

async function open(server: TestSmtpServer): Promise<RawClient> {
  const client = await RawClient.open(server.port);
  cleanUp.push(() => client.socket.destroy());
  return client;
}

/** A client after greeting and EHLO. */
async function ready(options?: TestSmtpServerOptions): Promise<{ server: TestSmtpServer; client: RawClient }> {
  const server = await start(options);
  const client = await open(server);
  await client.reply();
  await client.ask('EHLO client.example');
  return { server, client };
}

/** A client within a transaction, after one accepted recipient. */
async function inTransaction(
  options?: TestSmtpServerOptions,
  parameters = '',
): Promise<{ server: TestSmtpServer; client: RawClient }> {
  const pair = await ready(options);
  expect(await pair.client.codes(`MAIL FROM:<a@b.example>${parameters}`, 'RCPT TO:<c@d.example>')).toBe('250 250');
  return pair;
}

describe('the options of TestSmtpServer', () => {
  test.each<[string, object, RegExp]>([
    ['sceurity', { sceurity: 'none' }, /did you mean security/],
    ['security', { security: 'explicit' }, /'none', 'starttls' or 'implicit', got 'explicit'/],
    ['protocol', { protocol: 'esmtp' }, /'smtp' or 'lmtp'/],
    ['users', { users: 'ann' }, /passwords by user name, got a string/],
    ['users.ann', { users: { ann: 5 } }, /text/],
    ['mechanisms', { mechanisms: 'PLAIN' }, /an array/],
    ['extensions', { extensions: 'SIZE' }, /an array/],
    ['replies.RCPT', { replies: { RCPT: '550 no' } }, /an array/],
    ['faults.0.at', { faults: [{ at: 'RCTP', do: 'drop' }] }, /'RCPT'.*got 'RCTP'/],
    ['faults.0.do', { faults: [{ at: 'RCPT', do: 'close' }] }, /'drop', 'reset', 'silence' or 'delay'/],
    ['faults.0.times', { faults: [{ at: 'RCPT', do: 'drop', times: 1.5 }] }, /a whole number/],
  ])('are refused with %s, by ERR_PROFILE_INVALID: %#', async (path, options, message) => {
    await expect(TestSmtpServer.start(options)).rejects.toMatchObject({
      code: 'ERR_PROFILE_INVALID',
      problems: [{ path, message: expect.stringMatching(message) as string }],
    });
  });
});

describe('TestSmtpServer', () => {
  test('takes a message by DATA and keeps envelope, parameters and unstuffed content', async () => {
    const { server, client } = await ready();
    const codes = await client.codes(
      'MAIL FROM:<a@b.example> BODY=8BITMIME RET=HDRS ENVID=x+2B1',
      'RCPT TO:<c@d.example> NOTIFY=NEVER',
      'DATA',
    );
    expect(codes).toBe('250 250 354');
    expect(await client.ask('Subject: e\r\n\r\n..dot\r\n...\r\n.')).toBe('250 2.0.0 OK');
    expect(server.messages).toHaveLength(1);
    const [message] = server.messages;
    expect(message?.envelope).toEqual({
      from: 'a@b.example',
      parameters: { BODY: '8BITMIME', RET: 'HDRS', ENVID: 'x+2B1' },
      to: [{ address: 'c@d.example', parameters: { NOTIFY: 'NEVER' } }],
    });
    expect(Buffer.from(message?.content ?? []).toString()).toBe('Subject: e\r\n\r\n.dot\r\n..\r\n');
    expect(message?.secure).toBe(false);
  });

  test('takes a message by BDAT in chunks and by BDAT with nothing left (RFC 3030)', async () => {
    const { server, client } = await inTransaction(undefined, ' BODY=BINARYMIME');
    client.socket.write('BDAT 4\r\na\n\r.BDAT 3\r\n\r\n\0BDAT 0 LAST\r\n');
    expect([await client.reply(), await client.reply(), await client.reply()]).toEqual([
      '250 2.0.0 OK',
      '250 2.0.0 OK',
      '250 2.0.0 OK',
    ]);
    expect(Buffer.from(server.messages[0]?.content ?? []).toString()).toBe('a\n\r.\r\n\0');
  });

  test.each([1, 2, 3, 5, 7, 1000])('gives the same result when the input is cut every %i octets', async (size) => {
    const { server, client } = await ready();
    const input = Buffer.from(
      'MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nBDAT 8 LAST\r\nA: b\r\n\r\nMAIL FROM:<>\r\n' +
        'RCPT TO:<postmaster>\r\nDATA\r\n',
    );
    const content = Buffer.from('..x\r\n.\ty\r\n\r\n.\r\n');
    const write = async (bytes: Buffer): Promise<void> => {
      for (let at = 0; at < bytes.length; at += size) {
        await new Promise((resolve) => client.socket.write(bytes.subarray(at, at + size), resolve));
      }
    };
    await write(input);
    for (const code of ['250', '250', '250', '250', '250', '354'])
      expect((await client.reply())?.slice(0, 3)).toBe(code);
    await write(content);
    expect(await client.reply()).toBe('250 2.0.0 OK');
    expect(server.messages.map((message) => Buffer.from(message.content).toString())).toEqual([
      'A: b\r\n\r\n',
      '.x\r\n\ty\r\n\r\n',
    ]);
    expect(server.messages[1]?.envelope).toEqual({
      from: '',
      parameters: {},
      to: [{ address: 'postmaster', parameters: {} }],
    });
  });

  test('announces nothing that is not on its list, and no AUTH without users', async () => {
    const { client } = await ready({ extensions: ['PIPELINING', 'SIZE 1000'] });
    expect(await client.ask('EHLO [127.0.0.1]')).toBe('250-localhost\n250-PIPELINING\n250-SIZE 1000\n250 STARTTLS');
    expect(await client.codes('AUTH PLAIN', 'BDAT 3 LAST')).toBe('502 502');
  });

  test.each([
    ['EHLO', '501'],
    ['EHLO a b', '501'],
    ['EHLO -x', '501'],
    ['LHLO a', '500'],
    ['RCPT TO:<a@b>', '503'],
    ['DATA', '503'],
    ['MAIL FROM: <a@b>', '501'],
    ['MAIL FROM:a@b', '501'],
    ['MAIL FROM:<a@b', '501'],
    ['MAIL FROM:<a@b>SIZE=1', '501'],
    ['MAIL FROM:<a@b>  SIZE=1', '501'],
    ['MAIL FROM:<a..b@c>', '501'],
    ['MAIL FROM:<a@b> ORCPT=x"@c>', '555'],
    ['MAIL FROM:<"a@b> ORCPT=x"@c>', '250'],
    ['MAIL FROM:<a@b> SIZE=1 SIZE=1', '501'],
    ['MAIL FROM:<a@b> SIZE=x', '501'],
    ['MAIL FROM:<a@b> SIZE=104857601', '552'],
    ['MAIL FROM:<a@b> BODY=9BIT', '501'],
    ['MAIL FROM:<a@b> __proto__=1', '501'],
    ['MAIL FROM:<a@b> REQUIRETLS', '555'],
    ['MAIL FROM:<a@b> BY=0;R', '501'],
    ['MAIL FROM:<a@b> BY=-5;N', '250'],
    ['MAIL FROM:<a@b> HOLDFOR=5 HOLDUNTIL=2030-01-01T00:00:00Z', '501'],
    ['MAIL FROM:<a@b> MT-PRIORITY=10', '501'],
    ['MAIL FROM:<a@b> MT-PRIORITY=-9', '250'],
    ['MAIL FROM:<ä@b>', '553'],
    ['MAIL FROM:<ä@b> SMTPUTF8', '250'],
    ['MAIL FROM:<@x,@y:a@[192.0.2.1]>', '250'],
    ['MAIL FROM:<a@b> AUTH=<>', '555'],
    [`MAIL FROM:<${'a'.repeat(65)}@b>`, '501'],
    ['MAIL FROM:<a@b>\tSIZE=1', '501'],
    ['NOOP\0', '500'],
    ['FOO', '500'],
    ['VRFY a', '252'],
  ])('answers %j with %s', async (line, code) => {
    const { client } = await ready();
    expect(await client.codes(line)).toBe(code);
  });

  test('refuses a line that ends in a bare LF', async () => {
    const { client } = await ready();
    client.socket.write('NOOP\n');
    expect(await client.reply()).toBe('500 5.5.2 A bare CR or LF, a control, or not UTF-8');
  });

  test('ends a line that has no end (CVE-2026-38728)', async () => {
    const { client } = await ready();
    client.socket.write('x'.repeat(20_000));
    expect(await client.reply()).toBe('500 5.5.2 The line is too long');
    expect(await client.reply()).toBeUndefined();
  });

  test('keeps order: MAIL before EHLO, nested MAIL, DATA without recipients, RCPT after BDAT', async () => {
    const server = await start();
    const client = await open(server);
    await client.reply();
    expect(await client.codes('MAIL FROM:<a@b>', 'EHLO x', 'MAIL FROM:<a@b>', 'MAIL FROM:<a@b>', 'DATA')).toBe(
      '503 250 250 503 554',
    );
    expect(await client.codes('RCPT TO:<a@b>', 'BDAT 2\r\n', 'RCPT TO:<a@b>', 'DATA', 'RSET', 'DATA')).toBe(
      '250 250 503 503 250 503',
    );
  });

  test('reads the octets of a refused BDAT and refuses until RSET (RFC 3030 section 2)', async () => {
    const { server, client } = await ready();
    expect(await client.codes('MAIL FROM:<a@b>')).toBe('250');
    client.socket.write('BDAT 6 LAST\r\nNOOP\r\nBDAT 2 LAST\r\n\r\nMAIL FROM:<a@b>\r\nRSET\r\nMAIL FROM:<a@b>\r\n');
    for (const code of ['554', '503', '503', '250', '250']) expect((await client.reply())?.slice(0, 3)).toBe(code);
    expect(server.messages).toEqual([]);
  });

  test('refuses pipelined commands where PIPELINING is not announced, and octets behind DATA anywhere (RFC 2920)', async () => {
    const { client } = await ready({ extensions: [] });
    client.socket.write('MAIL FROM:<a@b>\r\nNOOP\r\n');
    expect(await client.reply()).toBe('503 Octets arrived behind the command');
    const second = await inTransaction();
    second.client.socket.write('DATA\r\nMAIL FROM:<a@b>\r\n');
    expect(await second.client.reply()).toBe('503 5.5.1 Octets arrived behind the command');
    expect(await second.client.reply()).toBeUndefined();
  });

  test.each([
    ['a\nb\r\n', '', '550 5.6.0 The content has a bare LF'],
    ['a\rb\r\n', '', '550 5.6.0 The content has a bare CR'],
    ['a\0b\r\n', '', '550 5.6.0 The content has a NUL'],
    [`${'x'.repeat(999)}\r\n`, '', '550 5.6.0 The content has a line of more than 998 octets'],
    [`${'x'.repeat(998)}\r\n`, '', '250 2.0.0 OK'],
    ['A: b\r\n\r\né\r\n', '', '550 5.6.1 The content is 8-bit and BODY=8BITMIME was not given'],
    ['A: b\r\n\r\né\r\n', ' BODY=8BITMIME', '250 2.0.0 OK'],
    ['A: é\r\n\r\nb\r\n', ' BODY=8BITMIME', '550 5.6.7 The header is 8-bit and SMTPUTF8 was not given'],
    ['A: é\r\n\r\nb\r\n', ' BODY=8BITMIME SMTPUTF8', '250 2.0.0 OK'],
  ])('judges content %j with parameters %j: %s', async (content, parameters, reply) => {
    const { client } = await inTransaction(undefined, parameters);
    await client.ask('DATA');
    expect(await client.ask(`${content}.`)).toBe(reply);
  });

  test('holds DATA and BDAT to the announced SIZE (RFC 1870)', async () => {
    const { server, client } = await inTransaction({ extensions: ['SIZE 10', 'CHUNKING'] });
    expect(await client.codes('DATA', '123456789\r\n.')).toBe('354 552');
    expect(await client.codes('MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'BDAT 6\r\n1234', 'BDAT 5 LAST\r\n567', 'RSET')).toBe(
      '250 250 250 552 250',
    );
    expect(await client.codes('MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'DATA', '12345678\r\n.')).toBe('250 250 354 250');
    expect(server.messages).toHaveLength(1);
  });

  test('starts TLS with a certificate of its own authority for localhost, 127.0.0.1 and ::1, and begins anew', async () => {
    const { server, client } = await ready();
    expect(await client.ask('STARTTLS')).toBe('220 2.0.0 Go ahead');
    await client.startTls({ ca: server.ca });
    expect(await client.codes('MAIL FROM:<a@b>')).toBe('503');
    expect(await client.ask('EHLO x')).not.toContain('STARTTLS');
    expect(await client.codes('MAIL FROM:<a@b> REQUIRETLS', 'RCPT TO:<c@d>', 'DATA', '.')).toBe('250 250 354 250');
    expect(server.messages[0]?.secure).toBe(true);
    const certificate = (client.socket as import('node:tls').TLSSocket).getPeerX509Certificate();
    expect(certificate?.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
  });

  test('refuses octets behind STARTTLS (CVE-2026-41319)', async () => {
    const { client } = await ready();
    client.socket.write('STARTTLS\r\nNOOP\r\n');
    expect(await client.reply()).toBe('503 5.5.1 Octets arrived behind the command');
  });

  test('speaks TLS first with security implicit, and resumes sessions', async () => {
    const server = await start({ security: 'implicit' });
    const client = await open(server);
    await client.startTls({ ca: server.ca });
    expect(await client.reply()).toBe('220 localhost ESMTP test server');
    const second = await open(server);
    await second.startTls({ ca: server.ca, session: await client.session });
    expect((second.socket as import('node:tls').TLSSocket).isSessionReused()).toBe(true);
  });

  test('is not trusted without its authority', async () => {
    const server = await start({ security: 'implicit' });
    const client = await open(server);
    await expect(client.startTls({})).rejects.toThrow(/certificate/);
  });

  test('replies by script, once each, with multi-line and malformed texts, and refusals take no effect', async () => {
    const { client } = await ready({
      replies: {
        RCPT: ['550 5.1.1 no\nreally no', '250 2.1.5 hm'],
        MAIL: ['451-4.3.0 a\r\n451 4.3.0 b'],
        NOOP: ['hello'],
        END: ['452 4.3.1 full'],
      },
    });
    expect(await client.ask('MAIL FROM:<a@b>')).toBe('451-4.3.0 a\n451 4.3.0 b');
    expect(await client.codes('MAIL FROM:<a@b>')).toBe('250');
    expect(await client.ask('RCPT TO:<a@b>')).toBe('550-5.1.1 no\n550 really no');
    expect(await client.codes('DATA')).toBe('554');
    expect(await client.ask('RCPT TO:<a@b>')).toBe('250 2.1.5 hm');
    expect(await client.codes('DATA', '.', 'MAIL FROM:<a@b>')).toBe('354 452 250');
    client.socket.write('NOOP\r\nQUIT\r\n');
    expect(await client.rest()).toBe('hello\r\n221 2.0.0 Bye\r\n');
  });

  test('asks a function for each reply, with the command line', async () => {
    const { client } = await inTransaction({
      replies: (verb, line) => (verb === 'RCPT' && line.includes('bad@') ? '550 5.1.1 no' : undefined),
    });
    expect(await client.codes('RCPT TO:<bad@b>', 'RCPT TO:<good@b>')).toBe('550 250');
  });

  test('holds a client to the extensions of a scripted EHLO reply', async () => {
    const { client } = await ready({ replies: { EHLO: ['250-x\n250 CHUNKING'] } });
    expect(await client.codes('MAIL FROM:<a@b> SIZE=1', 'MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'BDAT 2 LAST\r\n')).toBe(
      '555 250 250 250',
    );
  });

  test('ends the connection after a scripted 421, also as a greeting', async () => {
    const { client } = await ready({ replies: { MAIL: ['421 4.3.2 closing'] } });
    expect(await client.codes('MAIL FROM:<a@b>', 'NOOP')).toBe('421 end');
    const other = await open(await start({ replies: { GREETING: ['554 go away'] } }));
    expect([await other.reply(), await other.reply()]).toEqual(['554 go away', undefined]);
  });

  test('answers once per recipient with LMTP (RFC 2033)', async () => {
    const server = await start({ protocol: 'lmtp', replies: { END: ['250 2.0.0 first', '550 5.2.2 second'] } });
    const client = await open(server);
    await client.reply();
    expect(
      await client.codes('EHLO x', 'LHLO x', 'MAIL FROM:<a@b>', 'RCPT TO:<c@d>', 'RCPT TO:<e@f>', 'DATA', '.'),
    ).toBe('500 250 250 250 250 354 250');
    expect(await client.reply()).toBe('550 5.2.2 second');
    expect(server.messages.map(({ envelope }) => envelope.to.map(({ address }) => address))).toEqual([['c@d']]);
  });

  test.each([
    'connect',
    'greeting',
    'EHLO',
    'MAIL',
    'RCPT',
    'DATA',
    'content',
    'end',
    'STARTTLS',
    'RSET',
    'NOOP',
    'QUIT',
  ] as const)('a fault at %s strikes in place of the answer: drop, reset, silence and delay', async (at) => {
    const lines: Record<string, readonly string[]> = {
      EHLO: ['EHLO x'],
      MAIL: ['EHLO x', 'MAIL FROM:<a@b>'],
      RCPT: ['EHLO x', 'MAIL FROM:<a@b>', 'RCPT TO:<a@b>'],
      DATA: ['EHLO x', 'MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'DATA'],
      content: ['EHLO x', 'MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'DATA', 'A: b\r\n.'],
      end: ['EHLO x', 'MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'DATA', 'A: b\r\n.'],
      STARTTLS: ['EHLO x', 'STARTTLS'],
      RSET: ['RSET'],
      NOOP: ['NOOP'],
      QUIT: ['QUIT'],
    };
    const clock = stopClock();
    for (const action of ['drop', 'reset', 'silence', 'delay'] as const) {
      const server = await start({ faults: [{ at, do: action, ms: 30, times: 1 }] });
      const client = await open(server);
      let last = client.reply();
      for (const line of lines[at] ?? []) {
        await last;
        last = client.ask(line);
      }
      await until(() => server.transcript.includes(`-- fault at ${at}: ${action}`));
      if (action === 'silence' || action === 'delay') {
        expect(await Promise.race([last, turns().then(() => 'silence')])).toBe('silence');
        await clock.advance(30);
      }
      if (action === 'silence') expect(await Promise.race([last, turns().then(() => 'silence')])).toBe('silence');
      else if (action === 'delay') expect(await last).toMatch(/^[235]/);
      else expect(await last).toBeUndefined();
      expect(server.messages).toHaveLength(at === 'end' || (at === 'content' && action === 'delay') ? 1 : 0);
    }
  });

  test('a reset is seen as a reset, under TLS too', async () => {
    for (const security of ['none', 'implicit'] as const) {
      const server = await start({ security, faults: [{ at: 'NOOP', do: 'reset' }] });
      const client = await open(server);
      if (security === 'implicit') await client.startTls({ ca: server.ca });
      const error = new Promise<NodeJS.ErrnoException>((resolve) => client.socket.once('error', resolve));
      await client.reply();
      await client.ask('NOOP');
      expect((await error).code).toBe('ECONNRESET');
    }
  });

  test('asks a function for faults, and delays do not reorder pipelined replies', async () => {
    const { client } = await ready({ faults: (at) => (at === 'MAIL' ? { do: 'delay', ms: 20 } : undefined) });
    client.socket.write('MAIL FROM:<a@b>\r\nRCPT TO:<a@b>\r\nRCPT TO:a\r\n');
    expect([await client.reply(), await client.reply(), await client.reply()].map((text) => text?.slice(0, 9))).toEqual(
      ['250 2.1.0', '250 2.1.5', '501 5.5.4'],
    );
  });

  test('gives each message to one waiting caller, and refuses to wait when closed', async () => {
    const { server, client } = await ready();
    const send = (subject: string): Promise<string> =>
      client.codes('MAIL FROM:<a@b>', 'RCPT TO:<a@b>', 'DATA', `S: ${subject}\r\n.`);
    const first = server.waitForMessage();
    const second = server.waitForMessage();
    for (const subject of ['1', '2', '3']) await send(subject);
    const third = server.waitForMessage();
    const contents = await Promise.all([first, second, third]);
    expect(contents.map((message) => Buffer.from(message.content).toString())).toEqual([
      'S: 1\r\n',
      'S: 2\r\n',
      'S: 3\r\n',
    ]);
    const fourth = server.waitForMessage();
    await Promise.all([expect(fourth).rejects.toMatchObject({ code: 'ERR_CLOSED' }), server.close(), server.close()]);
    await expect(server.waitForMessage()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect(await client.reply()).toBeUndefined();
  });

  test('closes at once with a silent connection, a delay under way and a handshake that never ends', async () => {
    const server = await TestSmtpServer.start({
      faults: [
        { at: 'NOOP', do: 'silence' },
        { at: 'RSET', do: 'delay', ms: 60_000 },
      ],
    });
    const clients = await Promise.all(
      ['NOOP', 'RSET', 'STARTTLS'].map(async (line) => ({ line, client: await RawClient.open(server.port) })),
    );
    for (const { line, client } of clients) {
      await client.reply();
      await client.ask('EHLO x');
      client.socket.write(`${line}\r\n`);
    }
    await clients[2]?.client.reply();
    await server.close();
    for (const { client } of clients) client.socket.destroy();
  });

  test('counts connections, forgets on clear, and writes a transcript', async () => {
    const { server, client } = await inTransaction();
    await client.codes('DATA', 'A: b\r\n.', 'QUIT');
    expect(server.connections).toBe(1);
    expect(server.transcript.slice(-10)).toEqual([
      'C: MAIL FROM:<a@b.example>',
      'S: 250 2.1.0 OK',
      'C: RCPT TO:<c@d.example>',
      'S: 250 2.1.5 OK',
      'C: DATA',
      'S: 354 End with a dot on a line by itself',
      'C: [9 octets of content]',
      'S: 250 2.0.0 OK',
      'C: QUIT',
      'S: 221 2.0.0 Bye',
    ]);
    server.clear();
    expect([server.messages, server.transcript]).toEqual([[], []]);
  });
});
