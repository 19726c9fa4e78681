// Two builds in one process, in short alternating blocks, so that disturbances of the machine affect both.
//   node pair.mjs BASE [NOW] [--rows "1 KB;recipients"] [--rounds N]
// BASE and NOW are checkouts with a dist folder; NOW is this one by default. Prints processor time of each and the
// median of the ratios.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Duplex } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { blob, makeMessage } from './lib/messages.mjs';
import { median, parseArgs, startServer } from './lib/util.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const args = parseArgs();
const sides = { base: path.resolve(args._[0] ?? ''), now: path.resolve(args._[1] ?? path.join(here, '../..')) };
for (const folder of Object.values(sides)) fs.accessSync(path.join(folder, 'dist/index.js'));
const load = (side, entry) => import(pathToFileURL(path.join(sides[side], 'dist', `${entry}.js`)).href);

/** A server in memory at the other end of the stream, so that no system call is measured. */
class Server extends Duplex {
  #chunking;
  #left = 0;
  #inData = false;
  #tail = '';

  constructor(chunking) {
    super();
    this.#chunking = chunking;
    setImmediate(() => this.push('220 memory\r\n'));
  }

  _read() {}

  _write(chunk, _encoding, done) {
    let replies = '';
    for (let at = 0; at < chunk.length;) {
      if (this.#left > 0) {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#left -= taken;
        at += taken;
        if (this.#left === 0) replies += '250 2.0.0 Ok\r\n';
      } else if (this.#inData) {
        this.#tail = (this.#tail + chunk.latin1Slice(Math.max(at, chunk.length - 5))).slice(-5);
        at = chunk.length;
        if (this.#tail !== '\r\n.\r\n') continue;
        this.#inData = false;
        replies += '250 2.0.0 Ok\r\n';
      } else {
        const end = chunk.indexOf(10, at);
        const line = chunk.latin1Slice(at, end - 1);
        at = end + 1;
        if (line.startsWith('BDAT')) this.#left = Number(line.split(' ')[1]);
        else replies += this.#answer(line.slice(0, 4));
      }
    }
    done();
    if (replies !== '') setImmediate(() => this.push(replies));
  }

  #answer(verb) {
    if (verb === 'EHLO')
      return `250-memory\r\n250-PIPELINING\r\n250-SIZE 1000000000\r\n250-8BITMIME\r\n${this.#chunking ? '250-CHUNKING\r\n' : ''}250 SMTPUTF8\r\n`;
    if (verb !== 'DATA') return verb === 'QUIT' ? '221 2.0.0 Bye\r\n' : '250 2.1.0 Ok\r\n';
    this.#inData = true;
    this.#tail = '';
    return '354 Go on\r\n';
  }

  setNoDelay() {}
  setKeepAlive() {}
  ref() {}
  unref() {}
}

const sender = { name: 'Alice Example', email: 'alice@example.com' };
const toMessage = ({ to, subject, text, html, attachments }) => ({
  ...{ to, subject, text, html },
  ...(attachments && {
    attachments: attachments.map((a) => ({
      filename: a.filename,
      contentType: a.contentType,
      content: a.streamPath ? fs.createReadStream(a.streamPath) : a.path ? { file: a.path } : a.content,
    })),
  }),
});

/** A row with the server in memory. */
const sending =
  (kind, { chunking = true, connections = 1, depth = 1, block = 200 } = {}) =>
  async (side) => {
    const { createMailer } = await load(side, 'index');
    const given = makeMessage(kind);
    const mailer = createMailer(
      { name: 'pair', sender, server: { host: 'memory', port: 25, security: 'none' }, proxy: 'none' },
      {
        connector: { connect: async () => new Server(chunking) },
        pool: { maxConnections: connections, messagesInFlight: depth },
      },
    );
    const lanes = Math.min(block, 8 * connections * depth);
    return {
      count: block,
      run: async () => {
        let left = block;
        const lane = async () => {
          while (left-- > 0) await mailer.send(toMessage(given));
        };
        await Promise.all(Array.from({ length: lanes }, lane));
      },
      close: () => mailer.close(),
    };
  };

const composing = (kind, count) => async (side) => {
  const { createMailer } = await load(side, 'index');
  const mailer = createMailer({ name: 'pair', sender, server: { host: 'memory' } });
  const given = makeMessage(kind);
  return {
    count,
    run: async () => {
      for (let i = 0; i < count; i++) await mailer.compose(toMessage(given));
    },
    close: () => mailer.close(),
  };
};

const certificate = (name) => fs.readFileSync(path.join(here, 'certs', name), 'utf8');
const smime = (what, key, size, count) => async (side) => {
  const { sign, encrypt } = await load(side, 'smime');
  const entity = Buffer.concat([
    Buffer.from('Content-Type: text/plain\r\n\r\n'),
    Buffer.from(makeMessage(`text:${size}`).text),
  ]);
  const signer = { certificate: { data: certificate(`${key}.pem`), key: certificate(`${key}.key`) } };
  const recipients = [certificate('rsa.pem')];
  return {
    count,
    run: async () => {
      for (let i = 0; i < count; i++) await (what === 'sign' ? sign(entity, signer) : encrypt(entity, recipients));
    },
    close: async () => undefined,
  };
};

/** A new connection under TLS for each message, over loopback. */
const overTls = async (side) => {
  const { createMailer } = await load(side, 'index');
  const mailer = createMailer(
    {
      name: 'pair',
      sender,
      server: {
        ...{ host: '127.0.0.1', port: await tlsPort(), security: 'explicit' },
        tls: { dangerouslyAcceptAnyCertificate: true },
      },
      proxy: 'none',
    },
    { pool: { maxConnections: 1, maxMessagesPerConnection: 1 } },
  );
  const message = toMessage(makeMessage('text:1024'));
  return {
    count: 20,
    run: async () => {
      for (let i = 0; i < 20; i++) await mailer.send({ ...message });
    },
    close: () => mailer.close(),
  };
};
const servers = [];
let tlsServer;
function tlsPort() {
  tlsServer ??= (async () => {
    const port = 27000 + (process.pid % 1000);
    const argv = ['sinks/node-sink.mjs', '--port', String(port), '--tls', 'certs/tls.pem,certs/tls.key'];
    servers.push(await startServer(process.execPath, argv, port));
    return port;
  })();
  return tlsServer;
}

/** Import and first message, each in a process of its own. */
const starting = async (side) => {
  const program = `
    import { Duplex } from 'node:stream';
    const { createMailer } = await import(${JSON.stringify(pathToFileURL(path.join(sides[side], 'dist/index.js')).href)});
    ${Server}
    const mailer = createMailer({ name: 'pair', sender: { email: 'a@example.com' }, server: { host: 'memory', security: 'none' }, proxy: 'none' },
      { connector: { connect: async () => new Server(true) } });
    await mailer.send({ to: 'b@example.org', subject: 'Hello', text: 'Hello' });
    const { user, system } = process.cpuUsage();
    await mailer.close();
    process.stdout.write(String(user + system));`;
  return {
    count: 1,
    run: async () => {
      const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
      return Number(stdout);
    },
    close: async () => undefined,
  };
};

let file;
const fileOf = (bytes) => {
  if (file === undefined) {
    file = path.join(os.tmpdir(), `pair-${process.pid}.bin`);
    const part = blob(1 << 20);
    const handle = fs.openSync(file, 'w');
    for (let at = 0; at < bytes; at += part.length) fs.writeSync(handle, part);
    fs.closeSync(handle);
  }
  return `file:${file}`;
};

/** Each row with its default number of rounds. */
const rows = {
  'text of 1 KB': [400, sending('text:1024')],
  'text of 1 KB, 5 connections': [300, sending('text:1024', { connections: 5 })],
  'text of 1 KB, 8 in flight': [300, sending('text:1024', { depth: 8 })],
  'text of 1 KB, 5 connections, 8 in flight': [150, sending('text:1024', { connections: 5, depth: 8, block: 400 })],
  'text of 1 KB, PIPELINING alone': [300, sending('text:1024', { chunking: false })],
  'text of 10 KB': [200, sending('text:10240')],
  'text of 100 KB': [60, sending('text:102400', { block: 50 })],
  '1 000 recipients': [40, sending('rcpt:1000', { block: 10 })],
  'attachment of 1 MiB': [40, sending('attach:1048576', { block: 10 })],
  'file of 200 MiB': [7, (side) => sending(fileOf(200 << 20), { block: 1 })(side)],
  'Readable of 200 MiB': [7, (side) => sending(fileOf(200 << 20).replace('file:', 'stream:'), { block: 1 })(side)],
  'compose, short text': [300, composing('short', 500)],
  'compose, text and HTML beyond ASCII': [100, composing('rich', 100)],
  'compose, attachment of 1 MiB': [50, composing('attach:1048576', 10)],
  'sign, RSA-2048, 10 KB': [30, smime('sign', 'rsa', 10240, 20)],
  'sign, RSA-2048, 10 MB': [15, smime('sign', 'rsa', 10 << 20, 2)],
  'sign, P-256, 10 KB': [60, smime('sign', 'ec', 10240, 50)],
  'sign, P-256, 10 MB': [15, smime('sign', 'ec', 10 << 20, 2)],
  'encrypt, 10 KB': [60, smime('encrypt', 'rsa', 10240, 50)],
  'encrypt, 10 MB': [12, smime('encrypt', 'rsa', 10 << 20, 2)],
  'TLS connection and one message': [30, overTls],
  'import and first message': [21, starting],
};

async function measure(name, [usual, prepare]) {
  const rounds = Number(args.rounds ?? usual);
  const work = {};
  for (const side of ['base', 'now']) work[side] = await prepare(side);
  const cost = { base: [], now: [] };
  // The first third warms up the compiler.
  for (let round = -Math.ceil(rounds / 3); round < rounds; round++)
    for (const side of round % 2 === 0 ? ['base', 'now'] : ['now', 'base']) {
      const before = process.cpuUsage();
      const told = await work[side].run();
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) cost[side].push((told ?? user + system) / work[side].count);
    }
  for (const side of ['base', 'now']) await work[side].close();
  const ratio = median(cost.now.map((now, i) => now / cost.base[i]));
  const [base, now] = [median(cost.base), median(cost.now)].map((us) =>
    us < 1000 ? `${us.toFixed(1)} µs` : `${(us / 1000).toFixed(2)} ms`,
  );
  console.log(`| ${name} | ${base} | ${now} | ${ratio.toFixed(3)} |`);
}

console.log('| row | base | now | ratio |\n|---|---|---|---|');
const wanted = args.rows === undefined ? [''] : String(args.rows).split(';');
try {
  for (const [name, row] of Object.entries(rows))
    if (wanted.some((part) => name.includes(part))) await measure(name, row);
} finally {
  for (const server of servers) await server.stop();
  if (file !== undefined) fs.rmSync(file);
}
