/**
 * `logging` of a profile: accepted and refused values.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { defineProfile, profileToJson } from '../../../src/profile/define.js';
import { parseProblems } from './problems.js';
import { minimal, withKeys } from './samples.js';

describe('logging', () => {
  it.each([
    {},
    { level: 'debug' },
    { file: 'mail.log' },
    { file: { path: 'mail.log', maxBytes: 10_000_000, maxFiles: 9 } },
    { file: { path: 'mail.log', maxBytes: 0 } },
    { eventLog: false },
    { eventLog: true, level: 'error' },
    { eventLog: { source: 'payroll-app' } },
    { eventLog: { syslog: { host: 'log.example.com', port: 6514, protocol: 'tls', tls: { ca: { file: 'ca.pem' } } } } },
  ] as const)('may be %j', (logging) => {
    expect(profileToJson(defineProfile({ ...minimal, logging }), { secrets: 'include' })).toEqual({
      ...minimal,
      logging,
    });
  });

  it.each([
    ['logging.level', { level: 'trace' }, "'trace' is called 'debug' here"],
    ['logging.file', { file: 7 }, 'expected the path of a log file, or { path, maxBytes, maxFiles }, got the number 7'],
    ['logging.file.path', { file: {} }, 'got nothing'],
    ['logging.file.maxFiles', { file: { path: 'x', maxBytes: 1, maxFiles: 0 } }, 'from 1 to 1000, got the number 0'],
    ['logging.file.maxFiles', { file: { path: 'x', maxFiles: 3 } }, 'has no effect without maxBytes'],
    ['logging.eventLog', { eventLog: 'yes' }, 'expected true, false or { source, syslog }, got a string'],
    ['logging.eventLog.source', { eventLog: { source: 'my app' } }, 'without spaces and brackets'],
    ['logging.eventLog.source', { eventLog: { source: 'a[1]' } }, 'without spaces and brackets'],
    ['logging.eventLog.syslog.host', { eventLog: { syslog: {} } }, 'got nothing'],
    ['logging.eventLog.syslog.port', { eventLog: { syslog: { host: 'h', port: 0 } } }, 'from 1 to 65535'],
    [
      'logging.eventLog.syslog.tls',
      { eventLog: { syslog: { host: 'h', tls: {} } } },
      "has no effect without protocol: 'tls'",
    ],
    ['logging.files', { files: 'x' }, 'did you mean file?'],
  ])('refuses a wrong %s', (path, logging, message) => {
    expect(parseProblems(withKeys({ logging }))).toEqual([expect.stringContaining(`${path}: `) as string]);
    expect(parseProblems(withKeys({ logging }))[0]).toContain(message);
  });
});
