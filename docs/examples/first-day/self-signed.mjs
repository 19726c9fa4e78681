// The server's certificate is not signed by a public authority. It is trusted by its own authority, or by its fingerprint.
import { createMailer } from 'sealpost';
import { TestSmtpServer } from 'sealpost/testing';

const server = await TestSmtpServer.start();
const { host, port, security } = server.settings;
const sender = { email: 'app@example.com' };

const untrusted = createMailer({ name: 'untrusted', sender, server: { host, port, security } });
const report = await untrusted.testConnection();
console.log(report.toString());
await untrusted.close();

const byAuthority = createMailer({
  name: 'authority',
  sender,
  server: { host, port, security, tls: { ca: server.ca } },
});
console.log('by authority:', (await byAuthority.testConnection()).ok);
await byAuthority.close();

// The remedy contains the fingerprint. Compare it with the server's operator before you copy it.
const fingerprint = /(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/.exec(report.toString())[0];
const byPin = createMailer({
  name: 'pin',
  sender,
  server: { host, port, security, tls: { pinnedFingerprints: [fingerprint] } },
});
console.log('by fingerprint:', (await byPin.testConnection()).ok);
await byPin.close();
await server.close();
