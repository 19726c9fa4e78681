/**
 * verify() and decrypt() take time proportional to a message's length, whatever a stranger puts into it: header fields
 * and their parameters, encodings, line ends, BER, names in certificates. Boundaries have a file of their own.
 * @module
 */
import { describe, expect, test } from 'vitest';
import { decrypt, verify } from '../../src/smime/operations.js';
import {
  context,
  contextPrimitive,
  element,
  integer,
  octetString,
  oid,
  sequence,
  setOf,
  tag,
  text,
} from '../../src/util/der.js';
import { growth } from '../support/growth.js';
import { attribute, contentType, envelopedData, messageDigest, signedData, signerInfo } from '../unit/smime/forge.js';
import { certificatePem, issue, keyPem } from '../unit/smime/issue.js';
import { cmsMessage } from '../unit/smime/support.js';

const someone = issue({ kind: 'P-256' });
const recipient = { data: certificatePem(someone), key: keyPem(someone) };
const settled = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);
const fill = (unit: string, size: number): string => unit.repeat(Math.floor(size / unit.length));
const repeat = (unit: Buffer, size: number): Buffer => Buffer.alloc(Math.floor(size / unit.length) * unit.length, unit);
const hex = (digits: string): Buffer => Buffer.from(digits.replaceAll(' ', ''), 'hex');
type Make = (size: number) => Buffer;

/** A Content-Type with this text behind its value. */
const type =
  (tail: (size: number) => string): Make =>
  (size) =>
    Buffer.from(`Content-Type: a/b${tail(size)}\r\n\r\n`);
/** A message with this header section. */
const header =
  (fields: (size: number) => string): Make =>
  (size) =>
    Buffer.from(`${fields(size)}\r\nContent-Type: a/b\r\n\r\n`);
/** A message with this body of application/pkcs7-mime. */
const body =
  (encoding: string, make: (size: number) => string): Make =>
  (size) =>
    Buffer.from(`Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${make(size)}`);
/** A message with this CMS. */
const cms =
  (make: Make): Make =>
  (size) =>
    cmsMessage(make(size));
/** Signed data around this content element, with indefinite lengths. */
const around = (content: Buffer): Buffer =>
  Buffer.concat([
    hex('3080 06092a864886f70d010702 a080 3080 020101 3100 3080 06092a864886f70d010701 a080'),
    content,
    hex('0000 0000 3100 0000 0000 0000'),
  ]);
const pieces = (piece: Buffer): Make =>
  cms((size) => around(Buffer.concat([hex('2480'), repeat(piece, size), hex('0000')])));

const content = Buffer.from('Content-Type: text/plain\r\n\r\nHello\r\n');
const one = signerInfo({ signer: someone, attributes: [contentType(), messageDigest(content)] });
/** A signed message with these bytes in place of an additional certificate. */
const certificate = (make: Make): Make => cms((size) => signedData(content, [one], [someone.der, make(size)]));
/** A certificate with this subject and these extensions. The rest of it is invalid. */
const named = (subject: Buffer, extensions: Buffer = Buffer.alloc(0)): Buffer => {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'));
  const dates = sequence(text(tag.utcTime, '200101000000Z'), text(tag.utcTime, '400101000000Z'));
  const spki = someone.key.publicKey.export({ format: 'der', type: 'spki' });
  const rest = extensions.length === 0 ? [] : [context(3, element(tag.sequence, extensions))];
  const tbs = sequence(context(0, integer(2)), integer(1), algorithm, subject, dates, subject, spki, ...rest);
  return sequence(tbs, algorithm, element(3, Buffer.alloc(70)));
};
const commonName = (value: string): Buffer => setOf(sequence(oid('2.5.4.3'), text(tag.utf8String, value)));
const extension = (id: string, value: Buffer): Buffer => sequence(oid(id), octetString(value));

const cases: Readonly<Record<string, Readonly<Record<string, Make>>>> = {
  'header fields': {
    'one line without a colon': header((size) => fill('x', size)),
    'fields of one octet': header((size) => fill('A:\n', size)),
    'one folded field': header((size) => `A: x${fill('\r\n x', size)}`),
    'CR alone in a field': header((size) => `A: x${fill('\r', size)}`),
    'blanks before a value': header((size) => `A:${fill(' ', size)}x`),
    'many Content-Type fields': header((size) => fill('Content-Type: a/b\r\n', size)),
    'a Content-Transfer-Encoding of blanks': header((size) => `Content-Transfer-Encoding: x${fill(' x', size)}`),
  },
  'Content-Type': {
    'comments that open': type((size) => fill('(', size)),
    'comments that open, with words': type((size) => fill('(a', size)),
    'empty comments': type((size) => fill('()', size)),
    semicolons: type((size) => fill(';', size)),
    'semicolons far before an equals sign': type((size) => `${fill(';', size / 2)}${fill('x', size / 2)}=1`),
    'equals signs': type((size) => `;${fill('=', size)}`),
    'parameters of one octet': type((size) => fill(';a=b', size)),
    quotes: type((size) => fill(';a="', size)),
    'backslashes in a string that never ends': type((size) => `; a="${fill('\\', size)}`),
    'sections of one number (RFC 2231)': type((size) => fill(';a*0=b', size)),
    'percent signs': type((size) => `; name*=utf-8''${fill('%41', size)}`),
    apostrophes: type((size) => `; name*=${fill("'", size)}`),
    'an extended value without a character set': type((size) => `; name*=${fill('x', size)}`),
    'beginnings of encoded-words': type((size) => `; name="${fill('=?a?q?', size)}"`),
    'encoded-words of one character': type((size) => `; name="${fill('=?utf-8?q?a?= ', size)}"`),
    'encoded-words of unknown sets': type((size) => `; name="${fill('=?x?q?a?= =?y?b?a?=', size / 4)}"`),
    'an encoded-word without end': type((size) => `; name="=?utf-8?q?${fill('=41', size)}"`),
  },
  encodings: {
    'base64 of equals signs': body('base64', (size) => fill('=', size)),
    'base64 of line ends': body('base64', (size) => fill('\n', size)),
    'base64 of what is none': body('base64', (size) => fill('!', size)),
    'quoted-printable of soft breaks that are none': body('quoted-printable', (size) => fill('= ', size)),
    'quoted-printable of an equals sign and blanks': body('quoted-printable', (size) => `=${fill('\t', size)}`),
    'quoted-printable of blanks': body('quoted-printable', (size) => fill(' ', size)),
  },
  'signed content': Object.fromEntries(
    ['\n', '\r', '\r\n\n', '\n\r', ' \n'].map((unit) => [
      `of ${JSON.stringify(unit)}`,
      (size: number) =>
        Buffer.from(
          `Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n${fill(unit, size)}\r\n--b\r\n` +
            `Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n` +
            `${signedData(undefined, [one, one, one], [someone.der]).toString('base64')}\r\n--b--\r\n`,
        ),
    ]),
  ),
  BER: {
    'an indefinite length of nothing': cms((size) => Buffer.concat([hex('3080'), repeat(hex('0500'), size)])),
    'indefinite lengths in one another': cms((size) => repeat(hex('3080'), size)),
    '31 indefinite lengths around nothing': cms((size) =>
      Buffer.concat([repeat(hex('3080'), 62), repeat(hex('0500'), size)]),
    ),
    'empty elements of indefinite length': cms((size) => Buffer.concat([hex('3080'), repeat(hex('30800000'), size)])),
    'pieces of one octet': pieces(hex('040141')),
    'empty pieces': pieces(hex('0400')),
    'pieces of pieces': pieces(hex('24800000')),
    'pieces 20 deep': cms((size) =>
      around(Buffer.concat([repeat(hex('2480'), 40), repeat(hex('040141'), size), Buffer.alloc(40)])),
    ),
    'a long object identifier': cms((size) => sequence(element(tag.oid, repeat(hex('81'), size), hex('01')))),
    'a long length': cms((size) => repeat(hex('30ff'), size)),
    'attributes of many octets in no order': cms((size) =>
      signedData(
        content,
        [
          signerInfo({
            signer: someone,
            attributes: Array.from({ length: 60 }, (_, i) =>
              attribute('1.2.3.4', element(tag.octetString, Buffer.alloc(size / 64, 7), Buffer.of(255 - i))),
            ),
          }),
        ],
        [someone.der],
      ),
    ),
    'a long key identifier': cms((size) =>
      signedData(
        content,
        [signerInfo({ signer: someone, attributes: [], id: contextPrimitive(0, Buffer.alloc(size)) })],
        [someone.der],
      ),
    ),
    'a recipient with a long serial number': cms((size) =>
      envelopedData(
        [
          sequence(
            integer(0),
            sequence(sequence(), element(tag.integer, Buffer.alloc(size, 1))),
            sequence(oid('1.2.840.113549.1.1.1')),
            octetString(Buffer.alloc(0)),
          ),
        ],
        { key: Buffer.alloc(16), iv: Buffer.alloc(16), ciphertext: Buffer.alloc(16) },
      ),
    ),
    'a recipient with long parameters': cms((size) =>
      envelopedData(
        [
          sequence(
            integer(0),
            sequence(sequence(), integer(1)),
            sequence(oid('1.2.840.113549.1.1.7'), element(tag.sequence, repeat(hex('0500'), size))),
            octetString(Buffer.alloc(0)),
          ),
        ],
        { key: Buffer.alloc(16), iv: Buffer.alloc(16), ciphertext: Buffer.alloc(16) },
      ),
    ),
  },
  certificates: {
    'a subject of many names': certificate((size) => named(element(tag.sequence, repeat(commonName('a'), size / 2)))),
    'a subject of one long name': certificate((size) => named(sequence(commonName(fill('a ', size / 2))))),
    'a subject of commas': certificate((size) => named(sequence(commonName(fill(',', size / 2))))),
    'many attributes in one name': certificate((size) =>
      named(sequence(element(tag.set, repeat(sequence(oid('2.5.4.3'), text(tag.utf8String, 'a')), size / 2)))),
    ),
    'a long serial number': certificate((size) =>
      sequence(sequence(context(0, integer(2)), element(tag.integer, Buffer.alloc(size, 1)))),
    ),
    'many alternative names': certificate((size) =>
      named(
        sequence(commonName('a')),
        extension('2.5.29.17', element(tag.sequence, repeat(contextPrimitive(1, Buffer.from('a@b')), size))),
      ),
    ),
    'many purposes': certificate((size) =>
      named(sequence(commonName('a')), extension('2.5.29.37', element(tag.sequence, repeat(oid('1.2.3.4'), size)))),
    ),
    'one extension many times': certificate((size) =>
      named(sequence(commonName('a')), repeat(extension('1.2.3.4', Buffer.alloc(0)), size)),
    ),
  },
};

describe.each(Object.entries(cases))('hostile %s', (kind, makers) => {
  test.each(Object.entries(makers))(
    '%s: four times the message takes about four times as long',
    async (_name, make) => {
      const ways: ((message: Buffer) => Promise<unknown>)[] = [
        (message) => verify(message, { trustAnchors: [someone.der] }),
      ];
      // decrypt() reads the CMS structure with the same code.
      if (kind === 'BER') ways.push((message) => decrypt(message, recipient));
      // The parts of a larger certificate fill the young generation of the heap, and copying them takes most of the time.
      const size = kind === 'certificates' ? 1 << 14 : 1 << 16;
      for (const work of ways) expect(await growth(make, (message) => settled(work(message)), size)).toBeLessThan(9);
    },
  );
});

test('the messages above are read as far as they are meant to be', async () => {
  const reasons = await Promise.all(
    [pieces(hex('040141')), cms((size) => around(octetString(Buffer.alloc(size))))].map((make) =>
      settled(verify(make(1 << 12))),
    ),
  );
  for (const reason of reasons)
    expect(reason).toMatchObject({ message: expect.stringContaining('no signature') as string });
  const { signatures } = await verify(cases['certificates']?.['many alternative names']?.(1 << 12) ?? Buffer.alloc(0));
  expect(signatures).toMatchObject([{ valid: true }]);
});
