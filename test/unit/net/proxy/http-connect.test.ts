import { describe, expect, test } from 'vitest';
import { createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { createEmailError } from '../../../../src/errors/email-error.js';
import type { ConnectOptions } from '../../../../src/net/connector.js';
import { createConnector } from '../../../../src/mailer/create-connector.js';
import { createTestCertificateAuthority } from '../../../../src/testing/certificate-authority.js';
import { FakeProxy, ProxySide } from './fake-proxy.js';
import { readStream } from './read-stream.js';

const signal = new AbortController().signal;
const greeting = '220 mail.example ESMTP\r\n';
const target = { host: 'mail.example.com', port: 587 };
const user = { username: 'me', password: 'p\u00e4ss:w"rd' };
const basic = `Basic ${Buffer.from(`${user.username}:${user.password}`).toString('base64')}`;
/** The values of MS-NLMP section 4.2.4.3. */
const challenge = Buffer.from(
  '4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef000000000000000024002400440000000600701700000' +
    '00f53006500720076006500720002000c0044006f006d00610069006e0001000c0053006500720076006500720000000000',
  'hex',
).toString('base64');
const established = 'HTTP/1.1 200 Connection established\r\n\r\n';

function requestOf(header: string): { first: string | undefined; authorization: string | undefined } {
  return { first: header.split('\r\n')[0], authorization: /^Proxy-Authorization: (.*)$/im.exec(header)?.[1] };
}

describe('the HTTP CONNECT connector', () => {
  test.each([
    ['all in one packet', established, false],
    ['octet by octet', established, true],
    ['with LF alone, header fields and no reason', 'HTTP/1.0 200\nVia: x\nContent-Length: 99\n\n', false],
    ['with 100 Continue before it', `HTTP/1.1 100 Continue\r\n\r\n${established}`, true],
    ['with a header of nearly 16 KiB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(16_000)}\r\n\r\n`, false],
  ])('keeps the greeting in the stream when it comes %s', async (_what, answer, byByte) => {
    await using proxy = await FakeProxy.start(async (side) => {
      expect(await side.readHeader()).toBe(
        'CONNECT mail.example.com:587 HTTP/1.1\r\nHost: mail.example.com:587\r\nProxy-Connection: keep-alive\r\n\r\n',
      );
      await side.send(answer + greeting, byByte);
      expect((await side.read(6)).toString()).toBe('EHLO x');
      await side.send('250 ok\r\n', byByte);
    });
    const stream = await createConnector(`http://127.0.0.1:${proxy.port}`).connect(target, { signal });
    expect(await readStream(stream, greeting.length)).toBe(greeting);
    stream.write('EHLO x');
    expect(await readStream(stream, 8)).toBe('250 ok\r\n');
    stream.destroy();
    expect(proxy.problems).toEqual([]);
  });

  test('writes IPv6 addresses in brackets and names in A-labels', async () => {
    const seen: (string | undefined)[] = [];
    await using proxy = await FakeProxy.start(async (side) => {
      seen.push(requestOf(await side.readHeader()).first);
      await side.send(established);
    });
    const connector = createConnector(`http://127.0.0.1:${proxy.port}`);
    for (const host of ['2001:db8::1', 'bücher.example', '\u560d\u560ax'])
      (await connector.connect({ host, port: 25 }, { signal })).destroy();
    expect(seen).toEqual([
      'CONNECT [2001:db8::1]:25 HTTP/1.1',
      'CONNECT xn--bcher-kva.example:25 HTTP/1.1',
      'CONNECT xn--x-l09ai:25 HTTP/1.1',
    ]);
  });

  test.each(['a\r\nX: y', 'a b', 'a\0', 'a:25', 'a/', 'a@b', '[::1]', 'fe80::1%eth0', '', '.', 'a..b', 'a'.repeat(64)])(
    'refuses the target %j before it connects (nodemailer 9.0.2)',
    async (host) => {
      await using proxy = await FakeProxy.start(async () => undefined);
      await expect(
        createConnector(`http://127.0.0.1:${proxy.port}`).connect({ host, port: 25 }, { signal }),
      ).rejects.toMatchObject({
        code: 'ERR_PROFILE_INVALID',
        problems: [{ path: 'server.host' }],
      });
      expect(proxy.connections).toBe(0);
    },
  );

  test.each([
    [
      'keeps the connection by Content-Length',
      'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm="a, NTLM"\r\nContent-Length: 5\r\n\r\nbody!',
      1,
    ],
    [
      'keeps the connection by chunks',
      'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm="x"\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\n' +
        'abc\r\n0\r\nA: b\r\n\r\n',
      1,
    ],
    [
      'keeps the connection in HTTP/1.0',
      'HTTP/1.0 407 Auth\r\nProxy-authenticate: Digest realm="x", basic\r\nProxy-Connection: Keep-Alive\r\n' +
        'Content-Length: 0\r\n\r\n',
      1,
    ],
    [
      'says close',
      'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\nConnection: close\r\nContent-Length: 0\r\n\r\n',
      2,
    ],
    ['is HTTP/1.0', 'HTTP/1.0 407 Auth\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n', 2],
    ['does not say where the body ends', 'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\n\r\nbody', 2],
    [
      'has two lengths',
      'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\nContent-Length: 4\r\n\r\nbody',
      2,
    ],
    ['has a long body', 'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\nContent-Length: 99999999\r\n\r\n', 2],
    [
      'has bad chunks',
      'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
      2,
    ],
  ])('answers 407 once, on the right connection, where the proxy %s', async (_what, answer, connections) => {
    for (const byByte of [false, true]) {
      await using proxy = await FakeProxy.start(async (side) => {
        for (;;) {
          const { authorization } = requestOf(await side.readHeader());
          if (authorization !== undefined) {
            expect(authorization).toBe(basic);
            return side.send(established + greeting, byByte);
          }
          await side.send(answer, byByte);
          if (connections === 2) return;
        }
      });
      const connector = createConnector({ type: 'http-connect', host: '127.0.0.1', port: proxy.port, ...user });
      const stream = await connector.connect(target, { signal });
      expect(await readStream(stream, greeting.length)).toBe(greeting);
      stream.destroy();
      expect([proxy.connections, proxy.problems]).toEqual([connections, []]);
    }
  });

  test.each([
    ['stalls', false],
    ['is cut off', true],
  ])('has the words of a refusal whose body %s', async (_what, cut) => {
    await using proxy = await FakeProxy.start(async (side) => {
      await side.readHeader();
      await side.send('HTTP/1.1 403 Filtered by rule 7\r\nContent-Length: 500\r\n\r\nNo');
      if (cut) side.socket.end();
    });
    const connecting = createConnector(`http://127.0.0.1:${proxy.port}`).connect(target, {
      signal: AbortSignal.timeout(2000),
    });
    await expect(connecting).rejects.toMatchObject({
      code: 'ERR_PROXY',
      message: expect.stringContaining('403 Filtered by rule 7'),
    });
  });

  test.each([
    ['within its body', 'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\nContent-Length: 5\r\n\r\nbo'],
    ['after it', 'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nbo'],
  ])(
    'answers a 407 on a new connection where the proxy closes the old one %s without a word (RFC 9112 section 9.5)',
    async (_what, answer) => {
      const seen: (string | undefined)[] = [];
      await using proxy = await FakeProxy.start(async (side) => {
        const { authorization } = requestOf(await side.readHeader());
        seen.push(authorization);
        await side.send(authorization === undefined ? answer : established + greeting);
        if (authorization === undefined) side.socket.end();
      });
      const stream = await createConnector({
        type: 'http-connect',
        host: '127.0.0.1',
        port: proxy.port,
        ...user,
      }).connect(target, { signal });
      expect(await readStream(stream, greeting.length)).toBe(greeting);
      stream.destroy();
      expect([seen, proxy.problems]).toEqual([[undefined, basic], []]);
    },
  );

  test('does not answer twice where the proxy closes each connection after the first octets of its refusal', async () => {
    let requests = 0;
    await using proxy = await FakeProxy.start(async (side) => {
      await side.readHeader();
      requests++;
      await side.send('HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\nContent-Length: 5\r\n\r\n');
      side.socket.end();
    });
    const connector = createConnector({ type: 'http-connect', host: '127.0.0.1', port: proxy.port, ...user });
    await expect(connector.connect(target, { signal })).rejects.toMatchObject({
      code: 'ERR_PROXY',
      message: expect.stringContaining('refused the user name or the password: 407 Auth'),
    });
    expect(requests).toBe(2);
  });

  test('sends credentials at once to a proxy that wanted them before, and asks anew after a refusal', async () => {
    const seen: (string | undefined)[] = [];
    let accepts = basic;
    await using proxy = await FakeProxy.start(async (side) => {
      for (;;) {
        const { authorization } = requestOf(await side.readHeader());
        seen.push(authorization);
        await side.send(
          authorization === accepts
            ? established
            : 'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n',
        );
      }
    });
    const connector = createConnector({ type: 'http-connect', host: '127.0.0.1', port: proxy.port, ...user });
    for (let i = 0; i < 2; i++) (await connector.connect(target, { signal })).destroy();
    expect(seen).toEqual([undefined, basic, basic]);
    accepts = 'another';
    await expect(connector.connect(target, { signal })).rejects.toMatchObject({
      code: 'ERR_PROXY',
      message: expect.stringContaining('refused the user name or the password'),
    });
    expect(seen).toHaveLength(4);
    accepts = basic;
    (await connector.connect(target, { signal })).destroy();
    expect(seen.slice(4)).toEqual([undefined, basic]);
  });

  test('answers NTLM in three requests on one connection, before Basic', async () => {
    const seen: string[] = [];
    await using proxy = await FakeProxy.start(async (side) => {
      for (const answer of [
        'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm="x"\r\n' +
          'Proxy-Authenticate: NTLM\r\nContent-Length: 2\r\n\r\nno',
        `HTTP/1.1 407 Auth\r\nProxy-Authenticate: NTLM ${challenge}\r\nContent-Length: 0\r\n\r\n`,
        established + greeting,
      ]) {
        const { authorization } = requestOf(await side.readHeader());
        seen.push(Buffer.from(authorization?.replace(/^NTLM /, '') ?? '', 'base64').toString('latin1'));
        await side.send(answer);
      }
    });
    const connector = createConnector({
      type: 'http-connect',
      host: '127.0.0.1',
      port: proxy.port,
      username: 'DOM\\me',
      password: 'Secret9',
    });
    const stream = await connector.connect(target, { signal });
    expect(await readStream(stream, greeting.length)).toBe(greeting);
    stream.destroy();
    expect(proxy.connections).toBe(1);
    expect(seen[0]).toBe('');
    expect(seen[1]?.slice(0, 9)).toBe('NTLMSSP\0\x01');
    expect(seen[2]?.slice(0, 9)).toBe('NTLMSSP\0\x03');
    expect(seen[2]).toContain(Buffer.from('HTTP/127.0.0.1', 'utf16le').toString('latin1'));
  });

  test.each([
    [
      'wants authentication and none is set',
      [],
      'HTTP/1.1 407 Need it\r\nProxy-Authenticate: Basic\r\n\r\n',
      /requires authentication \(basic\): 407 Need it/,
      'Set proxy.username and proxy.password.',
    ],
    [
      'offers only a Digest that protects bodies',
      [user],
      'HTTP/1.1 407 Hm\r\nProxy-Authenticate: Digest realm="a", nonce="b", qop="auth-int"\r\n\r\n',
      /offers digest \(Digest with qop auth-int\), of which none is supported/,
      /Digest with qop=auth/,
    ],
    [
      'answers 401 as tinyproxy does',
      [user],
      'HTTP/1.0 401 Unauthorized\r\n\r\n',
      /refused the user name or the password: 401 Unauthorized/,
      /proxy.password/,
    ],
    [
      'forbids',
      [],
      'HTTP/1.1 403 Filtered by rule 7\r\nContent-Length: 0\r\n\r\n',
      /refused the tunnel to mail.example.com:587: 403 Filtered by rule 7/,
      /must allow CONNECT/,
    ],
    [
      'cannot reach the target',
      [],
      'HTTP/1.1 503 Connect failed\r\n\r\n',
      /503 Connect failed/,
      /as seen from the proxy/,
    ],
    [
      'redirects',
      [],
      'HTTP/1.1 302 Over there\r\nLocation: http://evil/\r\n\r\n',
      /302 Over there/,
      /must allow CONNECT/,
    ],
    ['speaks SMTP', [], '220 mail ESMTP\r\n', /does not reply in HTTP: 220 mail ESMTP/, /another service/],
    ['speaks SOCKS', [], '\x05\xff', /in the middle of an answer, after 2 octets/, /proxy.type/],
    ['speaks HTTP/2', [], 'HTTP/2 200 OK\r\n\r\n', /does not reply in HTTP/, /another service/],
    [
      'sends a malformed field',
      [],
      'HTTP/1.1 200 OK\r\nno field\r\n\r\n',
      /malformed header field: no field/,
      /another service/,
    ],
    ['folds a field', [], 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n', /malformed header field/, /another service/],
    ['sends terminal escapes', [], 'HTTP/1.1 502 \x1b[31mred\r\n\r\n', /502 \\x1b\[31mred/, /as seen from the proxy/],
    ['closes', [], '', /closed the connection without an answer/, /proxy.type/],
    ['ends within the header', [], 'HTTP/1.1 200 OK\r\nVia', /in the middle of an answer/, /proxy.type/],
    [
      'sends a header without end',
      [],
      `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(4000)}`,
      /header without end/,
      /another service/,
    ],
    ['sends a line without end', [], `HTTP/1.1 200 ${'x'.repeat(40_000)}`, /header without end/, /another service/],
    [
      'sends interim responses without end',
      [],
      'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20),
      /interim responses without end/,
      /another service/,
    ],
    ['echoes the credentials', [user], `HTTP/1.1 400 ${basic} ${user.password}\r\n\r\n`, /: 400 <hidden>$/, /CONNECT/],
  ] as const)(
    'a proxy that %s is ERR_PROXY with its words and a remedy',
    async (_what, [credentials], answer, message, remedy) => {
      await using proxy = await FakeProxy.start(async (side) => {
        await side.readHeader();
        side.socket.end(Buffer.from(answer, 'latin1'));
      });
      const connector = createConnector({ type: 'http-connect', host: '127.0.0.1', port: proxy.port, ...credentials });
      const error = await connector.connect(target, { signal }).catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: 'ERR_PROXY',
        phase: 'proxy',
        message: expect.stringMatching(message),
        remedy: expect.stringMatching(remedy),
      });
      expect((error as Error).message).toContain(`HTTP proxy 127.0.0.1:${proxy.port}`);
    },
  );

  test.each([
    [
      'refuses NTLM at once',
      'HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n',
      /refused the user name or the password: 407 No/,
    ],
    [
      'closes within NTLM',
      'HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM AAAA\r\nConnection: close\r\n\r\n',
      /closes the connection in the middle of NTLM/,
    ],
    [
      'does not say where its challenge ends',
      `HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM ${challenge}\r\n\r\n`,
      /closes the connection in the middle of NTLM/,
    ],
    [
      'sends a bad challenge',
      'HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM AAAA\r\nContent-Length: 0\r\n\r\n',
      /sent a bad NTLM challenge/,
    ],
  ])('a proxy that %s is ERR_PROXY', async (_what, answer, message) => {
    await using proxy = await FakeProxy.start(async (side) => {
      await side.readHeader();
      await side.send('HTTP/1.1 407 Auth\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n');
      await side.readHeader();
      await side.send(answer);
    });
    const connector = createConnector({ type: 'http-connect', host: '127.0.0.1', port: proxy.port, ...user });
    await expect(connector.connect(target, { signal })).rejects.toMatchObject({
      code: 'ERR_PROXY',
      message: expect.stringMatching(message),
    });
  });

  test('refuses a user name with a colon, and control characters that a secret brings at run time (RFC 7617)', async () => {
    await using proxy = await FakeProxy.start(async (side) => {
      await side.readHeader();
      await side.send('HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n');
    });
    expect(() => createConnector({ type: 'http-connect', host: 'p', username: 'a:b' })).toThrow(/proxy.username/);
    const connector = createConnector({
      type: 'http-connect',
      host: '127.0.0.1',
      port: proxy.port,
      username: 'me',
      password: () => 'x\r\nEvil: y',
    });
    await expect(connector.connect(target, { signal })).rejects.toMatchObject({
      code: 'ERR_PROFILE_INVALID',
      problems: [{ path: 'proxy.password' }],
    });
  });

  test('names the field of the proxy where NTLM has no use for the user name', async () => {
    await using proxy = await FakeProxy.start(async (side) => {
      await side.readHeader();
      await side.send('HTTP/1.1 407 Auth\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n');
    });
    const connector = createConnector({
      type: 'http-connect',
      host: '127.0.0.1',
      port: proxy.port,
      username: 'DOMAIN\\',
      password: 'x',
    });
    await expect(connector.connect(target, { signal })).rejects.toMatchObject({
      code: 'ERR_PROFILE_INVALID',
      problems: [{ path: 'proxy.username' }],
    });
  });

  test('closes the connection to the proxy whenever it fails', async () => {
    const closed: Promise<unknown>[] = [];
    let answer = '';
    await using proxy = await FakeProxy.start(async (side) => {
      closed.push(new Promise((resolve) => side.socket.once('close', resolve)));
      await side.readHeader();
      await side.send(answer);
    });
    const connector = createConnector({ type: 'http-connect', host: '127.0.0.1', port: proxy.port, ...user });
    const answers = [
      'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n',
      'nonsense\r\n',
      'HTTP/1.1 407 No\r\nProxy-Authenticate: Digest\r\nContent-Length: 0\r\n\r\n',
    ];
    for (answer of answers)
      await expect(connector.connect(target, { signal })).rejects.toMatchObject({ code: 'ERR_PROXY' });
    expect(await Promise.all(closed)).toHaveLength(3);
  });

  test('a silent proxy, and one that drips, end with the deadline as ERR_PROXY; an abort is ERR_ABORTED', async () => {
    for (const drip of ['', 'H']) {
      let abort = (): void => undefined;
      await using proxy = await FakeProxy.start(async (side) => {
        await side.readHeader();
        for (let drips = 0; drip !== '' && drips < 5; drips++) await side.send(drip);
        abort();
      });
      const connector = createConnector(`http://127.0.0.1:${proxy.port}`);
      const run = (reason: unknown): Promise<unknown> => {
        const controller = new AbortController();
        abort = () => controller.abort(reason);
        return connector.connect(target, { signal: controller.signal }).catch((error: unknown) => error);
      };
      expect(await run(createEmailError('ERR_TIMEOUT', 'connectMs passed'))).toMatchObject({
        code: 'ERR_PROXY',
        message: expect.stringContaining('did not answer in time: connectMs passed'),
        retryable: true,
        cause: { code: 'ERR_TIMEOUT' },
      });
      expect(await run(undefined)).toMatchObject({ code: 'ERR_ABORTED' });
    }
  });

  test('an unreachable proxy keeps its error, with a remedy about the proxy', async () => {
    const proxy = await FakeProxy.start(async () => undefined);
    const { port } = proxy;
    await proxy[Symbol.asyncDispose]();
    await expect(createConnector(`http://127.0.0.1:${port}`).connect(target, { signal })).rejects.toMatchObject({
      code: 'ERR_CONNECT',
      remedy: expect.stringContaining('proxy.port'),
    });
  });

  test('reports the steps: the way to the proxy, then the proxy', async () => {
    const steps: string[] = [];
    const onStep: ConnectOptions['onStep'] = ({ name, ok, detail }) =>
      steps.push(`${name} ${ok} ${detail.replace(/ from .*/, '')}`);
    await using proxy = await FakeProxy.start(async (side, connection) => {
      await side.readHeader();
      await side.send(connection === 1 ? established : 'HTTP/1.1 403 No\r\n\r\n');
    });
    const connector = createConnector({ type: 'http-connect', host: '127.0.0.1', port: proxy.port });
    const options = { signal, onStep } as ConnectOptions;
    (await connector.connect(target, options)).destroy();
    await connector.connect(target, options).catch(() => undefined);
    const there = ['resolve true proxy: 127.0.0.1', `connect true proxy: 127.0.0.1:${proxy.port}`];
    const what = `HTTP proxy 127.0.0.1:${proxy.port}`;
    expect(steps).toEqual([
      ...there,
      `proxy true ${what} to mail.example.com:587`,
      ...there,
      `proxy false The ${what} refused the tunnel to mail.example.com:587: 403 No`,
    ]);
  });

  test('speaks TLS to the proxy by its own settings, and verifies it', async () => {
    const authority = createTestCertificateAuthority();
    const { certificate: cert, key } = authority.issueServer();
    const problems: unknown[] = [];
    const server = createServer({ cert, key }, (socket) => {
      const side = new ProxySide(socket);
      void side
        .readHeader()
        .then(() => side.send(established + greeting))
        .catch((error: unknown) => problems.push(error));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const stream = await createConnector({
        type: 'http-connect',
        host: 'localhost',
        port,
        tls: { ca: authority.certificate },
      }).connect(target, { signal });
      expect(await readStream(stream, greeting.length)).toBe(greeting);
      stream.destroy();
      await expect(createConnector(`https://127.0.0.1:${port}`).connect(target, { signal })).rejects.toMatchObject({
        code: 'ERR_PROXY',
        cause: { code: 'ERR_TLS' },
        remedy: expect.stringContaining('proxy.tls.ca'),
      });
      expect(problems).toEqual([]);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test('chains: SOCKS in HTTP, each told the next one alone', async () => {
    const seen: string[] = [];
    await using outer = await FakeProxy.start(async (side) => {
      seen.push(requestOf(await side.readHeader()).first ?? '');
      await side.send(established);
      seen.push((await side.read(3)).toString('hex'));
      await side.send(Buffer.from('0500', 'hex'));
      seen.push((await side.read(5 + 16 + 2)).toString('latin1'));
      await side.send(Buffer.concat([Buffer.from('05000001000000000000', 'hex'), Buffer.from(greeting)]));
    });
    const chain = createConnector('socks5://inner.example:1080', createConnector(`http://127.0.0.1:${outer.port}`));
    const stream = await chain.connect(target, { signal });
    expect(await readStream(stream, greeting.length)).toBe(greeting);
    stream.destroy();
    expect(seen[0]).toBe('CONNECT inner.example:1080 HTTP/1.1');
    expect(seen[2]).toContain('mail.example.com');
    expect(outer.problems).toEqual([]);
  });

  test('refuses settings that are not valid, by the path of the field', () => {
    expect(() => createConnector({ type: 'socks5', host: 'a b', port: 0 })).toThrow(/proxy\.host.*proxy\.port/);
    expect(() => createConnector('ftp://x' as 'http://x')).toThrow(/proxy: expected http/);
    expect(() => createConnector(undefined as never)).toThrow(/proxy/);
  });

  test("'none' is the connector below", () => {
    const via = { connect: () => Promise.reject(new Error('never')) };
    expect(createConnector('none', via)).toBe(via);
  });

  test('a plain error of a connector below is the cause of ERR_CONNECT', async () => {
    const cause = new Error('no ssh');
    const connector = createConnector('socks5://p', { connect: () => Promise.reject(cause) });
    await expect(connector.connect(target, { signal })).rejects.toMatchObject({ code: 'ERR_CONNECT', cause });
  });
});
