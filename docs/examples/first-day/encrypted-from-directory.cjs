// A message encrypted for every recipient whose certificate is in a directory. If one has none, the error names the
// recipient and nothing is sent.
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { createMailer, isEmailError } = require('sealpost');
const { decrypt } = require('sealpost/smime');
const { createTestIdentities, TestSmtpServer } = require('sealpost/testing');

async function main() {
  const { identities } = createTestIdentities('ann@example.com');
  const ann = identities.get('ann@example.com');
  const directory = mkdtempSync(join(tmpdir(), 'recipients-'));
  writeFileSync(join(directory, 'ann.pem'), ann.certificate);
  const server = await TestSmtpServer.start();
  const mailer = createMailer({
    name: 'letters',
    sender: { email: 'clinic@example.com' },
    server: server.settings,
    smime: { encrypt: { certificates: { directory } } },
  });
  await mailer.send({ to: 'ann@example.com', subject: 'Your results', text: 'Dear Ann' });
  const { content } = await server.waitForMessage();
  const opened = await decrypt(content, { data: ann.certificate, key: ann.key });
  console.log(opened.algorithm, Buffer.from(opened.content).includes('Dear Ann'));
  try {
    await mailer.send({ to: 'bob@example.com', subject: 'Your results', text: 'Dear Bob' });
  } catch (error) {
    if (!isEmailError(error)) throw error;
    console.log(error.code, error.message);
  }
  await mailer.close();
  await server.close();
  rmSync(directory, { recursive: true });
}

main();
