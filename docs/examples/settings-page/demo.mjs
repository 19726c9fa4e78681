/**
 * A mail server in the process and two profiles for it, so that every button of the page can be tried.
 * @module
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestIdentities, TestSmtpServer } from 'sealpost/testing';

/** Starts the server and saves the profiles. Files go to `folder`. */
export async function startDemo(store, folder) {
  const server = await TestSmtpServer.start({ users: { payroll: 'correct horse' } });
  const { identities } = createTestIdentities('payroll@example.com', 'ann@example.com');
  const { certificate, key } = identities.get('payroll@example.com');
  const signer = join(folder, 'payroll.pem');
  await writeFile(signer, certificate + key, { mode: 0o600 });
  const recipients = join(folder, 'ann.pem');
  await writeFile(recipients, identities.get('ann@example.com').certificate);

  await store.save({
    name: 'Payroll',
    description: 'Payslips, signed. Mail goes to a server in this process.',
    sender: { name: 'Payroll', email: 'payroll@example.com', organization: 'Example Ltd' },
    importance: 'high',
    headers: [{ name: 'X-Department', value: 'Payroll' }],
    server: { ...server.settings, timeouts: { totalMs: 60_000 } },
    authentication: { method: 'password', username: 'payroll', password: 'correct horse' },
    smime: { sign: { certificate: { file: signer } } },
    logging: { file: join(folder, 'mail.log') },
  });
  await store.activate('Payroll');
  await store.save({
    name: 'Alerts',
    description: 'Encrypted, and with a password that is wrong.',
    sender: { email: 'payroll@example.com' },
    priority: 'urgent',
    server: server.settings,
    authentication: { method: 'plain', username: 'payroll', password: 'wrong' },
    smime: { encrypt: { certificates: { file: recipients } } },
  });
  return server;
}
