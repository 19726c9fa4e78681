import { describe, expect, it } from 'vitest';
import { isEmailError } from '../../../src/errors/email-error.js';
import { parseProfile } from '../../../src/profile/define.js';
import { complete, secrets } from './samples.js';

const hostile: readonly unknown[] = [null, '\r\n', 'x\ud800', [[]], { env: 1 }, JSON.parse('{"__proto__":{}}')];

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [path];
  return [path, ...Object.entries(value).flatMap(([key, entry]) => pathsOf(entry, [...path, key]))];
}

function withValue(value: unknown, [key, ...rest]: Path, replacement: unknown): unknown {
  if (key === undefined) return replacement;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<string, unknown>;
  copy[key] = withValue(copy[key], rest, replacement);
  return copy;
}

describe('a hostile value in place of any setting', () => {
  it('is a problem that names the setting, and no secret of those around it', () => {
    const paths = pathsOf(complete);
    expect(paths.length).toBeGreaterThan(100);
    for (const path of paths) {
      for (const replacement of hostile) {
        let thrown: unknown;
        try {
          parseProfile(withValue(complete, path, replacement));
        } catch (error) {
          thrown = error;
        }
        // CR and LF are allowed in a description and in a literal secret.
        if (thrown === undefined && replacement === '\r\n') continue;
        if (!isEmailError(thrown))
          expect.fail(`${path.join('.')} took ${String(replacement)}, or threw ${String(thrown)}`);
        // An error names a header field by its number, followed by its name.
        const wanted = path[0] === 'headers' ? path.slice(0, 2) : path;
        const named = path.length === 0 || thrown.problems?.some((found) => found.path.startsWith(wanted.join('.')));
        if (!named) expect.fail(`${path.join('.')} is not named: ${thrown.message}`);
        const text = JSON.stringify(thrown);
        if (secrets.some((secret) => text.includes(secret))) expect.fail(`${path.join('.')} shows a secret`);
      }
    }
  });
});

describe('a value that throws when it is read', () => {
  const words = 'pw-in-a-foreign-error';
  const thrower = (): never => {
    throw new Error(words);
  };
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  revoke();

  it.each<[string, unknown]>([
    [
      'a getter',
      {
        ...complete,
        get sender() {
          return thrower();
        },
      },
    ],
    [
      'a getter of a secret',
      {
        ...complete,
        authentication: {
          method: 'plain',
          username: 'a',
          get password() {
            return thrower();
          },
        },
      },
    ],
    [
      'a getter beside $schema',
      {
        $schema: 'x',
        ...complete,
        get name() {
          return thrower();
        },
      },
    ],
    ['a proxy', new Proxy({}, { ownKeys: thrower })],
    ['a proxy in it', { ...complete, server: new Proxy({}, { getPrototypeOf: thrower }) }],
    ['a revoked proxy', revoked],
    ['a revoked proxy in it', { ...complete, headers: revoked }],
  ])('is ERR_PROFILE_INVALID, with the words of the foreign error in its cause alone: %s', (_name, value) => {
    let thrown: unknown;
    try {
      parseProfile(value);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'ERR_PROFILE_INVALID',
      problems: [{ path: 'profile', message: 'could not be read: a getter or a proxy in it threw an error' }],
    });
    expect(String(thrown) + JSON.stringify(thrown)).not.toContain(words);
    expect((thrown as Error).cause).toBeInstanceOf(Error);
  });
});
