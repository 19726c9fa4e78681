/**
 * The JSON Schema of the profile and `parseProfile` judge alike, apart from what the schema says that it leaves to
 * `parseProfile`.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, test } from 'vitest';
import { isEmailError, parseProfile, profileToJson } from '../../src/index.js';
import type { Problem } from '../../src/index.js';
import { read, root } from '../project/sources.js';
import { random } from '../support/random.js';
import { complete, minimal } from '../unit/profile/samples.js';
import { documentedProfiles } from './documented.js';
import { mutated } from './mutate.js';

const folder = mkdtempSync(join(tmpdir(), 'sealpost-schema-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = join(folder, 'profile.schema.json');
execFileSync(process.execPath, ['docs/generate/profile-schema.mjs', file], { cwd: root });
const schema = JSON.parse(readFileSync(file, 'utf8')) as { $comment: string; $defs: Record<string, object> };
const validate = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: true }).compile(
  schema,
);

const { unexpressed } = (await import('../../docs/generate/schema/leaves.mjs' as string)) as {
  unexpressed: readonly { text: string; problem: RegExp; where?: RegExp }[];
};

function problemsOf(profile: unknown): readonly Problem[] {
  try {
    parseProfile(profile);
    return [];
  } catch (error) {
    if (!isEmailError(error)) throw error;
    return error.problems ?? [];
  }
}

/** Is the problem of a kind that the schema leaves to `parseProfile`? */
const isLeft = ({ path, message }: Problem): boolean =>
  unexpressed.some(({ problem, where }) => problem.test(message) && (where === undefined || where.test(path)));

/** undefined where both judge alike. */
function difference(profile: unknown): object | undefined {
  const problems = problemsOf(profile);
  const valid = validate(profile);
  if (valid === (problems.length === 0)) return undefined;
  if (valid && problems.every(isLeft)) return undefined;
  return { profile, problems, errors: validate.errors };
}

const { profiles, skipped } = documentedProfiles();
const samples: readonly unknown[] = [
  minimal,
  profileToJson(complete, { secrets: 'include' }),
  {
    ...minimal,
    headers: { 'X-Tag': 'a' },
    proxy: 'socks5://ann:pw@proxy.example.com:1080',
    authentication: {
      method: 'kerberos',
      principal: 'ann@EXAMPLE.COM',
      keytabFile: 'ann.keytab',
      kdc: ['kdc.example.com:88'],
    },
    logging: {
      eventLog: { source: 'app', syslog: { host: 'log.example.com', protocol: 'tls', tls: {} } },
      file: { path: 'a.log', maxBytes: 9, maxFiles: 2 },
    },
  },
  {
    ...minimal,
    proxy: { type: 'auto', username: 'ann', password: { env: 'PROXY_PASSWORD' } },
    authentication: { method: 'oauthbearer', username: 'ann@example.com' },
    oauth2: {
      clientId: 'c',
      tokenUrl: 'https://login.example.com/token',
      grant: 'client-credentials',
      clientAuthentication: 'certificate',
      clientCertificate: { file: 'c.p12' },
    },
    logging: { file: 'a.log', level: 'debug' },
  },
  {
    ...minimal,
    authentication: { method: 'ntlm', username: 'EXAMPLE\\ann', password: { file: 'pw' }, domain: 'EXAMPLE' },
  },
  {
    ...minimal,
    authentication: { method: 'external' },
    server: {
      host: '192.0.2.1',
      security: 'implicit',
      tls: { clientCertificate: { store: 'user', select: { alias: 'a' } } },
    },
  },
];

describe('the JSON Schema of the profile', () => {
  test('accepts each profile of the documents that parseProfile accepts', () => {
    expect(profiles.length).toBeGreaterThan(20);
    expect(profiles.filter(({ profile }) => problemsOf(profile).length === 0).length).toBeGreaterThan(20);
    expect(profiles.filter(({ profile }) => difference(profile) !== undefined)).toEqual([]);
    console.log(
      `${profiles.length} profiles of the documents; without a JSON form by themselves: ${skipped.join(', ')}`,
    );
  });

  test('judges a thousand changed profiles as parseProfile does', () => {
    const all = [...samples, ...profiles.map(({ profile }) => profile)];
    const seed = Number(process.env['SEED'] ?? 17);
    const next = random(seed);
    const count = Number(process.env['COUNT'] ?? 1000);
    const tally = { bothAccept: 0, bothRefuse: 0, left: 0 };
    const different: object[] = [];
    for (let i = 0; i < count; i++) {
      const profile = mutated(i % 2 === 0 ? samples : all, next);
      const found = difference(profile);
      if (found !== undefined) different.push({ seed, i, ...found });
      else if (problemsOf(profile).length === 0) tally.bothAccept++;
      else if (validate(profile)) tally.left++;
      else tally.bothRefuse++;
    }
    console.log(tally);
    expect(different).toEqual([]);
    // Each verdict occurs often, and the schema leaves little to parseProfile.
    expect(tally.bothAccept).toBeGreaterThan(count / 20);
    expect(tally.bothRefuse).toBeGreaterThan(count / 2);
    expect(tally.left).toBeLessThan(count / 10);
  });

  test('names what it leaves to parseProfile, as the reference does', () => {
    const page = read('docs/reference/profile.md');
    for (const { text } of unexpressed) {
      expect(schema.$comment).toContain(text);
      expect(page).toContain(`\n- ${text}\n`);
    }
  });

  test('has a title and a description of each field', () => {
    const bare: string[] = [];
    const visit = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      const { type, properties = {} } = value as {
        type?: string;
        properties?: Record<string, Record<string, unknown>>;
      };
      for (const [key, { title, description }] of type === 'object' ? Object.entries(properties) : [])
        if (typeof title !== 'string' || typeof description !== 'string') bare.push(`${path}/${key}`);
      for (const [key, part] of Object.entries(value)) visit(part, `${path}/${key}`);
    };
    visit(schema, '');
    expect(bare).toEqual([]);
  });

  test('has defaults that it accepts itself', () => {
    let defaults = 0;
    for (const [type, { properties = {} }] of Object.entries(schema.$defs) as [
      string,
      { properties?: Record<string, object> },
    ][]) {
      for (const [key, property] of Object.entries(properties)) {
        if (!('default' in property)) continue;
        defaults++;
        const check = new Ajv2020({ strict: false }).compile({ ...property, $defs: schema.$defs });
        expect(check(property.default), `${type}.${key}`).toBe(true);
      }
    }
    expect(defaults).toBeGreaterThan(20);
  });
});
