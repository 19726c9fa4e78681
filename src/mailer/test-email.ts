/**
 * The message that sendTestEmail() sends, in text and HTML.
 * @module
 */

/** Names and values that the message lists. */
export type TestFacts = readonly (readonly [name: string, value: string])[];

export const testSentence = 'This is a test message. The settings below sent it, so they work.';

/** The HTML of the message, without a style sheet. Values come from the profile and are escaped. */
export function testPage(facts: TestFacts): string {
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
