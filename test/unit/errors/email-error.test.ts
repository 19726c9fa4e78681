import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  createEmailError,
  isEmailError,
  messageInvalid,
  profileInvalid,
  withDetails,
} from '../../../src/errors/email-error.js';

const reply = { code: 550, enhancedCode: '5.1.1', lines: ['no such user'] } as const;

describe('an error of the library', () => {
  it('is an Error with defaults, and is known by its brand', () => {
    const error = createEmailError('ERR_TLS', 'No TLS.');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'EmailError',
      code: 'ERR_TLS',
      message: 'No TLS.',
      retryable: false,
      delivery: 'not-delivered',
    });
    expect(isEmailError(error)).toBe(true);
    for (const other of [new Error('x'), { code: 'ERR_TLS' }, 'ERR_TLS', null, undefined])
      expect(isEmailError(other)).toBe(false);
  });

  it('is retryable only where nothing was delivered', () => {
    for (const delivery of ['unknown', 'partly-delivered'] as const) {
      expect(createEmailError('ERR_CONNECT', 'x', { delivery, retryable: true }).retryable).toBe(false);
      expect(withDetails(createEmailError('ERR_CONNECT', 'x', { retryable: true }), { delivery }).retryable).toBe(
        false,
      );
    }
    expect(createEmailError('ERR_CONNECT', 'x', { retryable: true }).retryable).toBe(true);
  });

  it('has in JSON what it says, without stack and cause', () => {
    const error = createEmailError('ERR_SMTP_REPLY', 'Refused.', {
      reply,
      phase: 'transaction',
      remedy: 'Check.',
      cause: new Error('hunter2'),
    });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'EmailError',
      code: 'ERR_SMTP_REPLY',
      message: 'Refused.',
      retryable: false,
      delivery: 'not-delivered',
      phase: 'transaction',
      reply,
      remedy: 'Check.',
    });
  });

  it('keeps its stack, its cause and all that is not replaced when details are added', () => {
    const cause = new Error('lower');
    const error = createEmailError('ERR_CONNECT', 'Lost.', { cause, phase: 'content', retryable: true });
    const more = withDetails(error, { remedy: 'Try again.' });
    expect(more).toMatchObject({
      code: 'ERR_CONNECT',
      message: 'Lost.',
      phase: 'content',
      retryable: true,
      remedy: 'Try again.',
      cause,
    });
    expect(more.stack).toBe(error.stack);
    expect(Object.hasOwn(error, 'remedy')).toBe(false);
  });

  it('names a field that is wrong, and says what to do', () => {
    const problems = [{ path: 'to', message: 'is no address' }];
    expect(messageInvalid('to', 'is no address')).toMatchObject({
      code: 'ERR_MESSAGE_INVALID',
      problems,
      remedy: 'Correct the fields named in this error.',
    });
    expect(profileInvalid('to', 'is no address')).toMatchObject({
      code: 'ERR_PROFILE_INVALID',
      problems,
      remedy: 'Correct the fields named in this error.',
    });
  });

  it('shows in the console only what it says', () => {
    const [first = '', ...rest] = inspect(createEmailError('ERR_TLS', 'No TLS.', { remedy: 'Set it.' })).split('\n');
    expect(first).toBe('EmailError: No TLS.');
    expect(rest.slice(rest.findIndex((line) => line.endsWith('{')) + 1).map((line) => line.trim())).toEqual([
      "code: 'ERR_TLS',",
      'retryable: false,',
      "delivery: 'not-delivered',",
      "remedy: 'Set it.'",
      '}',
    ]);
  });
});
