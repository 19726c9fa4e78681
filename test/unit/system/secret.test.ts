import { execFileSync } from 'node:child_process';
import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { createEmailError } from '../../../src/errors/email-error.js';
import type { EmailError } from '../../../src/model/error.js';
import type { Secret } from '../../../src/model/settings/secret.js';
import { resolveSecret } from '../../../src/system/secret.js';

const directory = mkdtempSync(join(tmpdir(), 'secret-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;
function file(content: string | Uint8Array): { file: string } {
  const path = join(directory, `s${files++}`);
  writeFileSync(path, content);
  return { file: path };
}

const path = 'authentication.password';

async function failure(secret: Secret, signal?: AbortSignal): Promise<EmailError> {
  return resolveSecret(secret, path, signal).then(
    (value) => {
      throw new Error(`resolved with ${value}`);
    },
    (error: EmailError) => error,
  );
}

describe('resolveSecret', () => {
  it('gives a string as it is, an empty one too', async () => {
    expect(await resolveSecret(' p\r\n ', path)).toBe(' p\r\n ');
    expect(await resolveSecret('', path)).toBe('');
  });

  it('reads the environment at the moment of use', async () => {
    const secret = { env: 'SEALPOST_TEST_SECRET' };
    expect((await failure(secret)).message).toBe(
      'The secret authentication.password cannot be read: the environment variable SEALPOST_TEST_SECRET is not set',
    );
    process.env['SEALPOST_TEST_SECRET'] = 'välue\n';
    try {
      expect(await resolveSecret(secret, path)).toBe('välue\n');
      process.env['SEALPOST_TEST_SECRET'] = '';
      expect((await failure(secret)).message).toMatch(/is empty/);
    } finally {
      delete process.env['SEALPOST_TEST_SECRET'];
    }
  });

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'does not take what every object has for the variable %s',
    async (env) => {
      expect((await failure({ env })).code).toBe('ERR_SECRET');
    },
  );

  it.each([
    ['hunter2\n', 'hunter2'],
    ['hunter2\r\n', 'hunter2'],
    ['hunter2', 'hunter2'],
    ['hunter2\n\n', 'hunter2\n'],
    ['hunter2\r', 'hunter2\r'],
    ['\ufeffhünter2\n', 'hünter2'],
    ['a\nb\n', 'a\nb'],
  ])('drops one trailing newline of the file %j and nothing else', async (content, expected) => {
    expect(await resolveSecret(file(content), path)).toBe(expected);
  });

  it('reads a file of 64 KiB and refuses a longer one', async () => {
    expect(await resolveSecret(file('x'.repeat(65536)), path)).toHaveLength(65536);
    expect((await failure(file('x'.repeat(65537)))).message).toMatch(/longer than 65536 bytes/);
  });

  it.each<[string, Secret, RegExp]>([
    [
      'a missing file',
      { file: join(directory, 'missing') },
      /could not be read from the file .*missing: there is no such file/,
    ],
    ['a directory', { file: directory }, /it is not a regular file|EISDIR/],
    ['an endless device', { file: '/dev/zero' }, /it is not a regular file/],
    ['a file that is not UTF-8', file(Uint8Array.of(0x68, 0xfc, 0x74)), /it is not UTF-8 text/],
    ['an overlong encoding of NUL', file(Uint8Array.of(0x61, 0xc0, 0x80)), /it is not UTF-8 text/],
    ['a file with a NUL', file('a\0b'), /contains a NUL character/],
    ['an empty file', file('\n'), /is empty/],
    ['a function that gives a number', (() => 5) as unknown as Secret, /did not return a string/],
    ['a function that gives nothing', (() => undefined) as unknown as Secret, /did not return a string/],
    ['a function that gives an empty string', () => '', /is empty/],
    ['a function that gives a NUL', () => Promise.resolve('a\0'), /contains a NUL character/],
  ])('refuses %s with the path of the field and the reason', async (_name, secret, reason) => {
    const error = await failure(secret);
    expect(error.code).toBe('ERR_SECRET');
    expect(error.message).toMatch(/^The secret authentication\.password /);
    expect(error.message).toMatch(reason);
    expect(error.remedy).toBeTruthy();
    expect(error.retryable).toBe(false);
  });

  it('does not wait for the writer of a pipe', async () => {
    const pipe = join(directory, 'pipe');
    // Node has no function for this; every Unix has the program.
    execFileSync('mkfifo', [pipe]);
    expect((await failure({ file: pipe })).message).toMatch(/it is not a regular file/);
  });

  it('calls a function each time, and waits for its promise', async () => {
    let calls = 0;
    const secret = (): Promise<string> => Promise.resolve(`token ${++calls}`);
    expect([await resolveSecret(secret, path), await resolveSecret(secret, path)]).toEqual(['token 1', 'token 2']);
  });

  it.each<[string, Secret]>([
    [
      'throws',
      () => {
        throw new TypeError('the vault said hunter2');
      },
    ],
    ['rejects', () => Promise.reject(new TypeError('the vault said hunter2'))],
  ])('keeps the words of a function that %s out of message and JSON, and in cause', async (_name, secret) => {
    const error = await failure(secret);
    expect(error.message).toBe('The secret authentication.password cannot be read: its function threw TypeError');
    expect(JSON.stringify(error)).not.toContain('hunter2');
    expect((error.cause as Error).message).toBe('the vault said hunter2');
    expect(error.retryable).toBe(true);
  });

  it('says so where a function throws what is no Error', async () => {
    expect((await failure(() => Promise.reject('hunter2' as unknown as Error))).message).toMatch(
      /threw a value that is not an Error$/,
    );
  });

  it('puts no secret into an error about it', async () => {
    for (const secret of [
      file('hunter2\0'),
      file(Uint8Array.of(...Buffer.from('hunter2'), 0xff)),
      () => 'hunter2\0',
    ] satisfies Secret[]) {
      expect(inspect(await failure(secret), { depth: null })).not.toContain('hunter2');
    }
  });
});

describe('resolveSecret with a signal', () => {
  const never = (): Promise<string> => new Promise(() => undefined);

  it('does not call the function once the signal has aborted', async () => {
    let called = false;
    const secret = (): string => {
      called = true;
      return 'x';
    };
    expect((await failure(secret, AbortSignal.abort())).code).toBe('ERR_ABORTED');
    expect(called).toBe(false);
  });

  it('ends with ERR_ABORTED while the function is under way', async () => {
    const controller = new AbortController();
    const pending = failure(never, controller.signal);
    controller.abort();
    expect((await pending).code).toBe('ERR_ABORTED');
  });

  it("ends with the signal's own reason where that is a typed error", async () => {
    const controller = new AbortController();
    const pending = failure(never, controller.signal);
    controller.abort(createEmailError('ERR_TIMEOUT', 'too late'));
    expect((await pending).code).toBe('ERR_TIMEOUT');
  });

  it('leaves no unhandled rejection where the function fails after the abort', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', listener);
    const controller = new AbortController();
    let reject = (_error: Error): void => undefined;
    const pending = failure(() => new Promise<string>((_resolve, fail) => (reject = fail)), controller.signal);
    controller.abort();
    await pending;
    reject(new Error('late'));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });

  it('resolves as without one where nothing aborts, and leaves no listener', async () => {
    const { signal } = new AbortController();
    expect(await resolveSecret(file('x'), path, signal)).toBe('x');
    expect(await resolveSecret(() => 'y', path, signal)).toBe('y');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
