/**
 * The same programs through nodemailer and through sealpost/nodemailer.
 * @module
 */
import * as theirs from 'nodemailer';
import { expect, test } from 'vitest';
import * as ours from '../../src/nodemailer.js';
import { TestSmtpServer, type TestMessage } from '../../src/testing.js';
import { programs, type Library, type Program } from './programs.js';

/** A message as a receiver sees it, without the values that each library generates (boundaries, ids, dates). */
function received(message: TestMessage, { anyOrder }: Program) {
  const { envelope, headers, text, html, subject, attachments, user, secure } = message;
  const parts = attachments.map(({ filename, contentType, content }) => ({
    filename,
    contentType,
    content: Buffer.from(content).toString('latin1').replace(/\r\n$/, ''),
  }));
  const order = (part: object): string => JSON.stringify(part);
  return {
    from: envelope.from,
    // The libraries declare size and body type differently.
    parameters: Object.entries(envelope.parameters).filter(([key]) => !['SIZE', 'BODY', 'SMTPUTF8'].includes(key)),
    to: envelope.to.map(({ address, parameters }) => ({ address, parameters: { ...parameters } })),
    subject,
    text,
    // Each library makes up Content-IDs of its own.
    html: html?.replace(/cid:[0-9a-f]+@(?:localhost|data\.invalid)/g, 'cid:made'),
    parts: anyOrder ? parts.sort((a, b) => order(a).localeCompare(order(b))) : parts,
    fields: Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => !made.has(name))
        .map(([name, values]) => [name, values.map((value) => value.replace(/\s+/g, ' ').toLowerCase()).sort()]),
    ),
    // The libraries choose encodings of texts differently, and declare that of a multipart differently.
    names: Object.keys(headers)
      .filter((name) => name !== 'content-transfer-encoding')
      .sort(),
    user,
    secure,
  };
}
/** Fields whose values each library generates. */
const made = new Set(['message-id', 'date', 'content-type', 'content-transfer-encoding', 'content-disposition']);

interface Outcome {
  readonly messages: readonly ReturnType<typeof received>[];
  readonly info?: object | true;
  readonly error?: Readonly<Record<string, unknown>>;
}

async function outcome(program: Program, library: Library): Promise<Outcome> {
  await using server = await TestSmtpServer.start(program.server);
  const result = await program.run(library, server).then(
    (info) => ({ info: info === true ? info : facts(info) }),
    (error: unknown) => ({ error: reasons(error) }),
  );
  const messages = server.messages.map((message) => received(message, program));
  if (program.anyOrder) messages.sort((a, b) => (a.text ?? '').localeCompare(b.text ?? ''));
  return { messages, ...result };
}

function facts({ envelope, accepted, rejected, rejectedErrors, response, messageId }: ours.SentMessageInfo) {
  // For a raw message nodemailer reports an id that the message does not have.
  return {
    envelope,
    accepted,
    rejected,
    rejectedErrors: rejectedErrors?.map(reasons) ?? [],
    response,
    messageId: /^<own@/.test(messageId) ? messageId : 'made',
  };
}

function reasons(error: unknown) {
  const {
    code,
    command,
    response,
    responseCode,
    permanent,
    recipient,
    rejected,
    rejectedErrors,
  }: ours.NodemailerError = Object(error);
  return {
    code,
    command,
    response,
    responseCode,
    permanent,
    recipient,
    rejected: rejected ?? [],
    rejectedErrors: (rejectedErrors ?? []).map((one) => one.response),
  };
}

const noReply = { response: undefined, responseCode: undefined, permanent: undefined };

const without = (names: readonly string[], out: readonly string[] = []): readonly string[] =>
  names.filter((name) => !out.includes(name));

test.each(Object.entries(programs))('%s', async (_name, program) => {
  const [expected, got] = [await outcome(program, theirs as never), await outcome(program, ours)];
  const plain = (messages: Outcome['messages'], only: readonly string[] = []) =>
    messages.map(({ names, fields, ...message }) => ({
      ...message,
      names: without(names, only),
      fields: Object.fromEntries(Object.entries(fields).filter(([name]) => !only.includes(name))),
    }));
  expect(plain(got.messages, program.onlyOurs)).toEqual(plain(expected.messages, program.onlyTheirs));
  expect(got.info).toEqual(expected.info);
  const [theirCode, ourCode] = program.codes ?? [expected.error?.['code'], expected.error?.['code']];
  const [theirCommand, ourCommand] = program.commands ?? [expected.error?.['command'], expected.error?.['command']];
  if (expected.error !== undefined) {
    expect(expected.error['code']).toBe(theirCode);
    expect(expected.error['command'] ?? '').toBe(theirCommand);
  }
  expect(got.error).toEqual(
    expected.error === undefined
      ? undefined
      : { ...expected.error, code: ourCode, command: ourCommand, ...(program.replyOfTheirs ? noReply : {}) },
  );
});
