/**
 * Runs in a process of its own, whose Object.prototype it pollutes. For each order of its parent it uses every feature
 * of the library once and reports the results. The parent's servers record the octets.
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
async function prepare(run, only) {
  const kept = [];
  for (const name of ['chunking', 'pipelining', 'bare']) {
    if (only !== undefined && !only.includes(name)) continue;
    const mailer = createMailer(profile(`${run}-${name}`, ports[name]));
    await mailer.send(message(`${run}-${name}-before`));
    kept.push([name, mailer]);
  }
  return kept;
}

function tasks(run, kept, mailers) {
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
  const all = Object.fromEntries([
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
  return all;
}

const values = {
  none: () => undefined,
  true: () => true,
  ca: () => ca,
  string: () => 'RCPT TO:<evil@evil.example>\r\nSubject: evil\r\n',
  object: () => ({ evil: 'evil@evil.example', email: 'evil@evil.example' }),
  function: () => () => 'RCPT TO:<evil@evil.example>\r\n',
};

/**
 * Is a connection or a timer left after an order? A closed connection disappears a few turns of the event loop later.
 */
const busy = () => process.getActiveResourcesInfo().some((name) => /TCP|TLS|Timeout/.test(name));

/** Set when an order left something behind. The parent then ends this process and starts another. */
let crashed = false;
let onCrash = () => undefined;
process.on('uncaughtException', (error) => onCrash(error));

async function perform({ run, names, kind, only }) {
  const outcomes = Object.create(null);
  const kept = await prepare(run, only);
  const mailers = [];
  const todo = Object.entries(tasks(run, kept, mailers)).filter(([name]) => only === undefined || only.includes(name));
  const value = values[kind]();
  const prototype = Object.prototype;
  const had = names.filter((name) => name in prototype);
  const added = kind === 'none' ? [] : names.filter((name) => !had.includes(name));
  const settled = [];
  for (let i = 0; i < added.length; i++) prototype[added[i]] = value;
  try {
    await new Promise((resolve) => {
      let left = todo.length;
      // Node's own code may throw outside of any promise. Then pending tasks never settle.
      onCrash = (error) => {
        for (let i = 0; i < todo.length; i++) settled[i] ??= `error uncaught: ${error?.message}`;
        resolve(0);
      };
      for (let i = 0; i < todo.length; i++) {
        const at = i;
        const end = (outcome) => {
          settled[at] = outcome;
          if (--left === 0) resolve(0);
        };
        let promise;
        try {
          promise = todo[at][1]();
        } catch (error) {
          end(error);
          continue;
        }
        promise.then(end, end);
      }
    });
  } finally {
    for (let i = 0; i < added.length; i++) delete prototype[added[i]];
    onCrash = () => (crashed = true);
  }
  todo.forEach(([name], i) => {
    const outcome = settled[i];
    outcomes[name] = typeof outcome === 'string' ? outcome : `error ${outcome?.code ?? outcome}: ${outcome?.message}`;
  });
  for (const mailer of mailers) await mailer.close({ force: true }).catch(() => (crashed = true));
  for (let turns = 0; busy() && turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
  crashed ||= busy();
  return outcomes;
}

process.on('message', (order) => {
  perform(order).then(
    (outcomes) => process.send({ run: order.run, outcomes, crashed }),
    (error) => process.send({ run: order.run, failed: String(error.stack) }),
  );
});
// Lazily loaded modules must be loaded first, because a module that fails to load once fails for good.
await perform({ run: 'r00000', names: [], kind: 'none' });
process.send({ ready: true });
