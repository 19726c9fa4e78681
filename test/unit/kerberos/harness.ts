import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGssapiMechanism } from '../../../src/kerberos/gssapi-mechanism.js';
import { KerberosTickets } from '../../../src/kerberos/tickets.js';
import type { EmailError } from '../../../src/model/error.js';
import type { KerberosAuthentication } from '../../../src/model/settings/authentication.js';
import type { Warning } from '../../../src/model/reply.js';
import type { SaslContext, SaslMechanism } from '../../../src/model/sasl.js';
import { isEmailError } from '../../../src/errors/email-error.js';
import { FakeKdc } from './fake-kdc.js';

/** A directory for the files of one test file. */
export class Scratch {
  readonly directory = mkdtempSync(join(tmpdir(), 'sealpost-krb-'));

  write(name: string, content: string | Uint8Array): string {
    const file = join(this.directory, name);
    writeFileSync(file, content);
    return file;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A krb5.conf that names no KDC and forbids DNS lookups. */
export const quietConf = '[libdefaults]\n default_realm = FAKE.TEST\n dns_lookup_kdc = false\n';

export const context: SaslContext = { host: 'mail.fake.test', port: 25, secure: true };

export const password = 'correct horse battery';

/** A KDC that knows alice and the mail service. */
export async function aliceKdc(udp = false): Promise<FakeKdc> {
  const kdc = await new FakeKdc().listen(udp);
  kdc.passwords.set('alice', password);
  kdc.key('smtp/mail.fake.test');
  return kdc;
}

export interface TestMechanism {
  readonly mechanism: SaslMechanism;
  readonly warnings: readonly Warning[];
}

export function mechanismFor(
  authentication: Omit<KerberosAuthentication, 'method'>,
  options: { readonly tickets?: KerberosTickets; readonly signal?: AbortSignal; readonly host?: string } = {},
): TestMechanism {
  const warnings: Warning[] = [];
  const mechanism = createGssapiMechanism(
    { method: 'kerberos', ...authentication },
    {
      host: options.host ?? 'mail.fake.test',
      signal: options.signal ?? new AbortController().signal,
      tickets: options.tickets ?? new KerberosTickets({ exchangeTimeoutMs: 10_000 }),
      warn: (warning) => warnings.push(warning),
    },
  );
  return { mechanism, warnings };
}

/** The EmailError that a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<EmailError> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!isEmailError(outcome)) throw new Error(`no EmailError: ${String(outcome)}`);
  return outcome;
}
