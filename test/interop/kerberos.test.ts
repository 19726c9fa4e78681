import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KerberosAuthentication } from '../../src/model/authentication.js';
import { createGssapiMechanism } from '../../src/kerberos/gssapi-mechanism.js';
import { KerberosTickets } from '../../src/kerberos/tickets.js';
import { authenticate } from './smtp-script.js';
import { readTestbed } from './testbed.js';

const testbed = readTestbed();
const servers = [
  ['Postfix with Dovecot', testbed.postfix.authClear],
  ['Postfix with Cyrus SASL', testbed.postfix.authCyrus],
  ['Dovecot submission', testbed.dovecot.submission],
  ['Exim', testbed.exim.submission],
] as const;
const signal = new AbortController().signal;
const mech = (a: Omit<KerberosAuthentication, 'method'>, tickets = new KerberosTickets()) => createGssapiMechanism({ method: 'kerberos', ...a }, { host: 'localhost', signal, tickets });

describe.each(servers)('Kerberos on %s', (_, port) => {
  it('signs in by password', async () => {
    const m = mech({ principal: 'alice@TESTBED.TEST', password: testbed.users.alice.password, krb5ConfFile: testbed.kerberos.krb5Config });
    const { reply, lines } = await authenticate(port, m);
    expect(reply, lines.join('\n')).toMatch(/^235/);
    expect(m.complete).toBe(true);
  });
});
