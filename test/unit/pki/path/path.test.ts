import { createPublicKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseCertificate } from '../../../../src/pki/x509/certificate.js';
import type { Certificate } from '../../../../src/pki/x509/certificate.js';
import { parseRevocationList } from '../../../../src/pki/x509/crl.js';
import { pathValidator, validatePath } from '../../../../src/pki/path/path.js';
import { isSignedBy } from '../../../../src/pki/x509/signature.js';
import type { PathOptions } from '../../../../src/pki/path/path.js';
import * as der from '../../../../src/util/der.js';
import { extension, issue, keyPair, revocationList, root } from '../../../support/certificates.js';
import { cpuTimer } from '../../../support/cpu-time.js';
import type { CertificateRequest, IssuedCertificate } from '../../../support/certificates.js';

const emailProtection = '1.3.6.1.5.5.7.3.4';
const serverAuth = '1.3.6.1.5.5.7.3.1';
const now = new Date();
const anchor = root('Anchor');
const ca = issue({ subject: 'CA', issuer: anchor, ca: true, keyUsage: [5, 6] });
const leafOf = (issuer: IssuedCertificate, more: Partial<CertificateRequest> = {}): IssuedCertificate =>
  issue({ subject: 'Ann', issuer, keyUsage: [0], purposes: [emailProtection], emails: ['ann@example.com'], ...more });

async function check(leaf: IssuedCertificate, between: readonly IssuedCertificate[], more: Partial<PathOptions> = {}) {
  const parse = ({ der: bytes }: IssuedCertificate): Promise<Certificate> => parseCertificate(bytes);
  const intermediates = await Promise.all(between.map(parse));
  return validatePath(await parse(leaf), { anchors: [await parse(anchor)], intermediates, at: now, ...more });
}

describe('a certification path (RFC 5280 section 6)', () => {
  it('holds from leaf to anchor', async () => {
    const result = await check(leafOf(ca), [ca]);
    expect(result.path?.map(({ info }) => info.subject)).toEqual(['CN=Ann', 'CN=CA', 'CN=Anchor']);
  });

  it('may be a leaf that is trusted itself', async () => {
    const self = root('Self', { ca: undefined, keyUsage: [0], emails: ['s@example.com'] });
    expect((await check(self, [], { anchors: [await parseCertificate(self.der)] })).trusted).toBe(true);
    expect((await check(self, [])).trusted).toBe(false);
  });

  it('does not hold from an anchor that has expired, or that says it is no CA', async () => {
    const expired = root('Expired', { to: new Date(now.getTime() - 1000) });
    const noAuthority = root('No authority', { ca: false });
    for (const [top, words] of [
      [expired, /CN=Expired expired/],
      [noAuthority, /is not a CA/],
    ] as const) {
      const result = await check(leafOf(top), [], { anchors: [await parseCertificate(top.der)] });
      expect(result.trusted).toBe(false);
      expect(JSON.stringify(result)).toMatch(words);
    }
  });

  it.each<[string, () => [IssuedCertificate, IssuedCertificate[]], RegExp]>([
    ['without its intermediate', () => [leafOf(ca), []], /no path to a trust anchor/],
    ['whose leaf has expired', () => [leafOf(ca, { to: new Date(now.getTime() - 1000) }), [ca]], /CN=Ann expired on/],
    [
      'whose leaf is not valid yet',
      () => [leafOf(ca, { from: new Date(now.getTime() + 1000) }), [ca]],
      /CN=Ann is not valid before/,
    ],
    [
      'whose CA has expired',
      () => {
        const old = issue({ subject: 'Old', issuer: anchor, ca: true, to: new Date(now.getTime() - 1000) });
        return [leafOf(old), [old]];
      },
      /CN=Old expired/,
    ],
    [
      'whose intermediate is no CA',
      () => {
        const no = issue({ subject: 'No', issuer: anchor, keyUsage: [5] });
        return [leafOf(no), [no]];
      },
      /CN=No is not a CA/,
    ],
    [
      'whose intermediate says it is none',
      () => {
        const no = issue({ subject: 'No', issuer: anchor, ca: false });
        return [leafOf(no), [no]];
      },
      /is not a CA/,
    ],
    [
      'whose CA may not sign certificates',
      () => {
        const no = issue({ subject: 'No', issuer: anchor, ca: true, keyUsage: [6] });
        return [leafOf(no), [no]];
      },
      /may not sign certificates/,
    ],
    ['whose leaf is for servers', () => [leafOf(ca, { purposes: [serverAuth] }), [ca]], /not for this purpose/],
    [
      'whose CA is for servers only',
      () => {
        const web = issue({ subject: 'Web', issuer: anchor, ca: true, purposes: [serverAuth] });
        return [leafOf(web), [web]];
      },
      /limits the purposes of its certificates/,
    ],
    [
      'with a critical extension that is not understood',
      () => [leafOf(ca, { extensions: [extension('1.2.3.4', true, der.nullElement())] }), [ca]],
      /critical extension 1\.2\.3\.4/,
    ],
    [
      'that is longer than allowed',
      () => {
        const a = issue({ subject: 'A', issuer: anchor, ca: true, pathLength: 0 });
        const b = issue({ subject: 'B', issuer: a, ca: true });
        return [leafOf(b), [a, b]];
      },
      /longer than/,
    ],
    [
      'whose leaf was signed by somebody else of that name',
      () => {
        const other = issue({ subject: 'CA', issuer: { ...anchor, ...keyPair() }, ca: true });
        return [leafOf(other), [ca]];
      },
      /does not verify/,
    ],
  ])('%s is refused', async (_, make, problem) => {
    const [leaf, between] = make();
    const result = await check(leaf, between);
    expect(result.trusted).toBe(false);
    expect(result.problem).toMatch(problem);
  });

  it('asks the leaf for one of the key usages wanted', async () => {
    expect((await check(leafOf(ca), [ca], { keyUsages: ['digitalSignature', 'nonRepudiation'] })).trusted).toBe(true);
    expect(
      (await check(leafOf(ca, { keyUsage: [2] }), [ca], { keyUsages: ['digitalSignature', 'nonRepudiation'] })).problem,
    ).toMatch(/keyUsage has none of/);
  });

  it('holds in the first and the last moment of its certificates', async () => {
    const [from, to] = [new Date('2030-01-01T00:00:00Z'), new Date('2030-01-02T00:00:00Z')];
    const top = root('Top', { from: new Date('2020-01-01'), to: new Date('2040-01-01') });
    const leaf = leafOf(top, { from, to });
    const at = async (milliseconds: number): Promise<string | undefined> => {
      const anchors = [await parseCertificate(top.der)];
      return (await check(leaf, [], { anchors, at: new Date(milliseconds) })).problem;
    };
    expect([await at(from.getTime()), await at(to.getTime())]).toEqual([undefined, undefined]);
    expect(await at(from.getTime() - 1)).toMatch(/not valid before/);
    expect(await at(to.getTime() + 1)).toMatch(/expired/);
  });

  it('keeps the limit of its length below a CA that sets none', async () => {
    const a = issue({ subject: 'A', issuer: anchor, ca: true, pathLength: 1 });
    const b = issue({ subject: 'B', issuer: a, ca: true });
    const c = issue({ subject: 'C', issuer: b, ca: true });
    expect((await check(leafOf(b), [a, b])).trusted).toBe(true);
    expect((await check(leafOf(c), [a, b, c])).problem).toMatch(/CN=C: the path is longer than/);
  });

  it('has twelve certificates at most', async () => {
    const chain = [issue({ subject: 'CA 1', issuer: anchor, ca: true })];
    for (let i = 2; i <= 11; i++)
      chain.push(issue({ subject: `CA ${i}`, issuer: chain.at(-1) as IssuedCertificate, ca: true }));
    expect((await check(leafOf(chain[9] as IssuedCertificate), chain)).path).toHaveLength(12);
    expect((await check(leafOf(chain[10] as IssuedCertificate), chain)).problem).toMatch(/more than 12 certificates/);
  });

  it('tries every certificate of the issuer’s name', async () => {
    const decoys = Array.from({ length: 5 }, () => issue({ subject: 'CA', issuer: anchor, ca: true }));
    expect((await check(leafOf(ca), [...decoys, ca, ...decoys])).trusted).toBe(true);
  });
});

describe('a signature by RSASSA-PSS', () => {
  // openssl x509 -req … -sigopt rsa_padding_mode:pss -sigopt rsa_mgf1_md:sha1 -sigopt rsa_pss_saltlen:20 -sha256
  const pssRoot = Buffer.from(
    `MIIDCTCCAfGgAwIBAgIUalrwnPvUM/q2SnM/Yzhow/YY0mswDQYJKoZIhvcNAQELBQAwEzERMA8GA1UEAwwIUFNTIFJvb3QwIBcNMjYxMTI4MDgyMzI1WhgP
MjEyNjExMDQwODIzMjVaMBMxETAPBgNVBAMMCFBTUyBSb290MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAhCBw0CszfM0aBo65aMR08UIdbBFJ
odfopL7qVDcOe5mU0hydbvXywcG9Ld43YR6r+gwyPxlKo9DqYvk6eOpcZNbX1ypPT82MUVZRC2Ds/aw1uOA7HPFlN5iFm6p/zXU4naYqrhVJtJsJHyUWDqce
yx4H113++Aax2eEB5hn7ahsQuqY77OjU59TwXDjF1OjsnrU7Byv+oRO0t/SXy658Z0Q8ibYR+ZtDeUd9GmJw9E1UrDlprTRny1Ev6/m/RhMIhfo5fWeOEGOL
YC+PmO8dUA/dqid+snKJU61ttTsN8N748HKl+cS9M17Br4PpfXzS/Uk7VWIjy81oHqHY73p5kwIDAQABo1MwUTAdBgNVHQ4EFgQUjfKET0D6t9M2UkxqQVHr
j8geZGcwHwYDVR0jBBgwFoAUjfKET0D6t9M2UkxqQVHrj8geZGcwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOCAQEAJOrARmCXJ8kiedWgLrlw
S1DW+ErOtJb4pzx2uRs88u2FlB0pOuV8RR0skW7ofGyk8P9mg0Ax1Bae+OHxO7Cxk2QPkOL/4LEJYLA+aenJLKetxB+peTSy1uZmu7S6nJAbkf2N2Hx3yxpy
I+5QsgmLwYES8iTqgfxU4a9zTmlA0vWOT0Q+XFfc156dBXiZ+T8Tr+eqCLgfHP1MYy3SpMPEO4CAuV/ddPEENKNq3G3aunXg3B37z2ZPR+US4n6En5b08UQp
pcOU2jF/ZwcrH/h6y01edn2k5oOr69sJpsKZbnngQSPVvXNszx18/p0TzInhduavsY3Y/CMpMF2J+Bh1yg==`,
    'base64',
  );
  const pssLeaf = Buffer.from(
    `MIICXjCCATWgAwIBAgIBBzAeBgkqhkiG9w0BAQowEaAPMA0GCWCGSAFlAwQCAQUAMBMxETAPBgNVBAMMCFBTUyBSb290MCAXDTI2MTEyODA4MjMyNVoYDzIx
MjYxMTA0MDgyMzI1WjATMREwDwYDVQQDDAhQU1MgTGVhZjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNkregrz42fLchXmOzOWjoo+I2gQjmjSu/yO6SWk
dZPTSiA2YB62HwljRdkuSh8amSbcRvon3kaRHxh0R8YMtk+jZDBiMBMGA1UdJQQMMAoGCCsGAQUFBwMEMAsGA1UdDwQEAwIHgDAdBgNVHQ4EFgQUbcj3hCEy
A2odBuW2vXl7Uj0b7WgwHwYDVR0jBBgwFoAUjfKET0D6t9M2UkxqQVHrj8geZGcwHgYJKoZIhvcNAQEKMBGgDzANBglghkgBZQMEAgEFAAOCAQEAefCqhX4r
YZVyWWt4dlhDPzZQt2qGcepW6Wwl4puSOEPv0dynFWlNfHQchOWcGmSzyntp6W5NKK0EDIK7cEERBWIOz7f+2mciCyAUwD2S2NVEthZNiuvAb+yPE5Etq5xh
NZ8ZP1qn/4fq0ubVq5nQfaASkHYeJURhTkelSBGv5WGu6bXp38RMcOHxggQAuaD32v6s0W68ylmooLIrqhlvAJFbENANbyWCjzoPXIV9KFcCpZfbPpggdYrT
aLjWr5SpFXMcwRst/xEL0N1dVuV6PEyfbj0ma1fRDcfHoaT1lvlchrnk+l6T0ORnW8ad8dxEdwdJFv9iqCR4rh79EeMn+w==`,
    'base64',
  );

  it('with an MGF1 hash that differs from the digest holds, and not with a byte changed (RFC 4055)', async () => {
    const options = { anchors: [await parseCertificate(pssRoot)], intermediates: [], at: now };
    expect(validatePath(await parseCertificate(pssLeaf), options).trusted).toBe(true);
    const changed = Buffer.from(pssLeaf);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(validatePath(await parseCertificate(changed), options).problem).toMatch(/does not verify/);
  });
});

describe('name constraints', () => {
  const constrained = (permitted: readonly Buffer[], excluded: readonly Buffer[] = []): IssuedCertificate => {
    const list = (tagNumber: number, names: readonly Buffer[]): Buffer[] =>
      names.length === 0 ? [] : [der.context(tagNumber, ...names.map((name) => der.sequence(name)))];
    return issue({
      subject: 'Constrained',
      issuer: anchor,
      ca: true,
      extensions: [extension('2.5.29.30', true, der.sequence(...list(0, permitted), ...list(1, excluded)))],
    });
  };
  const email = (text: string): Buffer => der.contextPrimitive(1, Buffer.from(text));

  it.each([
    ['example.com', 'ann@example.com', true],
    ['example.com', 'ann@sub.example.com', false],
    ['.example.com', 'ann@sub.example.com', true],
    ['.example.com', 'ann@example.com', false],
    ['ann@example.com', 'ann@example.com', true],
    ['bob@example.com', 'ann@example.com', false],
    ['EXAMPLE.com', 'ann@example.COM', true],
    ['ample.com', 'ann@example.com', false],
  ])('that permit %s say of %s: %s', async (constraint, address, expected) => {
    const issuer = constrained([email(constraint)]);
    expect((await check(leafOf(issuer, { emails: [address] }), [issuer])).trusted).toBe(expected);
  });

  it('exclude what they exclude, in the subject too', async () => {
    const issuer = constrained([], [email('example.com')]);
    expect((await check(leafOf(issuer), [issuer])).problem).toMatch(/"ann@example.com" is excluded/);
    expect((await check(leafOf(issuer, { emails: ['ann@example.org'] }), [issuer])).trusted).toBe(true);
  });

  it.each([
    [
      'otherName',
      der.context(
        0,
        der.oid('1.3.6.1.4.1.311.20.2.3'),
        der.context(0, der.text(der.tag.utf8String, 'ann@corp.example')),
      ),
    ],
    ['a URI without a host', der.contextPrimitive(6, Buffer.from('urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6'))],
  ])('on what cannot be compared refuse such a name, permitted or excluded: %s', async (_, name) => {
    const constraint = name[0] === 0x86 ? der.contextPrimitive(6, Buffer.from('example.com')) : name;
    for (const issuer of [constrained([constraint]), constrained([], [constraint])]) {
      const named = leafOf(issuer, {
        emails: undefined,
        extensions: [extension('2.5.29.17', false, der.sequence(name))],
      });
      expect((await check(named, [issuer])).trusted).toBe(false);
      expect((await check(leafOf(issuer), [issuer])).trusted).toBe(true);
    }
  });

  it('on an otherName of one type say nothing of another', async () => {
    const other = (type: string): Buffer =>
      der.context(0, der.oid(type), der.context(0, der.text(der.tag.utf8String, 'ann')));
    for (const issuer of [constrained([other('1.2.3.4')]), constrained([], [other('1.2.3.4')])]) {
      const named = leafOf(issuer, {
        emails: undefined,
        extensions: [extension('2.5.29.17', false, der.sequence(other('1.2.3.5')))],
      });
      expect((await check(named, [issuer])).trusted).toBe(true);
    }
  });

  it('give up on a path of too many names and constraints', async () => {
    const issuer = constrained(Array.from({ length: 2000 }, (_, i) => email(`h${i}.example`)));
    const leaf = leafOf(issuer, { emails: Array.from({ length: 100 }, (_, i) => `a${i}@h1999.example`) });
    expect((await check(leaf, [issuer])).trusted).toBe(false);
  });
});

describe('revocation', () => {
  const leaf = leafOf(ca, { serial: 1000 });
  const lists = (...bytes: Buffer[]) => ({ revocationLists: bytes.map(parseRevocationList) });

  it('is seen in the list of the issuer', async () => {
    const good = [revocationList(anchor, []), revocationList(ca, [5, 999])];
    expect((await check(leaf, [ca], lists(...good))).trusted).toBe(true);
    expect(
      (await check(leaf, [ca], lists(revocationList(anchor, []), revocationList(ca, [5, 1000, 7])))).problem,
    ).toMatch(/CN=Ann: the certificate has been revoked/);
  });

  it('must be known of every certificate where any list is given', async () => {
    expect((await check(leaf, [ca], lists(revocationList(ca, [])))).problem).toMatch(
      /CN=CA: its revocation status could not be determined/,
    );
  });

  it.each<[string, () => Buffer]>([
    [
      'is out of date',
      () => revocationList(ca, [], { to: new Date(now.getTime() - 1000), from: new Date(now.getTime() - 5000) }),
    ],
    ['is signed by somebody else', () => revocationList({ ...ca, ...keyPair() }, [])],
    [
      'has a critical extension that is not understood',
      () => revocationList(ca, [], { extensions: [extension('1.2.3.4', true, der.nullElement())] }),
    ],
    [
      'is for CA certificates only',
      () =>
        revocationList(ca, [], {
          extensions: [extension('2.5.29.28', true, der.sequence(der.contextPrimitive(2, Buffer.of(255))))],
        }),
    ],
  ])('is not known from a list that %s', async (_, make) => {
    expect((await check(leaf, [ca], lists(revocationList(anchor, []), make()))).problem).toMatch(
      /could not be determined/,
    );
  });

  it('is found in a list of many entries', async () => {
    const long = revocationList(ca, Array.from({ length: 20_000 }, (_, i) => i + 2000).concat(1000));
    expect((await check(leaf, [ca], lists(revocationList(anchor, []), long))).problem).toMatch(/revoked/);
  });

  describe('in a list by another certificate of the CA’s name', () => {
    const lister = (more: Partial<CertificateRequest> = {}): IssuedCertificate =>
      issue({ subject: 'CA', issuer: ca, keyUsage: [6], ...more });
    const byLister = (signer: IssuedCertificate, revoked: readonly number[] = []) =>
      lists(revocationList(anchor, []), revocationList(signer, revoked));

    it('is known if the CA issued that certificate for lists', async () => {
      const signer = lister();
      expect((await check(leaf, [ca, signer], byLister(signer))).trusted).toBe(true);
      expect((await check(leaf, [ca, signer], byLister(signer, [1000]))).problem).toMatch(/CN=Ann.*revoked/);
      expect((await check(leaf, [signer, ca], byLister(signer))).trusted).toBe(true);
    });

    it('is known if that certificate is an anchor', async () => {
      const signer = root('CA');
      const anchors = await Promise.all([anchor, signer].map(({ der: bytes }) => parseCertificate(bytes)));
      expect((await check(leaf, [ca], { ...byLister(signer), anchors })).trusted).toBe(true);
      expect((await check(leaf, [ca, signer], byLister(signer))).problem).toMatch(/could not be determined/);
    });

    it.each<[string, () => IssuedCertificate]>([
      ['may not sign lists', () => lister({ keyUsage: [0] })],
      ['has expired', () => lister({ to: new Date(now.getTime() - 1000) })],
      ['was issued by somebody else', () => lister({ issuer: { ...ca, ...keyPair() } })],
    ])('is not known if that certificate %s', async (_, make) => {
      const signer = make();
      expect((await check(leaf, [ca, signer], byLister(signer))).problem).toMatch(/CN=Ann.*could not be determined/);
    });

    it('is not known if that certificate is revoked', async () => {
      const signer = lister({ serial: 2000 });
      expect((await check(leaf, [ca, signer], byLister(signer, [2000]))).problem).toMatch(/could not be determined/);
    });

    it('is not known of that certificate itself', async () => {
      const signer = lister();
      expect((await check(signer, [ca], byLister(signer))).problem).toMatch(/CN=CA.*could not be determined/);
      expect((await check(signer, [ca, signer], byLister(signer))).problem).toMatch(/CN=CA.*could not be determined/);
    });
  });

  it('of a malformed list is ERR_CERTIFICATE', () => {
    const list = revocationList(ca, [1]);
    const many = (tag: number): Buffer => der.element(tag, Buffer.alloc(1_200_000, Buffer.of(0x31, 0)));
    const stuffed = [many(0x30), der.sequence(der.integer(1), der.sequence(der.oid('1.2.3')), many(0x30))].map((tbs) =>
      der.sequence(tbs, der.sequence(der.oid('1.2.3')), der.bitString(Buffer.alloc(8))),
    );
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.alloc(100),
      list.subarray(0, -1),
      Buffer.concat([list, Buffer.of(0)]),
      ...stuffed,
    ]) {
      expect(() => parseRevocationList(bytes)).toThrowError(
        expect.objectContaining({ code: 'ERR_CERTIFICATE' }) as Error,
      );
    }
  });
});

describe('certificates from strangers', () => {
  // Without the bounds of the search these run longer than the test's timeout.
  it('that certify each other do not keep the search busy', async () => {
    const [a, b] = [keyPair(), keyPair()];
    const aByB = issue({ subject: 'A', keys: a, issuer: { name: 'B', ...b }, ca: true });
    const bByA = issue({ subject: 'B', keys: b, issuer: { name: 'A', ...a }, ca: true });
    expect((await check(leafOf(aByB), [aByB, bByA])).trusted).toBe(false);
  });

  it('that all issue each other do not either', async () => {
    const keys = keyPair();
    const many = Array.from({ length: 60 }, () =>
      issue({ subject: 'Same', keys, issuer: { name: 'Same', ...keys }, ca: true }),
    );
    const result = await check(leafOf(many[0] as IssuedCertificate), many);
    expect(result.trusted).toBe(false);
  });

  it('of several leaves share one limit', async () => {
    const keys = keyPair();
    const many = Array.from({ length: 60 }, () =>
      issue({ subject: 'Same', keys, issuer: { name: 'Same', ...keys }, ca: true }),
    );
    const parse = ({ der: bytes }: IssuedCertificate): Promise<Certificate> => parseCertificate(bytes);
    const validate = pathValidator({
      anchors: [await parse(anchor)],
      intermediates: await Promise.all([...many, ca].map(parse)),
      at: now,
    });
    expect(validate(await parse(leafOf(ca))).trusted).toBe(true);
    expect(validate(await parse(leafOf(many[0] as IssuedCertificate))).trusted).toBe(false);
    expect(validate(await parse(leafOf(ca))).problem).toMatch(/abandoned/);
  });

  // Without a limit of its own each of these takes from many seconds to minutes.
  const inNoTime = async (work: () => unknown): Promise<void> => {
    const elapsed = cpuTimer();
    await work();
    expect(elapsed()).toBeLessThan(4_000);
  };

  it('in the name of a CA, with lists in its name, do not keep it busy', async () => {
    const decoys = Array.from({ length: 300 }, () => root('CA'));
    const forger = { name: 'CA', ...keyPair() };
    const revocationLists = [anchor, ...Array.from({ length: 100 }, () => forger)].map((issuer) =>
      parseRevocationList(revocationList(issuer, [])),
    );
    const leaf = leafOf(ca);
    await inNoTime(async () =>
      expect((await check(leaf, [ca, ...decoys], { revocationLists })).problem).toMatch(
        /could not be determined|abandoned/,
      ),
    );
  });

  it('below somebody who is trusted but no CA do not have his lists read again for every way to him', async () => {
    const trusted = leafOf(ca, { subject: 'T' });
    const below = { name: 'T', privateKey: trusted.privateKey, publicKey: trusted.publicKey };
    const ways = Array.from({ length: 13 }, () => issue({ subject: 'T', keys: below, issuer: below, ca: true }));
    const forger = { name: 'CA', ...keyPair() };
    const revocationLists = [anchor, ...Array.from({ length: 400 }, () => forger)].map((issuer) =>
      parseRevocationList(revocationList(issuer, [])),
    );
    await inNoTime(async () =>
      expect(
        (await check(leafOf(below as IssuedCertificate), [trusted, ca, ...ways], { revocationLists })).trusted,
      ).toBe(false),
    );
  });

  it.each<[string, string, () => KeyObject]>([
    ['RSA', '1.2.840.113549.1.1.11', () => rsaKey(16_384)],
    ['DSA', '2.16.840.1.101.3.4.3.2', () => dsaKey(10_000)],
  ])('with %s keys that are slow to use are not used', async (_, oid, makeKey) => {
    const publicKey = makeKey();
    const signer = await parseCertificate(
      issue({ subject: 'Slow', issuer: anchor, keys: { publicKey, privateKey: anchor.privateKey } }).der,
    );
    const numbers = der.sequence(der.integer(Buffer.alloc(31, 1)), der.integer(Buffer.alloc(31, 1)));
    const signature =
      publicKey.asymmetricKeyType === 'dsa' ? numbers : Buffer.concat([Buffer.of(0), Buffer.alloc(2047, 7)]);
    const algorithm = { oid, parameters: undefined, der: der.sequence(der.oid(oid)) };
    const elapsed = cpuTimer();
    for (let i = 0; i < 200; i++) expect(isSignedBy(signer, algorithm, Buffer.from('x'), signature)).toBe(false);
    expect(elapsed()).toBeLessThan(300);
  });

  /** Odd numbers of this many bits; their primality is not checked. */
  function odd(bits: number): Buffer {
    const number = randomBytes(bits / 8);
    number[0] = (number[0] ?? 0) | 0x80;
    number[number.length - 1] = (number[number.length - 1] ?? 0) | 1;
    return number;
  }
  function rsaKey(bits: number): KeyObject {
    return createPublicKey({
      key: { kty: 'RSA', n: odd(bits).toString('base64url'), e: odd(56).toString('base64url') },
      format: 'jwk',
    });
  }
  function dsaKey(bits: number): KeyObject {
    const parameters = der.sequence(der.integer(odd(bits)), der.integer(odd(256)), der.integer(odd(bits - 8)));
    const key = der.sequence(
      der.sequence(der.oid('1.2.840.10040.4.1'), parameters),
      der.bitString(der.integer(odd(bits - 8))),
    );
    return createPublicKey({ key, format: 'der', type: 'spki' });
  }

  it('with an object identifier of a megabyte are refused before it is a number', async () => {
    const long = der.element(der.tag.oid, Buffer.alloc(900_000, 0xff), Buffer.of(1));
    const odd = issue({
      subject: 'Odd',
      issuer: anchor,
      extensions: [der.sequence(long, der.octetString(Buffer.alloc(1)))],
    });
    await inNoTime(() => expect(parseCertificate(odd.der)).rejects.toMatchObject({ code: 'ERR_CERTIFICATE' }));
  });

  it('with an object identifier without end are no other name’s', async () => {
    const cut = der.element(der.tag.oid, der.oid('2.5.29.19').subarray(2), Buffer.of(0x80));
    const odd = issue({
      subject: 'Odd',
      issuer: anchor,
      extensions: [der.sequence(cut, der.octetString(der.sequence(der.boolean(true))))],
    });
    await expect(parseCertificate(odd.der)).rejects.toMatchObject({ code: 'ERR_CERTIFICATE' });
  });

  it('are tried until 200 signatures were checked', async () => {
    const stranger = { name: 'Stranger', ...keyPair() };
    const decoys = Array.from({ length: 199 }, () => issue({ subject: 'CA', issuer: stranger, keys: stranger }));
    // The key identifier does not tell which one is right, so the right one comes last.
    const leaf = leafOf({ ...ca, publicKey: keyPair().publicKey });
    expect((await check(leaf, [...decoys.slice(1), ca])).trusted).toBe(true);
    expect((await check(leaf, [...decoys, ca])).problem).toMatch(/abandoned: too many signatures to check/);
  });

  it('in their thousands are refused', async () => {
    const one = await parseCertificate(ca.der);
    const options = { anchors: [await parseCertificate(anchor.der)], at: now };
    const leaf = await parseCertificate(leafOf(ca).der);
    const among = (count: number) => validatePath(leaf, { ...options, intermediates: Array(count).fill(one) });
    expect(among(2000).trusted).toBe(true);
    expect(among(2001).problem).toMatch(/more than 2000/);
  });

  it('with extensions that are not well-formed make the path invalid, and nothing more', async () => {
    for (const value of [Buffer.alloc(0), Buffer.of(0x30), Buffer.of(0x30, 0x80, 0, 0), Buffer.of(0x04, 0x01, 0x00)]) {
      for (const oid of ['2.5.29.30', '2.5.29.32', '2.5.29.33', '2.5.29.36', '2.5.29.54', '2.5.29.31']) {
        const odd = issue({ subject: 'Odd', issuer: anchor, ca: true, extensions: [extension(oid, false, value)] });
        const result = await check(leafOf(odd), [odd], {
          revocationLists: [parseRevocationList(revocationList(anchor, []))],
        });
        expect(result.trusted).toBe(false);
      }
    }
  });
});
