import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseProfile } from '../../../src/profile/define.js';
import { similarHost, wellKnownServer } from '../../../src/profile/well-known.js';
import { minimal } from './samples.js';

const reference = readFileSync(new URL('../../../docs/reference/well-known-servers.md', import.meta.url), 'utf8');

/** The rows of the table in the documentation: names, and host:port security of each. */
const rows = [...reference.matchAll(/^\| (`.*?) \| ([^|]*?):(\d+) (\w+) \|/gm)].map(
  ([, names = '', hosts = '', port, security]) => ({
    names: [...names.matchAll(/`([^`]*)`/g)].map(([, name = '']) => name),
    hosts: hosts.replace('`<region>`', 'eu-west-1').split(', '),
    port: Number(port),
    security,
  }),
);

describe('wellKnownServer', () => {
  it.each([
    ['Gmail', 'smtp.gmail.com', 465, 'implicit'],
    ['gmail.com', 'smtp.gmail.com', 465, 'implicit'],
    ['Microsoft 365', 'smtp.office365.com', 587, 'explicit'],
    ['OUTLOOK.COM', 'smtp-mail.outlook.com', 587, 'explicit'],
    ['smtp.fastmail.com', 'smtp.fastmail.com', 465, 'implicit'],
    ['Amazon SES eu-central-1', 'email-smtp.eu-central-1.amazonaws.com', 587, 'explicit'],
    ['ses:us-gov-west-1', 'email-smtp.us-gov-west-1.amazonaws.com', 587, 'explicit'],
  ])('knows %s', (name, host, port, security) => {
    expect(wellKnownServer(name)).toEqual({ host, port, security });
  });

  it.each([
    '',
    'example.com',
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    'ses',
    'ses eu',
    'ses x.example.com/eu-west-1',
    'ses eu-west-1.evil',
    'gmail.com.evil.example',
    'x'.repeat(1e6),
  ])('does not know %.40s', (name) => {
    expect(wellKnownServer(name)).toBeUndefined();
  });

  it('takes what is no string for a name that is not known', () => {
    for (const value of [undefined, null, 5, {}, ['gmail']])
      expect(wellKnownServer(value as unknown as string)).toBeUndefined();
  });

  it('gives a frozen server that a profile takes', () => {
    const server = wellKnownServer('posteo');
    expect(Object.isFrozen(server)).toBe(true);
    expect(parseProfile({ ...minimal, server })).toEqual({ ...minimal, server });
  });

  it('knows every name of the documentation, and all of its hosts', () => {
    expect(rows.length).toBeGreaterThan(30);
    for (const { names, hosts, port, security } of rows) {
      const found = names.map((name) => wellKnownServer(name.replace('<region>', 'eu-west-1')));
      expect(new Set(found.map((server) => server?.host)), names.join()).toEqual(new Set(hosts));
      for (const server of found) expect(server).toMatchObject({ port, security });
    }
  });

  it('knows no host that the documentation does not', () => {
    const source = readFileSync(new URL('../../../src/profile/well-known.ts', import.meta.url), 'utf8');
    const documented = new Set(rows.flatMap(({ hosts }) => hosts));
    for (const [, host = ''] of source.matchAll(/host: '([^']+)'/g)) expect(documented).toContain(host);
  });

  it('gives no name to two providers', () => {
    const source = readFileSync(new URL('../../../src/profile/well-known.ts', import.meta.url), 'utf8');
    const names = [...source.matchAll(/names: \[([^\]]*)\]/g)].flatMap(([, list = '']) =>
      [...list.matchAll(/'([^']+)'/g)].map(([, name = '']) => name),
    );
    expect(names.length).toBeGreaterThan(60);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toBe(name.toLowerCase().replace(/\s/g, ''));
  });
});

describe('a mistyped host', () => {
  it.each([
    ['smtp.gmial.com', 'smtp.gmail.com'],
    ['smtp.ofice365.com', 'smtp.office365.com'],
    ['SMTP.Gmail.con.', 'smtp.gmail.com'],
    ['smtp.gmail.co.uk', undefined],
    ['smtp.gmail.com', undefined],
    ['mail.example.net', undefined],
    ['mail.foo.net', undefined],
    [`smtp.gmail.com${'m'.repeat(250)}`, undefined],
  ])('%s means %s', (host, meant) => {
    expect(similarHost(host)).toBe(meant);
  });
});
