import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { krb5Settings } from '../../../../src/kerberos/config/settings.js';
import { parseCredentialCache, readCredentialCache } from '../../../../src/kerberos/credentials/ccache.js';
import { parseKeytab, readKeytab } from '../../../../src/kerberos/credentials/keytab.js';
import type { KerberosTicket } from '../../../../src/kerberos/credentials/ticket.js';
import { MalformedError } from '../../../../src/kerberos/errors.js';
import { getTicketGrantingTicket } from '../../../../src/kerberos/exchange/as-exchange.js';
import { getServiceTicket } from '../../../../src/kerberos/exchange/tgs-exchange.js';
import { formatPrincipal, parsePrincipal } from '../../../../src/kerberos/protocol/principal.js';
import type { Principal } from '../../../../src/kerberos/protocol/principal.js';
import { KerberosTickets } from '../../../../src/kerberos/tickets.js';
import { writeCache } from './ccache-writer.js';
import { krbError } from '../fake-kdc.js';
import type { FakeKdc } from '../fake-kdc.js';
import { FakeService } from '../fake-service.js';
import { aliceKdc, context, failureOf, mechanismFor, password, quietConf, Scratch } from '../harness.js';

const scratch = new Scratch();
const conf = scratch.write('krb5.conf', quietConf);
afterAll(() => scratch.remove());
const fixture = (name: string): string => new URL(`../../../fixtures/kerberos/${name}`, import.meta.url).pathname;
const bytesOf = (name: string): Buffer => readFileSync(fixture(name));
const alice = parsePrincipal('alice@FIXTURE.TEST', 'x', undefined);

/**
 * Reads every prefix of the bytes, and the bytes with each octet changed. Returns the largest result of `read`. The
 * only error allowed is a MalformedError.
 */
function surviving(bytes: Buffer, read: (bytes: Buffer) => number): number {
  let most = 0;
  for (let at = 0; at < bytes.length; at++) {
    const candidates = [bytes.subarray(0, at)];
    for (const value of [0x00, 0x7f, 0xff]) {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      candidates.push(changed);
    }
    for (const candidate of candidates) {
      try {
        most = Math.max(most, read(candidate));
      } catch (error) {
        if (!(error instanceof MalformedError)) throw new Error(`byte ${at}: ${String(error)}`, { cause: error });
      }
    }
  }
  return most;
}

describe('a keytab', () => {
  it('is read as MIT wrote it (ktutil)', () => {
    const entries = parseKeytab(bytesOf('all.keytab')).map((entry) => [
      formatPrincipal(entry.principal),
      entry.version,
      entry.key.type,
      Buffer.from(entry.key.value).toString('hex'),
    ]);
    expect(entries).toEqual([
      ['alice@FIXTURE.TEST', 1, 18, '92adfcaafef92221c01d7002104e2d175d8b4e30b8bade55c56004635e959946'],
      ['alice@FIXTURE.TEST', 2, 18, '89fd57745a6f93e7a40a3608508bf02ccef51d041a6f811b0d57af13a1891e53'],
      ['alice@FIXTURE.TEST', 2, 17, 'c3157aec6b7e1fe9bf547d5dfe00cb1b'],
      ['alice@FIXTURE.TEST', 2, 19, 'f8ce157c8ca8993bb3fc86e5440cd099'],
      ['alice@FIXTURE.TEST', 2, 20, '9c241c96287d32e9886d727408e0ea20e8ebee677c1c74dad215e998c1798a8a'],
      ['alice@FIXTURE.TEST', 2, 23, '23bb9d4efdb7e0a383a9a7830c5cd0c1'],
      [
        'smtp/mail.fixture.test@FIXTURE.TEST',
        300,
        18,
        '5fa49a33cc943f998d149978104704b421736cd73fbf35097038bc79198212cf',
      ],
    ]);
  });

  it('is read across the hole that a deleted entry left', () => {
    expect(parseKeytab(bytesOf('hole.keytab')).map((entry) => entry.version)).toEqual([2, 2, 2, 2, 2, 300]);
  });

  it('gives the newest key of each type', async () => {
    const keys = await readKeytab(fixture('all.keytab'), alice);
    expect(keys.map((entry) => [entry.version, entry.key.type])).toEqual([
      [2, 18],
      [2, 17],
      [2, 19],
      [2, 20],
      [2, 23],
    ]);
  });

  it.each([
    [
      'is not there',
      '/no/such/file.keytab',
      'The keytab (authentication.keytabFile) /no/such/file.keytab cannot be read: there is no such file',
    ],
    ['is a directory', scratch.directory, 'it is not a regular file'],
    ['is no keytab', fixture('version4.ccache'), 'its version is 0x504, not 0x502'],
    ['is empty', scratch.write('empty.keytab', ''), 'it ends at byte 0'],
    ['is cut', scratch.write('cut.keytab', bytesOf('all.keytab').subarray(0, 60)), 'it ends at byte 60'],
    ['has no entries', scratch.write('none.keytab', Buffer.of(5, 2)), 'it is for no principal'],
  ])('that %s is refused with its name', async (_, file, words) => {
    const error = await failureOf(readKeytab(file, alice));
    expect([error.code, error.message]).toEqual(['ERR_KERBEROS', expect.stringContaining(words)]);
    expect(error.message).toContain(file);
  });

  it('of somebody else says whose it is', async () => {
    const error = await failureOf(
      readKeytab(fixture('all.keytab'), parsePrincipal('bob@FIXTURE.TEST', 'x', undefined)),
    );
    expect(error.message).toContain(
      'has no key of bob@FIXTURE.TEST; it is for alice@FIXTURE.TEST, smtp/mail.fixture.test@FIXTURE.TEST',
    );
  });

  it('with keys of unsupported types alone says which', async () => {
    const one = parseKeytab(bytesOf('all.keytab'))[2];
    const bytes = Buffer.from(bytesOf('all.keytab'));
    // The third entry's type becomes 3 (des-cbc-md5), and the file ends after it.
    const at = bytes.indexOf(Buffer.from(one?.key.value ?? '')) - 4;
    bytes.writeUInt16BE(3, at);
    const file = scratch.write(
      'des.keytab',
      Buffer.concat([bytes.subarray(0, 2), bytes.subarray(entryStart(bytes, 2), entryStart(bytes, 3))]),
    );
    expect((await failureOf(readKeytab(file, alice))).message).toContain(
      'has no supported key of alice@FIXTURE.TEST, only encryption type 3',
    );
  });

  it('survives being cut and changed at every byte: entries, or a MalformedError', () => {
    expect(surviving(bytesOf('all.keytab'), (bytes) => parseKeytab(bytes).length)).toBeLessThan(20);
  });
});

/** The offset of the entry with this index; an entry begins with its size. */
function entryStart(bytes: Buffer, index: number): number {
  let at = 2;
  for (let i = 0; i < index; i++) at += 4 + Math.abs(bytes.readInt32BE(at));
  return at;
}

describe('a ticket cache', () => {
  it.each(['version3.ccache', 'version4.ccache'])('is read as MIT wrote it: %s', (name) => {
    const cache = parseCredentialCache(bytesOf(name));
    expect(formatPrincipal(cache.principal)).toBe('alice@FIXTURE.TEST');
    expect(
      cache.tickets.map((ticket) => [formatPrincipal(ticket.server), ticket.key.type, ticket.encryptionTypes]),
    ).toEqual([
      ['krbtgt/FIXTURE.TEST@FIXTURE.TEST', 18, [18, 18]],
      ['smtp/mail.fixture.test@FIXTURE.TEST', 19, [19, 18]],
    ]);
    const [granting] = cache.tickets;
    expect([granting?.startTime, granting?.endTime]).toEqual([
      Date.parse('2026-11-22T11:10:07Z'),
      Date.parse('2026-11-22T12:10:07Z'),
    ]);
    expect(granting?.renewTill).toBe(name === 'version4.ccache' ? Date.parse('2026-11-22T13:10:07Z') : undefined);
  });

  it("takes over the KDC's time offset of version 4", () => {
    expect(parseCredentialCache(writeCache(alice, [], -600)).clockOffsetMs).toBe(-600_000);
  });

  it.each(['KCM:1000', 'KEYRING:persistent:0', 'API:x', 'MSLSA:', 'MEMORY:x'])(
    'of another kind is named: %s',
    async (name) => {
      const error = await failureOf(readCredentialCache(name));
      expect([error.code, error.message]).toEqual([
        'ERR_KERBEROS',
        expect.stringContaining(`is of the kind ${name.slice(0, name.indexOf(':'))}`),
      ]);
      expect(error.remedy).toContain('kinit -c FILE:');
    },
  );

  describe('in a DIR collection', () => {
    const bob: Principal = { type: 1, components: ['bob'], realm: 'FIXTURE.TEST' };
    let made = 0;
    function collection(files: Readonly<Record<string, string | Buffer>>): string {
      const directory = join(scratch.directory, `collection-${made++}`);
      mkdirSync(directory);
      for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content);
      return directory;
    }
    const caches = { tktAbc: writeCache(alice, []), tktXyz: writeCache(bob, []) };
    const nameOf = async (name: string, principal?: Principal): Promise<string> =>
      formatPrincipal((await readCredentialCache(name, principal)).principal);

    it.each([
      ['tktXyz\n', 'bob@FIXTURE.TEST'],
      ['tktAbc', 'alice@FIXTURE.TEST'],
      ['tktXyz\r\n', 'bob@FIXTURE.TEST'],
      ['tktgone\n', 'alice@FIXTURE.TEST'],
    ])('is the one that the file primary names: %j', async (primary, expected) => {
      expect(await nameOf(`DIR:${collection({ ...caches, primary })}`)).toBe(expected);
    });

    it('is tkt where there is no file primary', async () => {
      expect(await nameOf(`DIR:${collection({ ...caches, tkt: writeCache(bob, []) })}`)).toBe('bob@FIXTURE.TEST');
    });

    it('is the one of the principal that is wanted, primary or not', async () => {
      const directory = collection({ ...caches, primary: 'tktXyz\n' });
      expect(await nameOf(`DIR:${directory}`, alice)).toBe('alice@FIXTURE.TEST');
      expect(await nameOf(`DIR:${directory}`, bob)).toBe('bob@FIXTURE.TEST');
      // If no cache belongs to the client, the primary one is returned; the caller checks the client's name.
      expect(await nameOf(`DIR:${directory}`, { ...bob, components: ['eve'] })).toBe('bob@FIXTURE.TEST');
    });

    it('is named by itself with two colons', async () => {
      const directory = collection({ ...caches, primary: 'tktXyz\n' });
      expect(await nameOf(`DIR::${directory}/tktAbc`)).toBe('alice@FIXTURE.TEST');
    });

    it.each(['../tktAbc', '/tmp/tktAbc', 'cc', '', 'tkt/../x', 'x'.repeat(2_000)])(
      'never leads out of it: primary %j',
      async (primary) => {
        const error = await failureOf(readCredentialCache(`DIR:${collection({ ...caches, primary })}`));
        expect(error.code).toBe('ERR_KERBEROS');
        expect(error.message).toContain('primary');
        expect(error.remedy).toContain('kswitch');
      },
    );

    it('that is empty, absent or damaged is named', async () => {
      expect((await failureOf(readCredentialCache(`DIR:${collection({})}`))).message).toContain('is empty');
      const missing = await failureOf(readCredentialCache('DIR:/no/such/directory'));
      expect([missing.message, missing.remedy]).toEqual([
        'The directory of ticket caches /no/such/directory cannot be read (ENOENT)',
        expect.stringContaining('kinit -c DIR:/no/such/directory'),
      ]);
      const damaged = collection({ tkt: 'nothing' });
      expect((await failureOf(readCredentialCache(`DIR:${damaged}`))).message).toContain(`${damaged}/tkt is malformed`);
    });
  });

  it('is found by name, with FILE: or without, or by $KRB5CCNAME, read when it is used', async () => {
    const file = fixture('version4.ccache');
    const before = process.env['KRB5CCNAME'];
    try {
      for (const name of [file, `FILE:${file}`, `WRFILE:${file}`])
        expect((await readCredentialCache(name)).file).toBe(file);
      process.env['KRB5CCNAME'] = `FILE:${file}`;
      expect((await readCredentialCache(undefined)).file).toBe(file);
      process.env['KRB5CCNAME'] = '/no/such/cache';
      const error = await failureOf(readCredentialCache(undefined));
      expect([error.message, error.remedy]).toEqual([
        'The ticket cache /no/such/cache cannot be read: there is no such file',
        expect.stringContaining('kinit -c FILE:/no/such/cache'),
      ]);
      delete process.env['KRB5CCNAME'];
      const missing = await readCredentialCache(undefined).then(
        (cache) => cache.file,
        (error: Error) => error.message,
      );
      expect(missing).toContain(`/tmp/krb5cc_${process.getuid?.()}`);
    } finally {
      if (before === undefined) delete process.env['KRB5CCNAME'];
      else process.env['KRB5CCNAME'] = before;
    }
  });

  it.each(['version3.ccache', 'version4.ccache'])(
    'survives being cut and changed at every byte: tickets, or a MalformedError (%s)',
    (name) => {
      expect(surviving(bytesOf(name), (bytes) => parseCredentialCache(bytes).tickets.length)).toBeLessThan(3);
    },
  );
});

describe('signing in with', () => {
  let kdc: FakeKdc;
  let tickets: KerberosTickets;
  let now: number;
  beforeEach(async () => {
    now = Date.now();
    kdc = await aliceKdc();
    tickets = new KerberosTickets({ systemTime: () => now, elapsedTime: () => now });
  });
  afterEach(() => kdc.close());
  const fake = parsePrincipal('alice@FAKE.TEST', 'x', undefined);
  const access = (): Parameters<typeof getTicketGrantingTicket>[0] => ({
    settings: krb5Settings(new Map()),
    kdcs: [`127.0.0.1:${kdc.port}`],
    kdcRealm: 'FAKE.TEST',
    signal: new AbortController().signal,
    timeoutMs: 2000,
  });
  const clock = { offsetMs: 0, systemTime: Date.now };
  const granting = (): Promise<KerberosTicket> =>
    getTicketGrantingTicket(access(), clock, fake, { kind: 'password', password });
  const serviceTicket = async (tgt: KerberosTicket): Promise<KerberosTicket> =>
    getServiceTicket(access(), clock, tgt, {
      principal: { type: 3, components: ['smtp', 'mail.fake.test'], realm: 'FAKE.TEST' },
      realmIsKnown: true,
    });
  const signIn = async (file: string, principal?: string): Promise<string> => {
    const { mechanism } = mechanismFor(
      { principal, credentialCache: file, kdc: [`127.0.0.1:${kdc.port}`], krb5ConfFile: conf },
      { tickets },
    );
    const service = new FakeService(kdc.key('smtp/mail.fake.test'));
    await mechanism.next(service.accept((await mechanism.start(context)) ?? Buffer.alloc(0)));
    return service.client;
  };
  const kinds = (): number[] => kdc.seen.map((request) => request.type);

  it('the ticket-granting ticket of a cache', async () => {
    const file = scratch.write('tgt.cc', writeCache(fake, [await granting()]));
    kdc.seen.length = 0;
    expect([await signIn(file), await signIn(file, 'alice@FAKE.TEST')]).toEqual(['alice', 'alice']);
    expect(kinds()).toEqual([12]);
  });

  it('the service ticket of a cache, without any KDC', async () => {
    const tgt = await granting();
    const file = scratch.write('service.cc', writeCache(fake, [tgt, await serviceTicket(tgt)]));
    kdc.seen.length = 0;
    expect(await signIn(file)).toBe('alice');
    expect(kinds()).toEqual([]);
  });

  it('another service ticket, once the service refused the one in the cache', async () => {
    const tgt = await granting();
    const file = scratch.write('stale.cc', writeCache(fake, [tgt, await serviceTicket(tgt)]));
    kdc.seen.length = 0;
    const { mechanism } = mechanismFor(
      { credentialCache: file, kdc: [`127.0.0.1:${kdc.port}`], krb5ConfFile: conf },
      { tickets },
    );
    await mechanism.start(context);
    const { frame } = await import('../../../../src/kerberos/gss/token.js');
    await failureOf((async () => mechanism.next(frame(0x0300, krbError(41))))());
    expect(await signIn(file)).toBe('alice');
    expect(kinds()).toEqual([12]);
  });

  it('a cache whose ticket has expired is refused in words', async () => {
    const tgt = await granting();
    const file = scratch.write('expired.cc', writeCache(fake, [tgt, await serviceTicket(tgt)]));
    now += 11 * 3_600_000;
    const error = await failureOf(signIn(file));
    expect(error.message).toBe(
      `The ticket of alice@FAKE.TEST in the ticket cache ${file} expired at ${new Date(tgt.endTime).toISOString()}`,
    );
    expect(error.remedy).toContain('kinit');
  });

  it('an emptied cache, or one of somebody else, is refused although tickets are in memory', async () => {
    const tgt = await granting();
    const file = scratch.write('changing.cc', writeCache(fake, [tgt]));
    await signIn(file);
    expect((await failureOf(signIn(file, 'bob@FAKE.TEST'))).message).toContain(
      'is of alice@FAKE.TEST, not of bob@FAKE.TEST',
    );
    scratch.write('changing.cc', '');
    expect((await failureOf(signIn(file))).message).toContain('is malformed: it ends at byte 0');
    scratch.write('changing.cc', writeCache(fake, []));
    tickets = new KerberosTickets();
    expect((await failureOf(signIn(file))).message).toContain('has no ticket-granting ticket of alice@FAKE.TEST');
  });

  it('a cache with RC4 keys only where krb5.conf permits RC4', async () => {
    const tgt = await granting();
    const weak = { ...tgt, key: { type: 23, value: Buffer.alloc(16) } };
    const file = scratch.write('rc4.cc', writeCache(fake, [weak]));
    expect((await failureOf(signIn(file))).message).toContain('whose encryption type krb5.conf permits');
    const allowing = scratch.write('rc4.conf', `${quietConf} allow_rc4 = true\n`);
    const { mechanism } = mechanismFor(
      { credentialCache: file, kdc: [`127.0.0.1:${kdc.port}`], krb5ConfFile: allowing },
      { tickets },
    );
    // The key is invented, so the KDC refuses the timestamp that was encrypted with it.
    kdc.script = () => krbError(31);
    expect((await failureOf(Promise.resolve(mechanism.start(context)))).message).toContain(
      'KRB_AP_ERR_BAD_INTEGRITY 31',
    );
  });

  it('a renewable ticket of a cache, renewed in memory once half its time is over', async () => {
    kdc.renewableMs = 7 * 86_400_000;
    const file = scratch.write('renewable.cc', writeCache(fake, [await granting()]));
    kdc.seen.length = 0;
    now += 6 * 3_600_000;
    kdc.aheadMs = 6 * 3_600_000;
    await signIn(file);
    expect(kdc.seen.map((request) => [request.type, request.server.components[0], request.body.flags(0)])).toEqual([
      [12, 'krbtgt', 0x2],
      [12, 'smtp', 0x10000],
    ]);
    now += 6 * 3_600_000;
    kdc.aheadMs = 12 * 3_600_000;
    expect(await signIn(file)).toBe('alice');
  });

  it('a ticket that cannot be renewed, while it lasts', async () => {
    kdc.renewableMs = 7 * 86_400_000;
    const file = scratch.write('refused.cc', writeCache(fake, [await granting()]));
    kdc.script = (request) => (request.server.components[0] === 'krbtgt' ? krbError(13) : undefined);
    now += 6 * 3_600_000;
    kdc.aheadMs = 6 * 3_600_000;
    expect(await signIn(file)).toBe('alice');
  });

  it('a keytab', async () => {
    kdc.passwords.clear();
    const file = fixture('all.keytab');
    const error = await failureOf(
      Promise.resolve(
        mechanismFor(
          { principal: 'alice@FIXTURE.TEST', keytabFile: file, kdc: [`127.0.0.1:${kdc.port}`], krb5ConfFile: conf },
          { tickets },
        ).mechanism.start(context),
      ),
    );
    expect(error.message).toContain('does not know alice@FIXTURE.TEST');
    const file2 = scratch.write('aes-only.conf', `${quietConf} permitted_enctypes = aes128-sha2\n`);
    kdc.script = () => krbError(24);
    const second = await failureOf(
      Promise.resolve(
        mechanismFor(
          { principal: 'alice@FIXTURE.TEST', keytabFile: file, kdc: [`127.0.0.1:${kdc.port}`], krb5ConfFile: file2 },
          { tickets },
        ).mechanism.start(context),
      ),
    );
    expect(second.message).toContain(`the keytab ${file} is wrong for alice@FIXTURE.TEST`);
    expect(second.remedy).toContain('exported again');
  });
});
