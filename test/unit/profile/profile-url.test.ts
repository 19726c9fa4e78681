import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createMailer, isEmailError, parseProfile, profileFromUrl, profileToJson } from '../../../src/index.js';
import { TestSmtpServer } from '../../../src/testing.js';
import { filesBelow, read } from '../../project/sources.js';
import { problemsOf } from './problems.js';

const json = (url: string, settings?: object): unknown =>
  profileToJson(profileFromUrl(url, settings), { secrets: 'include' });
const problems = (url: unknown, settings?: unknown): readonly string[] =>
  problemsOf(() => Reflect.apply(profileFromUrl, undefined, settings === undefined ? [url] : [url, settings])).map(
    ({ path, message }) => `${path}: ${message}`,
  );

describe('a URL', () => {
  it('with smtps is implicit TLS on 465', () => {
    expect(json('smtps://user:pw@mail.example.com')).toEqual({
      name: 'mail.example.com',
      sender: { email: 'user@mail.example.com' },
      server: { host: 'mail.example.com', port: 465, security: 'implicit' },
      authentication: { method: 'password', username: 'user', password: 'pw' },
    });
  });

  it('with smtp requires STARTTLS on 587', () => {
    expect(json('smtp://user:pw@mail.example.com')).toMatchObject({
      server: { host: 'mail.example.com', port: 587, security: 'explicit' },
    });
  });

  it('has scheme in any case, a port, and a slash at its end', () => {
    expect(json('SMTP://user:pw@mail.example.com:2525/')).toMatchObject({
      server: { port: 2525, security: 'explicit' },
    });
  });

  it('has percent-encoded user name and password, of which a plus is a plus', () => {
    expect(json('smtps://ann%2Bx%40example.com:p%3A%2F%3F%23%25%40+%C3%A9@mail.example.com')).toMatchObject({
      sender: { email: 'ann+x@example.com' },
      authentication: { username: 'ann+x@example.com', password: 'p:/?#%@+é' },
    });
  });

  it('takes the last @ and the first colon, as browsers do', () => {
    expect(json('smtps://ann:a:b@c@mail.example.com')).toMatchObject({
      authentication: { username: 'ann', password: 'a:b@c' },
      server: { host: 'mail.example.com' },
    });
  });

  it.each([
    ['smtp://u:p@[2001:db8::1]:25', '2001:db8::1', 25, 'u@[IPv6:2001:db8::1]'],
    ['smtp://u:p@192.0.2.1', '192.0.2.1', 587, 'u@[192.0.2.1]'],
    ['smtp://u:p@localhost', 'localhost', 587, 'u@localhost'],
    ['smtp://u:p@b%C3%BCro.example', 'büro.example', 587, 'u@büro.example'],
  ])('%s has its host and a sender of it', (url, host, port, email) => {
    expect(json(url)).toMatchObject({ server: { host, port }, sender: { email } });
  });

  it('without a user has no authentication, and its sender stands beside it or in the query', () => {
    expect(json('smtp://mail.example.com', { sender: { email: 'app@example.com' } })).toEqual({
      name: 'mail.example.com',
      sender: { email: 'app@example.com' },
      server: { host: 'mail.example.com', port: 587, security: 'explicit' },
    });
    expect(json('smtp://mail.example.com?sender.email=app@example.com')).toMatchObject({
      sender: { email: 'app@example.com' },
    });
    expect(problems('smtp://mail.example.com')).toEqual([expect.stringMatching(/^sender: expected .*, got nothing$/)]);
  });

  it('has settings in its query, by their paths', () => {
    const query = [
      'name=shop',
      'sender.name=The%20Shop',
      'sender.replyTo=help@example.com',
      'server.protocol=lmtp',
      'server.ignoreExtensions=CHUNKING,PIPELINING',
      'server.timeouts.connectMs=5000',
      'server.tls.minVersion=TLSv1.3',
      'server.tls.dangerouslyAcceptAnyCertificate=true',
      'authentication.method=scram-sha-256',
      'proxy=socks5://proxy.example.com:1080',
      'logging.level=debug',
    ].join('&');
    expect(json(`smtp://ann:pw@mail.example.com?${query}`)).toEqual({
      name: 'shop',
      sender: { name: 'The Shop', replyTo: 'help@example.com', email: 'ann@mail.example.com' },
      server: {
        host: 'mail.example.com',
        port: 587,
        security: 'explicit',
        protocol: 'lmtp',
        ignoreExtensions: ['CHUNKING', 'PIPELINING'],
        timeouts: { connectMs: 5000 },
        tls: { minVersion: 'TLSv1.3', dangerouslyAcceptAnyCertificate: true },
      },
      authentication: { method: 'scram-sha-256', username: 'ann', password: 'pw' },
      proxy: 'socks5://proxy.example.com:1080',
      logging: { level: 'debug' },
    });
  });

  it('has a token or a principal where the method has one', () => {
    expect(json('smtp://ann%40example.com:ya29.x@smtp.example.com?authentication.method=xoauth2')).toMatchObject({
      authentication: { method: 'xoauth2', username: 'ann@example.com', token: 'ya29.x' },
    });
    expect(json('smtp://ann%40EXAMPLE.COM:pw@smtp.example.com?authentication.method=kerberos')).toMatchObject({
      authentication: { method: 'kerberos', principal: 'ann@EXAMPLE.COM', password: 'pw' },
    });
  });

  it('may ask for plain text by its name', () => {
    expect(json('smtp://mail.example.com:25?server.security=none&sender.email=a@example.com')).toMatchObject({
      server: { port: 25, security: 'none' },
    });
  });

  it('gives a checked profile, whose password is in no output', () => {
    const profile = profileFromUrl('smtps://user:pw-secret@mail.example.com');
    expect(Object.isFrozen(profile)).toBe(true);
    expect(parseProfile(profileToJson(profile, { secrets: 'include' }))).toEqual(profile);
    expect(`${inspect(profile)}${JSON.stringify(profile)}`).not.toContain('pw-secret');
  });

  it('takes the other settings of a profile beside it', () => {
    expect(
      json('smtps://user:pw@mail.example.com', { name: 'n', priority: 'urgent', headers: { 'X-A': 'b' } }),
    ).toMatchObject({ name: 'n', priority: 'urgent', headers: { 'X-A': 'b' } });
  });
});

describe('a wrong URL is refused', () => {
  it.each<[unknown, RegExp]>([
    [undefined, /^url: expected smtps:\/\/user:password@host, or smtp:\/\/ for STARTTLS, got nothing$/],
    ['', /^url: expected .* got an empty string$/],
    [new URL('smtps://u:p@h'), /^url: expected .* got an instance of a class$/],
    ['http://u:pw-secret@h', /^url: expected smtps:\/\/ .*got another scheme$/],
    ['u:pw-secret@h', /^url: expected smtps/],
    ['smtps:u:pw-secret@h', /^url: expected smtps/],
    [' smtps://u:pw-secret@h', /^url: contains a space/],
    ['smtps://u:pw-secret@h\n', /^url: contains a space/],
    ['smtps://u:pw-secret/x@h', /^url: .* a \/ is written %2F/],
    ['smtps://u:pw-secret#x@h', /^url: .* a # %23/],
    ['smtps://u:pw-secret\\x@h', /^url: .* a \\ %5C/],
    ['smtps://u:p@h/path', /^url: expected smtps:\/\/user:password@host:port\?name=value, got other text/],
    [`smtps://u:${'p'.repeat(200_000)}@h`, /^url: is too long/],
    ['smtps://', /^server\.host: expected host or host:port after the user/],
    ['smtps://u:pw-secret@', /^server\.host: /],
    ['smtps://u:pw-secret@h:0', /^server\.host: /],
    ['smtps://u:pw-secret@h:99999', /^server\.host: /],
    ['smtps://u:pw-secret@[h]', /^server\.host: /],
    ['smtps://u:pw-secret@-h', /^server\.host: expected a DNS name or an IP address/],
    ['smtps://u:pw-secret%@h', /^authentication\.password: is not percent-encoded UTF-8/],
    ['smtps://u%ff:pw-secret@h', /^authentication\.username: is not percent-encoded UTF-8/],
    ['smtps://u%0d%0aDATA:pw-secret@h', /^authentication\.username: holds a control character \(CR/],
    ['smtps://u:pw-secret%00@h', /^authentication\.password: contains a NUL/],
    ['smtps://u@h', /^authentication\.password: expected a password after the user name/],
    ['smtps://u:@h', /^authentication\.password: expected a password/],
    ['smtps://:pw-secret@h', /^authentication\.username: expected a user name/],
    ['smtps://h?authentication.method=login', /^authentication: needs a user name and a password/],
    [
      'smtps://u:pw-secret@h?server.tsl.minVersion=TLSv1.3',
      /^server\.tsl\.minVersion: is not a known parameter of the URL; did you mean server\.tls\.minVersion\?$/,
    ],
    ['smtps://u:pw-secret@h?pool=true', /^pool: is not a known parameter of the URL; known are name, /],
    ['smtps://u:pw-secret@h?__proto__=x', /^url: contains an unknown parameter/],
    ['smtps://u:pw-secret@h?constructor=x', /^constructor: is not a known parameter/],
    ['smtps://u:pw-secret@h?authentication.password=x', /^authentication\.password: belongs before the @/],
    ['smtps://u:pw-secret@h?server.port=1', /^server\.port: belongs after the host/],
    ['smtps://u:pw-secret@h?name=a&name=b', /^name: is given twice/],
    ['smtps://u:pw-secret@h?name=', /^name: has no value/],
    ['smtps://u:pw-secret@h?name', /^name: has no value/],
    ['smtps://u:pw-secret@h?server.timeouts.connectMs=5s', /^server\.timeouts\.connectMs: expected a whole number/],
    ['smtps://u:pw-secret@h?server.tls.useSystemCa=yes', /^server\.tls\.useSystemCa: expected true or false/],
    ['smtps://u:pw-secret@h?server.security=explicit', /^server\.security: contradicts smtps/],
    ['smtp://u:pw-secret@h?server.security=implicit', /^server\.security: contradicts smtp:/],
    ['smtp://u:pw-secret@h?server.security=tls', /^server\.security: /],
    ['smtp://u:pw-secret@h?authentication.method=PLAIN', /^authentication\.method: 'PLAIN' is written 'plain' here/],
    ['smtp://u:pw-secret@h?name=%zz', /^name: is not percent-encoded/],
  ])('%s', (url, expected) => {
    const found = problems(url);
    expect(found[0]).toMatch(expected);
    expect(found.join()).not.toContain('pw-secret');
  });

  it('without quoting a password that was not encoded', () => {
    for (const url of [
      'smtp://ann:123?pw-secret@h',
      'smtp://ann:123?pw-secret=1@h',
      'smtp://ann:123?pwsecret&x=1@h',
      'smtp://ann:pw-secret@x:y@h:z',
      'smtp://ann:pw?pwsecret',
      'smtp://ann:123?pwsecret&x=1%40h',
      'smtp://ann:x@a%40pwsecret',
      'smtp://ann:x@a%20pwsecret',
    ]) {
      let thrown: unknown;
      try {
        profileFromUrl(url);
      } catch (error) {
        thrown = error;
      }
      if (!isEmailError(thrown)) throw new Error(`${url} is accepted`);
      expect(`${inspect(thrown, { depth: 9 })}${JSON.stringify(thrown)}`).not.toMatch(/pw-?secret/);
    }
  });

  it('with every problem at once', () => {
    expect(problems('smtps://u@h?pool=true&server.timeouts.connectMs=x', { server: {} })).toHaveLength(4);
  });

  it.each<[unknown, RegExp]>([
    [null, /^settings: expected an object with settings of a profile, got null/],
    ['x', /^settings: /],
    [{ server: { host: 'x' } }, /^server: is set by the URL/],
    [{ authentication: { method: 'external' } }, /^authentication: is set by the URL/],
    [{ sender: {} }, /^sender\.email: /],
    [{ prioritty: 'urgent' }, /^prioritty: is not a known key; did you mean priority\?/],
    [JSON.parse('{"__proto__": {"name": "x"}}'), /^__proto__: is refused/],
  ])('with settings %j', (settings, expected) => {
    expect(problems('smtps://u:p@h', settings)[0]).toMatch(expected);
  });

  it('where query and settings both give the sender', () => {
    expect(problems('smtps://u:p@h?sender.name=x', { sender: { email: 'a@b.example' } })).toEqual([
      'sender: is set in the URL and in the settings: leave one out',
    ]);
  });
});

describe('settings beside a URL', () => {
  it('are own fields alone', () => {
    const inherited: object = Object.create({ name: 'inherited', server: { host: 'evil.example' } });
    expect(problems('smtps://u:p@h', inherited)[0]).toMatch(/^settings: /);
    Object.assign(Object.prototype, { name: 'inherited', security: 'none', port: 1, priority: 'urgent' });
    try {
      const profile = profileFromUrl('smtps://u:p@h', {});
      expect(Object.keys(profile).sort()).toEqual(['authentication', 'name', 'sender', 'server']);
      expect(profile.name).toBe('h');
      expect(profile.server).toMatchObject({ host: 'h', port: 465, security: 'implicit' });
    } finally {
      for (const key of ['name', 'security', 'port', 'priority']) Reflect.deleteProperty(Object.prototype, key);
    }
  });
});

it('the reference lists the parameters of a URL', () => {
  expect(filesBelow('src/profile', '.ts')).toContain('src/profile/profile-url.ts');
  const table = /const parameters[^]*?\n\};/.exec(read('src/profile/profile-url.ts'))?.[0] ?? '';
  const names = [...table.matchAll(/^ {2}'?([\w.]+)'?: '/gm)].map(([, name = '']) => name);
  const section = /## From a URL[^]*?(?=\n## )/.exec(read('docs/reference/profile.md'))?.[0] ?? '';
  expect(names.length).toBeGreaterThan(25);
  for (const name of names) expect(section).toContain(`\`${name}\``);
});

describe('a mailer of a URL', () => {
  it('signs in over STARTTLS, and sends nothing to a server without it', async () => {
    await using server = await TestSmtpServer.start({ users: { 'ann@example.com': 'p@ss/word' } });
    const url = (port: number): string =>
      `smtp://ann%40example.com:p%40ss%2Fword@127.0.0.1:${port}?server.tls.dangerouslyAcceptAnyCertificate=true`;
    await using mailer = createMailer(profileFromUrl(url(server.port)));
    await mailer.send({ to: 'bob@example.com', text: 'Hello' });
    expect(server.messages[0]).toMatchObject({ user: 'ann@example.com', secure: true });

    await using bare = await TestSmtpServer.start({ security: 'none' });
    await using other = createMailer(profileFromUrl(url(bare.port)));
    await expect(other.send({ to: 'bob@example.com', text: 'Hello' })).rejects.toMatchObject({
      code: 'ERR_TLS_REQUIRED',
    });
    expect(bare.messages).toEqual([]);
  });
});
