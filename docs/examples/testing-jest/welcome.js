/** Code of the application. The caller passes the mailer, so a test can pass another one. */
async function welcome(mailer, { name, email }) {
  await mailer.send({
    to: { name, email },
    subject: `Welcome, ${name}`,
    text: `Hello ${name}, your account is ready.`,
  });
}

/** Sends an invitation to a typed address, and returns a sentence for the person who typed it. */
async function invite(mailer, email) {
  try {
    await mailer.send({ to: email, subject: 'Join us', text: 'You are invited.' });
    return 'sent';
  } catch (error) {
    if (error.code === 'ERR_RECIPIENTS_REJECTED') return 'There is no such mailbox.';
    if (error.retryable) return 'We try again later.';
    throw error;
  }
}

module.exports = { welcome, invite };
