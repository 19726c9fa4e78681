// Text, HTML with an inline image, and an attached PDF.
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { createMailer } = require('sealpost');
const { TestSmtpServer } = require('sealpost/testing');

const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=',
  'base64',
);

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'report-'));
  const pdf = join(folder, 'figures.pdf');
  writeFileSync(pdf, '%PDF-1.4\n%%EOF\n');
  const server = await TestSmtpServer.start();
  const mailer = createMailer({ name: 'app', sender: { email: 'app@example.com' }, server: server.settings });
  await mailer.send({
    to: 'ann@example.com',
    subject: 'Report',
    text: 'The figures are attached.',
    html: '<p>The figures: <img src="cid:chart" alt="A chart"></p>',
    attachments: [{ filename: 'chart.png', content: pixel, cid: 'chart' }, { content: { file: pdf } }],
  });
  const message = await server.waitForMessage();
  console.log(message.attachments.map(({ filename, contentType }) => `${filename} ${contentType}`).join(', '));
  await mailer.close();
  await server.close();
  rmSync(folder, { recursive: true });
}

main();
