/**
 * What a program does with the package, with the globals of the place where it runs: it sends, is refused, gives up by
 * its own AbortController, signs and verifies. Takes the package as it was loaded there.
 * @module
 */
const assert = require('node:assert/strict');

const bytes = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));

module.exports = async function scenario({ createMailer, isEmailError }, { sign, verify }, testing) {
  const { TestSmtpServer, createTestIdentities } = testing;
  const refused = '550 5.1.1 No such user';
  const server = await TestSmtpServer.start({
    users: { ann: 'secret' },
    replies: (verb, line) => (verb === 'RCPT' && line.includes('<gone@') ? refused : undefined),
  });
  const authentication = { method: 'password', username: 'ann', password: 'secret' };
  const sender = { email: 'ann@example.com' };
  const mailer = createMailer({ name: 'app', sender, server: server.settings, authentication });
  try {
    // A signal of this place, which does not abort.
    const { signal } = new AbortController();
    const attachments = [
      { filename: 'bytes.bin', content: bytes('bytes') },
      { filename: 'buffer.bin', content: bytes('buffer').buffer },
    ];
    // The Blob of jsdom 26 has no method that reads it.
    const expected = ['bytes', 'buffer'];
    if (typeof Blob.prototype.arrayBuffer === 'function') {
      attachments.push({ filename: 'blob.bin', content: new Blob(['blob']) });
      expected.push('blob');
    }
    const message = { to: 'bob@example.org', subject: 'Grüße', text: 'Hello', date: new Date(0), attachments };
    const { accepted } = await mailer.send(message, { signal });
    assert.equal(accepted.join(), 'bob@example.org');
    const [received] = server.messages;
    assert.equal(received.subject, 'Grüße');
    assert.equal(received.secure, true);
    assert.equal(received.headers.date[0], 'Thu, 01 Jan 1970 00:00:00 +0000');
    const contents = received.attachments.map(({ content }) => Buffer.from(content).toString());
    assert.equal(contents.join(), expected.join());

    const failure = await mailer.send({ to: 'gone@example.org', text: 'Hello' }).catch((error) => error);
    assert.equal(isEmailError(failure) && failure.code, 'ERR_RECIPIENTS_REJECTED');

    const controller = new AbortController();
    const endless = { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) };
    const waiting = mailer.send({ to: 'bob@example.org', text: endless }, { signal: controller.signal });
    controller.abort();
    assert.equal((await waiting.catch((error) => error)).code, 'ERR_ABORTED');

    const { ca, identities } = createTestIdentities('ann@example.com');
    const { certificate, key } = identities.get('ann@example.com');
    const content = bytes('Content-Type: text/plain\r\n\r\nHello\r\n');
    const signed = await sign(content, { certificate: { data: certificate, key } });
    const { signatures } = await verify(signed, { trustAnchors: [ca] });
    assert.equal(signatures.map(({ valid, trusted }) => valid && trusted).join(), 'true');
  } finally {
    await mailer.close({ force: true });
    await server.close();
  }
  return 'sent, refused, aborted, signed';
};
