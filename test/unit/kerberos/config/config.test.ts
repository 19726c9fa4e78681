import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isEmailError } from '../../../../src/errors/email-error.js';
import { readKrb5Conf } from '../../../../src/kerberos/config/read-krb5-conf.js';
import { krb5Settings } from '../../../../src/kerberos/config/settings.js';
import type { Krb5Settings } from '../../../../src/kerberos/config/settings.js';
import { formatPrincipal, parsePrincipal } from '../../../../src/kerberos/protocol/principal.js';
import { cpuTimer } from '../../../support/cpu-time.js';
import { failureOf, Scratch } from '../harness.js';

const scratch = new Scratch();
afterAll(() => scratch.remove());
let files = 0;
const write = (text: string): string => scratch.write(`conf${files++}`, text);
const read = async (text: string): Promise<Krb5Settings> => krb5Settings(await readKrb5Conf(write(text)));

describe('krb5.conf', () => {
  it('is read with sections, nested braces, comments and quotes', async () => {
    const settings = await read(`# a comment
; another
[libdefaults]
  default_realm = ONE.TEST   
\tkdc_timesync = 0
  clockskew = 10m
  permitted_enctypes = "aes256-cts aes128-cts"
  udp_preference_limit = 1
  dns_lookup_kdc = no
  canonicalize = TRUE

[realms]
ONE.TEST = {
    kdc = kdc1.one.test:750
    kdc = kdc2.one.test
    admin_server = kdc1.one.test
    v4_instance_convert = {
        mit = mit.edu
    }
}
TWO.TEST =
{
    kdc = a b,c
}*
[domain_realm]
 .one.test = ONE.TEST
 host.one.test = TWO.TEST
 two.test = TWO.TEST
[logging]
 kdc = SYSLOG:INFO
`);
    expect([
      settings.defaultRealm,
      settings.kdcTimesync,
      settings.clockSkewMs,
      settings.permittedTypes,
      settings.udpPreferenceLimit,
    ]).toEqual(['ONE.TEST', false, 600_000, [18, 17], 1]);
    expect([settings.dnsLookupKdc, settings.canonicalize, settings.dnsLookupRealm]).toEqual([false, true, false]);
    expect([settings.kdcsOf('ONE.TEST'), settings.kdcsOf('TWO.TEST'), settings.kdcsOf('__proto__')]).toEqual([
      ['kdc1.one.test:750', 'kdc2.one.test'],
      ['a', 'b', 'c'],
      [],
    ]);
  });

  it.each([
    ['host.one.test', 'TWO.TEST'],
    ['HOST.one.TEST', 'TWO.TEST'],
    ['other.one.test', 'ONE.TEST'],
    ['deep.other.one.test', 'ONE.TEST'],
    ['one.test', undefined],
    ['x.two.test', 'TWO.TEST'],
    ['constructor', undefined],
    ['10.1.one.test', 'ONE.TEST'],
    ['127.0.0.1', undefined],
  ])('gives the realm of %s as libkrb5 does: %s', async (host, realm) => {
    const settings = await read(
      '[domain_realm]\n .one.test = ONE.TEST\n host.one.test = TWO.TEST\n two.test = TWO.TEST\n .0.1 = WRONG.TEST\n',
    );
    expect(settings.realmOf(host)).toBe(realm);
  });

  it('has the defaults of krb5.conf(5) where it is silent', async () => {
    const settings = await read('');
    expect([
      settings.defaultRealm,
      settings.kdcTimesync,
      settings.clockSkewMs,
      settings.asTypes,
      settings.tgsTypes,
      settings.dnsLookupKdc,
      settings.udpPreferenceLimit,
    ]).toEqual([undefined, true, 300_000, [18, 17, 20, 19], [18, 17, 20, 19], true, undefined]);
  });

  it('takes encryption types from three lists', async () => {
    const settings = await read(
      '[libdefaults]\n default_tkt_enctypes = aes256-sha2 rc4-hmac\n default_tgs_enctypes = aes128-cts\n' +
        ' permitted_enctypes = aes des3-cbc-sha1\n',
    );
    expect([settings.asTypes, settings.tgsTypes, settings.permittedTypes]).toEqual([[20], [17], [18, 17, 20, 19]]);
  });

  it.each([
    ['300', 300],
    ['5m', 300],
    ['1h30m', 5400],
    ['1d 2h 3m 4s', 93784],
    ['0:10', 600],
    ['1:00:05', 3605],
  ])('reads the duration %s', async (text, seconds) => {
    expect((await read(`[libdefaults]\n clockskew = ${text}\n`)).clockSkewMs).toBe(seconds * 1000);
  });

  it('refuses a duration with a long run of blanks at once', async () => {
    const elapsed = cpuTimer();
    expect((await failureOf(read(`[libdefaults]\n clockskew = 1d${' '.repeat(2000)}x\n`))).message).toContain(
      'a clockskew that cannot be read',
    );
    expect(elapsed()).toBeLessThan(2000);
  });

  it.each([
    ['[libdefaults]\n clockskew = soon\n', 'a clockskew that cannot be read'],
    ['[libdefaults]\n kdc_timesync = perhaps\n', 'a kdc_timesync that cannot be read'],
    ['[libdefaults]\n udp_preference_limit = -1\n', 'an? udp_preference_limit that cannot be read'],
    ['[libdefaults]\n permitted_enctypes = des3-cbc-sha1\n', 'allows no supported encryption type'],
    ['default_realm = X\n', 'line 1 comes before the first section'],
    ['[libdefaults]\nnonsense\n', 'line 2 is neither a section, a comment nor name = value'],
    ['[realms]\nX = {\n kdc = a\n', 'it ends inside braces'],
    ['[realms]\n}\n', 'line 2 closes a brace that was not opened'],
    ['[realms]\nX = {\n[libdefaults]\n', 'line 3 begins a section inside braces'],
    ['[realms]\nX =\n kdc = a\n', 'line 3 does not open the section X'],
    [`[realms]\n${'a = {\n'.repeat(30)}`, 'is more than 20 sections deep'],
    ['include relative.conf\n', 'include needs an absolute path'],
    ['include /no/such/file\n', 'The Kerberos configuration /no/such/file cannot be read: there is no such file'],
    ['includedir /no/such/dir\n', 'The directory /no/such/dir that krb5.conf includes cannot be read: ENOENT'],
  ])('%j is refused in words', async (text, words) => {
    const error = await failureOf(read(text));
    expect(error.code).toBe('ERR_KERBEROS');
    expect(error.message).toMatch(new RegExp(words.replace(/[.()]/g, '\\$&')));
  });

  it('includes files and directories, where first values stand before later ones', async () => {
    const directory = join(scratch.directory, 'conf.d');
    mkdirSync(directory);
    scratch.write('conf.d/one', '[libdefaults]\n default_realm = FROM.DIR\n[realms]\n R = {\n kdc = first\n }\n');
    scratch.write('conf.d/two.conf', '[realms]\n R = {\n kdc = second\n }\n');
    scratch.write('conf.d/three.conf~', '[libdefaults]\n default_realm = BACKUP\n nonsense\n');
    scratch.write('conf.d/.hidden.conf', 'nonsense\n');
    scratch.write('conf.d/with blank', 'nonsense\n');
    mkdirSync(join(directory, 'old'));
    mkdirSync(join(directory, 'old.conf'));
    const single = write('[libdefaults]\n clockskew = 7\n');
    const settings = await read(
      `includedir ${directory}\ninclude ${single}\n[libdefaults]\n default_realm = LATER\n[realms]\n R = {\n kdc = third\n }\n`,
    );
    expect([settings.defaultRealm, settings.clockSkewMs, settings.kdcsOf('R')]).toEqual([
      'FROM.DIR',
      7000,
      ['first', 'second', 'third'],
    ]);
  });

  it('that includes itself is refused, and so is one that includes too much', async () => {
    const file = join(scratch.directory, 'loop');
    scratch.write('loop', `include ${file}\n`);
    expect((await failureOf(readKrb5Conf(file))).message).toContain('includes too much');
    const small = write('');
    expect((await failureOf(read(`include ${small}\n`.repeat(250)))).message).toContain('at most 200 files');
    expect((await failureOf(read('#'.repeat(1024 * 1024 + 1)))).message).toContain('longer than 1048576 bytes');
  });

  it('is found by $KRB5_CONFIG, of several files the ones that are there', async () => {
    const before = process.env['KRB5_CONFIG'];
    try {
      process.env['KRB5_CONFIG'] =
        `/no/such/file:${write('[libdefaults]\n default_realm = A\n')}:${write('[libdefaults]\n default_realm = B\n clockskew = 9\n')}`;
      const settings = krb5Settings(await readKrb5Conf(undefined));
      expect([settings.defaultRealm, settings.clockSkewMs]).toEqual(['A', 9000]);
      process.env['KRB5_CONFIG'] = '/no/such/file:/nor/this';
      expect((await failureOf(readKrb5Conf(undefined))).message).toContain(
        'None of the files named in $KRB5_CONFIG exists',
      );
    } finally {
      if (before === undefined) delete process.env['KRB5_CONFIG'];
      else process.env['KRB5_CONFIG'] = before;
    }
    expect((await failureOf(readKrb5Conf('/no/such/krb5.conf'))).message).toContain(
      '(authentication.krb5ConfFile) /no/such/krb5.conf cannot be read: there is no such file',
    );
  });

  it('in pieces that make no sense is read, or refused in words, and nothing else', async () => {
    const pieces = [
      '[libdefaults]',
      '[realms]',
      '\n',
      ' ',
      '=',
      '{',
      '}',
      'a',
      '"',
      '\\',
      '__proto__',
      'default_realm',
      '[',
      ']',
      '*',
      '#',
      '\0',
      'include',
      '\r',
    ];
    let seed = 20_261_122;
    const next = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648);
    for (let round = 0; round < 250; round++) {
      const text = Array.from({ length: next() % 30 }, () => pieces[next() % pieces.length]).join('');
      try {
        await read(text);
      } catch (error) {
        expect(isEmailError(error), `seed 20261122, round ${round}: ${JSON.stringify(text)}: ${String(error)}`).toBe(
          true,
        );
      }
    }
  });
});

describe('names', () => {
  it.each([
    ['alice@REALM', ['alice'], 'REALM', 1],
    ['smtp/mail.example.com@REALM', ['smtp', 'mail.example.com'], 'REALM', 1],
    ['alice', ['alice'], 'DEFAULT', 1],
    ['a\\/b\\@c\\\\@REALM', ['a/b@c\\'], 'REALM', 10],
    ['jürgen@RÉALM', ['jürgen'], 'RÉALM', 1],
  ])('%s is read, and written the same', (text, components, realm, type) => {
    const principal = parsePrincipal(text, 'field', 'DEFAULT');
    expect(principal).toEqual({ components, realm, type });
    expect(parsePrincipal(formatPrincipal(principal), 'field', undefined)).toEqual(principal);
  });

  it.each(['', '@R', 'a@', 'a@b@c', 'a/@R', '/a@R', 'a\\', 'a\n@R', 'a\0@R', `${'a'.repeat(1001)}@R`, 'a'])(
    '%j is refused',
    (text) => {
      expect(() => parsePrincipal(text, 'authentication.principal', undefined)).toThrow(
        /^authentication\.principal is not a Kerberos name/,
      );
    },
  );
});
