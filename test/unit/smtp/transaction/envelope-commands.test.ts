import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../../../src/model/envelope.js';
import { type ContentNeeds, createEnvelopeCommands } from '../../../../src/smtp/transaction/envelope-commands.js';
import { requestWriter } from '../../../../src/smtp/transaction/requests.js';
import { contentCapabilities, parseExtensions, sizeLimit } from '../../../../src/smtp/extensions.js';
import { Session } from '../../../../src/smtp/session.js';
import { utf8AddressXtext, xtext } from '../../../../src/smtp/xtext.js';
import { cpuTimer } from '../../../support/cpu-time.js';

const all = [
  'SIZE 5000',
  '8BITMIME',
  'SMTPUTF8',
  'CHUNKING',
  'BINARYMIME',
  'DSN',
  'REQUIRETLS',
  'DELIVERBY 60',
  'FUTURERELEASE 604800 2099-01-01T00:00:00Z',
  'MT-PRIORITY',
];

function sessionWith(extensions: readonly string[], secure = true): Session {
  const session = new Session('smtp', secure);
  session.extensions = parseExtensions(['mail.example.test', ...extensions]);
  return session;
}

function lines(
  envelope: Partial<Envelope>,
  content: Partial<ContentNeeds> = {},
  session = sessionWith(all),
): readonly string[] {
  const needs = { body: '7bit', smtpUtf8: false, ...content } as const;
  const { mail, recipients } = createEnvelopeCommands(
    { from: 'ann@example.test', to: ['bob@example.test'], ...envelope },
    needs,
    session,
    requestWriter,
  );
  return [mail.line, ...recipients.map(({ line }) => line)];
}

describe('MAIL and RCPT', () => {
  test.each<[Partial<Envelope>, string]>([
    [{ mtPriority: -9 }, ' MT-PRIORITY=-9'],
    [{ mtPriority: 9 }, ' MT-PRIORITY=9'],
    [{ deliverBy: { seconds: 999_999_999, mode: 'notify' } }, ' BY=999999999;N'],
    [{ deliverBy: { seconds: -999_999_999, mode: 'notify' } }, ' BY=-999999999;N'],
    [{ deliverBy: { seconds: 60, mode: 'return' } }, ' BY=60;R'],
  ])('take the first and the last value that is allowed: %j', (envelope, parameter) => {
    expect(lines(envelope)[0]).toBe(`MAIL FROM:<ann@example.test>${parameter}`);
  });

  test('take a whole number of octets alone', () => {
    expect(lines({}, { size: 0 })[0]).toBe('MAIL FROM:<ann@example.test> SIZE=0');
    for (const size of [-1, 1.5, NaN, 2 ** 53])
      expect(() => lines({}, { size })).toThrow(/content\.size: is not a number of octets/);
  });

  test('have no parameters that nothing asks for', () => {
    expect(lines({})).toEqual(['MAIL FROM:<ann@example.test>', 'RCPT TO:<bob@example.test>']);
    expect(lines({ from: '' })[0]).toBe('MAIL FROM:<>');
  });

  test('need the writer of requests for those that have some', () => {
    const session = sessionWith(all);
    const create = (requests: Partial<Envelope>) =>
      createEnvelopeCommands(
        { from: 'a@example.test', to: ['b@example.test'], ...requests },
        { body: '7bit', smtpUtf8: false, size: undefined },
        session,
      );
    expect(create({}).mail.line).toBe('MAIL FROM:<a@example.test>');
    const some_ = { dsn: {}, requireTls: false, deliverBy: { seconds: 60, mode: 'return' }, mtPriority: 0 } as const;
    for (const [name, value] of Object.entries({ ...some_, holdUntil: new Date() }))
      expect(() => create({ [name]: value }), name).toThrow('the writer of requests is not loaded');
  });

  test('tell size and body (RFC 1870, RFC 6152, RFC 3030)', () => {
    expect(lines({}, { size: 5000, body: '8bitmime' })[0]).toBe('MAIL FROM:<ann@example.test> SIZE=5000 BODY=8BITMIME');
    expect(lines({}, { body: 'binarymime' })[0]).toBe('MAIL FROM:<ann@example.test> BODY=BINARYMIME');
    expect(lines({}, { size: 1 }, sessionWith([]))[0]).toBe('MAIL FROM:<ann@example.test>');
  });

  test('refuse before MAIL what is larger than the server takes', () => {
    expect(() => lines({}, { size: 5001 })).toThrow(
      expect.objectContaining({ code: 'ERR_MESSAGE_TOO_LARGE', delivery: 'not-delivered' }),
    );
    expect(lines({}, { size: 1e9 }, sessionWith(['SIZE 0']))[0]).toContain('SIZE=1000000000');
  });

  test('use SMTPUTF8 for addresses and content that need it (RFC 6531)', () => {
    expect(lines({ to: ['jürgen@example.test'] })).toEqual([
      'MAIL FROM:<ann@example.test> SMTPUTF8',
      'RCPT TO:<jürgen@example.test>',
    ]);
    expect(lines({}, { smtpUtf8: true })[0]).toBe('MAIL FROM:<ann@example.test> SMTPUTF8');
  });

  test('ask for delivery status notifications per recipient (RFC 3461)', () => {
    const dsn = {
      return: 'headers',
      envelopeId: 'a+b=c d',
      notify: ['success', 'failure'],
      recipients: { 'eve@example.test': { notify: 'never', originalRecipient: 'e+1@example.test' } },
    } as const;
    expect(lines({ to: ['bob@example.test', 'eve@example.test'], dsn })).toEqual([
      'MAIL FROM:<ann@example.test> RET=HDRS ENVID=a+2Bb+3Dc+20d',
      'RCPT TO:<bob@example.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;bob@example.test',
      'RCPT TO:<eve@example.test> NOTIFY=NEVER ORCPT=rfc822;e+2B1@example.test',
    ]);
    expect(lines({ to: ['jürgen@example.test'], dsn: {} })[1]).toBe(
      'RCPT TO:<jürgen@example.test> ORCPT=utf-8;jürgen@example.test',
    );
    expect(lines({ to: ['__proto__@example.test'], dsn: { recipients: {} } })[1]).toBe(
      'RCPT TO:<__proto__@example.test> ORCPT=rfc822;__proto__@example.test',
    );
  });

  const original = (originalRecipient: unknown): Partial<Envelope> => ({
    dsn: { recipients: { 'bob@example.test': { originalRecipient: originalRecipient as string } } },
  });
  test.each([
    ['Eve+1@Example.test', 'rfc822;Eve+2B1@Example.test'],
    ['rfc822;eve=x@example.test', 'rfc822;eve+3Dx@example.test'],
    ['RFC822;eve@example.test', 'rfc822;eve@example.test'],
    ['"e v;e"@example.test', 'rfc822;"e+20v;e"@example.test'],
    ['postmaster', 'rfc822;postmaster'],
    ['utf-8;eve@example.test', 'utf-8;eve@example.test'],
    ['x400;/C=DE/A= /P=X+Y/', 'x400;/C+3DDE/A+3D+20/P+3DX+2BY/'],
    ['unknown;12345', 'unknown;12345'],
  ])('name the original recipient %j', (given, orcpt) => {
    expect(lines(original(given))[1]).toBe(`RCPT TO:<bob@example.test> ORCPT=${orcpt}`);
  });
  test('name an original recipient beyond ASCII where SMTPUTF8 allows it', () => {
    for (const given of ['jürgen@example.test', 'utf-8;jürgen@example.test']) {
      expect(lines(original(given), { smtpUtf8: true })[1]).toBe(
        'RCPT TO:<bob@example.test> ORCPT=utf-8;jürgen@example.test',
      );
      expect(() => lines(original(given))).toThrow(/envelope\.dsn\.recipients\.bob@example\.test\.originalRecipient/);
    }
    expect(lines(original('utf-8;e+=\\é@example.test'.replace('\\', '')), { smtpUtf8: true })[1]).toBe(
      'RCPT TO:<bob@example.test> ORCPT=utf-8;e\\x{2B}\\x{3D}é@example.test',
    );
  });
  const controls = ['\r\n', '\r', '\n', '\0', '\t', '\x0b', '\x1b', '\x7f', '\x80', '\x85', '\x9f', '\u2028', '\u2029'];
  test.each([
    ...controls.flatMap((control) => [
      `o${control}RCPT TO:<evil@evil.test>@example.test`,
      `o${control}@example.test`,
      `o@example.test${control}`,
      `${control}o@example.test`,
      `rfc822;o${control}@example.test`,
      `x400;/C=${control}/`,
      `x400${control};/C=DE/`,
    ]),
    '',
    'no address at all',
    'o@',
    '@example.test',
    '<o@example.test>',
    'Ann <o@example.test>',
    'rfc822;',
    'rfc822;no address',
    'rfc822;jürgen@example.test',
    'utf-8;x',
    'x400;',
    'x400;é',
    `x400;${'a'.repeat(501)}`,
    ';o@example.test',
    'a b;o@example.test',
    5,
    null,
    {},
  ])('refuse the original recipient %j', (given) => {
    expect(() => lines(original(given))).toThrow(
      expect.objectContaining({
        code: 'ERR_MESSAGE_INVALID',
        problems: [
          { path: 'envelope.dsn.recipients.bob@example.test.originalRecipient', message: expect.any(String) as string },
        ],
      }),
    );
  });

  test('take addresses up to the length of a command line (RFC 5321 section 4.5.3.1.4)', () => {
    for (const length of [65, 200, 485]) {
      const address = `${'a'.repeat(length)}@example.test`;
      expect(lines({ from: address, to: [address] })).toEqual([`MAIL FROM:<${address}>`, `RCPT TO:<${address}>`]);
    }
    const longest = `MAIL FROM:<${'a'.repeat(485)}@example.test>\r\n`;
    expect(longest).toHaveLength(512);
    expect(() => lines({ to: [`${'a'.repeat(486)}@example.test`] })).toThrow(/498 octets/);
  });

  test('carry REQUIRETLS, DELIVERBY, FUTURERELEASE and MT-PRIORITY', () => {
    const envelope = {
      requireTls: true,
      deliverBy: { seconds: 120, mode: 'return' },
      holdUntil: new Date('2030-05-06T07:08:09.123Z'),
      mtPriority: -3,
    } as const;
    expect(lines(envelope)[0]).toBe(
      'MAIL FROM:<ann@example.test> REQUIRETLS BY=120;R HOLDUNTIL=2030-05-06T07:08:09Z MT-PRIORITY=-3',
    );
    expect(lines({ deliverBy: { seconds: -5, mode: 'notify' } })[0]).toBe('MAIL FROM:<ann@example.test> BY=-5;N');
  });

  test.each([
    ['DSN', { dsn: {} }, {}],
    ['REQUIRETLS', { requireTls: true }, {}],
    ['DELIVERBY', { deliverBy: { seconds: 100, mode: 'notify' } }, {}],
    ['FUTURERELEASE', { holdUntil: new Date() }, {}],
    ['MT-PRIORITY', { mtPriority: 0 }, {}],
    ['SMTPUTF8', { from: 'jürgen@example.test' }, {}],
    ['8BITMIME', {}, { body: '8bitmime' }],
    ['BINARYMIME', {}, { body: 'binarymime' }],
    ['CHUNKING', {}, { body: 'binarymime' }],
  ] as const)('name %s where the server lacks it', (extension, envelope, content) => {
    const others = all.filter((line) => !line.startsWith(extension));
    expect(() => lines(envelope, content, sessionWith(others))).toThrow(
      expect.objectContaining({
        code: 'ERR_EXTENSION_MISSING',
        message: expect.stringContaining(extension),
        delivery: 'not-delivered',
      }),
    );
  });

  test('keep REQUIRETLS to TLS (RFC 8689 section 3)', () => {
    expect(() => lines({ requireTls: true }, {}, sessionWith(all, false))).toThrow(
      expect.objectContaining({ code: 'ERR_TLS_REQUIRED' }),
    );
    expect(lines({ requireTls: false }, {}, sessionWith([], false))[0]).toBe('MAIL FROM:<ann@example.test>');
  });

  test.each([
    ['envelope.mtPriority', { mtPriority: '5\r\nRCPT TO:<eve@example.test>' as unknown as number }],
    ['envelope.mtPriority', { mtPriority: 10 }],
    ['envelope.mtPriority', { mtPriority: -10 }],
    ['envelope.mtPriority', { mtPriority: 1.5 }],
    ['envelope.deliverBy.seconds', { deliverBy: { seconds: '60 X' as unknown as number, mode: 'return' } }],
    ['envelope.deliverBy.seconds', { deliverBy: { seconds: 0, mode: 'return' } }],
    ['envelope.deliverBy.seconds', { deliverBy: { seconds: 59, mode: 'return' } }],
    ['envelope.deliverBy.seconds', { deliverBy: { seconds: 1e10, mode: 'notify' } }],
    ['envelope.deliverBy.mode', { deliverBy: { seconds: 60, mode: 'toString' as 'return' } }],
    ['envelope.holdUntil', { holdUntil: new Date(Number.NaN) }],
    ['envelope.holdUntil', { holdUntil: new Date('2100-01-01') }],
    ['envelope.dsn.return', { dsn: { return: 'all' as 'full' } }],
    ['envelope.dsn.envelopeId', { dsn: { envelopeId: 'a\r\nb' } }],
    ['envelope.dsn.envelopeId', { dsn: { envelopeId: 'x'.repeat(101) } }],
    ['envelope.dsn.envelopeId', { dsn: { envelopeId: '' } }],
    ['envelope.dsn.notify', { dsn: { notify: [] } }],
    ['envelope.dsn.notify', { dsn: { notify: ['constructor' as 'success'] } }],
    ['envelope.dsn.notify', { dsn: { notify: 'always' as 'never' } }],
    ['envelope.to', { to: [] }],
  ] satisfies readonly (readonly [string, Partial<Envelope>])[])(
    'refuse a bad %s (GHSA-c7w3-x93f-qmm8, bpo-43124)',
    (path, envelope) => {
      expect(() => lines(envelope)).toThrow(
        expect.objectContaining({ code: 'ERR_MESSAGE_INVALID', problems: [expect.objectContaining({ path })] }),
      );
    },
  );

  test.each([
    'bob@example.test\r\nRCPT TO:<eve@example.test>',
    'bob@example.test> ORCPT=rfc822;x <',
    'bob@example.test>',
    '"bob@example.test> ORCPT=rfc822;eve@example.test',
    'bob example@example.test',
    '"b\r\nRSET"@example.test',
    '"b"c"@example.test',
    '.bob@example.test',
    'bob..b@example.test',
    'bob@',
    '@example.test',
    'bob',
    '<bob@example.test>',
    '@relay.test:bob@example.test',
    'bob@example.test, eve@example.test',
    'bob@-example.test',
    'bob@example..test',
    'bob@[127.0.0.1',
    'bob@[127.0.0.1]]',
    'bob@exam ple.test',
    'bo\u0000b@example.test',
    'bo\u0085b@example.test',
    `${'x'.repeat(486)}@example.test`,
    '',
  ])('refuse the address %j (CVE-2025-59937, CVE-2026-30227, CVE-2025-7962)', (address) => {
    expect(() => lines({ to: ['first@example.test', address] })).toThrow(
      expect.objectContaining({
        code: 'ERR_MESSAGE_INVALID',
        problems: [expect.objectContaining({ path: 'envelope.to.1' })],
      }),
    );
    if (address !== '')
      expect(() => lines({ from: address })).toThrow(
        expect.objectContaining({ problems: [expect.objectContaining({ path: 'envelope.from' })] }),
      );
  });

  test.each([
    '"b> ORCPT=x"@example.test',
    '"a b"@example.test',
    '"a\\"b"@example.test',
    'a@[127.0.0.1]',
    'a@[IPv6:::1]',
    'Postmaster',
    "o'neil+tag@example.test",
    'a_b@under_score.test',
  ])('keep %j in its quotes and brackets', (address) => {
    expect(lines({ to: [address] })[1]).toBe(`RCPT TO:<${address}>`);
  });
});

describe('xtext', () => {
  test('encodes what RFC 3461 section 4 says', () => {
    expect(xtext('a+b=c d~!\x7f')).toBe('a+2Bb+3Dc+20d~!+7F');
  });
  test('for UTF-8 encodes what RFC 6533 section 3 says', () => {
    expect(utf8AddressXtext('jü+r=g\\en 用')).toBe('jü\\x{2B}r\\x{3D}g\\x{5C}en\\x{20}用');
  });
});

describe('extensions', () => {
  test('are read by line, the first one skipped', () => {
    const extensions = parseExtensions([
      'PIPELINING is my name',
      'size 1000',
      'AUTH PLAIN LOGIN',
      'AUTH=LOGIN CRAM-MD5',
      'X-thing a  b',
      '',
      '-bad',
      '8BITMIME',
    ]);
    expect([...extensions]).toEqual([
      ['SIZE', ['1000']],
      ['AUTH', ['PLAIN', 'LOGIN', 'CRAM-MD5']],
      ['X-THING', ['a', 'b']],
      ['8BITMIME', []],
    ]);
  });
  test('cost time in proportion to their length (GHSA-4ffr-jq9g-5ffx)', () => {
    // The limit of a reply, 64 KiB.
    const lines = Array.from(
      { length: 8 },
      (_, line) => `AUTH ${Array.from({ length: 1600 }, (__, i) => (1296 + line * 1600 + i).toString(36)).join(' ')}`,
    );
    const elapsed = cpuTimer();
    expect(parseExtensions(['x', ...lines]).get('AUTH')).toHaveLength(8 * 1600);
    expect(elapsed()).toBeLessThan(300);
  });
  test('with __proto__ and alike are only keys', () => {
    expect(parseExtensions(['x', '__proto__ a', 'constructor b']).has('CONSTRUCTOR')).toBe(true);
  });
  test('tell what content may be', () => {
    expect(contentCapabilities(parseExtensions(['x', 'BINARYMIME', 'SIZE 7']))).toEqual({
      eightBitMime: false,
      binaryMime: false,
      smtpUtf8: false,
      maxBytes: 7,
    });
    expect(contentCapabilities(parseExtensions(['x', 'BINARYMIME', 'CHUNKING', '8BITMIME', 'SMTPUTF8']))).toEqual({
      eightBitMime: true,
      binaryMime: true,
      smtpUtf8: true,
      maxBytes: undefined,
    });
  });
  test.each([
    ['SIZE', undefined],
    ['SIZE 0', undefined],
    ['SIZE x', undefined],
    ['SIZE -1', undefined],
    ['SIZE 10', 10],
  ] as const)('%s is a limit of %s', (line, limit) => {
    expect(sizeLimit(parseExtensions(['x', line]))).toBe(limit);
  });
});
