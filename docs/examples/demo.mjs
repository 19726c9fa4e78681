/**
 * Shows the main use: with a profile from JSON it sends a signed and encrypted message with an attachment to an embedded
 * server, over STARTTLS and with authentication. Prints the dialogue and the received message.
 *
 * npm run demo                                          the embedded server
 * npm run demo -- --profile FILE --to ADDRESS           a real server, with a profile of your own
 * @module
 */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createMailer, formatLogEvent, isEmailError, parseProfile } from 'sealpost';
import { decrypt, verify } from 'sealpost/smime';
import { createTestIdentities, TestSmtpServer } from 'sealpost/testing';

const usage = `npm run demo                                     an embedded server
npm run demo -- --profile FILE --to ADDRESS      a real server, by a profile in JSON`;

try {
  const { values } = parseArgs({
    options: { profile: { type: 'string' }, to: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) console.log(usage);
  else if (values.profile === undefined && values.to === undefined) await embedded();
  else if (values.profile !== undefined && values.to !== undefined) await real(values.profile, values.to);
  else throw new Error('--profile FILE and --to ADDRESS go together');
} catch (error) {
  if (isEmailError(error))
    console.error(`${error.code}: ${error.message}${error.remedy ? `\n-> ${error.remedy}` : ''}`);
  else console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** Sends to a server in this process. */
async function embedded() {
  const server = await TestSmtpServer.start({ security: 'starttls', users: { ann: 'open sesame' } });
  try {
    await demonstrate(server);
  } finally {
    await server.close();
  }
}

async function demonstrate(server) {
  const { ca, identities } = createTestIdentities('ann@example.com', 'bob@example.org');
  const [ann, bob] = identities.values();
  const json = JSON.stringify({
    name: 'demo',
    sender: { name: 'Ann Example', email: 'ann@example.com', organization: 'Example Ltd' },
    server: { host: server.host, port: server.port, security: 'explicit', tls: { ca: server.ca } },
    authentication: { method: 'password', username: 'ann', password: { env: 'DEMO_PASSWORD' } },
    smime: {
      sign: { certificate: { data: ann.certificate, key: ann.key } },
      encrypt: { certificates: { data: bob.certificate } },
    },
  });
  process.env.DEMO_PASSWORD = 'open sesame';
  const profile = parseProfile(JSON.parse(json));

  await sendBy(profile, 'bob@example.org');

  const message = await server.waitForMessage();
  heading('Received');
  console.log(excerpt(message.content, 30));

  heading('Decrypted and verified');
  const opened = await decrypt(message.content, { data: bob.certificate, key: bob.key });
  const verified = await verify(opened.content, { trustAnchors: [ca] });
  for (const { valid, trusted, signer, hashAlgorithm } of verified.signatures) {
    console.log(
      'signature ' +
        `by ${signer?.emails.join(', ')}: ${valid ? 'valid' : 'INVALID'}, ${trusted ? 'trusted' : 'NOT TRUSTED'} ` +
        `(${hashAlgorithm})`,
    );
    if (!valid || !trusted) throw new Error('the message did not arrive as it was sent');
  }
  console.log(`encrypted with ${opened.algorithm}\n`);
  console.log(excerpt(verified.content, 30));
}

/** Sends to a real server. */
async function real(file, to) {
  const text = await readFile(file, 'utf8').catch((error) => {
    throw new Error(`--profile ${file} cannot be read (${error.code})\n\n${usage}`);
  });
  await sendBy(parseProfile(fromJson(file, text)), to);
}

function fromJson(file, text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Some messages quote the JSON text, which may contain a password, so the quotation is cut off.
    throw new Error(`${file} is not JSON: ${error.message.replace(/, (?:\.\.\.)?".*/s, '')}`);
  }
}

/** Tests the connection, then sends, and shows the dialogue of both. */
async function sendBy(profile, to) {
  const mailer = createMailer(profile, { logger: (event) => console.log(formatLogEvent(event)) });
  try {
    heading('Test Connection');
    const report = await mailer.testConnection();
    console.log(`\n${report}`);
    if (!report.ok) throw new Error('Nothing was sent, because the connection failed. See the report above.');
    heading('Dialogue');
    const result = await mailer.send(sampleMessage(to));
    console.log(`\naccepted for ${result.accepted.join(', ')}: ${result.reply.code} ${result.reply.lines.join(' ')}`);
    for (const { code, message } of result.warnings) console.log(`${code}: ${message}`);
  } finally {
    await mailer.close();
  }
}

function sampleMessage(to) {
  return {
    to,
    subject: 'Your payslip – October',
    text: 'Hello Bob,\n\nthe payslip is attached.\n\nAnn\n',
    html: '<p>Hello Bob,</p><p>the payslip is attached.</p><p>Ann</p>',
    attachments: [{ filename: 'payslip – Bob.csv', content: 'gross;net\n4 200,00 €;2 700,00 €\n' }],
  };
}

function heading(text) {
  console.log(`\n--- ${text} ${'-'.repeat(Math.max(0, 70 - text.length))}`);
}

/** The first lines of a message, and the number of the others. */
function excerpt(content, lines) {
  const all = Buffer.from(content).toString('utf8').split('\r\n');
  return all.length <= lines ? all.join('\n') : `${all.slice(0, lines).join('\n')}\n… ${all.length - lines} more lines`;
}
