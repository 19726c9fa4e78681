/**
 * The message that sendTestEmail() sends, in text and HTML. Loaded with the first one.
 * @module
 */
import type { AddressInput } from '../model/address.js';
import type { MailMessage } from '../model/message.js';

/** Names and values that the message lists. */
export type TestFacts = readonly (readonly [name: string, value: string])[];

const testSentence = 'This is a test message. The settings below sent it, so they work.';

/** The message with these facts, and the time. */
export function testMessage(to: AddressInput, known: TestFacts): MailMessage {
  const date = new Date();
  const facts = [...known, ['Time', date.toISOString()] as const];
  const text = `${testSentence}\n\n${facts.map(([name, value]) => `${name}: ${value}`).join('\n')}\n`;
  return { to, subject: 'Test message', text, html: testPage(facts), date };
}

/** The HTML of the message, without a style sheet. Values come from the profile and are escaped. */
function testPage(facts: TestFacts): string {
  const rows = facts.map(
    ([name, value]) => `<tr><th align="left">${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Test message</title></head>
<body>
<p>${testSentence}</p>
<table>
${rows.join('\n')}
</table>
</body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
