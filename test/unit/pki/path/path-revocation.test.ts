/**
 * The revocation status of one certificate by the lists given (RFC 5280 sections 5 and 6.3): times, signers, reasons,
 * scopes, delta lists and lists of other issuers.
 * @module
 */
import { describe, expect, it } from 'vitest';
import { revocationProblem } from '../../../../src/pki/path/path-revocation.js';
import { parseCertificate } from '../../../../src/pki/x509/certificate.js';
import type { Certificate } from '../../../../src/pki/x509/certificate.js';
import { parseRevocationList } from '../../../../src/pki/x509/crl.js';
import { comparableName } from '../../../../src/pki/x509/distinguished-name.js';
import * as der from '../../../../src/util/der.js';
import { extensionOids } from '../../../../src/util/oids.js';
import {
  extension,
  issue,
  keyPair,
  namedBits,
  nameOf,
  revocationList,
  root,
  type CertificateRequest,
  type IssuedCertificate,
  type Issuer,
} from '../../../support/certificates.js';

type Revoked = Parameters<typeof revocationList>[1];
type More = NonNullable<Parameters<typeof revocationList>[2]>;
type Status = 'good' | 'revoked' | 'unknown';

const serial = 77;
const at = new Date(Math.floor(Date.now() / 1000) * 1000);
const second = (count: number): Date => new Date(at.getTime() + 1000 * count);
const ca = root('CA');
const other = root('Other');
const cannotSignLists = root('CA', { keyUsage: [5] });
const leafKeys = keyPair();

/** The status of a certificate of the CA with that serial number, by these lists. */
async function statusOf(
  lists: readonly Buffer[],
  request: Partial<CertificateRequest> = {},
  signers: readonly IssuedCertificate[] = [ca, other],
): Promise<Status> {
  const leaf = await parseCertificate(issue({ subject: 'Ann', issuer: ca, keys: leafKeys, serial, ...request }).der);
  const certificates = await Promise.all(signers.map((signer) => parseCertificate(signer.der)));
  const problem = revocationProblem(leaf, {
    lists: lists.map(parseRevocationList),
    at,
    signersOf: (name): Certificate[] => certificates.filter((one) => comparableName(one.subjectParts) === name),
  });
  if (problem === undefined) return 'good';
  return /has been revoked/.test(problem) ? 'revoked' : 'unknown';
}

const uri = (text: string): Buffer => der.contextPrimitive(6, Buffer.from(text));
const directory = ({ name }: Issuer): Buffer => der.context(4, nameOf(name));
const reasonFlags = (tag: number, reasons: readonly number[]): Buffer =>
  der.contextPrimitive(tag, namedBits(reasons).subarray(2));
const yes = (tag: number): Buffer => der.contextPrimitive(tag, Buffer.of(255));
/** A DistributionPointName of these names. */
const fullName = (...names: readonly Buffer[]): Buffer => der.context(0, der.context(0, ...names));
/** A DistributionPointName below the issuer's name. */
const relativeName = (commonName: string): Buffer =>
  der.context(0, der.context(1, der.sequence(der.oid('2.5.4.3'), der.text(der.tag.utf8String, commonName))));
const crlIssuer = (...issuers: readonly Issuer[]): Buffer => der.context(2, ...issuers.map(directory));

const points = (...fields: readonly (readonly Buffer[])[]): Partial<CertificateRequest> => ({
  extensions: [
    extension(
      extensionOids.crlDistributionPoints,
      false,
      der.sequence(...fields.map((field) => der.sequence(...field))),
    ),
  ],
});
const scope = (...fields: readonly Buffer[]): Buffer =>
  extension(extensionOids.issuingDistributionPoint, true, der.sequence(...fields));
const number = (value: number): Buffer => extension(extensionOids.crlNumber, false, der.integer(value));
const deltaTo = (base: number): Buffer => extension(extensionOids.deltaCrlIndicator, true, der.integer(base));
const reason = (value: number): Buffer =>
  extension(extensionOids.reasonCode, false, der.element(der.tag.enumerated, Buffer.of(value)));
const certificateIssuer = (issuer: Issuer): Buffer =>
  extension(extensionOids.certificateIssuer, true, der.sequence(directory(issuer)));

const list = (revoked: Revoked = [], more?: More): Buffer => revocationList(ca, revoked, more);
const scoped = (fields: readonly Buffer[], revoked: Revoked = []): Buffer =>
  list(revoked, { extensions: [scope(...fields)] });
const numbered = (value: number, revoked: Revoked = []): Buffer => list(revoked, { extensions: [number(value)] });
const delta = (base: number, value: number, revoked: Revoked = [], issuer: Issuer = ca): Buffer =>
  revocationList(issuer, revoked, { extensions: [number(value), deltaTo(base)] });
const removed = { serial, extensions: [reason(8)] };
const held = { serial, extensions: [reason(6)] };
const odd = { serial, extensions: [extension('1.2.3.4', true, der.nullElement())] };

describe('the revocation status of a certificate (RFC 5280 section 6.3)', () => {
  it.each<[string, readonly Buffer[], Status]>([
    ['no list', [], 'unknown'],
    ['a list without it', [list([serial + 1])], 'good'],
    ['a list with it', [list([serial])], 'revoked'],
    ['a list that begins now', [list([], { from: at })], 'good'],
    ['a list that begins later', [list([], { from: second(1) })], 'unknown'],
    ['a list that ends now', [list([], { to: at })], 'good'],
    ['a list that has ended', [list([], { to: second(-1) })], 'unknown'],
    ['a list without an end', [list([], { to: 'never' })], 'good'],
    ['a list of another CA', [revocationList(other, [])], 'unknown'],
    ['a list forged in the name of the CA', [revocationList({ ...ca, ...keyPair() }, [])], 'unknown'],
    ['a forged list, and then a right one', [revocationList({ ...ca, ...keyPair() }, [serial]), list()], 'good'],
    ['an entry with a reason', [list([held])], 'revoked'],
    ['an entry that says it is removed', [list([removed])], 'good'],
    ['an entry with a critical extension that is not understood', [list([odd])], 'unknown'],
    ['such an entry, and then a list without it', [list([odd]), list()], 'good'],
    ['an older list without it, and a newer one with it', [list(), list([serial], { from: at })], 'revoked'],
    ['a newer list with it, and an older one without it', [list([serial], { from: at }), list()], 'revoked'],
    ['an older list with an entry that the newer one has no longer', [list([held]), list([], { from: at })], 'good'],
  ])('by %s', async (_, lists, expected) => {
    expect(await statusOf(lists)).toBe(expected);
  });

  it('is not known from a list whose signer may not sign lists, unless another of its name may', async () => {
    const signed = [revocationList(cannotSignLists, [])];
    expect(await statusOf(signed, {}, [cannotSignLists])).toBe('unknown');
    expect(await statusOf([list()], {}, [cannotSignLists, ca])).toBe('good');
    const noKeyUsage = root('CA', { keyUsage: undefined });
    expect(await statusOf([revocationList(noKeyUsage, [])], {}, [noKeyUsage])).toBe('good');
  });

  it.each<[string, readonly Buffer[], Status]>([
    ['one list of some reasons', [scoped([reasonFlags(3, [1, 2])])], 'unknown'],
    [
      'lists of all reasons together',
      [scoped([reasonFlags(3, [1, 2, 3])]), scoped([reasonFlags(3, [4, 5, 6, 7, 8])])],
      'good',
    ],
    ['lists that overlap', [scoped([reasonFlags(3, [1, 2, 3])]), scoped([reasonFlags(3, [3, 4, 5])])], 'unknown'],
    ['the second of such lists', [scoped([reasonFlags(3, [1])]), scoped([reasonFlags(3, [2])], [serial])], 'revoked'],
    [
      'a list that adds no reason',
      [scoped([reasonFlags(3, [1, 2])]), scoped([reasonFlags(3, [1])], [serial])],
      'unknown',
    ],
    ['a list of attribute certificates', [scoped([yes(5)], [serial])], 'unknown'],
    ['a list of CA certificates', [scoped([yes(2)], [serial])], 'unknown'],
    ['a list of other certificates', [scoped([yes(1)], [serial])], 'revoked'],
  ])('by %s', async (_, lists, expected) => {
    expect(await statusOf(lists)).toBe(expected);
  });

  it('of a CA is known from lists of CA certificates', async () => {
    expect(await statusOf([scoped([yes(2)])], { ca: true })).toBe('good');
    expect(await statusOf([scoped([yes(1)])], { ca: true })).toBe('unknown');
    expect(await statusOf([scoped([yes(1)])], { ca: false })).toBe('good');
  });

  it.each<[string, readonly Buffer[], Status]>([
    ['adds it', [numbered(5), delta(5, 6, [serial])], 'revoked'],
    ['comes first', [delta(5, 6, [serial]), numbered(5)], 'revoked'],
    ['removes it', [numbered(5, [held]), delta(5, 6, [removed])], 'good'],
    ['says nothing of it', [numbered(5, [held]), delta(5, 6)], 'revoked'],
    ['is alone', [delta(5, 6)], 'unknown'],
    ['has an older base', [numbered(5), delta(4, 6, [serial])], 'revoked'],
    ['has a newer base', [numbered(5), delta(6, 7, [serial])], 'good'],
    ['is as old as the list', [numbered(5), delta(4, 5, [serial])], 'revoked'],
    ['is older than the list', [numbered(5), delta(3, 4, [serial])], 'good'],
    ['belongs to a list without a number', [list(), delta(5, 6, [serial])], 'good'],
    ['has no number', [numbered(5), list([serial], { extensions: [deltaTo(5)] })], 'good'],
    ['is of another CA', [numbered(5), delta(5, 6, [serial], other)], 'good'],
    ['is forged', [numbered(5), delta(5, 6, [serial], { ...ca, ...keyPair() })], 'good'],
    ['has ended', [numbered(5), list([serial], { extensions: [number(6), deltaTo(5)], to: second(-1) })], 'good'],
    ['is not clear', [numbered(5), delta(5, 6, [odd])], 'unknown'],
    ['is older than another', [numbered(5), delta(5, 7, [removed]), delta(5, 6, [serial])], 'good'],
    ['is newer than another', [numbered(5), delta(5, 6, [serial]), delta(5, 7, [removed])], 'good'],
    [
      'has another scope',
      [numbered(5), list([serial], { extensions: [number(6), deltaTo(5), scope(yes(1))] })],
      'good',
    ],
    [
      'has the scope of the list',
      [
        list([], { extensions: [number(5), scope(yes(1))] }),
        list([serial], { extensions: [number(6), deltaTo(5), scope(yes(1))] }),
      ],
      'revoked',
    ],
    [
      'lacks the scope of the list',
      [list([], { extensions: [number(5), scope(yes(1))] }), delta(5, 6, [serial])],
      'good',
    ],
    [
      'has the scope of another list',
      [
        list([], { extensions: [number(5), scope(yes(1))] }),
        list([serial], { extensions: [number(6), deltaTo(5), scope(yes(4))] }),
      ],
      'good',
    ],
  ])('by a delta list that %s', async (_, lists, expected) => {
    expect(await statusOf(lists)).toBe(expected);
  });

  const [here, there] = [uri('http://crl.example/a'), uri('http://crl.example/b')];

  it.each<[string, Partial<CertificateRequest>, readonly Buffer[], Status]>([
    ['of its point', points([fullName(here)]), [scoped([fullName(here)])], 'good'],
    ['of its point, with it', points([fullName(here)]), [scoped([fullName(here)], [serial])], 'revoked'],
    ['of one of its names', points([fullName(there, here)]), [scoped([fullName(here)])], 'good'],
    ['of one of its points', points([fullName(there)], [fullName(here)]), [scoped([fullName(here)])], 'good'],
    ['of another point', points([fullName(there)]), [scoped([fullName(here)])], 'unknown'],
    ['of a point, where it names none', {}, [scoped([fullName(here)])], 'unknown'],
    ['of every point', points([fullName(here)]), [scoped([yes(1)])], 'good'],
    ['without a scope', points([fullName(here)]), [list()], 'good'],
    ['of a point below the issuer’s name', points([relativeName('a')]), [scoped([relativeName('a')])], 'good'],
    ['of another point below it', points([relativeName('b')]), [scoped([relativeName('a')])], 'unknown'],
    [
      'of a point for some reasons',
      points([fullName(here), reasonFlags(1, [1, 2])]),
      [scoped([fullName(here)])],
      'unknown',
    ],
    [
      'of two points for all reasons together',
      points([fullName(here), reasonFlags(1, [1, 2, 3, 4])], [fullName(there), reasonFlags(1, [5, 6, 7, 8])]),
      [scoped([fullName(here)]), scoped([fullName(there)])],
      'good',
    ],
    ['of a point that names the CA as its issuer', points([crlIssuer(ca)]), [scoped([yes(1)])], 'good'],
    [
      'named as its issuer is, where the point has no other name',
      points([crlIssuer(ca)]),
      [scoped([fullName(directory(ca))])],
      'good',
    ],
  ])('by a list %s', async (_, request, lists, expected) => {
    expect(await statusOf(lists, request)).toBe(expected);
  });

  const entry = (issuer: Issuer, number_ = serial): Revoked[number] => ({
    serial: number_,
    extensions: [certificateIssuer(issuer)],
  });
  const indirect = (revoked: Revoked = []): Buffer => revocationList(other, revoked, { extensions: [scope(yes(4))] });

  it.each<[string, Buffer, Status]>([
    ['without it', indirect(), 'good'],
    ['with it', indirect([entry(ca)]), 'revoked'],
    ['after another entry of its CA', indirect([entry(ca, 5), serial]), 'revoked'],
    ['with an entry of its number by the other issuer', indirect([serial]), 'good'],
    ['with such an entry after one of its CA', indirect([entry(ca, 5), entry(other)]), 'good'],
    ['that is not indirect', revocationList(other, [], { extensions: [scope(yes(1))] }), 'unknown'],
    ['without a scope', revocationList(other, []), 'unknown'],
  ])('by a list of the issuer that its point names, %s', async (_, theirs, expected) => {
    expect(await statusOf([theirs], points([fullName(here), crlIssuer(other)]))).toBe(expected);
  });

  it('is not known from an indirect list of an issuer that no point names', async () => {
    expect(await statusOf([indirect()])).toBe('unknown');
    expect(await statusOf([indirect()], points([fullName(here)]))).toBe('unknown');
  });
});
