/**
 * A server that offers CHUNKING but does not discard a refused chunk (go-smtp). It runs the lines of the content as
 * commands on an authenticated connection, so the author of a text could send as the application by naming a recipient
 * that is refused.
 * @module
 */
import { describe, expect, test } from 'vitest';
import { createMailer } from '../../src/mailer/create-mailer.js';
import { failure, open, send } from '../support/engine.js';
import { type Cut, type Peer, type ScriptedServer, startScriptedServer } from '../support/scripted-server.js';

const cuts: Readonly<Record<string, Cut>> = {
  whole: (bytes) => [bytes],
  'by line': (bytes) =>
    (bytes.toString('latin1').match(/[^\n]*\n|[^\n]+$/g) ?? []).map((line) => Buffer.from(line, 'latin1')),
  'by byte': (bytes) => Array.from(bytes, (byte) => Buffer.from([byte])),
};

interface Lenient {
  readonly server: ScriptedServer;
  /** The lines that the server took for commands. */
  readonly commands: string[];
  readonly delivered: { readonly to: readonly string[]; readonly content: string }[];
  /** Resolves once the connection has ended and all received bytes have been read. */
  readonly ended: Promise<void>;
}

/**
 * Handles chunks as go-smtp does: BDAT without an accepted recipient is refused, and its chunk is not read.
 * `refuseChunk` refuses the chunk of a valid transaction, which is read; afterwards there is no transaction. Lines end
 * with `lineEnd`, and blanks before a command are skipped.
 */
async function startLenient(
  cut: Cut,
  refuseChunk: (number: number) => boolean = () => false,
  lineEnd = /\r\n|\n|\r/,
): Promise<Lenient> {
  const commands: string[] = [];
  const delivered: { to: readonly string[]; content: string }[] = [];
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => (end = resolve));
  const script = (peer: Peer): Promise<void> => serve(peer).finally(end);
  const serve = async (peer: Peer): Promise<void> => {
    let to: string[] = [];
    let content = '';
    let chunks = 0;
    const answer = async (command: string): Promise<string> => {
      const verb = command.trim().slice(0, 4).toUpperCase();
      if (verb === 'EHLO') return '250-x\r\n250-PIPELINING\r\n250-BINARYMIME\r\n250 CHUNKING';
      if (verb === 'MAIL') [to, content, chunks] = [[], '', 0];
      if (verb === 'RCPT') {
        if (command.includes('refused@')) return '550 5.1.1 no such user';
        to.push(command.trim().slice(8));
      }
      if (verb === 'BDAT') {
        if (to.length === 0) return '502 5.5.1 Missing RCPT TO command.';
        const [, size = '', last] = command.split(' ');
        content += (await peer.bytes(Number(size))).toString('latin1');
        if (refuseChunk(++chunks)) {
          to = [];
          return '552 5.3.4 too much';
        }
        if (last === 'LAST') delivered.push({ to, content });
      }
      return ['MAIL', 'RCPT', 'BDAT', 'RSET', 'NOOP', 'HELP'].includes(verb) ? '250 ok' : '500 5.5.2 unknown';
    };
    await peer.send('220 x\r\n');
    for (;;) {
      const line = await peer.line();
      for (const command of line.split(lineEnd)) {
        commands.push(command);
        await peer.send(`${await answer(command)}\r\n`);
      }
    }
  };
  return { server: await startScriptedServer(script, cut), commands, delivered, ended };
}

const injected = [
  'MAIL FROM:<app@example.test>\r\nRCPT TO:<victim@example.test>\r\nBDAT 3 LAST\r\nhi\n',
  'mail from:<app@example.test>\nrcpt to:<victim@example.test>\nBDAT 3 LAST\nhi\n',
  ' MAIL FROM:<app@example.test>\r\n\tRCPT TO:<victim@example.test>\r\n  BDAT 3 LAST\r\nhi\n',
  'Help: me\r\n\r\nquit\r\n',
  'x\r\n\r\nRSET',
];

describe.each(Object.entries(cuts))('with replies %s', (_, cut) => {
  test.each(injected)('content is never taken for commands where its recipient is refused: %j', async (text) => {
    for (const messagesInFlight of [1, 8]) {
      const { server, commands, delivered, ended } = await startLenient(cut);
      await using _server = server;
      const connection = await open(server.port, { messagesInFlight });
      const sent = [text, 'Hello\r\n', `Hello\r\n${text}`].map((content, index) =>
        failure(send(connection, { content, to: [`refused@${index}.test`] })),
      );
      for (const error of await Promise.all(sent))
        expect(error).toMatchObject({
          delivery: 'not-delivered',
          code: expect.stringMatching(/^ERR_(RECIPIENTS_REJECTED|CONNECT|SMTP_PROTOCOL)$/) as string,
        });
      connection.destroy();
      await ended;
      expect(delivered).toEqual([]);
      expect(
        commands.filter((line) => !/^(EHLO|MAIL FROM:<ann@|RCPT TO:<refused@|BDAT \d+ LAST$|RSET$|Hello$)/.test(line)),
      ).toEqual([]);
    }
  });

  test('it is delivered where its recipient is not', async () => {
    const { server, delivered } = await startLenient(cut);
    await using _server = server;
    const connection = await open(server.port, { messagesInFlight: 8 });
    const contents = ['QUIT\r\n', 'Hello\r\n', 'a\r\nmail from:<x>\r\n', 'Hello\r\n'];
    await Promise.all(contents.map((content) => send(connection, { content })));
    expect(delivered.map(({ content }) => content)).toEqual(contents);
    connection.destroy();
  });

  test('a chunk is never taken for commands where one in front of it is refused', async () => {
    const line = 'The quick brown fox jumps over the lazy dog.\r\n';
    const filler = line.repeat(1_500);
    // A chunk has 64 KiB: the command is in the second one, also at its beginning, or in the third.
    for (const text of [
      `${filler}${injected[0]}${filler}`,
      `${'x'.repeat(0x10000)}${injected[0]}`,
      `${filler}${filler}${injected[1]}`,
    ]) {
      const { server, commands, delivered, ended } = await startLenient(cut, (number) => number === 1);
      await using _server = server;
      const connection = await open(server.port);
      async function* stream(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < text.length; at += 0x10000) yield Buffer.from(text.slice(at, at + 0x10000), 'latin1');
      }
      const error = await failure(send(connection, { content: stream(), more: { body: 'binarymime' } }));
      expect(error.delivery).toBe('not-delivered');
      connection.destroy();
      await ended;
      expect(delivered).toEqual([]);
      expect(
        commands.filter((command) => /victim|^\s*(mail|rcpt) /i.test(command) && !/<(ann|bob)@/.test(command)),
      ).toEqual([]);
    }
  });
});

test('a message whose text begins with a command, to a recipient that is refused, sends nothing else', async () => {
  const { server, commands, delivered, ended } = await startLenient((bytes) => [bytes]);
  await using _server = server;
  const mailer = createMailer({
    name: 'p',
    sender: { email: 'app@example.test' },
    server: { host: '127.0.0.1', port: server.port, security: 'none', localName: 'client.example.test' },
  });
  const error = await failure(
    mailer.send({ to: 'refused@example.test', subject: 'From a form', text: `Hello\r\n${injected[0]}` }),
  );
  expect(error).toMatchObject({ code: 'ERR_RECIPIENTS_REJECTED', retryable: false });
  await mailer.close({ force: true });
  await ended;
  expect(delivered).toEqual([]);
  expect(commands.filter((command) => !/^(EHLO|MAIL FROM:<app@|RCPT TO:<refused@|RSET|QUIT)/.test(command))).toEqual(
    [],
  );
});
