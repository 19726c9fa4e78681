import { describe, expect, test } from 'vitest';
import { parseAddress, parseAddressList, parseMailbox } from '../../../src/address/mailbox.js';
import { isEmailError } from '../../../src/errors/email-error.js';

function problemOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isEmailError(error)) {
      expect(error.code).toBe('ERR_MESSAGE_INVALID');
      return error.message;
    }
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('parseMailbox', () => {
  test.each([
    ['a@b', 'a', 'b'],
    ['Ann.Lee+tag@Example.COM', 'Ann.Lee+tag', 'example.com'],
    ["!#$%&'*+-/=?^_`{|}~@x.example", "!#$%&'*+-/=?^_`{|}~", 'x.example'],
    ['a@[192.0.2.1]', 'a', '[192.0.2.1]'],
    ['a@[IPv6:2001:DB8::1]', 'a', '[IPv6:2001:db8::1]'],
    ['a@[IPv6:::ffff:192.0.2.1]', 'a', '[IPv6:::ffff:192.0.2.1]'],
    ['a@[255.255.255.255]', 'a', '[255.255.255.255]'],
    [
      'a@[IPv6:1111:2222:3333:4444:5555:6666:255.255.255.255]',
      'a',
      '[IPv6:1111:2222:3333:4444:5555:6666:255.255.255.255]',
    ],
    ['a@straße.example', 'a', 'xn--strae-oqa.example'],
    ['a@xn--fa-hia.example', 'a', 'xn--fa-hia.example'],
    ['a@例え。テスト', 'a', 'xn--r8jz45g.xn--zckzah'],
  ])('takes %s apart', (text, localPart, domain) => {
    expect(parseMailbox(text)).toEqual({ email: `${localPart}@${domain}`, localPart, domain, smtpUtf8: false });
  });

  test('takes a domain of 253 octets and labels of 63, and no longer (RFC 1035 section 2.3.4)', () => {
    const label = 'a'.repeat(63);
    const domain = `${label}.${label}.${label}.${'b'.repeat(61)}`;
    expect(domain).toHaveLength(253);
    expect(parseMailbox(`x@${domain}`).domain).toBe(domain);
    expect(problemOf(() => parseMailbox(`x@${domain}b`))).toMatch(/the domain is longer than 253 octets/);
    expect(problemOf(() => parseMailbox(`x@a${label}.example`))).toMatch(/longer than 63 octets/);
  });

  test.each([
    ['a@b..example', /the domain has an empty label/],
    ['a@b.', /the domain has an empty label/],
    ['Ann <a@b>', /expected an address without a name; the name has a separate field/],
    ['<a@b', /expected a local part/],
    ['a@b>', /expected nothing after the domain/],
    ['a b@c', /expected '@'/],
    ['a@[192.0.2.1', /an address literal ends with '\]', at character 3\b/],
    ['a@xn--0.example', /the label xn--0 is not a valid A-label/],
  ])('says what is wrong with %j', (text, words) => {
    expect(problemOf(() => parseMailbox(text))).toMatch(words);
  });

  test('takes the quotes from a quoted local part and puts them back where SMTP needs them (RFC 5321 section 4.1.2)', () => {
    expect(parseMailbox('"a b"@c')).toMatchObject({ localPart: 'a b', email: '"a b"@c' });
    expect(parseMailbox('"ann"@c')).toMatchObject({ localPart: 'ann', email: 'ann@c' });
    expect(parseMailbox('"a\\"\\\\b"@c')).toMatchObject({ localPart: 'a"\\b', email: '"a\\"\\\\b"@c' });
    expect(parseMailbox('""@c')).toMatchObject({ localPart: '', email: '""@c' });
    expect(parseMailbox('"a..b"@c').email).toBe('"a..b"@c');
  });

  test('says that a local part beyond ASCII needs SMTPUTF8 (RFC 6531)', () => {
    expect(parseMailbox('jiří@example.org')).toMatchObject({ email: 'jiří@example.org', smtpUtf8: true });
    expect(parseMailbox('"jiří n"@example.org').email).toBe('"jiří n"@example.org');
  });

  test.each([
    '',
    'a',
    '@b',
    'a@',
    'a@@b',
    'a@b@c',
    ' a@b',
    'a@b ',
    'a @b',
    'a@ b',
    'a@b,c@d',
    'a@b;c@d',
    '<a@b>',
    'Ann <a@b>',
    'a(c)@b',
    'a@(c)b',
    'a@b(c)',
    '.a@b',
    'a.@b',
    'a..b@c',
    'a b@c',
    '"a@b',
    '"a"b@c',
    'a"b"@c',
    '"a"."b"@c',
    '"a\tb"@c',
    'a@b.',
    'a@.b',
    'a@b..c',
    'a@-b',
    'a@b-',
    'a@b_c',
    'a@"b"',
    'a@b c',
    'a@[192.0.2.256]',
    'a@[192.0.2]',
    'a@[1.2.3.04]',
    'a@[::1]',
    'a@[IPv6:1:2:3]',
    'a@[IPv6:1::2::3]',
    'a@[IPv6:g::1]',
    'a@[IPv6:1:2:3:4:5:6:7:8:9]',
    'a@[IPv6:1:2:3:4:5:6:7::8]',
    'a@[IPv6:192.0.2.1::]',
    'a@[IPv6:]',
    'a@[192.0.2.1',
    'a@[x]y',
    'a@b:25',
    'a@b/c',
    'a@b%c',
    'a@192.0.2.1',
    'a@1.2.3',
    'a@0x7f.1',
    'a@b.0x1',
    'a@１２７.0.0.1',
    'a@⑴.example',
    'a@a＠b.example',
    'a@℀.example',
    'a@xn--a',
    'a@xn--',
    'a@b。',
    'a@xn--example-.example',
    'a@xn--0',
    'a@xn--xn--a--gua.example',
    'a@xn--1ug6825plhas9r',
    'a@é.xn--a',
    'a@\u200d.example',
    'a\ud800@b',
    'a@b\udc00',
    'a\u2028b@c',
    'a\u0085b@c',
    `${'a'.repeat(497)}@b`,
    `${'é'.repeat(249)}@b`,
    `"${'a'.repeat(494)} "@b`,
    `"${'\\"'.repeat(248)}"@b`,
    `a@${'b'.repeat(64)}`,
    `a@${'b.'.repeat(126)}bb`,
    `${'a'.repeat(300)}@${'b.'.repeat(99)}b`,
  ])('refuses %j', (text) => {
    expect(problemOf(() => parseMailbox(text, 'to.0'))).toContain('to.0: ');
  });

  test('keeps limits to the octet', () => {
    expect(parseMailbox(`a@${'b'.repeat(63)}`).domain).toHaveLength(63);
    // A command line of 512 octets leaves 496 for the path in MAIL FROM (RFC 5321 section 4.5.3.1.4).
    for (const length of [64, 65, 128, 300, 496]) {
      const { email, localPart } = parseMailbox(`${'a'.repeat(length)}@b`);
      expect([email.length, localPart.length]).toEqual([length + 2, length]);
      expect(parseAddress(`Ann <${email}>`).email).toBe(email);
      expect(parseAddressList(`Ann <${email}>, ${email}`)).toHaveLength(2);
    }
    expect(parseMailbox(`${'a'.repeat(298)}@${'b.'.repeat(99)}b`).email).toHaveLength(498);
    expect(parseMailbox(`"${'a'.repeat(493)} "@b`).email).toHaveLength(498);
    expect(Buffer.byteLength(parseMailbox(`${'é'.repeat(248)}@b`).email)).toBe(498);
  });

  test('names the character', () => {
    expect(problemOf(() => parseMailbox('ann@exa mple'))).toContain('at character 8 ');
    expect(problemOf(() => parseMailbox('a..b@c'))).toContain('at character 1 ');
  });

  test.each([1, null, undefined, {}, []])('refuses %j, which is no text', (value) => {
    expect(problemOf(() => parseMailbox(value as unknown as string))).toContain('an address is a string');
  });
});

describe('advisories', () => {
  test('GHSA-mm7p-fcc7-pg87, CVE-2025-13033: a quoted local part does not route to the domain inside it', () => {
    const mailbox = parseMailbox('"xclow3n@gmail.com x"@internal.example');
    expect(mailbox).toMatchObject({ domain: 'internal.example', email: '"xclow3n@gmail.com x"@internal.example' });
    expect(parseAddressList('"xclow3n@gmail.com x"@internal.example')).toEqual([mailbox]);
  });

  test('GHSA-rcmh-qjqh-p98v, CVE-2025-14874: nested groups are refused and cost no stack', () => {
    expect(problemOf(() => parseAddressList('a:'.repeat(200_000)))).toContain('group within a group');
    expect(problemOf(() => parseAddressList('a: b: c@d;;'))).toContain('group within a group');
  });

  test('GHSA-cc9r-2j5m-2m83: comments are no part of the address, wherever they stand and however they nest', () => {
    expect(parseAddressList('a(x@evil.example)@(y)good.example(z(@)\\))')).toMatchObject([{ email: 'a@good.example' }]);
    expect(parseAddress('Ann (, b@evil.example) <a@good.example>')).toMatchObject({
      name: 'Ann',
      email: 'a@good.example',
    });
    expect(problemOf(() => parseAddressList('a@good.example(.evil.example'))).toContain(
      'the comment that begins here has no end',
    );
    expect(problemOf(() => parseAddressList(`a@b${'('.repeat(100)}${')'.repeat(100)}`))).toContain('nest deeper');
    expect(problemOf(() => parseAddressList('a@b(\\'))).toContain('no end');
  });

  test('CVE-2026-30227: CRLF in a quoted local part is refused', () => {
    expect(problemOf(() => parseMailbox('"a\r\nRCPT TO:<x@y>"@b'))).toContain('line breaks');
    expect(problemOf(() => parseMailbox('"a\\\r\\\nb"@c'))).toContain('line breaks');
    expect(problemOf(() => parseMailbox('a\0@b'))).toContain('control characters');
  });

  test('CVE-2025-59937: `"a@b> ORCPT=x"@c` stays one quoted local part', () => {
    expect(parseMailbox('"a@b> ORCPT=x"@c').email).toBe('"a@b> ORCPT=x"@c');
    expect(parseAddress('<"a@b> ORCPT=x"@c>').email).toBe('"a@b> ORCPT=x"@c');
  });

  test('CVE-2021-23400: CRLF in an address object is refused, in name and address', () => {
    expect(problemOf(() => parseAddress({ name: 'Ann\r\nBcc: x@y', email: 'a@b' }, 'to'))).toContain('to.name: ');
    expect(problemOf(() => parseAddress({ name: 'Ann', email: 'a@b\r\nBcc: x@y' }, 'to'))).toContain('to.email: ');
    expect(problemOf(() => parseAddress('=?utf-8?q?Ann=0D=0ABcc=3A_x?= <a@b>'))).toContain('control character');
  });

  test('CVE-2025-7962: U+560D U+560A are characters and no line break', () => {
    const { email } = parseMailbox('a\u560d\u560ab@c');
    expect(Buffer.from(email, 'utf8').toString('hex')).toBe(Buffer.from('a\u560d\u560ab@c').toString('hex'));
    expect(parseMailbox('a\u560d\u560ab@c').smtpUtf8).toBe(true);
  });

  test('GHSA-wmmp-3585-3rmp: two spellings of a domain are one after UTS-46', () => {
    for (const domain of ['ＥＸＡＭＰＬＥ.com', 'exa\u00admple.com', 'EXAMPLE.COM', 'example。com', 'ⓔxample.com']) {
      expect(parseMailbox(`a@${domain}`).domain).toBe('example.com');
    }
  });

  test('GHSA-2x7j-588g-ccc2: a list costs time in proportion to its length', () => {
    const shapes = ['a@b,', 'a ', '"a" ', '(a)', '=?', '=?a?q?b?= ', 'a.', '\\"', '<', 'a:;,', '"', '(', '['];
    for (const shape of shapes) {
      const begun = process.cpuUsage().user;
      try {
        parseAddressList(shape.repeat(Math.floor(200_000 / shape.length)));
      } catch (error) {
        if (!isEmailError(error)) throw error;
      }
      // Linear time is tens of milliseconds; quadratic time would be minutes.
      expect(process.cpuUsage().user - begun, shape).toBeLessThan(3e6);
    }
  });
});

describe('parseAddress', () => {
  test.each([
    ['a@b', undefined],
    ['<a@b>', undefined],
    ['Ann <a@b>', 'Ann'],
    ['Ann Lee<a@b>', 'Ann Lee'],
    ['John Q. Public <a@b>', 'John Q. Public'],
    ['"Lee, Ann" <a@b>', 'Lee, Ann'],
    ['"a \\"b\\" \\\\" <a@b>', 'a "b" \\'],
    ['"Ann"   Lee <a@b>', 'Ann Lee'],
    ['Jiří Novák <a@b>', 'Jiří Novák'],
    ['=?utf-8?Q?Ji=C5=99=C3=AD?= =?UTF-8?B?IE5vdsOhaw==?= <a@b>', 'Jiří Novák'],
    ['=?iso-8859-2?Q?Ji=F8=ED?= x <a@b>', 'Jiří x'],
    ['"=?utf-8?q?not_this?=" <a@b>', '=?utf-8?q?not_this?='],
    ['=?x-unknown?q?abc?= <a@b>', '=?x-unknown?q?abc?='],
    ['\t(c) "" < (d) a@b (e) > (f) ', undefined],
  ])('reads %s', (text, name) => {
    const mailbox = parseAddress(text);
    expect(mailbox.email).toBe('a@b');
    expect(mailbox.name).toBe(name);
  });

  test('takes the name of an object as it is', () => {
    expect(parseAddress({ name: '=?utf-8?q?x?= "Ann", <b@c>', email: 'a@b' })).toMatchObject({
      name: '=?utf-8?q?x?= "Ann", <b@c>',
      email: 'a@b',
    });
    expect(parseAddress({ name: '', email: 'a@b' }).name).toBeUndefined();
  });

  test.each([
    'a@b, c@d',
    'g: a@b;',
    'Ann <a@b> x',
    'Ann <a@b',
    'Ann a@b>',
    'Ann <>',
    '<a@b><c@d>',
    'Lee, Ann <a@b>',
    'Ann @ Work <a@b>',
    '<@x:a@b>',
    '<a@b,c@d>',
    '',
    '   ',
    'Ann',
    '"Ann" a@b',
    'a@b <c@d>',
    'a\nb <c@d>',
    ...['\u0001', '\u007f', '\u0085', '\u2028'].map((c) => `x${c}y <a@b>`),
    `${'x'.repeat(5000)} <a@b>`,
  ])('refuses %j: one string is one mailbox', (text) => {
    expect(problemOf(() => parseAddress(text))).toMatch(/address/);
  });

  test.each([
    ['', /expected an address,/],
    ['; a@b', /expected an address before ';'/],
    ['Ann', /expected '@' and a domain,/],
    ['Ann; <a@b>', /expected '@' or '<' before ';'; such a name must be quoted/],
  ])('says of %j what it expected', (text, words) => {
    expect(problemOf(() => parseAddress(text))).toMatch(words);
  });

  test.each([
    { email: 'Ann <a@b>' },
    { email: 'a@b, c@d' },
    { name: 'x' },
    { name: 1, email: 'a@b' },
    null,
    7,
    ['a@b'],
  ])('refuses %j', (value) => {
    expect(problemOf(() => parseAddress(value as unknown as string))).toMatch(/address/);
  });
});

describe('parseAddressList', () => {
  test('reads lists, groups and empty groups in order', () => {
    const list = parseAddressList('Ann <a@b>, (x) c@d , Team: "E, F" <e@f>, g@h; , none:;,i@j');
    expect(list.map(({ email }) => email)).toEqual(['a@b', 'c@d', 'e@f', 'g@h', 'i@j']);
    expect(list[2]?.name).toBe('E, F');
  });

  test('reads nothing from empty text', () => {
    expect(parseAddressList('')).toEqual([]);
    expect(parseAddressList(' (nobody) ')).toEqual([]);
  });

  test.each(['a@b,', ',a@b', 'a@b,,c@d', 'a@b c@d', 'a@b; c@d', 'g: a@b', 'g: a@b,;', 'a@b;', 'a@b, x'])(
    'refuses all of %j for one problem',
    (text) => {
      expect(problemOf(() => parseAddressList(text, 'to'))).toContain('to: ');
    },
  );

  test('refuses more than 1 MiB of text', () => {
    expect(problemOf(() => parseAddressList(' '.repeat((1 << 20) + 1)))).toContain('longer than');
  });
});

test.each([
  ['a@b.example, c@d.example', /expected one mailbox; for several use an array/],
  ['a@b.example; c@d.example', /expected one mailbox; for several use an array/],
  ['a@b.example c', /expected nothing after the address/],
])('one address that is followed by another is told from one with a rest: %j', (text, words) => {
  expect(problemOf(() => parseAddress(text))).toMatch(words);
});
