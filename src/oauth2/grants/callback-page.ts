/**
 * The pages that the browser shows after the sign-in. Their text is fixed and contains nothing of the request or of the
 * provider. They have no script and load nothing.
 * @module
 */
import { createHash } from 'node:crypto';
import type { LoopbackPage, StrayRequest } from '../../net/loopback-listener.js';

/** The outcome of the sign-in, or the reason that a request is not its callback. */
export type PageKind =
  'success' | 'denied' | 'refused' | 'wrong-state' | 'wrong-issuer' | 'malformed' | 'no-token' | StrayRequest;

interface Words {
  readonly title: string;
  readonly text: string;
}

const again = 'Close this tab, go back to the application and start the sign-in again.';

const pages: Readonly<Record<PageKind, Words>> = {
  success: {
    title: 'Signed in',
    text: 'The application may now send e-mail. You can close this tab and go back to the application.',
  },
  denied: { title: 'Not signed in', text: `The sign-in was cancelled or not allowed. ${again}` },
  refused: { title: 'Not signed in', text: `The provider refused the sign-in. The application says why. ${again}` },
  'wrong-state': {
    title: 'Not signed in',
    text: `This answer does not belong to the sign-in that the application started, so it was not used. ${again}`,
  },
  'wrong-issuer': {
    title: 'Not signed in',
    text: `The answer came from another provider than the one that the application asked, so it was not used. ${again}`,
  },
  malformed: { title: 'Not signed in', text: `The answer of the provider could not be read. ${again}` },
  'no-token': {
    title: 'Not signed in',
    text: `You signed in, but the provider did not give the application access. The application says why. ${again}`,
  },
  'wrong-host': { title: 'Nothing here', text: 'This address is only for the answer to a sign-in.' },
  'wrong-path': { title: 'Nothing here', text: 'This address is only for the answer to a sign-in.' },
  'wrong-method': { title: 'Nothing here', text: 'This address is only for the answer to a sign-in.' },
  'not-a-page': { title: 'Nothing here', text: 'This address is only for the answer to a sign-in.' },
  'no-answer': { title: 'Nothing here', text: 'This address is only for the answer to a sign-in.' },
  over: { title: 'Already done', text: 'The answer to this sign-in was received before. You can close this tab.' },
};

const style = `
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f4f5f7; color: #1b1f24;
  font: 1.0625rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { box-sizing: border-box; width: min(34rem, 100% - 2rem); margin: 1rem; padding: 2rem; background: #ffffff;
  border: 1px solid #d5d9df; border-radius: 0.75rem; border-top: 0.375rem solid #1a7f37; overflow-wrap: break-word; }
main.failed { border-top-color: #b3261e; }
h1 { margin: 0 0 0.75rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0; }
@media (prefers-color-scheme: dark) {
  body { background: #15181c; color: #e8eaed; }
  main { background: #1f2328; border-color: #3d444d; border-top-color: #3fb950; }
  main.failed { border-top-color: #f2847c; }
}
`;

/** Allows the one style sheet by its hash. The browser refuses everything else. */
const policy =
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri ` +
  "'none'; form-action 'none'; frame-ancestors 'none'";

const headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': policy,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** The page of this kind; an empty one if `hidden`. */
export function callbackPage(kind: PageKind, hidden: boolean): LoopbackPage {
  if (hidden) return { headers: { 'Referrer-Policy': 'no-referrer' }, body: '' };
  const { title, text } = pages[kind];
  const failed = kind !== 'success' && kind !== 'over';
  return {
    headers,
    body: `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main${failed ? ' class="failed"' : ''}>
<h1>${title}</h1>
<p>${text}</p>
</main>
</body>
</html>
`,
  };
}
