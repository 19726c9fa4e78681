import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { createConnector } from '../../../../src/mailer/create-connector.js';
import { krb5Settings } from '../../../../src/kerberos/config/settings.js';
import { kerberosError } from '../../../../src/kerberos/errors.js';
import { getTicketGrantingTicket } from '../../../../src/kerberos/exchange/as-exchange.js';
import { negotiateToken } from '../../../../src/kerberos/negotiate.js';
import { KerberosTickets } from '../../../../src/kerberos/tickets.js';
import { DirectConnector } from '../../../../src/net/direct.js';
import { parseChallenges } from '../../../../src/net/proxy/http-challenges.js';
import { digestChallenge, DigestSession } from '../../../../src/net/proxy/http-digest.js';
import type { NegotiateRequest } from '../../../../src/net/proxy/http-authentication.js';
import { ProxyConnector } from '../../../../src/net/proxy/proxy-connector.js';
import { resolveProxyServer } from '../../../../src/profile/resolve.js';
import { children, contentOf, oidText, readElement } from '../../../../src/util/der.js';
import { aliceKdc, failureOf, password, quietConf, Scratch } from '../../kerberos/harness.js';
import type { FakeKdc } from '../../kerberos/fake-kdc.js';
import { FakeService } from '../../kerberos/fake-service.js';
import { writeCache } from '../../kerberos/credentials/ccache-writer.js';
import { FakeProxy } from './fake-proxy.js';

const signal = new AbortController().signal;
const target = { host: 'mail.example.com', port: 587 };
const established = 'HTTP/1.1 200 Connection established\r\n';

describe('challenges (RFC 9110 section 11.6.1)', () => {
  const parse = (...fields: readonly string[]) =>
    parseChallenges(fields).map(({ scheme, token, parameters }) => [scheme, token, Object.fromEntries(parameters)]);

  it.each<[string, readonly string[], unknown]>([
    ['a scheme alone', ['NTLM'], [['ntlm', '', {}]]],
    [
      'several schemes alone',
      ['Negotiate, NTLM'],
      [
        ['negotiate', '', {}],
        ['ntlm', '', {}],
      ],
    ],
    ['a token', ['Negotiate YII+/=='], [['negotiate', 'YII+/==', {}]]],
    ['parameters', ['Basic realm="a, NTLM"'], [['basic', '', { realm: 'a, NTLM' }]]],
    [
      'several challenges with parameters in one field',
      ['Digest realm="x", nonce="a=\\"b", qop="auth,auth-int", Basic realm="y" , Bearer'],
      [
        ['digest', '', { realm: 'x', nonce: 'a="b', qop: 'auth,auth-int' }],
        ['basic', '', { realm: 'y' }],
        ['bearer', '', {}],
      ],
    ],
    [
      'unquoted values and blanks',
      ['Digest  realm = x ,stale=TRUE, algorithm=MD5'],
      [['digest', '', { realm: 'x', stale: 'TRUE', algorithm: 'MD5' }]],
    ],
    ['empty elements', [', ,Basic realm="a",,'], [['basic', '', { realm: 'a' }]]],
    ['the first of equal names', ['Digest nonce="a", nonce="b"'], [['digest', '', { nonce: 'a' }]]],
    [
      'several fields',
      ['Digest nonce="a"', 'Digest nonce="b"'],
      [
        ['digest', '', { nonce: 'a' }],
        ['digest', '', { nonce: 'b' }],
      ],
    ],
    ['what is not well-formed', ['Basic realm="a', '"', 'é', ''], [['basic', '', {}]]],
  ])('are read: %s', (_, fields, expected) => {
    expect(parse(...fields)).toEqual(expected);
  });

  it('take time in proportion to their length', () => {
    for (const piece of ['a, ', 'a="\\', 'a=b,', '=', '\t', 'NTLM a'])
      expect(() => parse(piece.repeat(100_000))).not.toThrow();
  });
});

describe('Digest (RFC 7616)', () => {
  const headerOf = (text: string): string => parseChallenges([text])[0]?.parameters.get('response') ?? '';

  it.each([
    ['MD5', '8ca523f5e9506fed4657c9700eebdbec'],
    ['SHA-256', '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1'],
  ])('answers the example of section 3.9.1 with %s', (algorithm, response) => {
    const [challenge] = parseChallenges([
      `Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=${algorithm}, ` +
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ' +
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
    ]);
    if (challenge === undefined) throw new Error('no challenge');
    const session = new DigestSession(challenge, () => 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ');
    const header = session.authorization({ username: 'Mufasa', password: 'Circle of Life' }, 'GET', '/dir/index.html');
    expect(header).toBe(
      'Digest username="Mufasa", realm="http-auth@example.org", ' +
        'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", uri="/dir/index.html", ' +
        `response="${response}", algorithm=${algorithm}, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", qop=auth, ` +
        'nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"',
    );
  });

  it('answers the example of section 3.9.2 with SHA-512-256 and userhash, as erratum 4897 corrects it', () => {
    const [challenge] = parseChallenges([
      'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, ' +
        'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", ' +
        'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true',
    ]);
    if (challenge === undefined) throw new Error('no challenge');
    const session = new DigestSession(challenge, () => 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v');
    const user = { username: 'J\u00e4s\u00f8n Doe', password: 'Secret, or not?' };
    const header = session.authorization(user, 'GET', '/doe.json');
    expect(header).toContain('username="793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"');
    expect(headerOf(header)).toBe('3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5');
    expect(header).toMatch(/, userhash=true$/);
  });

  it('answers the example of RFC 2617 section 3.5, and one without qop as RFC 2069 has it', () => {
    const fields =
      'realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"';
    const answer = (challenge: string): string => {
      const [parsed] = parseChallenges([challenge]);
      if (parsed === undefined) throw new Error('no challenge');
      return new DigestSession(parsed, () => '0a4f113b').authorization(
        { username: 'Mufasa', password: 'Circle Of Life' },
        'GET',
        '/dir/index.html',
      );
    };
    expect(headerOf(answer(`Digest ${fields}, qop="auth,auth-int"`))).toBe('6629fae49393a05397450978507c4ef1');
    const old = answer(`Digest ${fields}`);
    // MD5(MD5(A1):nonce:MD5(A2)), computed by hand.
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    expect(headerOf(old)).toBe(
      md5(
        `${md5('Mufasa:testrealm@host.com:Circle Of Life')}:dcd98b7102dd2f0e8b11d0f600bfb0c093:${md5('GET:/dir/index.html')}`,
      ),
    );
    expect(old).not.toMatch(/qop|nc=|cnonce|algorithm/);
  });

  it('hashes user, password and the first nonces once with -sess', () => {
    const [challenge] = parseChallenges(['Digest realm="r", nonce="n", qop=auth, algorithm=SHA-256-sess']);
    if (challenge === undefined) throw new Error('no challenge');
    const nonces = ['c1', 'c2'];
    const session = new DigestSession(challenge, () => nonces.shift() ?? '');
    const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
    const key = sha(`${sha('u:r:p')}:n:c1`);
    const answers = [1, 2].map(() =>
      headerOf(session.authorization({ username: 'u', password: 'p' }, 'CONNECT', 'h:1')),
    );
    expect(answers).toEqual([
      sha(`${key}:n:00000001:c1:auth:${sha('CONNECT:h:1')}`),
      sha(`${key}:n:00000002:c2:auth:${sha('CONNECT:h:1')}`),
    ]);
  });

  it.each([
    ['quotes and backslashes', 'a"b\\c', 'username="a\\"b\\\\c"'],
    ['another script', 'J\u00fcrgen', "username*=UTF-8''J%C3%BCrgen"],
    ['signs that RFC 8187 reserves', "\u00e4'(*)", "username*=UTF-8''%C3%A4%27%28%2A%29"],
  ])('writes user names with %s', (_, username, field) => {
    const [challenge] = parseChallenges(['Digest realm="r", nonce="n"']);
    if (challenge === undefined) throw new Error('no challenge');
    const header = new DigestSession(challenge).authorization({ username, password: 'p' }, 'CONNECT', 'h:1');
    expect(header).toContain(`Digest ${field}, realm="r"`);
  });

  it.each([
    [['MD5', 'SHA-256'], 'SHA-256'],
    [['SHA-256', 'SHA-512-256', 'MD5'], 'SHA-512-256'],
    [['SHA-999', 'md5'], 'md5'],
    [['SHA-999'], undefined],
  ])('takes the strongest of %j', (offered, chosen) => {
    const challenges = parseChallenges(
      offered.map((algorithm) => `Digest realm="r", nonce="n", algorithm=${algorithm}`),
    );
    expect(digestChallenge(challenges)?.parameters.get('algorithm')).toBe(chosen);
  });
});

describe('a proxy that wants Digest', () => {
  const user = { username: 'me', password: 'Circle of Life' };

  /** A proxy that checks CONNECT with its own implementation of the digest (RFC 7616). */
  class DigestProxy {
    nonce = 'first';
    readonly seen: (ReadonlyMap<string, string> | undefined)[] = [];
    algorithm = 'SHA-256';
    stale = false;
    accepts = (): boolean => true;
    info = '';

    challenge(): string {
      const stale = this.stale ? ', stale=true' : '';
      return (
        `HTTP/1.1 407 Auth\r\n` +
        `Proxy-Authenticate: Digest realm="r", nonce="${this.nonce}", qop="auth", algorithm=${this.algorithm}, opaque="o"${stale}\r\n` +
        `Content-Length: 0\r\n\r\n`
      );
    }

    answer(header: string): string {
      const authorization = /^Proxy-Authorization: (.*)$/im.exec(header)?.[1];
      const fields = authorization === undefined ? undefined : parseChallenges([authorization])[0]?.parameters;
      this.seen.push(fields);
      if (fields === undefined || fields.get('nonce') !== this.nonce || !this.accepts() || !this.#isRight(fields))
        return this.challenge();
      return `${established}${this.info}\r\n`;
    }

    #isRight(fields: ReadonlyMap<string, string>): boolean {
      const hash = (text: string): string =>
        createHash(this.algorithm === 'MD5' ? 'md5' : 'sha256')
          .update(text)
          .digest('hex');
      const uri = `${target.host}:${target.port}`;
      const expected = hash(
        `${hash(`me:r:${user.password}`)}:${this.nonce}:${fields.get('nc')}:${fields.get('cnonce')}:auth:${hash(`CONNECT:${uri}`)}`,
      );
      return fields.get('uri') === uri && fields.get('response') === expected;
    }
  }

  const serve = (digest: DigestProxy): Promise<FakeProxy> =>
    FakeProxy.start(async (side) => {
      for (;;) await side.send(digest.answer(await side.readHeader()));
    });
  const connectorTo = (proxy: FakeProxy, password = user.password) =>
    createConnector({ type: 'http-connect', host: '127.0.0.1', port: proxy.port, username: 'me', password });

  it.each(['SHA-256', 'MD5'])('is answered with %s, and counts on from request to request', async (algorithm) => {
    const digest = new DigestProxy();
    digest.algorithm = algorithm;
    await using proxy = await serve(digest);
    const connector = connectorTo(proxy);
    for (let i = 0; i < 3; i++) (await connector.connect(target, { signal })).destroy();
    expect(digest.seen.map((fields) => fields?.get('nc'))).toEqual([undefined, '00000001', '00000002', '00000003']);
    expect(new Set(digest.seen.slice(1).map((fields) => fields?.get('cnonce'))).size).toBe(3);
  });

  it('takes the nonce that the proxy names for the next request (nextnonce)', async () => {
    const digest = new DigestProxy();
    digest.info = 'Proxy-Authentication-Info: qop=auth, nextnonce="second", nc=00000001\r\n';
    await using proxy = await serve(digest);
    const connector = connectorTo(proxy);
    (await connector.connect(target, { signal })).destroy();
    digest.nonce = 'second';
    (await connector.connect(target, { signal })).destroy();
    expect(digest.seen.slice(1).map((fields) => `${fields?.get('nonce')} ${fields?.get('nc')}`)).toEqual([
      'first 00000001',
      'second 00000001',
    ]);
  });

  it.each([true, false])('answers once more where its nonce has grown old (stale=%s)', async (stale) => {
    const digest = new DigestProxy();
    await using proxy = await serve(digest);
    const connector = connectorTo(proxy);
    (await connector.connect(target, { signal })).destroy();
    digest.nonce = 'second';
    digest.stale = stale;
    (await connector.connect(target, { signal })).destroy();
    expect(digest.seen.map((fields) => fields?.get('nonce'))).toEqual([undefined, 'first', 'first', 'second']);
  });

  it('answers a nonce that is stale at once, and gives up on one that always is', async () => {
    const digest = new DigestProxy();
    let nonces = 0;
    digest.stale = true;
    digest.accepts = () => {
      digest.nonce = `nonce ${++nonces}`;
      return nonces > 1;
    };
    await using proxy = await serve(digest);
    const connector = connectorTo(proxy);
    const error = await failureOf(connector.connect(target, { signal }));
    expect([error.code, error.message]).toEqual([
      'ERR_PROXY',
      expect.stringContaining('refused the user name or the password'),
    ]);
    expect(digest.seen).toHaveLength(3);
  });

  it('says that the password is wrong, once, and shows none of it', async () => {
    const digest = new DigestProxy();
    await using proxy = await serve(digest);
    const error = await failureOf(connectorTo(proxy, 'Wr0ng-Password').connect(target, { signal }));
    expect([error.code, error.message]).toEqual([
      'ERR_PROXY',
      expect.stringContaining('refused the user name or the password: 407 Auth'),
    ]);
    expect(digest.seen).toHaveLength(2);
    expect(JSON.stringify(error) + String(error.stack)).not.toContain('Wr0ng');
  });

  test.each<[string, string, string]>([
    ['Basic realm="x", Digest realm="r", nonce="n"', 'Digest', ''],
    ['Digest realm="r", nonce="n", algorithm=SHA-999, Basic realm="x"', 'Basic', ''],
    ['Digest realm="r", nonce="n", qop="auth-int", Basic realm="x"', 'Basic', ''],
    ['Digest realm="r", nonce="n", Negotiate', 'Digest', ''],
    ['Digest realm="r", nonce="n", NTLM', 'NTLM', ''],
    ['Digest realm="r", nonce="n", algorithm=SHA-999', '', 'Digest with algorithm SHA-999'],
    ['Digest realm="r"', '', 'Digest with no nonce'],
    ['Bearer, Hoba', '', 'offers bearer, hoba, of which none is supported'],
  ])('of %j it takes %j', async (offer, scheme, words) => {
    const seen: (string | undefined)[] = [];
    await using proxy = await FakeProxy.start(async (side) => {
      for (;;) {
        seen.push(/^Proxy-Authorization: (\S+)/im.exec(await side.readHeader())?.[1]);
        await side.send(
          seen.length === 1
            ? `HTTP/1.1 407 Auth\r\nProxy-Authenticate: ${offer}\r\nContent-Length: 0\r\n\r\n`
            : `${established}\r\n`,
        );
      }
    });
    const outcome = await connectorTo(proxy)
      .connect(target, { signal })
      .then(
        (stream) => (stream.destroy(), ''),
        (error: Error) => error.message,
      );
    expect(outcome).toContain(words);
    expect(seen).toEqual(scheme === '' ? [undefined] : [undefined, scheme]);
  });
});

describe('a proxy that wants Negotiate', () => {
  const scratch = new Scratch();
  const conf = scratch.write('krb5.conf', quietConf);
  let kdc: FakeKdc;
  const before = { conf: process.env['KRB5_CONFIG'], cache: process.env['KRB5CCNAME'] };
  beforeEach(async () => {
    kdc = await aliceKdc();
    scratch.write('krb5.conf', `${quietConf}[realms]\n FAKE.TEST = {\n  kdc = 127.0.0.1:${kdc.port}\n }\n`);
    process.env['KRB5_CONFIG'] = conf;
    process.env['KRB5CCNAME'] = '/no/such/cache';
    kdc.key('HTTP/localhost');
  });
  afterEach(async () => {
    await kdc.close();
    for (const [name, value] of [
      ['KRB5_CONFIG', before.conf],
      ['KRB5CCNAME', before.cache],
    ] as const) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  afterAll(() => scratch.remove());

  /** The Kerberos token inside a NegTokenInit. */
  function tokenIn(spnego: Buffer): Buffer {
    const [oid, choice] = [...children(spnego, readElement(spnego, 0))];
    if (oid === undefined || choice === undefined) throw new Error('no NegTokenInit');
    expect([spnego[0], oidText(contentOf(spnego, oid)), choice.tag]).toEqual([0x60, '1.3.6.1.5.5.2', 0xa0]);
    const [types, token] = [...children(spnego, readElement(spnego, choice.start))];
    if (types === undefined || token === undefined) throw new Error('no token');
    expect([types.tag, token.tag]).toEqual([0xa0, 0xa2]);
    expect(contentOf(spnego, types).toString('hex')).toBe('300b06092a864886f712010202');
    return contentOf(spnego, readElement(spnego, token.start));
  }

  const start = async (accept: (token: Buffer) => boolean) => {
    const seen: (Buffer | undefined)[] = [];
    const proxy = await FakeProxy.start(async (side) => {
      for (;;) {
        const value = /^Proxy-Authorization: Negotiate (\S+)/im.exec(await side.readHeader())?.[1];
        const token = value === undefined ? undefined : Buffer.from(value, 'base64');
        seen.push(token);
        await side.send(
          token !== undefined && accept(token)
            ? `${established}Proxy-Authenticate: Negotiate oRQwEg==\r\n\r\n`
            : 'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n',
        );
      }
    });
    return { proxy, seen };
  };
  const accepted = (token: Buffer): string => {
    const service = new FakeService(kdc.key('HTTP/localhost'));
    service.accept(tokenIn(token));
    return service.client;
  };

  it.each(['alice@FAKE.TEST', 'alice', 'FAKE.TEST\\alice'])(
    'gets a ticket for HTTP/proxy by password: %s',
    async (username) => {
      const clients: string[] = [];
      const { proxy, seen } = await start((token) => (clients.push(accepted(token)), true));
      await using _ = proxy;
      const connector = createConnector({
        type: 'http-connect',
        host: 'localhost',
        port: proxy.port,
        username,
        password,
      });
      for (let i = 0; i < 2; i++) (await connector.connect(target, { signal })).destroy();
      expect(clients).toEqual(['alice', 'alice']);
      // The scheme is requested once. Each connection gets a new token.
      expect(seen.map((token) => token !== undefined)).toEqual([false, true, true]);
      expect(seen[1]?.equals(seen[2] ?? Buffer.alloc(0))).toBe(false);
      expect(kdc.seen.map((request) => request.type)).toEqual([10, 10, 12]);
    },
  );

  it('gets one by the ticket cache where no user name is set', async () => {
    const access = {
      settings: krb5Settings(new Map()),
      kdcs: [`127.0.0.1:${kdc.port}`],
      kdcRealm: 'FAKE.TEST',
      signal,
      timeoutMs: 2_000,
    };
    const clock = { offsetMs: 0, systemTime: Date.now };
    const client = { type: 1, components: ['alice'], realm: 'FAKE.TEST' };
    const granting = await getTicketGrantingTicket(access, clock, client, { kind: 'password', password });
    process.env['KRB5CCNAME'] = scratch.write('cc', writeCache(client, [granting]));
    const clients: string[] = [];
    const { proxy } = await start((token) => (clients.push(accepted(token)), true));
    await using _ = proxy;
    (await createConnector(`http://localhost:${proxy.port}`).connect(target, { signal })).destroy();
    expect(clients).toEqual(['alice']);
  });

  it('is told where there is no ticket, with the cause and what to do', async () => {
    const { proxy, seen } = await start(() => true);
    await using _ = proxy;
    const error = await failureOf(createConnector(`http://localhost:${proxy.port}`).connect(target, { signal }));
    expect([error.code, error.phase]).toEqual(['ERR_PROXY', 'proxy']);
    expect(error.message).toContain(
      'requires Kerberos (Negotiate), and there is no ticket for HTTP/localhost: The ticket cache /no/such/cache',
    );
    expect(error.remedy).toMatch(/kinit.*proxy\.username to user@REALM/);
    expect(error.remedy).not.toContain('authentication.');
    expect(seen).toEqual([undefined]);
    const wrong = createConnector({
      type: 'http-connect',
      host: 'localhost',
      port: proxy.port,
      username: 'alice',
      password: 'Wr0ng-1',
    });
    const refused = await failureOf(wrong.connect(target, { signal }));
    expect(refused.message).toContain('the password is wrong for alice@FAKE.TEST');
    expect(refused.remedy).toContain('proxy.password');
    expect(JSON.stringify(refused) + String(refused.stack)).not.toContain('Wr0ng-1');
  });

  it('that refuses the ticket is told so, and is not asked again', async () => {
    const { proxy, seen } = await start(() => false);
    await using _ = proxy;
    const connector = createConnector({
      type: 'http-connect',
      host: 'localhost',
      port: proxy.port,
      username: 'alice',
      password,
    });
    const error = await failureOf(connector.connect(target, { signal }));
    expect(error.message).toContain('refused the Kerberos ticket: 407 Auth');
    expect(error.remedy).toContain('keytab');
    expect(seen).toHaveLength(2);
  });

  it('ends with its signal while a ticket is waited for', async () => {
    const { proxy } = await start(() => true);
    await using _ = proxy;
    const controller = new AbortController();
    kdc.script = () => (controller.abort(), 'silence');
    const connector = createConnector({
      type: 'http-connect',
      host: 'localhost',
      port: proxy.port,
      username: 'alice',
      password,
    });
    expect((await failureOf(connector.connect(target, { signal: controller.signal }))).code).toBe('ERR_ABORTED');
  });

  it('is refused by name where nothing makes tokens, and passed over where something else is offered', async () => {
    const { proxy } = await start(() => true);
    await using _ = proxy;
    const settings = resolveProxyServer({ type: 'http-connect', host: '127.0.0.1', port: proxy.port });
    const error = await failureOf(new ProxyConnector(settings, new DirectConnector(), {}).connect(target, { signal }));
    expect(error.message).toContain('offers negotiate, of which none is supported');
    const asked: NegotiateRequest[] = [];
    await using other = await FakeProxy.start(async (side) => {
      await side.readHeader();
      await side.send(
        'HTTP/1.1 407 Auth\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n',
      );
      expect(await side.readHeader()).toContain('Proxy-Authorization: Basic ');
      await side.send(`${established}\r\n`);
    });
    const both = resolveProxyServer({
      type: 'http-connect',
      host: '127.0.0.1',
      port: other.port,
      username: 'a',
      password: 'b',
    });
    const negotiate = (request: NegotiateRequest): Promise<Buffer> => (
      asked.push(request),
      Promise.reject(kerberosError('none'))
    );
    (await new ProxyConnector(both, new DirectConnector(), { negotiate }).connect(target, { signal })).destroy();
    expect([asked, other.problems]).toEqual([[], []]);
  });

  it('is a service of the proxy’s own name', async () => {
    kdc.key('HTTP/proxy.fake.test');
    await negotiateToken(new KerberosTickets(), {
      host: 'Proxy.Fake.Test.',
      credentials: { username: 'alice', password },
      channelBinding: undefined,
      signal,
    });
    expect(kdc.seen.at(-1)?.server.components).toEqual(['HTTP', 'proxy.fake.test']);
  });
});
