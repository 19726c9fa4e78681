/**
 * Programs as people write them for nodemailer. Each is run through nodemailer and through sealpost/nodemailer, against
 * a server of its own. The received messages, the results and the errors are compared.
 * @module
 */
import { Readable } from 'node:stream';
import type { SendMailOptions, SentMessageInfo, TransportOptions, Transporter } from '../../src/nodemailer.js';
import type { TestSmtpServer, TestSmtpServerOptions } from '../../src/testing.js';

/** The interface that both libraries share. */
export interface Library {
  createTransport(options: TransportOptions | string, defaults?: SendMailOptions): Transporter;
}

export interface Program {
  readonly server?: TestSmtpServerOptions;
  run(library: Library, server: TestSmtpServer): Promise<SentMessageInfo | true>;
  /** Header fields that only one of the libraries writes. */
  readonly onlyTheirs?: readonly string[];
  readonly onlyOurs?: readonly string[];
  /** Error codes that differ: theirs, ours. */
  readonly codes?: readonly [theirs: string, ours: string];
  /** The server receives the parts in another order. */
  readonly anyOrder?: true;
  readonly commands?: readonly [theirs: string, ours: string];
  /** Only nodemailer asks the server, so only nodemailer has a reply. */
  readonly replyOfTheirs?: true;
}

const message = { from: 'Ann <ann@example.com>', to: 'bob@example.org', subject: 'Grüße', text: 'Hello Bob' };

/** Options that lead to the server; its certificate is trusted. */
function way({ settings }: TestSmtpServer): TransportOptions {
  const { host, port, security, tls } = settings;
  const trust = tls === undefined ? {} : { tls: { ca: String(tls.ca) } };
  return { host, port, secure: security === 'implicit', ...trust };
}

async function send(
  library: Library,
  options: TransportOptions | string,
  more: SendMailOptions,
  defaults?: SendMailOptions,
): Promise<SentMessageInfo> {
  const transporter = library.createTransport(options, defaults);
  try {
    return await transporter.sendMail({ ...message, ...more });
  } finally {
    transporter.close();
  }
}

async function verify(library: Library, options: TransportOptions): Promise<true> {
  const transporter = library.createTransport(options);
  try {
    return await transporter.verify();
  } finally {
    transporter.close();
  }
}

const event =
  `BEGIN:VCALENDAR\r\nPRODID:-//x//y\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1@example.com\r\n` +
  `DTSTAMP:20261130T000000Z\r\nDTSTART:20261201T100000Z\r\nSUMMARY:Budget\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n`;
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=',
  'base64',
);
const users = { 'ann@example.com': 'secret' };

export const programs: Readonly<Record<string, Program>> = {
  'plain text': { run: (library, server) => send(library, way(server), {}) },
  'text and HTML': { run: (library, server) => send(library, way(server), { html: '<p>Hello <b>Bob</b></p>' }) },
  'many recipients': {
    run: (library, server) =>
      send(library, way(server), {
        to: 'bob@example.org, "Smith, Carl" <carl@example.org>',
        cc: [{ name: 'Dora', address: 'dora@example.org' }, 'Eve <eve@example.org>'],
        bcc: 'fay@example.org',
        replyTo: 'desk@example.com, Ann <ann@example.com>',
      }),
  },
  attachments: {
    run: (library, server) =>
      send(library, way(server), {
        attachments: [
          { filename: 'a.txt', content: 'text of a' },
          { filename: 'bytes.bin', content: Buffer.from([1, 2, 3]) },
          { filename: 'b64.txt', content: 'aGVsbG8=', encoding: 'base64' },
          { filename: 'stream.csv', content: Readable.from([Buffer.from('a,b\r\n')]) },
          { filename: 'typed', content: '{}', contentType: 'application/json' },
          { filename: 'from-url.txt', path: 'data:text/plain;base64,aGk=' },
        ],
      }),
  },
  'image by cid': {
    run: (library, server) =>
      send(library, way(server), {
        html: '<img src="cid:logo">',
        attachments: [{ filename: 'logo.png', content: png, cid: 'logo' }],
      }),
  },
  'images in data: URLs': {
    run: (library, server) =>
      send(
        library,
        { ...way(server), attachDataUrls: true },
        {
          html: `<img src="data:image/png;base64,${png.toString('base64')}"> <img alt=x src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">`,
          attachments: [{ filename: 'a.txt', content: 'text of a' }],
        },
      ),
  },
  'an image in a data: URL of one message': {
    run: (library, server) =>
      send(library, way(server), {
        attachDataUrls: true,
        html: `<p><img src="data:image/png;base64,${png.toString('base64')}"></p>`,
      }),
  },
  calendar: {
    anyOrder: true,
    run: (library, server) =>
      send(library, way(server), { icalEvent: { filename: 'invite.ics', method: 'REQUEST', content: event } }),
  },
  alternatives: {
    anyOrder: true,
    run: (library, server) =>
      send(library, way(server), {
        html: '<p>Hello</p>',
        amp: '<!doctype html><html amp4email></html>',
        watchHtml: '<b>Hello</b>',
        alternatives: [{ contentType: 'text/x-web-markdown', content: '**Hello**' }],
      }),
  },
  'list fields': {
    run: (library, server) =>
      send(library, way(server), {
        list: {
          help: 'help@example.com?subject=help',
          unsubscribe: [{ url: 'https://example.com/u', comment: 'Leave' }, 'leave@example.com'],
          subscribe: [['join@example.com', { url: 'https://example.com/join', comment: 'Join' }]],
          id: { url: 'news.example.com', comment: 'News' },
        },
        headers: { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' },
      }),
  },
  'custom fields': {
    run: (library, server) =>
      send(
        library,
        way(server),
        {
          headers: {
            'X-One': '1',
            'X-Two': ['a', 'b'],
            'X-Words': 'Käse und Brot',
            'X-Number': 7,
            References: '<r@example.com>',
          },
          inReplyTo: '<r@example.com>',
          messageId: '<own@example.com>',
          date: new Date('2026-11-30T12:00:00Z'),
          priority: 'high',
          xMailer: 'Program 1',
        },
        { headers: { 'X-Default': 'd', 'X-One': 'not this' } },
      ),
  },
  'fields as an array': {
    run: (library, server) =>
      send(library, way(server), {
        headers: [
          { key: 'X-One', value: '1' },
          { key: 'X-One', value: '2' },
        ],
      }),
  },
  envelope: {
    run: (library, server) =>
      send(library, way(server), {
        envelope: { from: 'Bounces <bounce@example.com>', to: 'carl@example.org, dora@example.org' },
      }),
  },
  'null reverse path': {
    run: (library, server) => send(library, way(server), { envelope: { from: '', to: 'carl@example.org' } }),
  },
  'blind recipients only': {
    onlyOurs: ['to'],
    run: (library, server) =>
      send(library, way(server), { to: undefined, bcc: ['bob@example.org', 'carl@example.org'] }),
  },
  dsn: {
    run: (library, server) =>
      send(library, way(server), {
        dsn: { id: 'id-1', return: 'headers', notify: ['failure', 'delay'], recipient: 'bob@example.org' },
      }),
  },
  'raw message': {
    run: (library, server) =>
      library.createTransport(way(server)).sendMail({
        envelope: { from: 'ann@example.com', to: ['bob@example.org'] },
        raw: 'From: ann@example.com\r\nTo: bob@example.org\r\nMessage-ID: <raw@example.com>\r\nSubject: raw\r\n\r\nraw text\r\n',
      }),
  },
  'raw message by its fields': {
    run: (library, server) =>
      library.createTransport(way(server)).sendMail({
        from: 'ann@example.com',
        to: 'bob@example.org, carl@example.org',
        raw: 'From: ann@example.com\r\nMessage-ID: <raw@example.com>\r\nSubject: raw\r\n\r\nraw text\r\n',
      }),
  },
  'a pool': {
    run: async (library, server) => {
      const transporter = library.createTransport({ ...way(server), pool: true, maxConnections: 2 });
      const sent = await Promise.all(
        [1, 2, 3, 4].map((n) => transporter.sendMail({ ...message, subject: 'same', text: `${n}` })),
      );
      transporter.close();
      return sent[0] ?? true;
    },
    anyOrder: true,
  },
  'implicit TLS': {
    server: { security: 'implicit' },
    run: (library, server) => send(library, way(server), {}),
  },
  'STARTTLS required': { run: (library, server) => send(library, { ...way(server), requireTLS: true }, {}) },
  'STARTTLS required and not offered': {
    server: { security: 'none' },
    replyOfTheirs: true,
    run: (library, server) => send(library, { ...way(server), requireTLS: true }, {}),
  },
  'no TLS': { run: (library, server) => send(library, { ...way(server), ignoreTLS: true }, {}) },
  'an untrusted certificate': {
    run: (library, { host, port }) => send(library, { host, port }, {}),
  },
  'an untrusted certificate, by implicit TLS': {
    server: { security: 'implicit' },
    run: (library, { host, port }) => send(library, { host, port, secure: true }, {}),
  },
  'any certificate': {
    run: (library, { host, port }) => send(library, { host, port, tls: { rejectUnauthorized: false } }, {}),
  },
  password: {
    server: { users },
    run: (library, server) => send(library, { ...way(server), auth: { user: 'ann@example.com', pass: 'secret' } }, {}),
  },
  'password by LOGIN': {
    server: { users },
    run: (library, server) =>
      send(library, { ...way(server), auth: { user: 'ann@example.com', pass: 'secret', method: 'LOGIN' } }, {}),
  },
  'a wrong password': {
    server: { users, mechanisms: ['PLAIN'] },
    commands: ['AUTH PLAIN', 'AUTH'],
    run: (library, server) =>
      send(library, { ...way(server), auth: { user: 'ann@example.com', pass: 'mistaken-1' } }, {}),
  },
  'no password where one is wanted': {
    server: { users },
    run: (library, server) => send(library, way(server), {}),
  },
  'an OAuth 2.0 token': {
    server: { users },
    run: (library, server) =>
      send(library, { ...way(server), auth: { type: 'OAuth2', user: 'ann@example.com', accessToken: 'secret' } }, {}),
  },
  'a URL': {
    server: { users },
    run: (library, { host, port }) =>
      send(
        library,
        `smtp://ann%40example.com:secret@${host}:${port}/?requireTLS=true&tls.rejectUnauthorized=false`,
        {},
      ),
  },
  'one recipient refused': {
    server: {
      replies: (verb, line) => (verb === 'RCPT' && line.includes('carl') ? '550 5.1.1 no such user' : undefined),
    },
    run: (library, server) => send(library, way(server), { to: 'bob@example.org, carl@example.org' }),
  },
  'all recipients refused': {
    server: { replies: (verb) => (verb === 'RCPT' ? '550 5.1.1 no such user' : undefined) },
    run: (library, server) => send(library, way(server), { to: 'bob@example.org, carl@example.org' }),
  },
  'sender refused': {
    server: { replies: (verb) => (verb === 'MAIL' ? '550-5.7.1 not you\r\n550 5.7.1 go away' : undefined) },
    run: (library, server) => send(library, way(server), {}),
  },
  'message refused': {
    server: { replies: { END: ['554 5.6.0 no spam'] } },
    run: (library, server) => send(library, way(server), {}),
  },
  'nothing listens': {
    run: async (library, server) => {
      await server.close();
      return send(library, { host: server.host, port: server.port }, {});
    },
  },
  'a file that is not allowed': {
    codes: ['ESTREAM', 'EFILEACCESS'],
    run: (library, server) =>
      send(library, { ...way(server), disableFileAccess: true }, { attachments: [{ path: '/etc/hostname' }] }),
  },
  'callback of sendMail': {
    run: (library, server) =>
      new Promise((resolve, reject) => {
        const transporter = library.createTransport(way(server));
        transporter.sendMail(message, (error, info) => (error ? reject(error) : resolve(info)));
      }),
  },
  verify: {
    server: { users },
    run: (library, server) => verify(library, { ...way(server), auth: { user: 'ann@example.com', pass: 'secret' } }),
  },
  'verify with a wrong password': {
    server: { users, mechanisms: ['PLAIN'] },
    commands: ['AUTH PLAIN', 'AUTH'],
    run: (library, server) =>
      verify(library, { ...way(server), auth: { user: 'ann@example.com', pass: 'mistaken-1' } }),
  },
  'callback of verify': {
    run: (library, server) =>
      new Promise((resolve, reject) =>
        library.createTransport(way(server)).verify((error, ok) => (error ? reject(error) : resolve(ok))),
      ),
  },
};
