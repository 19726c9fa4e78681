/**
 * Which recipients an error lists as refused by a server.
 * @module
 */
import { expect, test } from 'vitest';
import { createEmailError } from '../../../src/errors/email-error.js';
import { refusedRecipients } from '../../../src/transport/after-others.js';

const no = { code: 550, lines: ['no'] };
const refused = createEmailError('ERR_RECIPIENTS_REJECTED', 'refused', {
  reply: no,
  recipients: [{ recipient: 'a@x.test', reply: no }],
});

test('a recipient that the list of the refused leaves out was not refused: the connection ended before its reply', () => {
  expect(refusedRecipients(refused, ['a@x.test'])).toEqual([{ recipient: 'a@x.test', reply: no }]);
  expect(refusedRecipients(refused, ['a@x.test', 'b@x.test'])).toBeUndefined();
});

test('a refusal of the whole message is one of each recipient', () => {
  const error = createEmailError('ERR_SMTP_REPLY', 'refused', { reply: no });
  expect(refusedRecipients(error, ['a@x.test', 'b@x.test'])).toHaveLength(2);
});
