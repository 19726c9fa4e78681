// A thousand letters with one-click unsubscription, over three connections.
const { createMailer } = require('sealpost');
const { TestSmtpServer } = require('sealpost/testing');

function* letters() {
  for (let number = 1; number <= 1000; number++)
    yield {
      to: `reader-${number}@example.com`,
      subject: 'News of November',
      text: `Dear reader ${number}, …`,
      list: { id: 'News <news.example.com>', unsubscribe: `https://example.com/unsubscribe/${number}`, oneClick: true },
    };
}

async function main() {
  const server = await TestSmtpServer.start();
  const mailer = createMailer({ name: 'news', sender: { email: 'news@example.com' }, server: server.settings });
  let sent = 0;
  for await (const { message, error } of mailer.sendAll(letters())) {
    if (error) console.error(message.to, error.code, error.message);
    else sent++;
  }
  const ids = new Set(server.messages.map(({ headers }) => headers['message-id'][0]));
  console.log(`${sent} sent, ${ids.size} different, over ${server.connections} connections`);
  await mailer.close();
  await server.close();
}

main();
