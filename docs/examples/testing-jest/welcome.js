/** The application's code: it gets its mailer, so that a test can give another. */
async function welcome(mailer, { name, email }) {
  await mailer.send({
    to: { name, email },
    subject: `Welcome, ${name}`,
    text: `Hello ${name}, your account is ready.`,
  });
}

/** The same, for an address that somebody typed: says what to tell that person. */
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
