// A signed message, and the verification by its receiver.
import { createMailer } from 'sealpost';
import { verify } from 'sealpost/smime';
import { createTestIdentities, TestSmtpServer } from 'sealpost/testing';

const { ca, identities } = createTestIdentities('app@example.com');
const { certificate, key } = identities.get('app@example.com');
const server = await TestSmtpServer.start();
const mailer = createMailer({
  name: 'signed',
  sender: { email: 'app@example.com' },
  server: server.settings,
  // From a file: { file: 'app.p12', password: { env: 'P12_PASSWORD' } }
  smime: { sign: { certificate: { data: certificate, key } } },
});
await mailer.send({ to: 'ann@example.com', subject: 'Signed', text: 'You can trust this.' });
const { content } = await server.waitForMessage();
const { signatures } = await verify(content, { trustAnchors: [ca] });
console.log(
  signatures.map(({ valid, trusted, signer }) => `${signer.emails} valid ${valid} trusted ${trusted}`).join(),
);
await mailer.close();
await server.close();
