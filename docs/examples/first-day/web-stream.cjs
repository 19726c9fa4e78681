// The body of a fetch as an attachment. The web stream is sent in blocks, and is never in memory as a whole.
const { createServer } = require('node:http');
const { createMailer } = require('sealpost');
const { TestSmtpServer } = require('sealpost/testing');

async function main() {
  const web = createServer((_, response) => response.end('a;b\n1;2\n'));
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
  const server = await TestSmtpServer.start();
  const mailer = createMailer({ name: 'app', sender: { email: 'app@example.com' }, server: server.settings });
  const response = await fetch(`http://127.0.0.1:${web.address().port}/figures.csv`);
  await mailer.send({
    to: 'ann@example.com',
    subject: 'Figures',
    text: 'The figures are attached.',
    attachments: [{ filename: 'figures.csv', content: response.body }],
  });
  const { attachments } = await server.waitForMessage();
  console.log(attachments[0].filename, attachments[0].content.length);
  await mailer.close();
  await server.close();
  web.close();
  web.closeAllConnections();
}

main();
