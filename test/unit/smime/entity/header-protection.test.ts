import { describe, expect, test } from 'vitest';
import { parseHeader } from '../../../../src/mime/read/header.js';
import { parseStructured } from '../../../../src/mime/read/structured.js';
import { protectHeader } from '../../../../src/smime/entity/header-protection.js';
import { entityOf } from '../support.js';

const fields = [
  { name: 'From', text: 'From: alice@example.com\r\n' },
  { name: 'To', text: 'To: bob@example.com,\r\n carol@example.com\r\n' },
  { name: 'Subject', text: 'Subject: The figures\r\n' },
  { name: 'Keywords', text: 'Keywords: salary\r\n' },
  { name: 'Comments', text: 'Comments: none\r\n' },
];
const headerOf = (text: string) => parseHeader(Buffer.from(`${text}\r\n`), 0, text.length + 2, 10_000);

describe('header protection (RFC 9788)', () => {
  test('signed only: fields are copied inside, hp is clear, there is no HP-Outer, and nothing changes outside', () => {
    const { inner, outer } = protectHeader(entityOf(), fields, false, true);
    const header = headerOf(inner.fields);
    expect(outer).toEqual(fields);
    expect(header.get('Subject')).toBe('The figures');
    expect(header.getAll('HP-Outer')).toEqual([]);
    expect(parseStructured(header.get('Content-Type') ?? '')).toEqual({
      value: 'text/plain',
      parameters: new Map([
        ['charset', 'us-ascii'],
        ['hp', 'clear'],
      ]),
    });
  });

  test('encrypted, not hidden: hp is cipher, and HP-Outer says how each field stands outside', () => {
    const { inner, outer } = protectHeader(entityOf(), fields, true, false);
    expect(outer).toEqual(fields);
    expect(headerOf(inner.fields).getAll('HP-Outer')).toEqual([
      'From: alice@example.com', 'To: bob@example.com, carol@example.com', 'Subject: The figures', 'Keywords: salary', 'Comments: none',
    ]); // prettier-ignore
  });

  test('hidden by the baseline policy: the subject is [...] outside, keywords and comments are gone, all of it is inside', () => {
    const { inner, outer } = protectHeader(entityOf(), fields, true, true);
    expect(outer.map(({ text }) => text)).toEqual([fields[0]?.text, fields[1]?.text, 'Subject: [...]\r\n']);
    const header = headerOf(inner.fields);
    expect([header.get('Subject'), header.get('Keywords'), header.get('Comments')]).toEqual([
      'The figures',
      'salary',
      'none',
    ]);
    expect(header.getAll('HP-Outer')).toEqual([
      'From: alice@example.com',
      'To: bob@example.com, carol@example.com',
      'Subject: [...]',
    ]);
    expect(parseStructured(header.get('Content-Type') ?? '').parameters.get('hp')).toBe('cipher');
    expect(inner.body).toBe(entityOf().body);
  });

  test.each(['HP-Outer', 'hp-outer', 'HP-OUTER'])(
    '%s of the message itself is refused: it would speak for other fields',
    (name) => {
      const own = [...fields, { name, text: `${name}: Subject: something else\r\n` }];
      for (const isEncrypted of [true, false])
        expect(() => protectHeader(entityOf(), own, isEncrypted, true)).toThrow(
          expect.objectContaining({
            code: 'ERR_MESSAGE_INVALID',
            problems: [expect.objectContaining({ path: 'headers.HP-Outer' })],
          }),
        );
    },
  );

  test.each(['hp=clear', 'HP="cipher"', "hp*=us-ascii''clear", 'hp*0=cle; hp*1=ar', 'x=y;\r\n hp=clear'])(
    'a content type that has %j already is refused: readers would differ about which counts',
    (parameter) => {
      const entity = {
        ...entityOf(),
        fields: `Content-Type: text/plain; ${parameter}\r\nContent-Transfer-Encoding: 7bit\r\n`,
      };
      for (const isEncrypted of [true, false])
        expect(() => protectHeader(entity, fields, isEncrypted, true)).toThrow(
          expect.objectContaining({
            code: 'ERR_MESSAGE_INVALID',
            problems: [expect.objectContaining({ path: 'contentType' })],
          }),
        );
    },
  );

  test('a folded Content-Type gets its parameter at its end; an entity without one is plain text', () => {
    const folded = {
      ...entityOf(),
      fields:
        'Content-ID: <a@b>\r\ncontent-type: multipart/mixed;\r\n boundary="x"\r\nContent-Transfer-Encoding: 7bit\r\n',
    };
    const { inner } = protectHeader(folded, [], false, false);
    expect(inner.fields).toBe(
      'Content-ID: <a@b>\r\ncontent-type: multipart/mixed;\r\n boundary="x";\r\n hp="clear"\r\nContent-Transfer-Encoding: 7bit\r\n',
    );
    expect(protectHeader({ ...entityOf(), fields: '' }, [], true, false).inner.fields).toBe(
      'Content-Type: text/plain; charset=us-ascii; hp="cipher"\r\n',
    );
  });
});
