/**
 * Sends, proxies, Kerberos and S/MIME, as child.mjs does them.
 *
 * @module
 */
const { library, smime, ports, ca, identity, signed, forged, encrypted, krb5Conf } = JSON.parse(process.argv[2]);
const { createMailer } = await import(library);
const { decrypt, verify } = await import(smime);

const date = new Date('2026-01-02T03:04:05Z');
const profile = (run, port, server = {}, more = {}) => ({
  name: 'polluted',
  sender: { name: 'Ann', email: 'ann@example.com' },
  server: { host: '127.0.0.1', port, security: 'none', localName: `${run}.example.com`, ...server },
  authentication: { method: 'plain', username: 'ann', password: 'secret', allowPlaintext: true },
  ...more,
});
const message = (run) => ({
  to: 'bob@example.org',
  cc: { name: 'Carl', email: 'carl@example.org' },
  subject: 'Hello',
  text: 'Hello\n',
  date,
  messageId: `${run}@example.com`,
});
const whole = {
  ...message('whole'),
  from: { name: 'Ann Ähm', email: 'ann@example.com' },
  replyTo: ['a@example.com', { email: 'b@example.com' }],
  html: '<p>Hällo</p>',
  calendar: { method: 'REQUEST', content: 'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n', filename: 'a.ics' },
  attachments: [
    { content: 'a;b', filename: 'a.csv' },
    { content: Buffer.alloc(300, 7), cid: 'c' },
  ],
  alternatives: [{ content: 'amp', contentType: 'text/x-amp-html; charset=utf-8' }],
  headers: { 'X-A': 'b' },
  references: ['<r@example.com>'],
  importance: 'high',
  list: { unsubscribe: 'https://example.com/u', oneClick: true, id: 'news.example.com' },
  envelope: { dsn: { notify: ['failure'] } },
};
const certificate = { data: identity.certificate, key: identity.key };
const protectedBy = {
  sign: { certificate },
  encrypt: { certificates: { data: identity.certificate } },
};

/** Prepares the mailers and connections that a program has before anything is polluted. */
export async function prepare(run, only) {
  const kept = [];
  for (const name of ['chunking', 'pipelining', 'bare']) {
    if (only !== undefined && !only.includes(name)) continue;
    const mailer = createMailer(profile(`${run}-${name}`, ports[name]));
    await mailer.send(message(`${run}-${name}-before`));
    kept.push([name, mailer]);
  }
  return kept;
}

export function tasks(run, kept, mailers) {
  const send = async (name, made, what = message(`${run}-${name}`)) => {
    const mailer = made();
    mailers.push(mailer);
    try {
      const { accepted } = await mailer.send(what);
      return `sent ${accepted.length}`;
    } finally {
      await mailer.close({ force: true });
    }
  };
  const made = (name, port, server, more) => () => createMailer(profile(`${run}-${name}`, port, server, more));
  const composed = async (more, what) => {
    const mailer = createMailer(profile(run, 1, {}, more));
    const { content } = await mailer.compose(what);
    await mailer.close();
    return Buffer.from(content).toString('base64');
  };
  const judged = (result) =>
    result.signatures.map(({ valid, trusted }) => `[${valid},${trusted}]`).join() +
    Buffer.from(result.content).toString('base64');
  return Object.fromEntries([
    ...kept.map(([name, mailer]) => [name, () => send(name, () => mailer)]),
    ['tls', () => send('tls', made('tls', ports.tls, { host: 'localhost', security: 'implicit', tls: { ca } }))],
    ['untrusted', () => send('untrusted', made('untrusted', ports.tls, { host: 'localhost', security: 'implicit' }))],
    ['http', () => send('http', made('http', ports.bare, {}, { proxy: `http://u:p@127.0.0.1:${ports.http}` }))],
    ['socks', () => send('socks', made('socks', ports.bare, {}, { proxy: `socks5://u:p@127.0.0.1:${ports.socks}` }))],
    ['compose', () => composed({}, whole)],
    ['protect', () => composed({ smime: protectedBy }, message('protect'))],
    ['verify', async () => judged(await verify(Buffer.from(signed, 'base64'), { trustAnchors: [ca] }))],
    ['forged', async () => judged(await verify(Buffer.from(forged, 'base64'), { trustAnchors: [ca] }))],
    [
      'decrypt',
      async () =>
        Buffer.from((await decrypt(Buffer.from(encrypted, 'base64'), certificate)).content).toString('base64'),
    ],
    [
      'kerberos',
      () =>
        send(
          'kerberos',
          made(
            'kerberos',
            ports.gssapi,
            {},
            {
              authentication: {
                method: 'kerberos',
                principal: 'alice@FAKE.TEST',
                password: 'correct horse battery',
                servicePrincipal: 'smtp/mail.fake.test',
                kdc: [`127.0.0.1:${ports.kdc}`],
                krb5ConfFile: krb5Conf,
              },
            },
          ),
        ),
    ],
  ]);
}
