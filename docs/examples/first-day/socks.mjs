// Sends through a SOCKS proxy. The proxy here implements a few lines of RFC 1928, for this example only.
import { connect, createServer } from 'node:net';
import { createMailer } from 'sealpost';
import { TestSmtpServer } from 'sealpost/testing';

const proxy = createServer((client) => {
  client.once('data', () => {
    client.write(Buffer.of(5, 0));
    client.once('data', (request) => {
      const port = request.readUInt16BE(request.length - 2);
      const target = connect(port, '127.0.0.1', () => {
        client.write(Buffer.of(5, 0, 0, 1, 127, 0, 0, 1, port >> 8, port & 255));
        client.pipe(target).pipe(client);
      });
      target.on('error', () => client.destroy());
    });
  });
  client.on('error', () => {});
});
await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));

const server = await TestSmtpServer.start();
const mailer = createMailer({
  name: 'app',
  sender: { email: 'app@example.com' },
  server: server.settings,
  proxy: `socks5://127.0.0.1:${proxy.address().port}`,
});
const report = await mailer.testConnection();
console.log(report.steps.map(({ name }) => name).join(' '));
await mailer.send({ to: 'ann@example.com', text: 'Through a proxy' });
console.log((await server.waitForMessage()).text);
await mailer.close();
proxy.close();
await server.close();
