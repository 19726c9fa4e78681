import { describe, expect, test } from 'vitest';
import { createEmailError } from '../../../src/errors/email-error.js';
import { authenticate } from '../../../src/smtp/authenticate.js';
import { Broken, type Dialogue } from '../../../src/smtp/dialogue.js';
import { greeting, hello } from '../../../src/smtp/hello.js';
import { checkAlive, quit, reset, startTls } from '../../../src/smtp/simple-commands.js';
import { Session } from '../../../src/smtp/session.js';
import { play, replyOf } from '../../support/play-dialogue.js';

function ready(protocol: 'smtp' | 'lmtp' = 'smtp'): Session {
  const session = new Session(protocol, false);
  session.begin('greeting');
  session.begin('hello');
  return session;
}

describe('the greeting', () => {
  test.each([
    ['554 no service', 'ERR_SMTP_REPLY', false],
    ['421 4.3.2 too many connections', 'ERR_SMTP_REPLY', true],
  ] as const)('%s refuses', (reply, code, retryable) => {
    expect(play(greeting(new Session('smtp', false)), [reply]).error).toMatchObject({
      code,
      retryable,
      phase: 'greeting',
    });
  });
  test.each([
    ['500 no', /accepts no mail from this machine/],
    ['554 blocked using zen.spamhaus.org', /block list/],
    ['450 later', undefined],
    ['421 too many connections', undefined],
  ])('%s has the remedy of a refusal for good, or none of its own', (reply, remedy) => {
    const { error } = play(greeting(new Session('smtp', false)), [reply]);
    if (remedy === undefined)
      expect(error).not.toHaveProperty('remedy', expect.stringMatching(/accepts no mail from|block list/));
    else expect(error).toHaveProperty('remedy', expect.stringMatching(remedy));
  });
  test.each(['250 ok', '354 go', '235 welcome'])('%s is none', (reply) => {
    expect(play(greeting(new Session('smtp', false)), [reply])).toMatchObject({
      broken: true,
      error: { code: 'ERR_SMTP_PROTOCOL' },
    });
  });
});

describe('EHLO', () => {
  const greeted = (protocol: 'smtp' | 'lmtp' = 'smtp'): Session => {
    const session = new Session(protocol, false);
    session.begin('greeting');
    return session;
  };
  test('fills the extensions', () => {
    const session = greeted();
    expect(play(hello(session, 'a.test'), ['250-PIPELINING\r\n250-SIZE 10\r\n250 DSN']).written).toEqual([
      'EHLO a.test',
    ]);
    expect([...session.extensions.keys()]).toEqual(['SIZE', 'DSN']);
  });
  test('leaves out the extensions that the session ignores', () => {
    const session = new Session('smtp', false, new Set(['SIZE', 'DSN']));
    session.learn(
      new Map([
        ['SIZE', ['10']],
        ['8BITMIME', []],
      ]),
    );
    expect([[...session.extensions.keys()], session.ignored]).toEqual([['8BITMIME'], ['SIZE']]);
  });
  test('falls back to HELO where it is refused for good (RFC 5321 section 3.2)', () => {
    const session = greeted();
    expect(play(hello(session, 'a.test'), ['502 what', '250-x\r\n250 PIPELINING']).written).toEqual([
      'EHLO a.test',
      'HELO a.test',
    ]);
    expect(session.extensions.size).toBe(0);
  });
  test('does not fall back after a transient refusal, nor with LMTP', () => {
    expect(play(hello(greeted(), 'a.test'), ['451 later'])).toMatchObject({
      written: ['EHLO a.test'],
      error: { code: 'ERR_SMTP_REPLY', phase: 'ehlo', retryable: true },
    });
    expect(play(hello(greeted('lmtp'), 'a.test'), ['500 what'])).toMatchObject({
      written: ['LHLO a.test'],
      error: { code: 'ERR_SMTP_REPLY' },
    });
    expect(play(hello(greeted(), 'a.test'), ['500 what', '550 no'])).toMatchObject({
      error: { phase: 'ehlo', remedy: expect.stringContaining('localName') },
    });
  });
  test.each(['220 mail.example.test', '220-a\r\n220 b', '251 ok', '200 ok', '235 ok', '354 go'])(
    'is not answered by %j',
    (reply) => {
      for (const [replies, protocol, verb] of [
        [[reply], 'smtp', 'EHLO'],
        [[reply], 'lmtp', 'LHLO'],
        [['502 what', reply], 'smtp', 'HELO'],
      ] as const) {
        const session = greeted(protocol);
        const played = play(hello(session, 'a.test'), replies);
        expect(played).toMatchObject({
          broken: true,
          error: {
            code: 'ERR_SMTP_PROTOCOL',
            phase: 'ehlo',
            retryable: false,
            message: expect.stringContaining(`250 to ${verb}`) as string,
          },
        });
        expect(String(played.error).includes('sent a second greeting')).toBe(reply.startsWith('220'));
        expect(session.extensions.size).toBe(0);
      }
    },
  );
  test.each([createEmailError('ERR_CONNECT', 'lost', { retryable: true }), '421 bye'])(
    'that is refused for good stays refused where HELO is not answered (%s)',
    (then) => {
      expect(play(hello(greeted(), 'a.test'), ['521 no', then])).toMatchObject({
        broken: true,
        error: {
          code: 'ERR_SMTP_REPLY',
          phase: 'ehlo',
          retryable: false,
          reply: { code: 521 },
          cause: { retryable: true },
        },
      });
    },
  );
  test.each(['a.test\r\nMAIL FROM:<>', 'a.test\nRCPT TO:<x@y.test>', 'a.test\0', 'a.test\u560d\u560a'])(
    'refuses the name %j, for what is in it (GHSA-vvjj-xcjg-gr5g, bpo-43124)',
    (name) => {
      expect(play(hello(greeted(), name), [])).toMatchObject({
        written: [],
        error: { code: 'ERR_MESSAGE_INVALID', problems: [{ path: 'server.localName' }] },
      });
    },
  );
});

describe('the order of things', () => {
  test('is kept', () => {
    expect(() => new Session('smtp', false).begin('hello')).toThrow(/cannot follow/);
    expect(() => new Session('smtp', true).begin('transaction')).toThrow(/cannot follow/);
    const session = ready();
    session.begin('starttls');
    expect(() => session.begin('transaction')).toThrow(/cannot follow/);
    session.begin('secured');
    expect(() => session.begin('transaction')).toThrow(/cannot follow/);
    session.begin('hello');
    expect(() => session.begin('starttls')).toThrow(/cannot follow/);
    session.begin('quit');
    expect(() => session.begin('noop')).toThrow(/cannot follow/);
  });
  test('forgets after STARTTLS what was learned before (RFC 3207 section 4.2)', () => {
    const session = ready();
    session.extensions = new Map([['AUTH', ['PLAIN']]]);
    session.begin('starttls');
    session.begin('secured');
    expect([session.extensions.size, session.secure]).toEqual([0, true]);
  });
});

describe('simple commands', () => {
  test('STARTTLS that is refused is an error, never plain text', () => {
    expect(play(startTls(ready()), ['220 go']).error).toBeUndefined();
    expect(play(startTls(ready()), ['454 not now']).error).toMatchObject({
      code: 'ERR_TLS',
      phase: 'starttls',
      retryable: true,
    });
    expect(play(startTls(ready()), ['250 ok'])).toMatchObject({ broken: true, error: { code: 'ERR_SMTP_PROTOCOL' } });
  });
  test('RSET and NOOP', () => {
    expect(play(reset(ready()), ['250 ok']).written).toEqual(['RSET']);
    expect(play(reset(ready()), ['500 no']).broken).toBe(true);
    expect(play(checkAlive(ready()), ['250 ok']).error).toBeUndefined();
    expect(play(checkAlive(ready()), ['421 bye']).broken).toBe(true);
  });
  test('QUIT takes any answer', () => {
    expect(play(quit(ready()), ['500 what']).error).toBeUndefined();
  });
});

interface Auth {
  readonly replies: readonly string[];
  readonly answers: readonly (Uint8Array | string | undefined | Error)[];
  readonly complete?: () => boolean;
  readonly name?: string;
}

/** Like play(), with a mechanism that gives these answers. */
function authenticateWith({ replies, answers, complete = () => true, name = 'TEST' }: Auth): {
  written: string[];
  shown: string[];
  challenges: (string | undefined)[];
  outcome: unknown;
  error: unknown;
  broken: boolean;
} {
  const session = ready();
  const dialogue: Dialogue<unknown> = authenticate(session, name, complete);
  const written: string[] = [];
  const shown: string[] = [];
  const challenges: (string | undefined)[] = [];
  const said = [...replies];
  const given = [...answers];
  try {
    let result = dialogue.next();
    while (result.done !== true) {
      const step = result.value;
      if (step.do === 'sasl') {
        challenges.push(step.challenge?.toString('latin1'));
        const answer = given.shift();
        if (answer instanceof Error) result = dialogue.throw(answer);
        else result = dialogue.next(typeof answer === 'string' ? Buffer.from(answer) : answer);
      } else if (step.do === 'write') {
        written.push(...step.commands.map(({ line }) => line));
        shown.push(...step.commands.map(({ display }) => display));
        result = dialogue.next();
      } else result = dialogue.next(replyOf(said.shift() ?? '421 out of replies'));
    }
    return { written, shown, challenges, outcome: result.value, error: undefined, broken: false };
  } catch (error) {
    return {
      written,
      shown,
      challenges,
      outcome: undefined,
      error: error instanceof Broken ? error.error : error,
      broken: error instanceof Broken,
    };
  }
}

describe('AUTH (RFC 4954)', () => {
  test('that is answered by 421 is given up with the connection', () => {
    expect(authenticateWith({ replies: ['421 bye'], answers: ['secret'] })).toMatchObject({
      broken: true,
      error: { code: 'ERR_SMTP_REPLY', phase: 'authenticate', reply: { code: 421 } },
    });
  });
  test('sends the initial response along, and shows nothing of it', () => {
    const run = authenticateWith({ replies: ['235 ok'], answers: ['secret'] });
    expect(run).toMatchObject({
      written: ['AUTH TEST c2VjcmV0'],
      shown: ['AUTH TEST <initial response>'],
      outcome: { ok: true },
    });
  });
  test('sends "=" for an empty initial response, and none where there is none', () => {
    expect(authenticateWith({ replies: ['235 ok'], answers: [''] }).written).toEqual(['AUTH TEST =']);
    expect(authenticateWith({ replies: ['334 ', '235 ok'], answers: [undefined, ''] }).written).toEqual([
      'AUTH TEST',
      '',
    ]);
  });
  test('holds back an initial response that makes the line longer than 512 octets', () => {
    const fits = 'x'.repeat(375);
    expect(authenticateWith({ replies: ['235 ok'], answers: [fits] }).written[0]).toHaveLength(510);
    const run = authenticateWith({ replies: ['334 ', '235 ok'], answers: [`${fits}x`] });
    expect(run.written).toEqual(['AUTH TEST', Buffer.from(`${fits}x`).toString('base64')]);
    expect(run.shown).toEqual(['AUTH TEST', '<initial response>']);
  });
  test('answers challenges, multi-byte and empty ones', () => {
    const run = authenticateWith({
      replies: [`334 ${Buffer.from('one').toString('base64')}`, '334 ', '235 ok'],
      answers: [undefined, 'first', 'second'],
    });
    expect(run.challenges).toEqual([undefined, 'one', '']);
    expect(run.written).toEqual(['AUTH TEST', 'Zmlyc3Q=', 'c2Vjb25k']);
    expect(run.shown).toEqual(['AUTH TEST', '<TEST response>', '<TEST response>']);
  });
  test('tells a mechanism that is unknown (504) from a refusal (535)', () => {
    expect(authenticateWith({ replies: ['504 unknown'], answers: ['x'] }).outcome).toMatchObject({
      ok: false,
      unknownMechanism: true,
    });
    expect(authenticateWith({ replies: ['334 ', '504 what'], answers: [undefined, 'proof'] }).outcome).toMatchObject({
      ok: false,
      unknownMechanism: false,
    });
    expect(authenticateWith({ replies: ['535 wrong'], answers: ['x'] }).outcome).toMatchObject({
      ok: false,
      unknownMechanism: false,
    });
    expect(authenticateWith({ replies: ['454 later'], answers: ['x'] }).outcome).toMatchObject({
      ok: false,
      unknownMechanism: false,
    });
  });
  test('refuses a 235 before the mechanism is complete, and breaks off', () => {
    expect(authenticateWith({ replies: ['235 ok'], answers: ['x'], complete: () => false })).toMatchObject({
      broken: true,
      error: { code: 'ERR_SMTP_PROTOCOL' },
    });
  });
  test.each(['a', 'YQ', 'YQ=', 'Y Q==', 'YQ==YQ==', '*', 'Y\u00fc=='])(
    'cancels at a challenge that is not base64: %j',
    (challenge) => {
      const run = authenticateWith({ replies: [`334 ${challenge}`, '501 cancelled'], answers: [undefined] });
      expect(run).toMatchObject({
        written: ['AUTH TEST', '*'],
        broken: false,
        error: { code: 'ERR_SMTP_PROTOCOL', phase: 'authenticate' },
      });
    },
  );
  test('hands the text of Exim to NTLM as it is, once', () => {
    const run = authenticateWith({
      name: 'NTLM',
      replies: ['334 NTLM supported', '334 again no', '501 x'],
      answers: ['neg', 'neg'],
    });
    expect(run.challenges).toEqual([undefined, 'NTLM supported']);
    expect(run.written).toEqual(['AUTH NTLM bmVn', 'bmVn', '*']);
  });
  test('cancels with "*" where the mechanism fails, and reports that failure', () => {
    const error = createEmailError('ERR_SMTP_PROTOCOL', 'wrong nonce');
    expect(authenticateWith({ replies: ['334 ', '501 ok'], answers: [undefined, error] })).toMatchObject({
      written: ['AUTH TEST', '*'],
      error,
      broken: false,
    });
    expect(authenticateWith({ replies: ['334 ', '250 what'], answers: [undefined, error] })).toMatchObject({
      error,
      broken: true,
    });
  });
  test('goes on for 8 rounds and not for ever', () => {
    const run = authenticateWith({
      replies: [...Array<string>(9).fill('334 '), '501 ok'],
      answers: [undefined, ...Array<string>(20).fill('x')],
    });
    expect(run.written.filter((line) => line === 'eA==')).toHaveLength(8);
    expect(run.written.at(-1)).toBe('*');
    expect(run.error).toMatchObject({ code: 'ERR_SMTP_PROTOCOL' });
  });
  test.each(['250 ok', '354 go'])('takes %s for no outcome', (reply) => {
    expect(authenticateWith({ replies: [reply], answers: ['x'] })).toMatchObject({
      broken: true,
      error: { code: 'ERR_SMTP_PROTOCOL' },
    });
  });
  test('sends the ticket of a user in many groups, for which 12288 octets are too few (RFC 4954 section 4)', () => {
    const ticket = Buffer.alloc(65_535, 1);
    expect(authenticateWith({ replies: ['334 ', '235 ok'], answers: [ticket] })).toMatchObject({
      written: ['AUTH TEST', ticket.toString('base64')],
      outcome: { ok: true },
    });
    expect(authenticateWith({ replies: ['334 ', '235 ok'], answers: [undefined, ticket] }).written).toEqual([
      'AUTH TEST',
      ticket.toString('base64'),
    ]);
  });
  test('refuses a response that no mechanism should need, and an initial one before anything is sent', () => {
    const endless = Buffer.alloc(100_000);
    const run = authenticateWith({ replies: ['334 ', '501 ok'], answers: [undefined, endless] });
    expect(run).toMatchObject({ written: ['AUTH TEST', '*'], broken: false, error: { code: 'ERR_AUTH_UNAVAILABLE' } });
    expect(authenticateWith({ replies: [], answers: [endless] })).toMatchObject({
      written: [],
      broken: false,
      error: { code: 'ERR_AUTH_UNAVAILABLE' },
    });
  });
});
