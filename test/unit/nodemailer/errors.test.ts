/**
 * Errors in nodemailer's form: its codes and commands by the code and the phase of an EmailError.
 * @module
 */
import { expect, test } from 'vitest';
import { createEmailError, type EmailErrorCode, type EmailErrorPhase } from '../../../src/index.js';
import { nodemailerError, recipientError, replyText } from '../../../src/nodemailer/errors.js';

test.each<[EmailErrorCode, EmailErrorPhase | undefined, string, string]>([
  ['ERR_SMTP_REPLY', 'greeting', 'EPROTOCOL', 'CONN'],
  ['ERR_SMTP_REPLY', 'ehlo', 'EPROTOCOL', 'EHLO'],
  ['ERR_SMTP_REPLY', 'transaction', 'EENVELOPE', 'MAIL FROM'],
  ['ERR_SMTP_REPLY', 'content', 'EENVELOPE', 'DATA'],
  ['ERR_SMTP_REPLY', 'acceptance', 'EMESSAGE', 'DATA'],
  ['ERR_TLS', 'starttls', 'ETLS', 'STARTTLS'],
  ['ERR_TLS', 'tls', 'ESOCKET', 'CONN'],
  ['ERR_AUTH_REJECTED', 'authenticate', 'EAUTH', 'AUTH'],
  ['ERR_SMTP_PROTOCOL', 'quit', 'EPROTOCOL', 'QUIT'],
  ['ERR_RECIPIENTS_REJECTED', 'transaction', 'EENVELOPE', 'RCPT TO'],
  ['ERR_PROFILE_INVALID', undefined, 'ECONFIG', 'API'],
])('%s in the phase %s is %s at %s', (code, phase, theirs, command) => {
  expect(nodemailerError(createEmailError(code, 'failed', { phase }))).toMatchObject({ code: theirs, command });
});

test('a code of the system tells a connection that did not come about from others', () => {
  const failed = (cause: unknown): unknown =>
    nodemailerError(createEmailError('ERR_CONNECT', 'failed', { phase: 'connect', cause })).code;
  expect(failed(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))).toBe('ESOCKET');
  expect(failed(Object.assign(new Error('x'), { code: 'EOTHER' }))).toBe('ECONNECTION');
  expect(failed(Object.assign(new Error('x'), { code: 5 }))).toBe('ECONNECTION');
  expect(failed(undefined)).toBe('ECONNECTION');
});

test('a problem of the envelope is EENVELOPE, one of another field EMESSAGE', () => {
  const invalid = (path: string): unknown =>
    nodemailerError(createEmailError('ERR_MESSAGE_INVALID', 'x', { problems: [{ path, message: 'y' }] })).code;
  expect(['to.0', 'envelope.from', 'dsn', 'subject', 'total'].map(invalid)).toEqual([
    'EENVELOPE',
    'EENVELOPE',
    'EENVELOPE',
    'EMESSAGE',
    'EMESSAGE',
  ]);
});

test('something else that was thrown is the cause of an error', () => {
  expect(nodemailerError('no error')).toMatchObject({ message: 'no error', cause: 'no error' });
});

test('replies have their code, with enhanced codes, on each line', () => {
  expect(replyText({ code: 550, enhancedCode: '5.1.1', lines: ['no', 'user'] })).toBe('550-5.1.1 no\n550 5.1.1 user');
  expect(replyText({ code: 250, lines: ['ok'] })).toBe('250 ok');
});

test('the error of a recipient has the reply, or the reason', () => {
  const recipient = 'x@example.org';
  expect(recipientError({ recipient, reply: { code: 503, lines: ['bad'] } })).toMatchObject({
    message: `The server refused the recipient ${recipient}: 503 bad`,
    code: 'EENVELOPE',
    responseCode: 503,
    permanent: false,
  });
  expect(recipientError({ recipient, reply: { code: 500, lines: ['bad'] } })).toMatchObject({ permanent: true });
  expect(recipientError({ recipient, reply: { code: 450, lines: ['bad'] } })).toMatchObject({ permanent: false });
  expect(recipientError({ recipient, reason: 'not allowed' })).toMatchObject({
    message: `The server refused the recipient ${recipient}: not allowed`,
  });
  expect(recipientError({ recipient })).not.toHaveProperty('responseCode');
});
