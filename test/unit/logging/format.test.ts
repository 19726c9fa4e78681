import { describe, expect, it } from 'vitest';
import { createEmailError } from '../../../src/errors/email-error.js';
import type { LogEvent } from '../../../src/model/log.js';
import { formatLogEvent } from '../../../src/logging/format.js';

const time = new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 6));
const base = { time, connection: 3 } as const;

describe('formatLogEvent', () => {
  it.each<[LogEvent, string]>([
    [
      { ...base, level: 'debug', type: 'command', display: 'AUTH PLAIN [hidden]' },
      '2026-01-02T03:04:05.006Z debug #3 > AUTH PLAIN [hidden]',
    ],
    [
      { ...base, level: 'debug', type: 'reply', reply: { code: 250, enhancedCode: '2.0.0', lines: ['Ok', 'queued'] } },
      '2026-01-02T03:04:05.006Z debug #3 < 250 2.0.0 Ok | queued',
    ],
    [
      { ...base, level: 'debug', type: 'reply', reply: { code: 354, lines: [] } },
      '2026-01-02T03:04:05.006Z debug #3 < 354',
    ],
    [
      { ...base, level: 'info', type: 'connection', state: 'secured', detail: 'TLSv1.3' },
      '2026-01-02T03:04:05.006Z info #3 secured: TLSv1.3',
    ],
    [
      { ...base, level: 'info', type: 'connection', state: 'closed', detail: '' },
      '2026-01-02T03:04:05.006Z info #3 closed',
    ],
    [
      {
        time,
        connection: 0,
        level: 'info',
        type: 'message',
        messageId: 'a@b',
        state: 'sent',
        bytes: 12,
        durationMs: 3.7,
      },
      '2026-01-02T03:04:05.006Z info - message a@b sent, 12 bytes, 4 ms',
    ],
    [
      { ...base, level: 'warning', type: 'warning', warning: { code: 'WARN_SHA1', message: 'old' } },
      '2026-01-02T03:04:05.006Z warning #3 WARN_SHA1: old',
    ],
    [
      {
        ...base,
        level: 'error',
        type: 'error',
        error: createEmailError('ERR_TIMEOUT', 'late', { phase: 'acceptance', delivery: 'unknown' }),
      },
      '2026-01-02T03:04:05.006Z error #3 ERR_TIMEOUT: late (phase acceptance, delivery unknown)',
    ],
    [
      { ...base, level: 'error', type: 'error', error: createEmailError('ERR_DNS', 'gone') },
      '2026-01-02T03:04:05.006Z error #3 ERR_DNS: gone',
    ],
  ])('gives one line: %#', (event, line) => {
    expect(formatLogEvent(event)).toBe(line);
  });

  const hostile = 'x\r\n2026-01-02T03:04:05.006Z info #3 forged\u001b[2J\u0085\u2028\u0000';

  it.each<LogEvent>([
    { ...base, level: 'debug', type: 'command', display: hostile },
    { ...base, level: 'debug', type: 'reply', reply: { code: 550, enhancedCode: hostile, lines: [hostile] } },
    { ...base, level: 'info', type: 'connection', state: 'closed', detail: hostile },
    { ...base, level: 'info', type: 'message', messageId: hostile, state: 'failed', bytes: 0, durationMs: 0 },
    { ...base, level: 'warning', type: 'warning', warning: { code: hostile, message: hostile } },
    { ...base, level: 'error', type: 'error', error: createEmailError('ERR_SMTP_REPLY', hostile) },
  ])('escapes control characters, so that no text from outside makes a second line: %#', (event) => {
    const line = formatLogEvent(event);
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    expect(line).toContain('\\x0d\\x0a');
  });

  it('cuts what a server says at length, and keeps what follows it', () => {
    const error = createEmailError('ERR_SMTP_REPLY', 'y'.repeat(100_000), { phase: 'transaction' });
    const line = formatLogEvent({ ...base, level: 'error', type: 'error', error });
    expect(line.length).toBeLessThan(1200);
    expect(line).toMatch(/y… \(phase transaction\)$/);
    const lines = Array.from({ length: 256 }, () => 'z'.repeat(200));
    expect(formatLogEvent({ ...base, level: 'debug', type: 'reply', reply: { code: 250, lines } }).length).toBeLessThan(
      1200,
    );
  });

  it('does not fail over an invalid date', () => {
    expect(
      formatLogEvent({
        time: new Date(Number.NaN),
        connection: 1,
        level: 'info',
        type: 'connection',
        state: 'closed',
        detail: '',
      }),
    ).toBe('- info #1 closed');
  });
});
